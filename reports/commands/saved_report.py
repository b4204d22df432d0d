"""Commands on saved reports, and on the start page that they are pinned to."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from crm.commands import deleted, values
from crm.models import DeletedKind
from pipeline.models import Team, User
from reports.models import MOST_QUERY, ReportPin, SavedReport
from salesprocess.lib.names import with_name
from salesprocess.lib.refused import Refused, require_version

# More of them nobody would find again.
MAX_REPORTS = 100
# Each is a question of its own to the database when the start page is opened.
MAX_PINS = 6


def save(
    *, name: str, page: str, query: str, by: User, at: dt.datetime, team: Team | None = None
) -> SavedReport:
    """Keep a page of the reports with what is asked of it under a name, for oneself or for a team
    that one leads. `page` is the key of a page, `query` what its address says after the `?`.

    Raises Refused for a missing name or one that is taken, a team that `by` does not lead, a question
    that is too long, or too many reports; ValidationError for a value that its field cannot hold.
    """
    with transaction.atomic():
        _hold_reports_of(by.pk)
        if SavedReport.objects.filter(owner=by).count() >= MAX_REPORTS:
            raise Refused(_("You have %(n)s saved reports: delete one first.") % {"n": MAX_REPORTS})
        report = SavedReport(page=page, query=query, owner=by)
        _write(report, name=name, team=team, by=by, at=at)
    return report


def change(
    report: SavedReport,
    *,
    name: str,
    team: Team | None,
    by: User,
    at: dt.datetime,
    asked: tuple[str, str] | None = None,
    version: int | None = None,
) -> None:
    """Give a report another name, share it with another team or keep it to oneself (`team` None), or
    let it ask something else: `asked` is the key of a page, and what its address says.

    `version` is the state that the page showed; None changes whatever is there.

    Raises SavedReport.DoesNotExist for somebody else's, Stale if `version` is not the present one,
    Refused as `save` does.
    """
    with transaction.atomic():
        _hold_reports_of(report.owner_id)
        rows = SavedReport.objects.editable_by(by).select_related("team", "changed_by")
        row = rows.select_for_update(of=("self",)).get(pk=report.pk)
        require_version(row, version)
        page, query = asked or (row.page, row.query)
        said = {"name": name, "team": team, "page": page, "query": query}
        if not values.other_values(row, said):
            return
        row.page, row.query = page, query
        row.version += 1
        _write(row, name=name, team=team, by=by, at=at)
    report.refresh_from_db()


def delete(report: SavedReport, *, by: User, at: dt.datetime) -> None:
    """With its pins and mails, all of which come back with it for 30 days.

    Raises SavedReport.DoesNotExist for somebody else's.
    """
    with transaction.atomic():
        row = SavedReport.objects.editable_by(by).select_for_update(of=("self",)).get(pk=report.pk)
        parts = deleted.with_parts(row, ("pins", "subscriptions"))
        deleted.keep(DeletedKind.REPORT, *parts, name=row.name, by=by, at=at)
        row.delete()


def pin(report: SavedReport, *, by: User, at: dt.datetime) -> None:
    """Put a report on one's own start page; what is there already stays where it is.

    Raises SavedReport.DoesNotExist out of reach, Refused where there is no room for more.
    """
    with transaction.atomic():
        _hold_reports_of(by.pk)
        row = SavedReport.objects.visible_to(by).get(pk=report.pk)
        own = ReportPin.objects.editable_by(by).filter(person=by)
        if own.filter(report=row).exists():
            return
        if own.count() >= MAX_PINS:
            words = _(
                "%(n)s reports stand on your start, which is as many as it holds: take one off."
            )
            raise Refused(words % {"n": MAX_PINS})
        ReportPin.objects.create(report=row, person=by, at=at)


def unpin(report: SavedReport, *, by: User) -> None:
    """Take a report off one's own start page."""
    ReportPin.objects.filter(report=report, person=by).delete()


def _hold_reports_of(owner: int) -> None:
    """The person's own row, so that of two at once neither gets a name that the other takes, and not
    both are the last that fits."""
    User.objects.select_for_update(no_key=True).get(pk=owner)


def _write(report: SavedReport, *, name: str, team: Team | None, by: User, at: dt.datetime) -> None:
    name = name.strip()
    if not name:
        raise Refused(_("Write a name for the report."), field="name")
    if len(report.query) > MOST_QUERY:
        raise Refused(_("That asks too much to be saved."))
    if team is not None and team.pk != report.team_id:
        scope = by.scope
        if not scope.everything and team.pk not in scope.managed_team_ids:
            raise Refused(_("You can share only with a team that you lead."), field="team")
    mine = SavedReport.objects.filter(owner_id=report.owner_id)
    if with_name(mine.exclude(pk=report.pk), name).exists():
        raise Refused(_("You have a report of this name already."), field="name")
    report.name, report.team = name, team
    report.changed_at, report.changed_by = at, by
    values.check(report)
    report.save()
