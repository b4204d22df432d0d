"""The five questions about a deal, each answered by its records (METHOD, "Management").

What is in it, is it qualified, what can we sell, did we offer, will they buy: in the order of the
stages, so that the first one without a good answer is where the deal stands.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import ActivityResult, OfferOutcome, Per, Reply, Ruling
from crm.models.activity import is_attempt, is_conversation
from crm.presenters.viewer import Viewer, labels
from crm.queries.deal import DealRecord, Talk, VisitRecord
from crm.queries.deal_parts import DealPerson
from crm.queries.records import NeedRecord, OfferRecord, Records
from crm.shipped import shipped_name
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.format import money

# The stages that a question is about, as its mark says.
TALKING, BUYING = "1–2", "6–7"
# Parts that stand on every page.
ALWAYS = frozenset({"timeline", "people", "facts"})


@dataclass(frozen=True, kw_only=True)
class DealAnswer:
    """`tone`: ok, warn, or none where it is too early to say. `card` is the part of the page in which
    it is answered, if that stands there; else it is what the stage asks."""

    stages: str
    question: str
    answer: str
    tone: str = ""
    note: str = ""
    card: str = ""
    stage: int

    def href(self, deal: int, cards: Set[str]) -> str:
        """Where on the page of a deal it is answered; `cards` are those of its records that stand
        there."""
        if self.card and (self.card in cards or self.card in ALWAYS):
            return f"#{self.card}-title"
        return f"/deals/{deal}/stages/{self.stage}/"


@dataclass(frozen=True, kw_only=True)
class DealLook:
    """What a page has of a deal, from which the questions are answered: `done` is what was done
    lately, the latest first."""

    viewer: Viewer
    deal: DealRecord
    visits: Sequence[VisitRecord]
    records: Records
    people: Sequence[DealPerson]
    done: Sequence[Talk]

    def is_before(self, stage: Stage) -> bool:
        """Whether an open deal has yet to come to a stage."""
        return self.deal.is_open and self.deal.stage < stage


def deal_answers(look: DealLook) -> list[DealAnswer]:
    """The five answers in their order."""
    return [_in_pipeline(look), _qualified(look), _needed(look), _offered(look), _will_buy(look)]


def _in_pipeline(look: DealLook) -> DealAnswer:
    """Whether there is somebody who agreed to talk (METHOD, G2 and G3); attempts are none."""
    asked = _("What is in it?")
    stage = min(look.deal.stage, Stage.PROSPECTING)
    talk = next((one for one in look.done if is_conversation(one.kind, one.result)), None)
    if talk is not None and talk.done_at is not None:
        return DealAnswer(
            stages=TALKING,
            question=asked,
            answer=_("Yes, they talk with us"),
            tone="ok",
            note=_joined(talk.contact, look.viewer.short_day(talk.done_at), talk.subject),
            card="timeline",
            stage=stage,
        )
    set_up = next((one for one in look.done if one.result == ActivityResult.MEETING_SET), None)
    past = next((one for one in look.visits if one.stage > Stage.PROSPECTING), None)
    if set_up is not None or past is not None:
        when = set_up.done_at if set_up else past.entered_at if past else None
        return DealAnswer(
            stages=TALKING,
            question=asked,
            answer=_("Yes, they agreed"),
            tone="ok",
            note=_joined(set_up.contact if set_up else "", look.viewer.short_day(when)),
            card="timeline" if set_up else "",
            stage=stage,
        )
    tried = sum(is_attempt(one.kind, one.result) for one in look.done)
    words = ngettext("%(n)s attempt", "%(n)s attempts", tried) % {"n": tried}
    named = [one.name for one in look.people if not one.is_erased]
    return DealAnswer(
        stages=TALKING,
        question=asked,
        answer=_("Somebody to talk to, not agreed") if named else _("Nobody is named yet"),
        tone="" if look.is_before(Stage.QUALIFICATION) else "warn",
        note=_joined(next(iter(named), ""), words if tried else _("nobody was asked yet")),
        card="people",
        stage=stage,
    )


def _qualified(look: DealLook) -> DealAnswer:
    said = look.records.verdict
    asked = _("Is it qualified?")
    if said is None:
        early = look.is_before(Stage.NEEDS_ANALYSIS)
        return DealAnswer(
            stages="3",
            question=asked,
            answer=_("Not judged yet"),
            tone="" if early else "warn",
            note=_("is each side confident in the other?"),
            card="verdict",
            stage=Stage.QUALIFICATION,
        )
    answers = {
        Ruling.QUALIFIED: (_("Yes, both sides"), "ok"),
        Ruling.NOT_YET: (_("Not yet"), "warn"),
        Ruling.DISQUALIFIED: (_("No, disqualified"), ""),
    }
    answer, tone = answers[Ruling(said.ruling)]
    again = ""
    if said.revisit_on:
        again = _("ask again on %(day)s") % {"day": look.viewer.date(said.revisit_on)}
    return DealAnswer(
        stages="3",
        question=asked,
        answer=answer,
        tone=tone,
        note=_joined(again or look.viewer.short_day(said.at), said.theirs_why or said.ours_why),
        card="verdict",
        stage=Stage.QUALIFICATION,
    )


def _needed(look: DealLook) -> DealAnswer:
    asked = _("What can we sell?")
    needs = look.records.standing_needs
    if not needs:
        early = look.is_before(Stage.PROPOSAL)
        return DealAnswer(
            stages="4",
            question=asked,
            answer=_("No need is known"),
            tone="" if early else "warn",
            note=_("what do they want solved?"),
            card="needs",
            stage=Stage.NEEDS_ANALYSIS,
        )
    count = ngettext("%(n)s need", "%(n)s needs", len(needs)) % {"n": len(needs)}
    unsure = sum(need.confirmed_on is None for need in needs)
    return DealAnswer(
        stages="4",
        question=asked,
        answer=_("%(needs)s, %(n)s not confirmed") % {"needs": count, "n": unsure}
        if unsure
        else _("%(needs)s, confirmed") % {"needs": count},
        tone="warn" if unsure else "ok",
        note=_worth_of(look, needs),
        card="needs",
        stage=Stage.NEEDS_ANALYSIS,
    )


def _worth_of(look: DealLook, needs: Sequence[NeedRecord]) -> str:
    """The first need in the customer's words, unless it is said what solving them is worth."""
    valued = [need for need in needs if need.worth is not None]
    if not valued:
        return needs[0].words
    if len({need.per for need in valued}) > 1:
        return _("their worth is named")
    total = sum((need.worth for need in valued if need.worth is not None), Decimal(0))
    per = labels(Per, look.viewer.language)[valued[0].per]
    return _("worth %(worth)s to them") % {"worth": f"{money(total, look.deal.currency)} {per}"}


