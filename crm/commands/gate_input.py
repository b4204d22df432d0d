"""What an act brings along for the gates that it meets.

A gate never keeps anybody from saying what happened: it asks for the missing record inside the
same gesture, and `record` has it written in the same transaction (METHOD, "Gates"), by the writers of
the records themselves.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext as _

from crm.commands import company as company_commands
from crm.commands.contact import NewContact, on_record
from crm.commands.deal_people import add_person
from crm.commands.locked_deal import NEXT_FIELDS, note_change, save
from crm.commands.refusals import refused_at
from crm.commands.writers import (
    concern,
    conversation,
    decision_path,
    need,
    offer,
    step_result,
    verdict,
)
from crm.commands.writers.concern import DispositionInput
from crm.commands.writers.conversation import AgreementInput, ConversationInput
from crm.commands.writers.decision_path import DecisionPathInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.offer import OfferInput, OfferLineInput
from crm.commands.writers.step_result import StepResultInput
from crm.commands.writers.verdict import VerdictInput
from crm.models import Company, Contact, Deal, Offer, OfferKind
from crm.queries import offer as offers
from pipeline.models import User
from pipeline.process.playbook import Playbook
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused

# What the writers may set of a deal, besides what they write.
_FIELDS = ("company", "amount", "touched_at", "parked_until", *NEXT_FIELDS)


@dataclass(frozen=True, kw_only=True)
class GateInput:
    """Everything that an act may bring along for the gates that it meets; nothing is the rule.

    `company` is one on record or the name of a new one, `contact` likewise. What a `path` does not
    say stays as it was. An `offer` is by itself for what the deal is worth, to be decided when the
    last one was; from the price list it takes over the deal's lines. `dispositions` are by the
    concern's id, `answers` by the step's (stage, key).
    """

    company: Company | str | None = None
    contact: Contact | NewContact | None = None
    conversation: ConversationInput | None = None
    agreement: AgreementInput | None = None
    verdict: VerdictInput | None = None
    need: NeedInput | None = None
    path: DecisionPathInput | None = None
    offer: OfferInput | None = None
    dispositions: Mapping[int, DispositionInput] = field(default_factory=dict)
    answers: Mapping[tuple[Stage, str], StepResultInput] = field(default_factory=dict)


NOTHING = GateInput()


def record(
    row: Deal,
    said: GateInput,
    playbook: Playbook,
    *,
    by: User,
    at: dt.datetime,
    completing: bool = True,
) -> Offer | None:
    """Write what is brought along on a locked deal, and give back the offer if one was.

    A conversation completes the steps of the deal's stage that ask for it, as one does that is logged
    on its page. Not so without `completing`: a deal that begins further on is in that stage already.

    Raises Refused for what cannot be (a conversation that lies ahead, a step that is none of the
    playbook's, a concern of another deal), ValidationError for a value that its field cannot hold.
    The field that a refusal names is that of `crm.forms.gate`.
    """
    if said == NOTHING:
        return None
    before = _facts(row)
    _party(row, said, by=by, at=at)
    _agree(row, said, playbook, by=by, at=at)
    _talk(row, said, by=by, at=at, completing=completing)
    if said.verdict:
        verdict.write(row, said.verdict, by=by, at=at)
    if said.need:
        with refused_at("need_{}"):
            need.write(row, said.need, by=by, at=at)
    if said.path:
        with refused_at("path_{}"):
            decision_path.write(row, said.path, adding=True, by=by, at=at)
    made = None
    if said.offer:
        with refused_at("offer_{}"):
            made = offer.write(row, _completed(row, said.offer), by=by, at=at)
    _dispose_all(row, said.dispositions, by=by, at=at)
    _answer_all(row, said.answers, playbook, by=by, at=at)
    if changed := [name for name, value in _facts(row).items() if before[name] != value]:
        save(row, *changed, by=by, at=at)
    return made


def _facts(row: Deal) -> dict[str, object]:
    return {name: row.serializable_value(name) for name in _FIELDS}


def _party(row: Deal, said: GateInput, *, by: User, at: dt.datetime) -> None:
    """Say with whom the deal is; a person brings along his or her company."""
    company = company_commands.on_record(said.company, by=by, at=at) if said.company else None
    contact = None
    if said.contact is not None:
        contact = on_record(said.contact, company=company or row.company, by=by, at=at)
        company = company or (contact.company if row.company_id is None else None)
    if company is not None:
        note_change(row, "company", company, by=by, at=at)
    if contact is not None:
        add_person(row, contact, by=by, at=at)


def _agree(row: Deal, said: GateInput, playbook: Playbook, *, by: User, at: dt.datetime) -> None:
    if said.agreement:
        held_at = conversation.held_at(row, said.conversation, at=at)
        agreement = replace(said.agreement, held_at=held_at)
        with refused_at("agreed_{}"):
            conversation.write_agreement(row, agreement, playbook, by=by, at=at)


def _talk(row: Deal, said: GateInput, *, by: User, at: dt.datetime, completing: bool) -> None:
    if said.conversation:
        with refused_at("talk_{}"):
            held = conversation.write(row, said.conversation, by=by, at=at)
        if completing:
            step_result.complete(row, held, but=said.answers.keys(), by=by, at=at)


def _completed(row: Deal, said: OfferInput) -> OfferInput:
    """An offer as it is recorded in two clicks (G6, G7)."""
    if said.kind == OfferKind.PRICE_LIST and not said.lines:
        lines = row.lines.select_related("product").order_by("id")
        said = replace(said, lines=[OfferLineInput.of(line) for line in lines])
    if said.value is None and offers.total(said.lines) is None:
        said = replace(said, value=row.amount)
    last = offers.current(row.pk)
    return replace(
        said,
        value_why=said.value_why or said.what_changed.strip() or _("As agreed"),
        decision_on=said.decision_on or (last.decision_on if last else None),
    )


def _dispose_all(
    row: Deal, dispositions: Mapping[int, DispositionInput], *, by: User, at: dt.datetime
) -> None:
    for pk, said in dispositions.items():
        found = row.concerns.select_for_update().filter(pk=pk).first()
        if found is None:
            raise Refused(_("This concern is not there any more."))
        with refused_at(f"concern_{pk}"):
            concern.dispose(row, found, said, by=by, at=at)


def _answer_all(
    row: Deal,
    answers: Mapping[tuple[Stage, str], StepResultInput],
    playbook: Playbook,
    *,
    by: User,
    at: dt.datetime,
) -> None:
    for (stage, key), given in answers.items():
        step = playbook.find(stage, key)
        if step is None or step.hidden:
            raise Refused(_("This step is no longer part of the process: look at it again."))
        step_result.answer(row, step, given, version_ids=playbook.version_ids, by=by, at=at)
