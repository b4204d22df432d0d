"""What the demo's people recorded in the stages of each deal, in agreement with where it stands: no
deal has come further than the gates let it, and what was gone past with a reason says so."""

import datetime as dt
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol, assert_never

from django.db import models

from crm.commands.gate import as_json
from crm.models import (
    ActivityKind,
    ClosingAttempt,
    Concern,
    Confidence,
    Deal,
    DealRole,
    DecisionPath,
    Disposition,
    HandOff,
    Judgement,
    Need,
    Offer,
    OfferKind,
    OfferLine,
    OfferOutcome,
    OfferRecipient,
    Per,
    Reply,
    Ruling,
    StageVisit,
    StepResult,
    StepState,
    Verdict,
)
from crm.models.activity import is_attempt
from demo import wording, writing
from demo.records import SimContact, SimDeal
from exchange.imports import bulk
from pipeline.process.gates import Act, Facts, Reason, Verb, is_premature, judge
from pipeline.process.moves import EnteredHow, LeftHow, Visit
from pipeline.process.playbook import AnswerKind, Fact, Importance, PlaybookStep, StepKind, StepRow
from pipeline.process.queries.in_force import of_versions
from pipeline.process.stages import Initiator, Outcome, Stage

# Of older deals only what the gates rest on is on record: the rest was before the new process.
RECENT = dt.timedelta(days=270)
# What a deal has that came to where they are asked for (see `story`).
ALWAYS = frozenset({Fact.PARTY, Fact.CONVERSATION, Fact.AGREEMENT})
REASONS = (Reason.CUSTOMER_INSISTED, Reason.DONE_BEFORE, Reason.NOT_APPLICABLE)


class ProcessInForce(Protocol):
    """The process by which the people of a filling work."""

    def in_force(self, team: str, at: dt.datetime) -> tuple[int, ...]:
        """The ids of the published versions in force for a team at an instant."""

    def own_steps(self, user_id: int, stage: Stage, at: dt.datetime) -> list[StepRow]:
        """What a person ticks for himself in a stage, at an instant."""

    def fingerprint(self, version_ids: tuple[int, ...]) -> str:
        """The short name of these versions, as visits keep it."""


class Recorder:
    """Collects the records of all deals, with ids where others refer to them, and writes them."""

    def __init__(
        self,
        process: ProcessInForce,
        *,
        user: dict[str, int],
        contact: dict[SimContact, int],
        product: list[int],
        now: dt.datetime,
    ) -> None:
        self.process, self.user, self.contact, self.product = process, user, contact, product
        self.now = now
        self.rng = random.Random(4)  # noqa: S311  # chance must be repeatable here
        self.rows: dict[type[models.Model], list[Any]] = {model: [] for model in _ORDER}
        self.ids: dict[type[models.Model], Iterator[int]] = {}

    def record(
        self, sim: SimDeal, deal: Deal, stage_visits: list[StageVisit], by: list[int]
    ) -> None:
        """`visits` are numbered and know their versions; `by` is who acted in each of them."""
        _Recording(self, sim, deal, stage_visits, by).run()

    def write(self) -> None:
        for model, rows in self.rows.items():
            bulk.write(model, rows)

    def add(self, row: Any) -> Any:
        self.rows[type(row)].append(row)
        return row

    def next_id(self, model: type[models.Model]) -> int:
        """Ids are fetched by the thousand: most are used."""
        found = next(self.ids.get(model, iter(())), None)
        if found is None:
            self.ids[model] = iter(bulk.next_ids(model, 1000))
            found = next(self.ids[model])
        return found


_ORDER: tuple[type[models.Model], ...] = (
    Verdict,
    Need,
    DecisionPath,
    Offer,
    OfferLine,
    OfferRecipient,
    Concern,
    ClosingAttempt,
    HandOff,
    StepResult,
    Judgement,
)


@dataclass
class _Known:
    """From when on what is known: what the gates would have been told at an instant."""

    since: dict[Fact, dt.datetime] = field(default_factory=dict)
    settled: dict[tuple[Stage, str], dt.datetime] = field(default_factory=dict)

    def facts(self, at: dt.datetime) -> Facts:
        known = {fact for fact, since in self.since.items() if since <= at}
        return Facts(
            known=ALWAYS | known,
            settled=frozenset(place for place, since in self.settled.items() if since <= at),
        )


