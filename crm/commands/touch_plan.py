"""Keeping in touch with customers: how often, and the next time."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from crm.commands import activity, locked_deal
from crm.commands.writers import activity as writer
from crm.commands.writers.activity import About, Next
from crm.models import Activity, ActivityKind, Company, Deal, TouchPlan
from crm.touch_rhythm import RHYTHMS, touch_due
from pipeline.models import User
from salesprocess.lib.refused import Refused, require_version


def decide(
    company: Company, *, months: int | None, by: User, at: dt.datetime, version: int | None = None
) -> None:
    """Touch a customer every so many months, or without any rhythm (None).

    `version` is that of the plan which the page showed; 0 says that there was none.

    Raises Refused for another rhythm than those that there are, Stale if the plan was changed since;
    Company.DoesNotExist out of the reach of `by`.
    """
    if months is not None and months not in RHYTHMS:
        raise Refused(_("Choose one of the rhythms."), field="months")
    with transaction.atomic():
        # The company is locked, because of a plan that is not there yet nobody can lock a row.
        rows = Company.objects.editable_by(by).select_for_update(of=("self",), no_key=True)
        row = rows.get(pk=company.pk)
        plan = TouchPlan.objects.filter(company=row).select_related("changed_by").first()
        if plan is None:
            TouchPlan.objects.create(company=row, months=months, changed_at=at, changed_by=by)
            return
        require_version(plan, version)
        plan.months = months
        plan.version += 1
        plan.changed_at, plan.changed_by = at, by
        plan.save(update_fields=["months", "version", "changed_at", "changed_by"])


def plan_touch(
    company: Company, *, on: dt.date, by: User, at: dt.datetime, subject: str = ""
) -> Activity:
    """Plan the next call to a customer, by whoever says so. Raises as `activity.plan` does."""
    next = Next(kind=ActivityKind.CALL, due_on=on, subject=subject)
    return activity.plan(About(company=company), next=next, by=by, at=at)


def start_after_win(row: Deal, *, months: int, by: User, at: dt.datetime) -> None:
    """Begin to keep in touch with who has just bought: on a locked deal, which carries the first touch,
    so that whoever takes the win back takes it back as well. A plan that is there stays.

    Raises Refused for another rhythm than those that there are.
    """
    if months not in RHYTHMS:
        raise Refused(_("Choose one of the rhythms."), field="touch")
    if row.company is None:
        return
    made = {"months": months, "changed_at": at, "changed_by": by}
    TouchPlan.objects.get_or_create(company=row.company, defaults=made)
    day = touch_due(at.astimezone(by.zone).date(), months)
    subject = _("How does it go since the order?")
    next = Next(kind=ActivityKind.CALL, due_on=day, subject=subject)
    writer.new_plan(About(deal=row), row, next, by=by, at=at).save(force_insert=True)
    locked_deal.refresh_next(row)
