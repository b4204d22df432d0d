"""Two deals that are one: what is known of the one goes to the other.

Deals are never lost: the one stays on record, stopped as a duplicate, with its own way through the
stages, and names the deal that it is the same as; its address leads there. So do its offers, if that
deal has none of its own, whose numbers they would cross, and its verdicts, unless one of them would
speak for that deal from now on which has not held. Attempts to close stay where they were made. For
`crm.commands.undo.LASTING` days it can be taken back.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from crm.commands import deal as deal_commands
from crm.commands.deal_people import add_person
from crm.commands.locked_deal import (
    NEXT_FIELDS,
    add_change,
    locked,
    note_changes,
    refresh_next,
    require_open,
    save,
)
from crm.commands.planned import give
from crm.events import LeadTakenIn, Merged
from crm.models import (
    Activity,
    Concern,
    Deal,
    DealLine,
    DealRole,
    DecisionPath,
    EvidenceFile,
    Need,
    Offer,
    Ruling,
    StepResult,
    StopCause,
    Verdict,
)
from crm.shipped import DUPLICATE
from pipeline.models import User
from pipeline.process.stages import Initiator
from salesprocess.lib.events import RecordRef
from salesprocess.lib.refused import Refused

# What a deal takes over where it says nothing itself, or is told to.
FACTS = (
    *("name", "company", "amount", "expected_close_on"),
    *("source", "source_detail", "source_company", "method"),
)
# What says more of a source, and nothing of another one.
_OF_SOURCE = ("source_detail", "source_company")


def merge(
    deal: Deal,
    *,
    into: Deal,
    take: Collection[str] = (),
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> None:
    """Say that a deal is the same as `into`: what was said, planned and filed with it, its people,
    products, needs and concerns go there, and it is stopped as a duplicate.

    Where `into` knows nothing of a fact, it takes it over, as it does those of FACTS that `take` names,
    what says more of a source only together with that; a step that it has answered itself stays so, as does its decision path, and the other keeps its own.

    Raises Refused for one and the same deal, or a closed one of the two; Stale as in `locked`;
    Deal.DoesNotExist if either is out of the reach of `by`.
    """
    if deal.pk == into.pk:
        raise Refused(_("That is this deal itself: choose another one."), field="into")
    with transaction.atomic():
        # Both in one order, so that two who merge them the other way round do not wait in a circle.
        pair = Deal.objects.filter(pk__in=[deal.pk, into.pk]).order_by("pk")
        list(pair.select_for_update(of=("self",)).values_list("pk"))
        with locked(deal, by=by, version=version) as row, locked(into, by=by) as target:
            require_open(row)
            if not target.is_open:
                raise Refused(_("That deal is closed: open it again first."), field="into")
            _require_one_currency(row, target)
            _take_over(row, target, take, by=by, at=at)
            _stop(row, target, by=by, at=at)


def _require_one_currency(row: Deal, target: Deal) -> None:
    """A price is in the currency of its deal, and would be read in the other one."""
    priced = DealLine.objects.filter(deal__in=[row, target]).exclude(unit_price=None)
    if row.currency != target.currency and priced.exists():
        raise Refused(
            _(
                "These deals are in two currencies, and products on them have prices: give both the "
                "same currency first."
            ),
            field="into",
        )


def _take_over(
    row: Deal, target: Deal, take: Collection[str], *, by: User, at: dt.datetime
) -> None:
    _move_records(row, target)
    there = target.deal_contacts.values("contact")
    for link in row.deal_contacts.exclude(contact__in=there).select_related("contact"):
        add_person(target, link.contact, role=DealRole(link.role), by=by, at=at)
    facts: dict[str, Any] = {
        name: getattr(row, name)
        for name in FACTS
        if getattr(row, name) is not None and (name in take or getattr(target, name) in (None, ""))
    }
    if target.source_id not in (None, row.source_id):
        if "source" in facts:
            facts |= {name: getattr(row, name) for name in _OF_SOURCE}
        else:
            facts = {n: v for n, v in facts.items() if n not in _OF_SOURCE or n in take}
    if "amount" in facts:
        facts["currency"] = row.currency
    changed = note_changes(target, facts, by=by, at=at)
    if row.touched_at and (target.touched_at is None or row.touched_at > target.touched_at):
        target.touched_at = row.touched_at
    refresh_next(target)
    add_change(target, LeadTakenIn(lead=RecordRef.to(row)), by=by, at=at)
    save(target, *changed, *NEXT_FIELDS, "touched_at", by=by, at=at)


def _move_records(row: Deal, target: Deal) -> None:
    """The steps first: an answer goes together with the file or the talk that proves it."""
    answered = (
        StepResult.objects.current()
        .filter(deal=target)
        .values_list("stage", "key", "private_to_id")
    )
    taken = set(answered)
    own = StepResult.objects.filter(deal=row)
    going = [
        one.pk
        for one in own.only("pk", "stage", "key", "private_to_id", "replaced_at")
        if one.replaced_at or (one.stage, one.key, one.private_to_id) not in taken
    ]
    StepResult.objects.filter(pk__in=going).update(deal=target)
    for model in (Activity, EvidenceFile, Need, Concern, DealLine):
        model._default_manager.filter(deal=row).update(deal=target)
    if not Offer.objects.filter(deal=target).exists():
        Offer.objects.filter(deal=row).update(deal=target)
    # What was asked of an offer that stays is asked of it no more.
    Concern.objects.filter(deal=target, offer__deal=row).update(offer=None)
    _move_verdicts(row, target)
    if not DecisionPath.objects.filter(deal=target).exists():
        DecisionPath.objects.filter(deal=row).update(deal=target)
    # What was planned is for who owns the deal now.
    planned = Activity.objects.filter(deal=target).planned()
    if target.owner is not None:
        give(planned.exclude(owner=target.owner), target.owner)


def _move_verdicts(row: Deal, target: Deal) -> None:
    """The latest counts: what holds of both, or is older than what was said of `target` itself."""
    latest = target.verdicts.order_by("-at").values_list("at", flat=True).first()
    going = Q(ruling=Ruling.QUALIFIED)
    if latest is not None:
        going |= Q(at__lt=latest)
    Verdict.objects.filter(going, deal=row).update(deal=target)


def _stop(row: Deal, target: Deal, *, by: User, at: dt.datetime) -> None:
    add_change(row, Merged(into=RecordRef.to(target)), by=by, at=at)
    cause = StopCause.objects.get(key=DUPLICATE)
    deal_commands.stop(row, initiator=Initiator.US, cause=cause, by=by, at=at)