class _Recording:
    def __init__(
        self,
        recorder: Recorder,
        sim: SimDeal,
        deal: Deal,
        stage_visits: list[StageVisit],
        by: list[int],
    ) -> None:
        self.to, self.rng, self.now = recorder, recorder.rng, recorder.now
        self.sim, self.deal, self.stage_visits, self.by = sim, deal, stage_visits, by
        self.visits = sim.visits
        self.known = _Known()
        self.won = deal.outcome == Outcome.WON
        self.closed_at = deal.closed_at
        self.reached = max(visit.stage for visit in self.visits)
        self.recent = self.closed_at is None or self.closed_at > self.now - RECENT
        self.people = [recorder.contact[contact] for contact, _role in sim.contacts]

    def run(self) -> None:
        needs: list[Need] = []
        if self.recent:
            self._verdict()
            needs = self._needs()
            self._path()
        offers = self._offers(needs)
        if self.recent:
            self._concerns(offers)
            self._attempts(offers)
            self._hand_off()
            self._steps()
            self._own_steps()
            self._judgements()

    # When, and by whom -----------------------------------------------------------------------

    def first(self, stage: Stage) -> dt.datetime | None:
        """When the deal came to a stage or beyond it."""
        return next((s.entered_at for s in self.visits if s.stage >= stage), None)

    def visit(self, stage: Stage) -> Visit | None:
        return next((s for s in self.visits if s.stage == stage), None)

    def within(self, visit: Visit) -> dt.datetime:
        """An instant of a visit at which something was done, else when it began."""
        begin, end = visit.entered_at or self.now, visit.left_at or self.now
        done = [d.done_at for d in self.sim.doings if d.done_at and begin < d.done_at < end]
        return self.rng.choice(done) if done else begin

    def actor(self, at: dt.datetime) -> int:
        """Who had the deal in the visit of that instant."""
        found = self.by[0]
        for stage_visit, who in zip(self.stage_visits, self.by, strict=True):
            if stage_visit.entered_at and stage_visit.entered_at <= at:
                found = who
        return found

    def day(self, at: dt.datetime, days: int = 0) -> dt.date:
        return at.date() + dt.timedelta(days=days)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    @cached_property
    def decider(self) -> int | None:
        roles = zip(self.people, self.sim.contacts, strict=True)
        return next((pk for pk, (_c, role) in roles if role == DealRole.DECIDES), None)

    # Stage 3 ---------------------------------------------------------------------------------

    def _verdict(self) -> None:
        at, left = self._when_done(Stage.QUALIFICATION)
        if at is None:
            return
        if left or (self.deal.outcome == Outcome.OPEN and self.chance(0.3)):
            if not self.chance(0.92):
                return
            self._add_verdict(Ruling.QUALIFIED, at)
            self.known.since[Fact.QUALIFIED] = at
        elif self.sim.cause == "disqualified":
            self._add_verdict(Ruling.DISQUALIFIED, self.closed_at or at)
        elif self.sim.parked_until:
            self._add_verdict(Ruling.NOT_YET, at, revisit_on=self.sim.parked_until)

    def _add_verdict(
        self, ruling: Ruling, at: dt.datetime, revisit_on: dt.date | None = None
    ) -> None:
        ours, theirs = {
            Ruling.QUALIFIED: (Confidence.YES, Confidence.YES),
            Ruling.DISQUALIFIED: (Confidence.NO, Confidence.UNSURE),
            Ruling.NOT_YET: (Confidence.UNSURE, Confidence.YES),
        }[ruling]
        good = ruling == Ruling.QUALIFIED
        self.to.add(
            Verdict(
                deal_id=self.deal.pk,
                ruling=ruling,
                ours=ours,
                ours_why=self.rng.choice(wording.OURS_WHY) if good else self.sim.closing_note,
                theirs=theirs,
                theirs_why=self.rng.choice(wording.THEIRS_WHY) if good else "",
                revisit_on=revisit_on,
                at=at,
                by_id=self.actor(at),
            )
        )

    def _when_done(self, stage: Stage) -> tuple[dt.datetime | None, bool]:
        """When what belongs to a stage was done, and whether the deal has left it forward.

        Of a stage that was jumped over: at the jump.
        """
        beyond = self.first(Stage(stage + 1)) if stage < Stage.CLOSING else None
        visit = self.visit(stage)
        if visit is None:
            return beyond, beyond is not None
        at = self.within(visit)
        return (min(at, beyond) if beyond else at), beyond is not None

    # Stage 4 ---------------------------------------------------------------------------------

    def _needs(self) -> list[Need]:
        at, left = self._when_done(Stage.NEEDS_ANALYSIS)
        if at is None or not self.chance(0.9 if left else 0.6):
            return []
        product, quantity = self.sim.products[0]
        price = float(_price(product)) * quantity
        choices = wording.NEEDS[product]
        found = []
        confirmed = left and self.chance(0.7)
        for words, share in self.rng.sample(choices, self.rng.randint(1, len(choices))):
            worth = round(price * share * self.rng.uniform(0.7, 1.4) / 500) * 500
            need = Need(
                pk=self.to.next_id(Need),
                deal_id=self.deal.pk,
                words=words,
                worth=Decimal(max(worth, 500)) if self.chance(0.75) else None,
                per=Per.YEAR,
                said_by_id=self.rng.choice(self.people) if self.people else None,
                confirmed_on=self.day(at) if confirmed else None,
                at=at,
                by_id=self.actor(at),
            )
            found.append(self.to.add(need))
        self.known.since[Fact.PROBLEM] = at
        return found

    def _path(self) -> None:
        at, left = self._when_done(Stage.NEEDS_ANALYSIS)
        if at is None or self.decider is None or not self.chance(0.85 if left else 0.45):
            return
        confirmed = left and self.chance(0.6)
        expected = self.deal.expected_close_on
        self.to.add(
            DecisionPath(
                deal_id=self.deal.pk,
                steps=self.rng.choice(wording.DECISION_STEPS),
                criteria=self.rng.choice(wording.CRITERIA) if self.chance(0.7) else "",
                decides_on=expected if expected and self.chance(0.6) else None,
                confirmed_by_id=self.decider if confirmed else None,
                confirmed_on=self.day(at) if confirmed else None,
                at=at,
                by_id=self.actor(at),
            )
        )
        self.known.since[Fact.DECISION_PATH] = at

    # Stage 5 ---------------------------------------------------------------------------------

    def _offers(self, needs: list[Need]) -> list[Offer]:
        sent_at = self._sent_at()
        if sent_at is None:
            return []
        revisions = [sent_at]
        talks = self.visit(Stage.OBJECTIONS)
        if talks is not None and self.recent and self.chance(0.5):
            again = self.within(talks)
            if again > sent_at:
                revisions.append(again)
        offers = [
            self._offer(number, at, needs, last=number == len(revisions))
            for number, at in enumerate(revisions, start=1)
        ]
        for offer, following in itertools.pairwise(offers):
            offer.outcome, offer.known_at = OfferOutcome.REVISED, following.sent_at
        self.known.since[Fact.OFFER] = sent_at
        return offers

    def _sent_at(self) -> dt.datetime | None:
        visit, beyond = self.visit(Stage.PROPOSAL), self.first(Stage.OBJECTIONS)
        if beyond is not None:
            return min(self.within(visit), beyond) if visit is not None else beyond
        if visit is None:
            return None
        return self.within(visit) if self.chance(0.8) else None

    def _offer(self, number: int, at: dt.datetime, needs: list[Need], *, last: bool) -> Offer:
        value, prices = self._offered(at, last=last)
        outcome, known_at = self._outcome()
        expected = self.deal.expected_close_on
        small = value < 4000  # a care plan is agreed on the telephone
        offer = Offer(
            pk=self.to.next_id(Offer),
            deal_id=self.deal.pk,
            revision=number,
            kind=self.rng.choice((OfferKind.VERBAL, OfferKind.PRICE_LIST))
            if small
            else OfferKind.WRITTEN,
            sent_at=at,
            what_changed="As agreed in the talks." if number > 1 else "",
            value=value,
            currency=self.deal.currency,
            decision_on=expected if expected and expected > at.date() else None,
            outcome=outcome,
            known_at=known_at,
            premature=self.recent and is_premature(self.known.facts(at)),
            at=at,
            by_id=self.actor(at),
        )
        self.to.add(offer)
        for contact_id in self.people[:2]:
            self.to.add(OfferRecipient(offer_id=offer.pk, contact_id=contact_id))
        for place, ((product, quantity), price) in enumerate(
            zip(self.sim.products, prices, strict=True)
        ):
            need = needs[place % len(needs)] if needs and self.chance(0.85) else None
            self.to.add(
                OfferLine(
                    offer_id=offer.pk,
                    product_id=self.to.product[product],
                    quantity=Decimal(quantity),
                    unit_price=price,
                    need_id=need.pk if need else None,
                )
            )
        return offer

    def _offered(self, at: dt.datetime, *, last: bool) -> tuple[Decimal, list[Decimal | None]]:
        """What was offered and for how much of each product. The deal is worth what the last one
        says; a guess of before is none."""
        amount = self.deal.amount if last else self.sim.amount(at)
        if amount is not None and amount in self.sim.prices:
            return amount, self.sim.priced(amount)
        if last and amount is not None:
            return amount, [None] * len(self.sim.products)
        prices = [_price(product) for product, _quantity in self.sim.products]
        pairs = zip(prices, self.sim.products, strict=True)
        return sum((price * n for price, (_one, n) in pairs), Decimal(0)), [*prices]

    def _outcome(self) -> tuple[OfferOutcome, dt.datetime | None]:
        if self.closed_at is None:
            return OfferOutcome.OPEN, None
        if self.won:
            return OfferOutcome.ACCEPTED, self.closed_at
        ours = self.sim.initiator == Initiator.US
        return (OfferOutcome.WITHDRAWN if ours else OfferOutcome.DECLINED), self.closed_at

    # Stages 6 and 7 --------------------------------------------------------------------------

    def _concerns(self, offers: list[Offer]) -> None:
        before = self.visit(Stage.NEEDS_ANALYSIS)
        if before is not None and self.chance(0.35):
            category, words, response = self.rng.choice(wording.QUESTIONS)
            at = self.within(before)
            self._concern(category, words, at, response=response, by_us=self.chance(0.5))
        talks = self.visit(Stage.OBJECTIONS)
        if talks is None or not offers:
            return
        settled_by = self.first(Stage.CLOSING) or (self.closed_at if self.won else None)
        for category, words, response, how, gave in self.rng.sample(
            wording.CONCERNS, self.rng.choice((0, 1, 1, 2, 3))
        ):
            at = self.within(talks)
            self._concern(
                category,
                words,
                max(at, offers[0].sent_at),
                offer=offers[0],
                response=response,
                how=how,
                gave=gave,
                settled_by=settled_by,
                settled=settled_by is not None or self.chance(0.4),
            )

    def _concern(
        self,
        category: str,
        words: str,
        at: dt.datetime,
        *,
        response: str,
        offer: Offer | None = None,
        how: Disposition = Disposition.ANSWERED,
        gave: str = "",
        by_us: bool = False,
        settled_by: dt.datetime | None = None,
        settled: bool = True,
    ) -> None:
        lost = settled_by is None and self.closed_at is not None and offer is not None
        if lost:
            how, response, gave, settled = Disposition.NOT_SOLVED, "", "", True
        end = settled_by or self.closed_at or self.now
        later = at + dt.timedelta(days=1)
        disposed_at = later if later <= end else max(at, end) if settled_by else at
        self.to.add(
            Concern(
                deal_id=self.deal.pk,
                category=category,
                words=words,
                after_price=offer is not None,
                raised_by_us=by_us,
                raised_by_id=None if by_us or not self.people else self.rng.choice(self.people),
                raised_at=at,
                offer_id=offer.pk if offer else None,
                response=response if settled else "",
                disposition=how if settled else Disposition.OPEN,
                concession=gave if settled else "",
                disposed_at=disposed_at if settled else None,
                disposed_by_id=self.actor(at) if settled else None,
                by_id=self.actor(at),
            )
        )

    def _attempts(self, offers: list[Offer]) -> None:
        visit = self.visit(Stage.CLOSING)
        if visit is None or not offers:
            return
        if visit.left_at != visit.entered_at and self.chance(0.6):
            self._attempt(offers[-1], self.within(visit), Reply.NOT_YET, wording.NOT_YET)
        if self.won and self.closed_at:
            self._attempt(offers[-1], self.closed_at, Reply.YES, wording.YES)
        elif self.closed_at and self.sim.initiator == Initiator.CUSTOMER and self.chance(0.7):
            self._attempt(offers[-1], self.closed_at, Reply.NO, wording.NO)

    def _attempt(self, offer: Offer, at: dt.datetime, reply: Reply, why: list[str]) -> None:
        self.to.add(
            ClosingAttempt(
                deal_id=self.deal.pk,
                offer_id=offer.pk,
                asked=self.rng.choice(wording.ASKED),
                reply=reply,
                why=self.rng.choice(why),
                at=at,
                by_id=self.actor(at),
            )
        )

    def _hand_off(self) -> None:
        if not self.won or self.closed_at is None or not self.chance(0.88):
            return
        starts = self.rng.randint(20, 60)
        self.to.add(
            HandOff(
                deal_id=self.deal.pk,
                to=self.rng.choice(wording.DELIVER),
                promised=self.rng.choice(wording.PROMISED),
                starts_on=self.day(self.closed_at, starts),
                due_on=self.day(self.closed_at, starts + self.rng.randint(5, 30)),
                seller_involved=self.chance(0.3),
                at=self.closed_at,
                by_id=self.actor(self.closed_at),
            )
        )

    # Steps and gates -------------------------------------------------------------------------

    def _steps(self) -> None:
        """Each visited stage's steps that no record says by itself; a gate that was left is always
        done, or overridden with a reason."""
        for stage_visit in self.stage_visits:
            visit, left = stage_visit.visit, stage_visit.left_how in (LeftHow.ADVANCED, LeftHow.WON)
            for step in of_versions(stage_visit.version_ids).steps(Stage(stage_visit.stage)):
                if step.fact or not step.can_be_done or step.place in self.known.settled:
                    continue
                gate = left and step.importance == Importance.GATE
                usual = 0.25 if step.importance == Importance.HINT else 0.74
                lucky = gate or self.chance(usual if left else usual / 2)
                # What was logged has done its step, whoever thought of it.
                if lucky or step.kind == StepKind.ACTIVITY:
                    done_at = self._done_at(step, visit)
                    if done_at is not None:
                        self._result(step, stage_visit, done_at)
                    elif gate:
                        self._override(step, stage_visit)
                elif left and step.counts and self.chance(0.2):
                    self._override(step, stage_visit)

    def _own_steps(self) -> None:
        """What people ask of themselves; nobody else sees it, and no gate knows it."""
        told = set()
        for stage_visit, by in zip(self.stage_visits, self.by, strict=True):
            at = self.within(stage_visit.visit)
            for row in self.to.process.own_steps(by, Stage(stage_visit.stage), at):
                if (row.key, by) in told or not self.chance(0.6):
                    continue
                told.add((row.key, by))
                self.to.add(
                    StepResult(
                        deal_id=self.deal.pk,
                        stage=stage_visit.stage,
                        key=row.key,
                        label=row.label or "",
                        state=StepState.DONE,
                        version_ids=stage_visit.version_ids,
                        at=at,
                        by_id=by,
                        private_to_id=by,
                    )
                )

    def _done_at(self, step: PlaybookStep, visit: Visit) -> dt.datetime | None:
        """When it was done; None if it was not: a meeting that was never held is no step."""
        if step.importance == Importance.GATE and self.chance(0.15):
            return None
        if step.answer == AnswerKind.CONTACT and step.kind == StepKind.QUESTION and not self.people:
            return None
        if step.kind != StepKind.ACTIVITY:
            return self.within(visit)
        kind = {"call": ActivityKind.CALL, "meeting": ActivityKind.MEETING}.get(step.doing)
        end = visit.left_at or self.now
        held = [
            doing.done_at
            for doing in self.sim.doings
            if doing.kind == kind and doing.done_at and visit.entered_at
            if visit.entered_at <= doing.done_at <= end
            if not is_attempt(doing.kind, doing.result)
        ]
        return held[0] if held else None

    def _result(self, step: PlaybookStep, stage_visit: StageVisit, at: dt.datetime) -> None:
        row = StepResult(
            deal_id=self.deal.pk,
            stage=step.stage,
            key=step.key,
            label=step.label,
            state=StepState.DONE,
            version_ids=stage_visit.version_ids,
            at=at,
            by_id=self.actor(at),
        )
        match step.kind:
            case StepKind.CHECK:
                row.note = wording.PASSED_NOTES.get(step.stage, "") if self.chance(0.3) else ""
            case StepKind.QUESTION:
                self._answer(step, row, at)
            case StepKind.EVIDENCE:
                row.link = f"https://files.brunnmark.example/lines/{self.deal.pk}.pdf"
            case StepKind.ACTIVITY | StepKind.HINT:
                pass
            case _:
                assert_never(step.kind)
        self.known.settled[step.place] = at
        self.to.add(row)

    def _answer(self, step: PlaybookStep, row: StepResult, at: dt.datetime) -> None:
        match step.answer:
            case AnswerKind.TEXT:
                row.value = self.rng.choice(wording.ANSWERS.get(step.key, ["Yes."]))
            case AnswerKind.NUMBER | AnswerKind.MONEY:
                row.value = str(self.rng.choice((1, 2, 2, 3, 4, 6)))
            case AnswerKind.DATE:
                row.value = self.day(at, self.rng.randint(30, 150)).isoformat()
            case AnswerKind.CHOICE:
                row.value = self.rng.choice((step.choices[0], *step.choices))
            case AnswerKind.CONTACT:
                row.contact_id = self.people[0]
            case _:
                assert_never(step.answer)

    def _override(self, step: PlaybookStep, stage_visit: StageVisit) -> None:
        at = stage_visit.left_at or self.now
        reason = self.rng.choice(REASONS)
        self.known.settled[step.place] = at
        self.to.add(
            StepResult(
                deal_id=self.deal.pk,
                stage=step.stage,
                key=step.key,
                label=step.label,
                state=StepState.OVERRIDDEN,
                reason=reason,
                note=wording.OVERRIDDEN[reason.value],
                version_ids=stage_visit.version_ids,
                at=at,
                by_id=self.actor(at),
            )
        )

    def _judgements(self) -> None:
        """What was missing at each step forward: as the gates judged it, and why it went on."""
        for before, after in zip(self.stage_visits, [*self.stage_visits[1:], None], strict=True):
            won = before.left_how == LeftHow.WON
            forward = after is not None and after.entered_how == EnteredHow.FORWARD
            if not (won or forward) or before.left_at is None:
                continue
            to = Stage.CLOSING if after is None else Stage(after.stage)
            act = Act(verb=Verb.WIN if won else Verb.MOVE, from_stage=Stage(before.stage), to=to)
            facts = self.known.facts(before.left_at)
            findings = judge(facts, of_versions(before.version_ids), act)
            if not findings:
                continue
            reason = self.rng.choice(REASONS)
            self.to.add(
                Judgement(
                    deal_id=self.deal.pk,
                    visit_id=before.pk,
                    verb=act.verb.value,
                    from_stage=act.from_stage,
                    to=act.to,
                    findings=[as_json(finding) for finding in findings],
                    reason=reason,
                    words=wording.OVERRIDDEN[reason.value],
                    version_ids=before.version_ids,
                    at=before.left_at,
                    by_id=self.actor(before.left_at),
                )
            )


def _price(product: int) -> Decimal:
    return Decimal(writing.PRODUCTS[product][2])
