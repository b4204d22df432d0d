"""What can be done to a deal."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.commands import company as company_commands
from crm.commands import deleted, gate, lead_dealing, planned, relationship, search, values
from crm.commands.contact import NewContact, on_record
from crm.commands.deal_people import add_person
from crm.commands.gate import GoAhead
from crm.commands.gate_input import NOTHING, GateInput
from crm.commands.lead_dealing import Dealt
from crm.commands.locked_deal import (
    NEXT_FIELDS,
    add_change,
    enter,
    locked,
    note_change,
    note_changes,
    open_visit,
    refresh_next,
    require_open,
    save,
    write_visits,
)
from crm.commands.watched import watched
from crm.events import DealPersonChanged, PersonInRole
from crm.models import (
    Activity,
    Company,
    Contact,
    Deal,
    DealContact,
    DealRole,
    DeletedKind,
    Offer,
    OfferOutcome,
    Rate,
    SearchKind,
    Source,
    StopCause,
)
from crm.models.due import midnight
from crm.queries.deal import NextPlan
from crm.queries.deal_process import versions_in_force
from pipeline.models import Team, User
from pipeline.process import moves
from pipeline.process.gates import Act, Verb
from pipeline.process.stages import Initiator, Outcome, Stage
from salesprocess.lib.events import RecordRef
from salesprocess.lib.refused import Refused


def open(
    *,
    name: str = "",
    by: User,
    at: dt.datetime,
    company: Company | str | None = None,
    contact: Contact | NewContact | None = None,
    owner: User | None = None,
    team: Team | None = None,
    stage: Stage = Stage.LEAD_GENERATION,
    gate_input: GateInput = NOTHING,
    go_ahead: GoAhead | None = None,
    **fields: Any,
) -> Deal:
    """Open a deal, with its company and contact where they are new; a name is enough.

    `company` is one on record or the name of a new one, `contact` likewise. Without `owner` the
    deal is `by`'s own; `team` alone puts it into that team's pool, and a new lead from there to whom
    the rules of the team choose. `fields` are amount (in
    `currency`, by default the organisation's), expected_close_on, source, source_detail,
    source_company and method. A deal that begins further on is judged for the stages before it:
    `gate_input` is what their gates ask for.

    Raises Gap as `gate.check` does, Refused if nothing names the deal, if it would be out of the reach of `by`, or for a
    currency without a rate; ValidationError for a value that its field cannot hold.
    """
    if unknown := set(fields) - set(EDITABLE):
        raise TypeError(f"no fields of a deal: {sorted(unknown)}")
    at = _not_ahead(at)
    with transaction.atomic():
        if company is not None:
            company = company_commands.on_record(company, by=by, at=at)
        if contact is not None:
            contact = on_record(contact, company=company, by=by, at=at)
            company = company or contact.company
        title = name.strip() or str(company or contact or "")
        if not title:
            raise Refused(_("Write a name: of the deal, a company or a person."), field="name")
        owner, team = _owner_and_team(owner=owner, team=team, by=by)
        owner, team, dealt = _by_rules(owner, team, stage, fields.get("source"), company)
        fields.setdefault("currency", by.organisation.currency)
        _check_currency(fields["currency"], by=by, at=at)
        deal = Deal(
            name=title,
            company=company,
            owner=owner,
            team=team,
            stage=stage,
            stage_entered_at=at,
            created_at=at,
            created_by=by,
            changed_at=at,
            changed_by=by,
            **fields,
        )
        values.check(deal)
        deal.save(force_insert=True)
        lead_dealing.note([(deal.pk, one) for one in dealt], at=at)
        if contact:
            DealContact.objects.create(deal=deal, contact=contact)
        _begin(deal, by=by, at=at, gate_input=gate_input, go_ahead=go_ahead)
        search.index(SearchKind.DEAL, [deal.pk])
    return deal


def stop(
    deal: Deal,
    *,
    initiator: Initiator,
    cause: StopCause,
    by: User,
    at: dt.datetime,
    note: str = "",
    version: int | None = None,
) -> None:
    """Record the decision to stop, by the customer or by us; possible from every stage (G10).

    What was planned on the deal is cancelled; an offer that was open was declined by the customer,
    or withdrawn by us.

    Raises Refused for a closed deal or a cause that belongs to the other side; Stale as in
    `locked`.
    """
    with locked(deal, by=by, version=version) as row:
        if cause.initiator and cause.initiator != initiator:
            raise Refused(
                _("“%(cause)s” is a decision of the other side. Choose who decided again.")
                % {"cause": cause.name},
                field="initiator",
            )
        stage_visit, visit = open_visit(row, at)
        write_visits(row, stage_visit, (moves.stop(visit, at),), by=by)
        _end_offers(
            row,
            OfferOutcome.DECLINED if initiator == Initiator.CUSTOMER else OfferOutcome.WITHDRAWN,
            at=at,
        )
        cancel_planned_on(row, at=at)
        row.outcome = Outcome.STOPPED
        row.closed_at = at
        row.initiator = initiator
        row.cause = cause
        row.closing_note = note.strip()
        unpark(row)
        save(row, *CLOSING, *NEXT_FIELDS, by=by, at=at)


def reopen(
    deal: Deal, *, by: User, at: dt.datetime, reason: str, version: int | None = None
) -> None:
    """Go on with a closed deal, in the stage in which it was closed.

    Who stopped it and why goes from the deal into its history. The offer that was accepted, or that
    the stop had ended, is open again: there is neither an agreement nor a no any more. A company
    that is a customer by this win alone is again what it was before.

    Raises Refused if it is open or the reason is missing; Stale as in `locked`.
    """
    with locked(deal, by=by, version=version) as row:
        last = row.visits.order_by("-sequence").first()
        if last is None:
            raise Refused(_("The deal has no history to continue from."))
        moves.check_time(at, since=last.left_at, now=timezone.now())
        visit = moves.reopen(last.visit, at, reason=reason)
        _open_offers(row)
        row.outcome = Outcome.OPEN
        row.closed_at = None
        ended_by = {"initiator": "", "cause": None, "closing_note": ""}
        note_changes(row, ended_by, by=by, at=at, reason=reason)
        enter(row, visit, by=by)
        refresh_next(row)
        save(row, *CLOSING, *NEXT_FIELDS, "stage_entered_at", by=by, at=at)
        relationship.follow_lost_win(row.company_id, by=by, at=at)


def hand_over(
    deal: Deal,
    *,
    to: User,
    by: User,
    at: dt.datetime,
    reason: str = "",
    version: int | None = None,
) -> None:
    """Give the deal, with what is planned on it, to another person; the only way owners change.

    Raises Refused if `to` is out of the reach of `by`, deactivated or without a team.
    """
    at = _not_ahead(at)
    with locked(deal, by=by, version=version) as row:
        if not by.scope.may_assign_to(to.pk) or not to.is_active or to.team_id is None:
            raise Refused(_("You cannot hand deals over to this person."), field="to")
        if to.pk == row.owner_id:
            raise Refused(_("The deal is this person's already."), field="to")
        _know_owner(row, deal)
        change_owner(row, to, by=by, at=at, reason=reason)


def claim(deal: Deal, *, by: User, at: dt.datetime) -> None:
    """Take an unowned deal out of one's team's pool.

    Raises Refused if somebody was quicker, and says who; Deal.DoesNotExist if the pool is not one's
    own.
    """
    with claimed(deal, by=by, at=at):
        pass


@contextmanager
def claimed(deal: Deal, *, by: User, at: dt.datetime) -> Iterator[None]:
    """As `claim`; what is done inside to the deal is part of it."""
    at = _not_ahead(at)
    with transaction.atomic():
        row = Deal.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=deal.pk).first()
        # Once a mate has taken it, it is out of sight; who saw it in the pool is told why.
        seen = deal.owner_id is None and deal.team_id in by.scope.pool_team_ids
        if row is None and not seen:
            raise Deal.DoesNotExist
        if row is None or row.owner_id is not None:
            raise Refused(_taken_by(deal, by=by))
        if not row.is_open:
            raise Refused(_("The deal is closed: open it again first."))
        with watched(row):
            change_owner(row, by, by=by, at=at, reason="")
            deal.refresh_from_db()
            yield
            row.refresh_from_db()
    deal.refresh_from_db()


def park(
    deal: Deal, *, until: dt.date | None, by: User, at: dt.datetime, version: int | None = None
) -> None:
    """Lay the deal aside until a day, or take it up again (`until` None).

    What was planned before that day is cancelled: parked means that nothing is expected (G13).

    Raises Refused for a closed deal, or a day that is not ahead.
    """
    at = _not_ahead(at)
    with locked(deal, by=by, version=version) as row:
        require_open(row)
        if until is not None:
            if until <= timezone.localdate(at, by.zone):
                raise Refused(_("Choose a day from tomorrow on."), field="until")
            before = Q(due_on__lt=until) | Q(due_at__lt=midnight(until, by.zone))
            Activity.objects.filter(before, deal=row).planned().update(cancelled_at=at)
        note_change(row, "parked_until", until, by=by, at=at)
        refresh_next(row)
        save(row, "parked_until", *NEXT_FIELDS, by=by, at=at)


EDITABLE = (
    "name",
    "company",
    "amount",
    "currency",
    "expected_close_on",
    "source",
    "source_detail",
    "source_company",
    "method",
)


def edit(
    deal: Deal, *, by: User, at: dt.datetime, version: int | None = None, **fields: Any
) -> None:
    """Change fields of the deal (those in EDITABLE), each with a row of history.

    `company` may be the name of a new one.

    Raises ValidationError for a value that the field cannot hold, Refused for the value of a closed
    deal (it is what the last visit says it was closed for), Stale as in `locked`.
    """
    if unknown := set(fields) - set(EDITABLE):
        raise TypeError(f"not editable: {sorted(unknown)}")
    at = _not_ahead(at)
    with locked(deal, by=by, version=version) as row:
        if not row.is_open and {"amount", "currency"} & set(fields):
            raise Refused(
                _("The deal is closed: open it again to change its value."), field="amount"
            )
        if fields.get("company") is not None:
            fields["company"] = company_commands.on_record(fields["company"], by=by, at=at)
        sold_to = row.company_id
        changed = note_changes(row, fields, by=by, at=at)
        if changed:
            values.check(row)
            if "currency" in changed:
                _check_currency(row.currency, by=by, at=at)
            save(row, *changed, by=by, at=at)
        if "company" in changed and row.outcome == Outcome.WON:
            relationship.follow_win(row.company_id, by=by, at=at)
            relationship.follow_lost_win(sold_to, by=by, at=at)


def set_contact(
    deal: Deal,
    *,
    contact: Contact | NewContact,
    role: DealRole = DealRole.UNKNOWN,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> DealContact:
    """Add a person of the other side to the deal, or change what he or she is to it.

    Raises Stale as in `locked`.
    """
    at = _not_ahead(at)
    with locked(deal, by=by, version=version) as row:
        contact = on_record(contact, company=row.company, by=by, at=at)
        if add_person(row, contact, role=role, by=by, at=at):
            save(row, by=by, at=at)
    return DealContact.objects.get(deal=row, contact=contact)


def remove_contact(
    deal: Deal, *, contact: Contact, by: User, at: dt.datetime, version: int | None = None
) -> None:
    """Take a person off the deal; the person and what was said stay on record.

    Raises Stale as in `locked`.
    """
    at = _not_ahead(at)
    with locked(deal, by=by, version=version) as row:
        link = DealContact.objects.filter(deal=row, contact=contact).first()
        if link is not None:
            name = contact.name
            deleted.keep(DeletedKind.PERSON, link, name=name, of=row.name, by=by, at=at)
            link.delete()
            gone = PersonInRole(person=RecordRef.to(contact))
            add_change(row, DealPersonChanged(old=gone), by=by, at=at)
            save(row, by=by, at=at)


CLOSING = (
    "outcome",
    "stage",
    "stage_entered_at",
    "closed_at",
    "closing_note",
    "initiator",
    "cause",
    "parked_until",
)


def cancel_planned_on(row: Deal, *, at: dt.datetime) -> None:
    Activity.objects.filter(deal=row).planned().update(cancelled_at=at)
    row.next_on, row.next_at, row.next_kind = None, None, ""


def _end_offers(row: Deal, outcome: OfferOutcome, *, at: dt.datetime) -> None:
    Offer.objects.filter(deal=row, outcome=OfferOutcome.OPEN).update(outcome=outcome, known_at=at)


def _open_offers(row: Deal) -> None:
    """Take back what the closing of a deal did to its offers: what it ended, ended with it."""
    # One that came in with a deal of which nobody knows when it was closed was known when it was sent.
    then = row.closed_at or F("sent_at")
    ended = Q(outcome__in=(OfferOutcome.DECLINED, OfferOutcome.WITHDRAWN), known_at=then)
    Offer.objects.filter(ended | Q(outcome=OfferOutcome.ACCEPTED), deal=row).update(
        outcome=OfferOutcome.OPEN, known_at=None
    )


def _know_owner(row: Deal, seen: Deal) -> None:
    """Who looked the deal up with its owner need not have that person looked up again."""
    known = seen._state.fields_cache.get("owner")
    if known is not None and known.pk == row.owner_id:
        row.owner = known


def _taken_by(deal: Deal, *, by: User) -> str:
    """Who took it out of the pool; the names of colleagues are common knowledge."""
    owner = User.objects.filter(deals=deal.pk).only("id", "name").first()
    if owner is None:
        return _("Somebody has taken this deal already.")
    if owner.pk == by.pk:
        return _("You have taken this deal already.")
    return _("%(name)s has taken this deal already.") % {"name": owner.name}


def change_owner(row: Deal, to: User, *, by: User, at: dt.datetime, reason: str) -> None:
    """Give a locked deal, with what is planned on it, to `to`; and write that down."""
    note_change(row, "owner", to, by=by, at=at, reason=reason)
    if to.team is not None and to.team_id != row.team_id:
        row.team = to.team
        # It kept a version of the team that it leaves: from its next stage on it goes by the
        # process of those who now work on it.
        row.kept_version_ids = None
    plans = planned.give(Activity.objects.filter(deal=row).planned(), to)
    refresh_next(row, first=NextPlan.of(plans[0]) if plans else NextPlan())
    save(row, "owner", "team", "kept_version_ids", *NEXT_FIELDS, by=by, at=at)


def _owner_and_team(*, owner: User | None, team: Team | None, by: User) -> tuple[User | None, Team]:
    if owner is None and team is not None:
        reach = by.scope
        if not reach.everything and team.pk not in reach.pool_team_ids:
            raise Refused(_("You cannot put deals into this team's pool."), field="team")
        return None, team
    owner = owner or by
    if owner.pk != by.pk and not (owner.is_active and by.scope.may_assign_to(owner.pk)):
        raise Refused(_("You cannot open deals for this person."), field="owner")
    return owner, owner.team or by.organisation


def _by_rules(
    owner: User | None, team: Team, stage: Stage, source: Source | None, company: Company | None
) -> tuple[User | None, Team, list[Dealt]]:
    """Whose a deal is that is just opened, and where: of a new lead in the pool, as its rules choose;
    and what they made of it."""
    if owner is not None or stage != Stage.LEAD_GENERATION:
        return owner, team, []
    dealt = lead_dealing.choose(team, source=source, company=company)
    if dealt is None:
        return None, team, []
    return dealt.to, (dealt.to and dealt.to.team) or team, [dealt]


def _begin(
    deal: Deal, *, by: User, at: dt.datetime, gate_input: GateInput, go_ahead: GoAhead | None
) -> None:
    """Write the first visit of a new deal, in the stage that it is in, by the gates before that."""
    stage = Stage(deal.stage)
    version_ids = versions_in_force(deal)
    stage_visit = enter(deal, moves.start(stage, at), by=by, version_ids=version_ids)
    if stage == Stage.LEAD_GENERATION and gate_input == NOTHING:
        return
    passed = gate.check(
        deal,
        Act(verb=Verb.OPEN, from_stage=None, to=stage),
        version_ids=version_ids,
        by=by,
        at=at,
        gate_input=gate_input,
        go_ahead=go_ahead,
    )
    gate.keep(deal, passed, stage_visit, by=by, at=at)


def _check_currency(currency: str, *, by: User, at: dt.datetime) -> None:
    """Without a rate no sum could hold the amount (see `crm.worth`)."""
    organisation = by.organisation
    if currency == organisation.currency:
        return
    if currency not in Rate.objects.on(timezone.localdate(at, organisation.zone)):
        raise Refused(
            _("There is no rate for this currency: an admin can add one."), field="currency"
        )


def unpark(row: Deal) -> None:
    row.parked_until = None
    row.attention_at = None


def _not_ahead(at: dt.datetime) -> dt.datetime:
    moves.check_time(at, since=None, now=timezone.now())
    return at
