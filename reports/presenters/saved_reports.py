"""How saved reports are listed, and in words when somebody gets one by mail."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from pipeline.models import User
from reports.models import ReportSubscription, SavedReport
from reports.presenters.panels import ReportPanel
from reports.queries import saved_reports as queries
from reports.rhythm import Rhythm, Weekday
from salesprocess.lib.format import full_moment


@dataclass(frozen=True, kw_only=True)
class SavedLine:
    """A saved report in a list: whose it is, and where it stands besides."""

    name: str
    href: str
    details: str
    words: str
    is_shared: bool


def saved_panel(reader: User) -> ReportPanel:
    """One's own and those shared. One query."""
    lines = [line_of(each, reader) for each in queries.listed(reader)]
    return ReportPanel(
        key="saved",
        title=_("Saved reports"),
        template="reports/panels/saved.html",
        drawing=lines,
        n=len(lines) or None,
        empty="" if lines else _("Nothing is saved yet: ask something, and save it."),
        note=_("Whoever opens one sees what he or she may see, and nothing of your reach."),
        wide=True,
    )


def line_of(report: SavedReport, reader: User) -> SavedLine:
    marks = []
    if getattr(report, "mailed", False):
        marks.append(_("by mail"))
    if getattr(report, "pinned", False):
        marks.append(_("on my start"))
    return SavedLine(
        name=report.name,
        href=reverse("reports:saved_open", args=[report.pk]),
        details=reverse("reports:saved", args=[report.pk]),
        words=" · ".join([whose(report, reader), *marks]),
        is_shared=report.team_id is not None,
    )


def whose(report: SavedReport, reader: User) -> str:
    """`mine`, or the team that has it and who made it."""
    mine = report.owner_id == reader.pk
    if report.team is None:
        return _("mine") if mine else report.owner.name
    if mine:
        return _("mine, shared with %(team)s") % {"team": report.team.name}
    return _("%(team)s, by %(name)s") % {"team": report.team.name, "name": report.owner.name}


def when_mailed(row: ReportSubscription) -> str:
    """`every week, Monday 07:00`; the hour is the receiver's."""
    said = {"hour": f"{row.hour:02d}:00", "day": Weekday(row.weekday).label}
    if row.rhythm == Rhythm.WEEKLY:
        return _("every week, %(day)s %(hour)s") % said
    return _("every month, on the first, %(hour)s") % said


@dataclass(frozen=True, kw_only=True)
class ReceiverLine:
    """Who gets a report by mail: when, when last, and until when he or she did."""

    pk: int
    name: str
    initials: str
    words: Sequence[str]
    is_over: bool
    may_stop: bool


def receiver_line(row: ReportSubscription, report: SavedReport, reader: User) -> ReceiverLine:
    is_own = row.person_id == reader.pk
    mine = report.owner_id == reader.pk or reader.scope.everything
    if row.ended_at is None:
        words = [when_mailed(row)]
        if not row.person.is_active:
            words.append(_("has left"))
    else:
        said = {"why": row.get_ended_why_display(), "at": full_moment(row.ended_at, reader.zone)}
        words = [_("no more: %(why)s, %(at)s") % said]
    if row.sent_at is None:
        words.append(_("nothing sent yet"))
    else:
        words.append(_("last sent %(at)s") % {"at": full_moment(row.sent_at, reader.zone)})
    if row.next_at is not None:
        words.append(_("next %(at)s") % {"at": full_moment(row.next_at, row.person.zone)})
    return ReceiverLine(
        pk=row.pk,
        name=_("%(name)s (you)") % {"name": row.person.name} if is_own else row.person.name,
        initials=row.person.initials,
        words=words,
        is_over=row.ended_at is not None,
        may_stop=row.ended_at is None and (is_own or mine),
    )
