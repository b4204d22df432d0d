"""Passwords that others would try first."""

import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from pipeline.models import Team

_LIST = Path(__file__).with_name("common_passwords.txt")
# What people write instead of letters.
_LETTERS = str.maketrans("@430157$!", "aaeoistsi")
MIN_DIFFERENT = 5
# A shorter name is part of too many words.
SHORTEST_NAME = 4


class GuessableValidator(CommonPasswordValidator):
    """Refuses what stands in the lists also with numbers and signs around it, with signs instead of
    letters, or twice: nobody who guesses stops at the bare word.

    Offline: Django's twenty thousand from leaks, what German speakers take, and what this installation
    is known by.
    """

    def validate(self, password: str, user: object = None) -> None:
        known = self.passwords | german() | own_words()
        if len(set(password)) < MIN_DIFFERENT or any(
            word in known for word in bare_words(password)
        ):
            raise ValidationError(
                _("This is what others would try first, even with numbers or signs around it."),
                code="guessable",
            )

    def get_help_text(self) -> str:
        return _("No common word with numbers or signs around it: better several words.")


@cache
def german() -> frozenset[str]:
    lines = _LIST.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


PRODUCT = "seven"


def own_words() -> set[str]:
    """What anybody knows of an installation: the product, the host that it answers to, and how the
    organisation and its teams are called, also without what stands between their words."""
    names = [PRODUCT, *settings.SITE_HOST.split("."), *Team.objects.values_list("name", flat=True)]
    said = [name.lower() for name in names]
    parts = [part for name in said for part in re.split(r"[\W\d_]+", name)]
    joined = [re.sub(r"[\W\d_]+", "", name) for name in said]
    return {word for word in (*said, *parts, *joined) if len(word) >= SHORTEST_NAME}


def bare_words(password: str) -> set[str]:
    """What may be meant by a password: as it is, and without what stands around its letters."""
    said = password.strip().lower()
    found = {said}
    for text in (said, said.translate(_LETTERS)):
        found |= {text, re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text), re.sub(r"[\W\d_]+", "", text)}
    # A letter that was put for a number at the end belongs to the number.
    found.add(re.sub(r"^[\W\d_]+|[\W\d_]+$", "", said).translate(_LETTERS))
    return {_once(word) for word in found} | found


def _once(word: str) -> str:
    """The half of a word that is said twice."""
    half = len(word) // 2
    return word[:half] if half and word == word[:half] * 2 else word
