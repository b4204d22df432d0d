"""Winning a deal: stage by stage, or in one conversation."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.commands import gate, relationship, touch_plan
from crm.commands.deal import CLOSING, cancel_planned_on, open, unpark
from crm.commands.gate import GoAhead
from crm.commands.gate_input import NOTHING, GateInput
from crm.commands.locked_deal import (
    NEXT_FIELDS,
    locked,
    note_change,
    open_visit,
    save,
    write_visits,
)
from crm.commands.writers import offer as offer_writer
from crm.commands.writers.offer import OfferInput
from crm.models import Contact, Deal, OfferKind, OfferOutcome, StageVisit
from crm.queries import offer as offers
from crm.queries.deal_process import versions_in_force
from pipeline.models import User
from pipeline.process import moves
from pipeline.process.gates import Act, Verb
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.refused import Refused


def win(
    deal: Deal,
    *,
    value: Decimal,
    by: User,
    at: dt.datetime,
    reason: str = "",
    note: str = "",
    cancel_planned: bool = False,
    touch_months: int | None = None,
    version: int | None = None,
    gate_input: GateInput = NOTHING,
    go_ahead: GoAhead | None = None,
) -> None:
    """Record that the customer agreed, for `value` in the deal's currency.

    From before stage 7 the deal advances there at the same instant; stages passed over need
    `reason`. What was accepted is the current offer (G9): where its value is another, a revision
    "as agreed" is added. The company becomes a customer. Planned activities stay, because the
    hand-off is work too, unless `cancel_planned`. With `touch_months` the customer is touched every so
    many months from now on, unless that was decided before, and the first touch is planned.

    Raises Gap as `gate.check` does; Refused for a closed deal, a value that is no amount of money
    or a missing reason; Stale as in `locked`.
    """
    with locked(deal, by=by, version=version) as row:
        value = _money(row, value)
        stage_visit, visit = open_visit(row, at)
        visits = moves.win(visit, at, reason=reason)
        if cancel_planned:
            cancel_planned_on(row, at=at)
        _win(
            row,
            stage_visit,
            visits,
            value=value,
            note=note,
            touch_months=touch_months,
            gate_input=gate_input,
            go_ahead=go_ahead,
            by=by,
            at=at,
        )


def sell_at_once(
    deal: Deal,
    *,
    value: Decimal,
    by: User,
    at: dt.datetime,
    gate_input: GateInput = NOTHING,
    go_ahead: GoAhead | None = None,
    note: str = "",
    cancel_planned: bool = False,
    touch_months: int | None = None,
    version: int | None = None,
) -> None:
    """Win a deal in one conversation: every stage from the present one to the seventh is entered at
    the same instant, and none is passed over (G12; CHECKLIST C20).

    `gate_input` is what the gates ask for: party, conversation, problem, decision path, verdict. An
    offer that was not recorded was made by word, for `value`.

    Raises as `win` does.
    """
    with locked(deal, by=by, version=version) as row:
        value = _money(row, value)
        stage_visit, visit = open_visit(row, at)
        if cancel_planned:
            cancel_planned_on(row, at=at)
        if gate_input.offer is None and offers.current(row.pk) is None:
            said = OfferInput(kind=OfferKind.VERBAL, value=value)
            gate_input = replace(gate_input, offer=said)
        _win(
            row,
            stage_visit,
            moves.win_through(visit, at),
            value=value,
            note=note,
            touch_months=touch_months,
            gate_input=gate_input,
            go_ahead=go_ahead,
            by=by,
            at=at,
        )


def sell_new(
    *,
    value: Decimal,
    by: User,
    at: dt.datetime,
    gate_input: GateInput = NOTHING,
    go_ahead: GoAhead | None = None,
    note: str = "",
    **opened: Any,
) -> Deal:
    """Open a deal that was sold in one conversation, and win it through all seven stages: both, or
    neither (G12).

    `opened` is what `open` takes, but a stage. The person of the deal is whom one spoke with, and
    who decides, where `gate_input` names nobody else.

    Raises as `open` and `sell_at_once` do; Refused also for a sale of nobody, or of somebody whose
    deals `by` may not change.
    """
    with transaction.atomic():
        deal = open(by=by, at=at, amount=value, **opened)
        if deal.owner_id is None:
            raise Refused(_("A pool sells nothing: choose whose sale it was."), field="owner")
        link = deal.deal_contacts.select_related("contact").first()
        if link is not None:
            gate_input = _with(link.contact, gate_input)
        try:
            sell_at_once(
                deal, value=value, by=by, at=at, gate_input=gate_input, go_ahead=go_ahead, note=note
            )
        except Deal.DoesNotExist:
            raise Refused(
                _(
                    "You cannot change this person’s deals: record the sale as yours, and hand it over."
                ),
                field="owner",
            ) from None
    return deal


def _money(row: Deal, value: Decimal) -> Decimal:
    try:
        return Deal._meta.get_field("amount").clean(value, row)  # type: ignore[no-any-return]
    except ValidationError as error:
        raise Refused(
            _("Write what it was won for: a number, zero or more."), field="value"
        ) from error


def _win(
    row: Deal,
    stage_visit: StageVisit,
    visits: tuple[moves.Visit, ...],
    *,
    value: Decimal,
    note: str,
    touch_months: int | None,
    gate_input: GateInput,
    go_ahead: GoAhead | None,
    by: User,
    at: dt.datetime,
) -> None:
    if gate_input.offer is not None and gate_input.offer.value is None:
        gate_input = replace(gate_input, offer=replace(gate_input.offer, value=value))
    ahead = versions_in_force(row)
    passed = gate.check(
        row,
        Act(verb=Verb.WIN, from_stage=Stage(stage_visit.stage), to=Stage.CLOSING),
        version_ids=tuple(stage_visit.version_ids) or ahead,
        by=by,
        at=at,
        gate_input=gate_input,
        go_ahead=go_ahead,
    )
    _accept(row, value, by=by, at=at)
    note_change(row, "amount", value, by=by, at=at)
    write_visits(row, stage_visit, visits, by=by, version_ids=ahead)
    row.outcome = Outcome.WON
    row.closed_at = at
    row.closing_note = note.strip()
    unpark(row)
    if touch_months is not None:
        touch_plan.start_after_win(row, months=touch_months, by=by, at=at)
    save(row, *CLOSING, *NEXT_FIELDS, "amount", by=by, at=at)
    gate.keep(row, passed, stage_visit, by=by, at=at)
    relationship.follow_win(row.company_id, by=by, at=at)


def _with(person: Contact, said: GateInput) -> GateInput:
    """The person of a deal, where a conversation or a decision path names nobody."""
    if said.conversation is not None and said.conversation.contact is None:
        said = replace(said, conversation=replace(said.conversation, contact=person))
    if said.path is not None and said.path.decides is None:
        said = replace(said, path=replace(said.path, decides=person))
    return said


def _accept(row: Deal, value: Decimal, *, by: User, at: dt.datetime) -> None:
    """The current offer is what was agreed on (G9); one of another value never was."""
    offer = offers.current(row.pk)
    if offer is None or (offer.value, offer.currency) != (value, row.currency):
        offer = offer_writer.write_agreed(row, offer, value, by=by, at=at)
    offer_writer.supersede(row, offer, at=at)
    offer.outcome, offer.known_at = OfferOutcome.ACCEPTED, at
    offer.save(update_fields=["outcome", "known_at"])