def _offered(look: DealLook) -> DealAnswer:
    offer = look.records.offer
    asked = _("Did we offer?")
    if offer is None:
        early = look.is_before(Stage.OBJECTIONS)
        return DealAnswer(
            stages="5",
            question=asked,
            answer=_("Not yet"),
            tone="" if early else "warn",
            note="" if early else _("the stage asks for an offer"),
            card="offers",
            stage=Stage.PROPOSAL,
        )
    worth = money(offer.value, offer.currency)
    sent = _("revision %(n)s, %(day)s") % {
        "n": offer.revision,
        "day": look.viewer.short_day(offer.sent_at),
    }
    return DealAnswer(
        stages="5",
        question=asked,
        answer=_("Yes, %(value)s") % {"value": worth} if worth else _("Yes"),
        tone="warn" if offer.premature else "ok",
        note=_("made before problem and path were known") if offer.premature else sent,
        card="offers",
        stage=Stage.PROPOSAL,
    )


def _will_buy(look: DealLook) -> DealAnswer:
    deal, viewer = look.deal, look.viewer
    asked = _("Will they buy?")
    day = viewer.short_day(deal.closed_at)
    if deal.outcome == Outcome.WON:
        return _closing(asked, _("Yes, won"), "ok", day, stage=Stage.CLOSING)
    if deal.outcome == Outcome.STOPPED:
        note = _joined(shipped_name(deal.cause), day)
        return _closing(asked, _("No, stopped"), "", note, stage=deal.stage)
    worries = sum(row.is_open for row in look.records.concerns)
    if worries and deal.stage >= Stage.PROPOSAL:
        words = ngettext("%(n)s concern is open", "%(n)s concerns are open", worries)
        first = next(row.words for row in look.records.concerns if row.is_open)
        return _closing(asked, words % {"n": worries}, "warn", first, card="concerns")
    for attempt in look.records.attempts[:1]:
        answer, tone = {
            Reply.YES: (_("They said yes"), "ok"),
            Reply.NOT_YET: (_("Not yet, they said"), "warn"),
            Reply.NO: (_("They said no"), "warn"),
        }[Reply(attempt.reply)]
        note = _joined(viewer.short_day(attempt.at), attempt.why)
        return _closing(asked, answer, tone, note, card="attempts", stage=Stage.CLOSING)
    return _waiting(look, asked, look.records.offer)


def _waiting(look: DealLook, asked: str, offer: OfferRecord | None) -> DealAnswer:
    """Nobody asked for the agreement yet: what is known of how, and when, they decide."""
    path = look.records.path
    decides_on = (offer.decision_on if offer else None) or (path.decides_on if path else None)
    note = _joined(path.steps if path else "", look.viewer.date(decides_on))
    if offer is None:
        return _closing(asked, _("Too early to say"), "", note or _("nobody knows how they decide"))
    if decides_on is not None and decides_on < look.viewer.today:
        late = _("their day has passed: %(day)s") % {"day": look.viewer.date(decides_on)}
        return _closing(asked, _("Their decision is overdue"), "warn", late)
    words = _("They are deciding") if offer.outcome == OfferOutcome.OPEN else _("Not asked yet")
    return _closing(asked, words, "", note or _("nobody knows when they decide"))


def _closing(
    asked: str,
    answer: str,
    tone: str,
    note: str,
    *,
    card: str = "facts",
    stage: int = Stage.OBJECTIONS,
) -> DealAnswer:
    return DealAnswer(
        stages=BUYING,
        question=asked,
        answer=answer,
        tone=tone,
        note=note,
        card=card,
        stage=stage,
    )


def _joined(*parts: str | None) -> str:
    return " · ".join(filter(None, parts))
