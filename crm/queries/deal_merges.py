"""Deals that turned out to be another one: where their addresses lead, and whether that can be undone."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, F

from crm.events import Merged
from crm.models import Deal, DealChange, UndoableAct
from crm.shipped import DUPLICATE
from pipeline.models import User
from pipeline.process.stages import Outcome

SAME_AS = "same_as"


@dataclass(frozen=True, kw_only=True)
class DealMerge:
    """`gone` went into `into`, as far as the reader may see that one. `act` undoes it; None where that is
    too long ago, or not for this reader to do."""

    gone: int
    gone_name: str
    into: int
    into_name: str
    act: int | None


def merge_of(user: User, pk: int, *, since: dt.datetime) -> DealMerge | None:
    """What a deal that `user` may see was merged into, if it still is; `since` is from when on a merge can
    be undone. At most three queries."""
    # By this very merge: it may have been opened again since, and closed in another way.
    rows = DealChange.objects.filter(
        deal=pk,
        deal__outcome=Outcome.STOPPED,
        deal__cause__key=DUPLICATE,
        deal__closed_at=F("at"),
        kind=Merged.kind,
    )
    last = rows.select_related("deal").order_by("-pk").first()
    if last is None:
        return None
    found = Deal.objects.visible_to(user).filter(pk=last.data["into"]["id"])
    into = found.values_list("pk", "name").first()
    if into is None:
        return None
    editable = Deal.objects.editable_by(user)
    acts = UndoableAct.objects.filter(
        Exists(editable.filter(pk=into[0])),
        deal=pk,
        deal__in=editable,
        verb=SAME_AS,
        at=last.at,
        at__gt=since,
    )
    return DealMerge(
        gone=pk,
        gone_name=last.deal.name,
        into=into[0],
        into_name=into[1],
        act=acts.values_list("pk", flat=True).first(),
    )
