"""For which stage work counts. Here alone it is decided (METHOD, edge rules 2 and 3).

- On an open deal: for the stage that the deal was in when it was done.
- Without a deal: for lead generation. Keeping the relation with a customer alive, or looking for the
  next piece of business, *is* stage 1. So it is with a party that has an open deal: what serves
  that deal is logged on it.
- On a deal that had its outcome by then: who still speaks to the other side keeps the relation
  alive, stage 1 again; what is ours alone (a task, a note) is hand-off or bookkeeping, and counts
  for no stage.
"""

import datetime as dt

from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.functions import Coalesce

from crm.models import Activity, Deal, StageVisit, StepResult
from crm.models.activity import TOUCHES
from pipeline.models import User
from pipeline.process.moves import LeftHow
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.keyset import by_instant

# When it was done, else when it is due: an order of all that was and will be done.
DONE_OR_DUE = by_instant(Coalesce("done_at", "due_by"), never_null=True)
# What a filter asks for work that counts for no stage by.
NO_STAGE = 0


def stage_of(kind: str, deal: Deal | None, at: dt.datetime) -> int | None:
    """The stage for which something of that kind counts that is done at `at`; None for no stage."""
    if deal is None:
        return Stage.LEAD_GENERATION
    stood = _stage_at(deal, at)
    if stood is not None:
        return stood
    return Stage.LEAD_GENERATION if kind in TOUCHES else None


def _stage_at(deal: Deal, at: dt.datetime) -> int | None:
    """The stage that the deal was in at an instant, before it began its first one; None if it was
    closed."""
    if deal.closed_at is not None and deal.closed_at <= at:
        return None
    begun = deal.stage_entered_at is None or deal.stage_entered_at <= at
    if begun:
        return deal.stage
    visits = StageVisit.objects.filter(deal=deal)
    then = (
        visits.filter(Q(entered_at=None) | Q(entered_at__lte=at)).order_by("-sequence").first()
        or visits.order_by("sequence")[0]
    )
    ended = then.left_how in (LeftHow.WON, LeftHow.STOPPED)
    return None if ended and then.left_at is not None and then.left_at <= at else then.stage


def stage_now() -> Case:
    """In SQL, over activities: the stage for which one counted, or would count today if it is still
    to be done."""
    return Case(
        When(done_at__isnull=False, then="stage"),
        When(deal=None, then=Value(Stage.LEAD_GENERATION.value)),
        When(deal__outcome=Outcome.OPEN, then="deal__stage"),
        When(kind__in=TOUCHES, then=Value(Stage.LEAD_GENERATION.value)),
        default=None,
        output_field=IntegerField(),
    )


def to_change(user: User, pk: int) -> Activity:
    """What `user` may change on a deal, of what is or was planned. Raises Activity.DoesNotExist."""
    rows = Activity.objects.editable_by(user).filter(deal__isnull=False, due_by__isnull=False)
    return rows.select_related("deal", "contact", "owner").get(pk=pk)


def without_deal(user: User, pk: int) -> Activity:
    """As `to_change`, of what is planned with a company or a contact alone."""
    rows = Activity.objects.editable_by(user).filter(deal=None, due_by__isnull=False)
    return rows.select_related("company", "contact", "owner").get(pk=pk)


def own_done(user: User, pk: int) -> Activity:
    """What `user` has done, while it is in reach. Raises Activity.DoesNotExist."""
    rows = Activity.objects.editable_by(user).done().filter(owner=user)
    return rows.select_related("deal", "company", "contact", "owner").get(pk=pk)


def has_steps(activity: Activity) -> bool:
    """Whether it counts as having done a step."""
    return StepResult.objects.filter(activity=activity).exists()
