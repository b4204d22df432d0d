"""The exceptions by which commands refuse what they are asked for."""

from typing import Any

from django.utils.translation import gettext as _


class Refused(Exception):
    """A command refuses: `message` is for the person who asked, `field` names the input at fault."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Stale(Refused):
    """The record was changed since the page was rendered (409).

    `record` is its present state, at `version`; `by` is who changed it, if known.
    """

    def __init__(self, record: Any, *, version: int, by: Any = None, message: str = "") -> None:
        usual = _("%(who)s changed this meanwhile. Look at it as it is now, and do it again.")
        super().__init__(message or usual % {"who": by or _("Somebody")})
        self.record, self.version, self.by = record, version, by


class VersionMissing(Exception):
    """A form would change a record, and does not say which version of it its page has shown (428)."""


def require_version(record: Any, seen: int | None) -> None:
    """Raise Stale unless the locked `record` is at version `seen`; None skips the check."""
    if seen is not None and seen != record.version:
        raise Stale(record, version=record.version, by=record.changed_by)
