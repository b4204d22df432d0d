"""Saved reports: one's own and those that are shared, who has them on the start, who gets them by mail."""

import datetime as dt

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from pipeline.models import Team, User
from pipeline.people.access import subtrees
from reports.models import ReportPin, ReportSubscription, SavedReport

# So long it is told who gets a report no more.
TOLD = dt.timedelta(days=60)


def listed(reader: User) -> list[SavedReport]:
    """One's own and those shared, from A to Z, each with whether it is `pinned` and `mailed`; one
    query."""
    pins = ReportPin.objects.filter(report=OuterRef("pk"), person=reader)
    mails = ReportSubscription.objects.running().filter(report=OuterRef("pk"), person=reader)
    rows = SavedReport.objects.shown_to(reader).select_related("owner", "team")
    rows = rows.annotate(pinned=Exists(pins), mailed=Exists(mails))
    return list(rows.order_by(Lower("name"), "pk"))


def pinned(reader: User) -> list[SavedReport]:
    """Those on one's start, in the order in which they came there; one query."""
    rows = SavedReport.objects.visible_to(reader).filter(pins__person=reader)
    return list(rows.order_by("pins__at", "pk"))


def one(reader: User, pk: int) -> SavedReport:
    """Raises SavedReport.DoesNotExist out of reach. One query."""
    pins = ReportPin.objects.filter(report=OuterRef("pk"), person=reader)
    rows = SavedReport.objects.visible_to(reader).select_related("owner", "team", "changed_by")
    return rows.annotate(pinned=Exists(pins)).get(pk=pk)


def one_to_change(reader: User, pk: int) -> SavedReport:
    """Raises SavedReport.DoesNotExist for somebody else's."""
    rows = SavedReport.objects.editable_by(reader).select_related("owner", "team", "changed_by")
    return rows.get(pk=pk)


def receivers(report: SavedReport, *, at: dt.datetime) -> list[ReportSubscription]:
    """Who gets it by mail, from A to Z, and who did until a while ago; one query."""
    rows = report.subscriptions.select_related("person", "added_by")
    lately = Q(ended_at=None) | Q(ended_at__gt=at - TOLD)
    return list(rows.filter(lately).order_by(Lower("person__name"), "pk"))


def subscription_of(report: SavedReport, person: User) -> ReportSubscription | None:
    return ReportSubscription.objects.filter(report=report, person=person).first()


def subscription_to_stop(user: User, pk: int) -> ReportSubscription:
    """Raises ReportSubscription.DoesNotExist where neither the mail nor the report is one's own."""
    return (
        ReportSubscription.objects.editable_by(user).select_related("report", "person").get(pk=pk)
    )


def mail_of(pk: int) -> ReportSubscription | None:
    """A subscription whose mail is due, with all that it takes to write it."""
    rows = ReportSubscription.objects.running()
    return rows.select_related("report__owner", "report__team", "person").filter(pk=pk).first()


def may_receive(report: SavedReport) -> list[User]:
    """Who else has a report and could get it by mail, from A to Z; three queries."""
    if report.team_id is None:
        return []
    below = subtrees(dict(Team.objects.values_list("pk", "parent_id")))[report.team_id]
    people = User.objects.able_to_sign_in().filter(
        Q(team_id__in=below) | Q(teams_led=report.team_id)
    )
    running = report.subscriptions.running().values("person")
    return list(people.exclude(pk__in=running).distinct().order_by("name", "pk"))
