"""Their words and ours: what a source, a product or an owner of a file can be here."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import (
    ActivityKind,
    ActivityResult,
    CauseKind,
    DealRole,
    Method,
    Product,
    Relationship,
    Source,
    SourceKind,
    StopCause,
)
from crm.queries.rate import currencies
from exchange import queries
from exchange.commands.made import Made
from exchange.imports import guessing, known_words
from exchange.imports.kinds import CellType
from exchange.imports.steps import AnsweredStep
from exchange.models import ImportJob, ImportKind
from pipeline.models import Role, Team, User
from pipeline.process.framework import translated_text

# What an answer begins with that is no word of ours.
NEW, NOTHING, OURS = "+", "-", "="
_MOST_OFFERED = 500
_MADE = ("owner", "team", "source", "method", "product", "stop_cause")
STATES = {
    known_words.DONE: gettext_lazy("It was done"),
    known_words.PLANNED: gettext_lazy("It is to be done"),
    known_words.CANCELLED: gettext_lazy("It was cancelled"),
}


@dataclass(frozen=True, kw_only=True)
class TheirWord:
    """`said` is what was answered: empty for nothing, None if nothing was. `rows` stay out by it."""

    field: str
    text: str
    rows: int
    said: str | None = None

    @property
    def name(self) -> str:
        """Of its input: the same on every page that asks for this word, and for no other word."""
        said = f"{self.field}\0{self.text}".encode()
        return f"word-{hashlib.blake2b(said, digest_size=10).hexdigest()}"


def of_job(job: ImportJob) -> Iterator[TheirWord]:
    """The words of a checked file that are none of ours, and those of which it was said what they are."""
    unknown = queries.unknown_words(job)
    answers = job.answers.get("values", {})
    columns = job.answers.get("columns", {})
    for field in queries.words_of(job):
        is_named = field in columns or field in columns.get("answers", ())
        said = answers.get(field, {}) if is_named else {}
        for text, rows in unknown.get(field, {}).items():
            yield TheirWord(field=field, text=text, rows=rows, said=said.get(text))
        for text, ours in said.items():
            if text not in unknown.get(field, {}):
                yield TheirWord(field=field, text=text, rows=0, said=ours)


def made_of(word: TheirWord) -> Made:
    """What is made of a word of theirs, not saved yet: an entry of a list, a team below the
    organisation, or somebody who has left."""
    root = Team.objects.root()
    made: dict[str, Callable[[], Made]] = {
        "owner": lambda: User(
            name=word.text,
            email=word.text if "@" in word.text else None,
            role=Role.SALESPERSON,
            team=root,
            is_active=False,
        ),
        "team": lambda: Team(name=word.text, parent=root),
        "stop_cause": lambda: StopCause(name=word.text, kind=CauseKind.UNKNOWN),
        "source": lambda: Source(name=word.text, kind=SourceKind.OTHER),
        "method": lambda: Method(name=word.text),
        "product": lambda: Product(name=word.text, currency=root.currency),
    }
    return made[word.field]()


class OurWords:
    """What words of theirs can be in a file `of` that kind, for the person `by`; `kinds` are the fields
    that are asked for, `steps` what columns of answers answer."""

    def __init__(
        self,
        *,
        by: User,
        kinds: Collection[str],
        of: str,
        steps: Mapping[str, AnsweredStep] = MappingProxyType({}),
    ) -> None:
        self._by, self._kinds, self._kind, self._steps = by, kinds, of, steps

    def choices(self, word: TheirWord) -> list[tuple[str, object]]:
        """Leave its rows out, leave it empty, make it, or take one of ours."""
        choices: list[tuple[str, object]] = [("", _("Leave these rows out"))]
        if word.field in ("kind", "status") or self._is_needed(word):
            pass  # a row that says nothing of it is another one, or none
        elif word.field == "owner":
            choices.append((NOTHING, _("As without an owner")))
        elif word.field == "relationship":
            choices.append((NOTHING, _("Leave it empty, and keep the word as a note")))
        elif word.field != "currency":
            choices.append((NOTHING, _("Leave it empty")))
        else:
            choices.append((NOTHING, _("As without a currency")))
        if word.field in _MADE and self._by.scope.everything:
            choices.append((NEW, _new_words(word)))
        ours = self._ours[word.field]
        if word.said and all(text != word.said for text, _shown in ours):
            ours = [(word.said, word.said), *ours]
        offered = [(f"{OURS}{text}", shown) for text, shown in ours]
        return [*choices, (_("It is this one of ours"), offered)] if offered else choices

    def _is_needed(self, word: TheirWord) -> bool:
        """A line of a deal is of some product."""
        return word.field == "product" and self._kind == ImportKind.LINES

    def initial(self, word: TheirWord) -> str:
        """What was said, else what it probably is."""
        if word.said is not None:
            return f"{OURS}{word.said}" if word.said else NOTHING
        probable = _probable(word)
        known = any(text == probable for text, _shown in self._ours[word.field])
        if not probable and word.field == "relationship":
            # A supplier is none of our customers, and none who could be one.
            return NOTHING
        return f"{OURS}{probable}" if probable and known else ""

    @cached_property
    def _ours(self) -> dict[str, list[tuple[str, str]]]:
        read: dict[str, Callable[[], list[tuple[str, str]]]] = {
            "owner": self._owners,
            "team": lambda: [(each.name, each.name) for each in self._teams()],
            "source": lambda: [(each.name, str(each)) for each in Source.objects.active()],
            "method": lambda: [(each.name, str(each)) for each in Method.objects.active()],
            "product": lambda: [
                (each.name, each.name) for each in Product.objects.active()[:_MOST_OFFERED]
            ],
            "stop_cause": self._causes,
            "currency": self._currencies,
            "kind": lambda: [(str(value), str(label)) for value, label in ActivityKind.choices],
            "status": lambda: [(value, str(words)) for value, words in STATES.items()],
            "role": lambda: [(str(value), str(label)) for value, label in DealRole.choices],
            "relationship": lambda: [
                (str(value), str(label)) for value, label in Relationship.choices
            ],
            "result": lambda: [
                (str(value), str(label))
                for value, label in ActivityResult.choices
                if value != ActivityResult.MOVED_FORWARD
            ],
        }
        return {
            field: sorted(read[field](), key=_shown) if field in read else self._answers(field)
            for field in self._kinds
        }

    def _answers(self, column: str) -> list[tuple[str, str]]:
        """In the order of the step."""
        step = self._steps.get(column)
        if step is None:
            return []
        if step.cell_type is CellType.FLAG:
            return [("yes", _("Yes")), ("no", _("No"))]
        return [(choice, str(translated_text(choice))) for choice in step.choices]

    def _owners(self) -> list[tuple[str, str]]:
        """Admins may give what comes in to somebody who has left, too."""
        people = User.objects.assignable_by(self._by)
        if self._by.scope.everything:
            people = User.objects.filter()
        return [
            (
                person.email or person.name,
                person.name if person.is_active else _("%(name)s (left)") % {"name": person.name},
            )
            for person in people.order_by("-is_active", "name")[:_MOST_OFFERED]
        ]

    def _teams(self) -> list[Team]:
        scope = self._by.scope
        teams = Team.objects.all()
        return list(teams if scope.everything else teams.filter(pk__in=scope.pool_team_ids))

    def _causes(self) -> list[tuple[str, str]]:
        """Two of one name say whose they are."""
        return [
            (
                cause.key,
                f"{cause} ({cause.get_initiator_display()})" if cause.initiator else str(cause),
            )
            for cause in StopCause.objects.active()
        ]

    def _currencies(self) -> list[tuple[str, str]]:
        today = timezone.localdate(timezone=Team.objects.root().zone)
        return [(code, code) for code in currencies(today)]


def _new_words(word: TheirWord) -> str:
    said = {"word": word.text}
    if word.field == "owner":
        return _("Bring in “%(word)s” as somebody who has left") % said
    if word.field == "team":
        return _("Make a team “%(word)s”") % said
    return _("Put “%(word)s” on the list") % said


def _probable(word: TheirWord) -> str:
    if word.field in ("kind", "status", "result", "role", "relationship"):
        return known_words.probable(word.field, word.text)
    guess = {
        "source": guessing.source,
        "method": guessing.method,
        "stop_cause": guessing.cause,
    }.get(word.field)
    return guess(word.text) if guess else ""


def _shown(pair: tuple[str, str]) -> str:
    return pair[1].casefold()
