"""What a command has against what it was asked for."""

from typing import Any

from django.utils.translation import gettext as _


class Refused(Exception):
    """What cannot be, said to the person who asked for it: `message` is what he or she reads, `field`
    names the input that it belongs to."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Stale(Refused):
    """Somebody changed a record since the page that asks was shown. `record` is how it stands now, at
    `version`; `by` is who changed it, where that is known."""

    def __init__(self, record: Any, *, version: int, by: Any = None, message: str = "") -> None:
        usual = _("%(who)s changed this meanwhile. Look at it as it is now, and do it again.")
        super().__init__(message or usual % {"who": by or _("Somebody")})
        self.record, self.version, self.by = record, version, by


def require_version(record: Any, seen: int | None) -> None:
    """Raises Stale if a record, which is locked, is not at the version that the page has shown; None
    takes whatever is there."""
    if seen is not None and seen != record.version:
        raise Stale(record, version=record.version, by=record.changed_by)
