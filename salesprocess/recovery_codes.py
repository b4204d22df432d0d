"""Recovery codes of a second factor, of which the database keeps hashes only."""

import hashlib
import re
import secrets
import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal import auth, flows
from allauth.mfa.recovery_codes.views import DownloadRecoveryCodesView, ViewRecoveryCodesView
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.http import Http404
from django.utils.crypto import constant_time_compare, pbkdf2

from salesprocess.second_factor import SecondFactorAdapter

# Without letters and digits that are taken for one another.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 10
# As they were, and are: anything else needs no hash to be told to be none.
_SHAPE = re.compile(r"[a-z0-9]{8}(?:[a-z0-9]{2})?")
# Seconds for which who has made them can look at them, and save them as a file.
SHOWN_FOR = 600
# What stands for a code that nobody can read any more.
HIDDEN = ""


class HashedRecoveryCodes(auth.RecoveryCodes):  # type: ignore[misc]  # allauth ships no types
    """As allauth's, but kept as PBKDF2 with a salt of their own, and each struck out by its use.

    allauth makes them from a seed, which it keeps: `hash_former_codes` changes those of before.
    """

    instance: Any

    @classmethod
    def activate(cls, user: Any) -> "HashedRecoveryCodes":
        kind = Authenticator.Type.RECOVERY_CODES
        row = Authenticator.objects.filter(user_id=user.pk, type=kind).first()
        if row is None:
            codes = [_new_code() for _each in range(auth.app_settings.RECOVERY_CODE_COUNT)]
            shown = SecondFactorAdapter().encrypt(" ".join(codes))
            data = {**_hashed(codes), "shown": shown, "shown_until": time.time() + SHOWN_FOR}
            row = Authenticator.objects.create(user=user, type=kind, data=data)
        return cls(row)

    def get_unused_codes(self) -> list[str]:
        """`HIDDEN` for each, once one is used or the time to look at them is over."""
        data = self.instance.data
        if "hashes" not in data:
            return list(super().get_unused_codes())
        if data.get("shown_until", 0) > time.time():
            return SecondFactorAdapter().decrypt(data["shown"]).split()
        return [HIDDEN] * len(data["hashes"])

    @transaction.atomic
    def validate_code(self, code: str) -> bool:
        """Whether it is one of those left; it is one no longer."""
        rows = Authenticator.objects.select_for_update()
        self.instance = rows.get(pk=self.instance.pk)
        data = self.instance.data
        if "hashes" not in data:
            return bool(super().validate_code(code))
        if not _SHAPE.fullmatch(_plain(code)):
            return False
        said = _hash(code, data["salt"])
        used = [each for each in data["hashes"] if constant_time_compare(each, said)]
        if used:
            left = [each for each in data["hashes"] if each not in used]
            self.instance.data = {**_unshown(data), "hashes": left}
            self.instance.save(update_fields=["data"])
        return bool(used)


def put_in_place() -> None:
    """allauth takes no class of ours by a setting, and asks for its own under these two names."""
    auth.RecoveryCodes = flows.RecoveryCodes = HashedRecoveryCodes


def hash_former_codes(*, most: int) -> int:
    """Replace the seeds of `most` people by hashes of the codes that they have left, and what was kept
    to be shown by nothing, when the time is over; how many people's were changed."""
    of_codes = Authenticator.objects.filter(type=Authenticator.Type.RECOVERY_CODES)
    waiting = of_codes.filter(
        Q(data__has_keys=["hashes", "shown"], data__shown_until__lt=time.time())
        | ~Q(data__has_key="hashes")
    )
    done = 0
    for pk in waiting.order_by("pk").values_list("pk", flat=True).iterator():
        if done >= most:
            break
        done += _hash_former(pk)
    return done


@transaction.atomic
def _hash_former(pk: int) -> bool:
    row = Authenticator.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
    if row is None:
        return False
    if "hashes" not in row.data:
        try:
            codes = HashedRecoveryCodes(row).get_unused_codes()
        except InvalidToken:  # made under a key that is gone: they open nothing
            return False
        viewed = {key: row.data[key] for key in ("viewed_at",) if key in row.data}
        row.data = {**_hashed(codes), **viewed}
    else:
        row.data = _unshown(row.data)
    row.save(update_fields=["data"])
    return True


def _unshown(data: dict[str, Any]) -> dict[str, Any]:
    return {key: kept for key, kept in data.items() if key not in ("shown", "shown_until")}


def _hashed(codes: list[str]) -> dict[str, Any]:
    salt = secrets.token_hex(16)
    # A process of the release before, still running, finds no seed, but a list with no code in it.
    return {"salt": salt, "hashes": [_hash(code, salt) for code in codes], "migrated_codes": []}


def _hash(code: str, salt: str) -> str:
    rounds = settings.RECOVERY_CODE_ROUNDS
    return pbkdf2(_plain(code), salt, rounds, digest=hashlib.sha512).hex()


def _plain(code: str) -> str:
    return re.sub(r"[\s-]", "", code).lower()


def _new_code() -> str:
    drawn = "".join(secrets.choice(_ALPHABET) for _each in range(_LENGTH))
    return f"{drawn[: _LENGTH // 2]}-{drawn[_LENGTH // 2 :]}"


class ViewRecoveryCodes(ViewRecoveryCodesView):  # type: ignore[misc]  # allauth ships no types
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        codes = context["unused_codes"]
        are_shown = bool(codes) and HIDDEN not in codes
        return {**context, "are_shown": are_shown, "can_download_codes": are_shown}


class DownloadRecoveryCodes(DownloadRecoveryCodesView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if HIDDEN in self.unused_codes:
            raise Http404
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context
