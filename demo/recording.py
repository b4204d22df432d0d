"""What the demo's people recorded in the stages of each deal, in agreement with where it stands: no
deal has come further than the gates let it, and what was gone past with a reason says so."""

import datetime as dt
import itertools
import random
from decimal import Decimal

from crm.models import (
    ClosingAttempt,
    Concern,
    Confidence,
    Deal,
    DecidedBy,
    DecisionPath,
    Disposition,
    HandOff,
    Need,
    Offer,
    OfferKind,
    OfferLine,
    OfferOutcome,
    OfferRecipient,
    Per,
    Reply,
    Retrospective,
    Ruling,
    StageVisit,
    Verdict,
)
from crm.shipped import DUPLICATE
from demo import wording, writing
from demo.recorder import Recorder
from demo.records import SimDeal
from demo.steps import StepRecording
from pipeline.process.gates import is_premature
from pipeline.process.playbook import Fact
from pipeline.process.stages import Initiator, Outcome, Stage


def record(
    recorder: Recorder, sim: SimDeal, deal: Deal, stage_visits: list[StageVisit], by: list[int]
) -> None:
    """`stage_visits` are numbered and know their versions; `by` is who acted in each of them."""
    _Recording(recorder, sim, deal, stage_visits, by).run()


class _Recording(StepRecording):
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
            self._retrospective()
            self.record_steps()
            self.record_own_steps()
            self.record_judgements()

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
        if at is None or not self.chance(self._understands(0.97 if left else 0.6)):
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
        if (
            at is None
            or self.decider is None
            or not self.chance(self._understands(0.97 if left else 0.45))
        ):
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

    def _understands(self, usual: float) -> float:
        """How likely it is that needs and decision path are on record."""
        return 0.15 if self.sim.manner.hasty else usual

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
            premature=self._is_premature(at),
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

    def _is_premature(self, at: dt.datetime) -> bool:
        """As it was seen then; of older deals what it was seen by is no longer on record."""
        return is_premature(self.known.facts(at)) if self.recent else self.sim.manner.hasty

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
        by_us = self.sim.manner.front_loads
        if before is not None and (by_us or self.chance(0.2)):
            category, words, response = self.rng.choice(wording.QUESTIONS)
            self._concern(category, words, self.within(before), response=response, by_us=by_us)
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

    def _retrospective(self) -> None:
        """Most of what ended is looked back on, and by chances of its own: the rest stays as it was."""
        chances = random.Random(f"look back {self.deal.pk}")  # noqa: S311  # a demo
        if self.closed_at is None or self.sim.cause == DUPLICATE or chances.random() < 0.3:
            return
        won = self.deal.outcome == Outcome.WON
        usual = wording.DECIDED_WON if won else wording.DECIDED_STOPPED.get(self.sim.cause, [])
        what = chances.choice(usual or [each.value for each in DecidedBy])
        earliest = max(1, min(wording.DECIDED_IN[what], self.deal.stage))
        self.to.add(
            Retrospective(
                deal_id=self.deal.pk,
                closed_at=self.closed_at,
                stage=earliest if chances.random() < 0.8 else self.deal.stage,
                decided_by=what,
                lesson=chances.choice(wording.LESSONS[what]) if chances.random() < 0.6 else "",
                at=self.closed_at,
                by_id=self.actor(self.closed_at),
            )
        )


def _price(product: int) -> Decimal:
    return Decimal(writing.PRODUCTS[product][2])
