"""Whom and what a rule of retention meets."""

import calendar
import datetime as dt
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from crm.models import Activity, Contact, Deal, Setting, SettingChange
from pipeline.models import User
from pipeline.process.stages import Outcome, Stage
from privacy.models import ErasureNotice, Kept, RetentionRule

PAGE = 50


def months_before(at: dt.datetime, months: int) -> dt.datetime:
    """The same moment so many months before, or the last day of a shorter month."""
    year, month = divmod(at.year * 12 + at.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return at.replace(year=year, month=month + 1, day=min(at.day, last))


def rules() -> dict[str, RetentionRule]:
    return {rule.kind: rule for rule in RetentionRule.objects.select_related("changed_by")}


def latest_change() -> int:
    """Which state of the rules a page has shown."""
    changes = SettingChange.objects.filter(setting=Setting.RETENTION).order_by("-pk")
    return changes.values_list("pk", flat=True).first() or 0


def met_by(rule: RetentionRule, *, at: dt.datetime) -> "QuerySet[Contact]":
    """The people with whom nothing has happened for the months of a rule, and nothing is to."""
    since = months_before(at, rule.months)
    of_person = {"contact": OuterRef("pk")}
    lately = Activity.objects.filter(
        Q(done_at__gte=since) | Q(done_at=None, cancelled_at=None), **of_person
    )
    deals = Deal.objects.filter(deal_contacts__contact=OuterRef("pk"))
    alive = deals.filter(
        Q(outcome=Outcome.OPEN) | Q(closed_at__gte=since) | Q(touched_at__gte=since)
    )
    found = Contact.objects.filter(
        ~Exists(lately), ~Exists(alive), erased_at=None, changed_at__lt=since
    )
    if rule.kind == Kept.STOPPED_LEADS:
        leads = Q(outcome=Outcome.STOPPED, stage__lte=Stage.PROSPECTING)
        found = found.filter(Exists(deals.filter(leads)), ~Exists(deals.exclude(leads)))
    return found


class DuePeople(NamedTuple):
    """How many are due on a day."""

    due_on: dt.date
    people: int


class Notices(NamedTuple):
    """Who is due, the next ones first; those that an admin keeps come last."""

    rows: list[ErasureNotice]
    more: bool


def notices(user: User, *, page: int = 1) -> Notices:
    rows = ErasureNotice.objects.visible_to(user).select_related("contact__company", "kept_by")
    start = (page - 1) * PAGE
    ordered = rows.order_by("kept_at", "due_on", "pk")[start : start + PAGE + 1]
    found = list(ordered)
    return Notices(found[:PAGE], len(found) > PAGE)


def due_days(user: User) -> list[DuePeople]:
    days = ErasureNotice.objects.visible_to(user).filter(kept_at=None)
    counts: dict[dt.date, int] = {}
    for day in days.order_by("due_on").values_list("due_on", flat=True):
        counts[day] = counts.get(day, 0) + 1
    return [DuePeople(day, count) for day, count in counts.items()]


def notice(user: User, pk: int) -> ErasureNotice:
    """Raises ErasureNotice.DoesNotExist."""
    return ErasureNotice.objects.editable_by(user).get(pk=pk)
