"""Who looked at somebody's figures, for that person and for who may see them (CHECKLIST E2)."""

import datetime as dt
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from pipeline.audit import queries as audit
from pipeline.models import User

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class LookedAt(models.TextChoices):
    """How the audit calls them; behind a list stands whose: `report_rows/won`."""

    PAGE = "report_page", _("the page")
    LIST = "report_rows", _("a list of records")
    TEAM = "report_team", _("the team side by side")

    @property
    def told(self) -> "StrOrPromise":
        """As it is called beside lists that are no reports."""
        return _TOLD[self]


_TOLD = {
    LookedAt.PAGE: _("Report on one person"),
    LookedAt.LIST: _("Report: records"),
    LookedAt.TEAM: _("Report: the team side by side"),
}
# What all of them begin with.
_REPORTS = "report_"


def looks_at(person: int, *, reader: User, at: dt.datetime) -> list[tuple[LookedAt, audit.Look]]:
    """Of the last 90 days, who looked last first; of lists each by itself. Nobody who may not see the
    person's figures is told."""
    found = audit.looks_at(person, reader=reader, at=at, begins=_REPORTS)
    return [(LookedAt(look.what.partition("/")[0]), look) for look in found]
