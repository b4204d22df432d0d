"""How the records of a deal are shown, from its needs to its hand-off, as cards beside its stage."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import (
    ConcernCategory,
    Confidence,
    DecidedBy,
    Disposition,
    OfferKind,
    OfferOutcome,
    Per,
    Reply,
    Ruling,
)
from crm.presenters.viewer import Viewer, labels
from crm.queries.deal import DealRecord
from crm.queries.records import ANSWERS, Attempt, ConcernRecord, NeedRecord, OfferRecord, Records
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.format import money

# From which stage on a card stands there while nothing is recorded for it.
NEAR = {
    "verdict": Stage.QUALIFICATION,
    "needs": Stage.NEEDS_ANALYSIS,
    "offers": Stage.PROPOSAL,
    "concerns": Stage.OBJECTIONS,
    "attempts": Stage.CLOSING,
}
RULINGS = {Ruling.QUALIFIED: "ok", Ruling.NOT_YET: "warn", Ruling.DISQUALIFIED: ""}
SURES = {Confidence.YES: "ok", Confidence.NO: "bad", Confidence.UNSURE: "warn"}
REPLIES = {Reply.YES: "ok", Reply.NOT_YET: "warn", Reply.NO: "bad"}


@dataclass(frozen=True, kw_only=True)
class VerdictSide:
    label: str
    sure: str
    tone: str
    why: str


@dataclass(frozen=True, kw_only=True)
class VerdictCard:
    ruling: str
    tone: str
    sides: Sequence[VerdictSide]
    when: str


@dataclass(frozen=True, kw_only=True)
class NeedRow:
    id: int
    words: str
    worth: str
    about: str
    is_confirmed: bool
    is_dropped: bool
    is_uncovered: bool


@dataclass(frozen=True, kw_only=True)
class OfferRow:
    """`state` is empty for a revision that another one followed."""

    id: int
    revision: int
    is_current: bool
    is_withdrawn: bool
    state: str
    tone: str
    sent: str
    what: str
    value: str
    difference: str


@dataclass(frozen=True, kw_only=True)
class OfferCard:
    """`about` is of the current one: to whom it went and until when they decide."""

    rows: Sequence[OfferRow]
    about: str
    late: str
    uncovered: Sequence[str]
    unneeded: Sequence[str]
    is_premature: bool


@dataclass(frozen=True, kw_only=True)
class ConcernRow:
    id: int
    words: str
    about: str
    state: str
    tone: str
    is_open: bool
    response: str
    concession: str


@dataclass(frozen=True, kw_only=True)
class AttemptRow:
    reply: str
    tone: str
    why: str
    about: str


@dataclass(frozen=True, kw_only=True)
class HandOffCard:
    to: str
    promised: str
    days: str
    seller: str


@dataclass(frozen=True, kw_only=True)
class RetrospectiveCard:
    decided_by: str
    stage: str
    lesson: str
    by: str


@dataclass(frozen=True, kw_only=True)
class RecordTab:
    """A part of the record: how much is in it, and whether it is the one that is shown at first."""

    key: str
    label: str
    count: str
    tone: str
    is_first: bool


@dataclass(frozen=True, kw_only=True)
class RecordedFact:
    """A fact that the records say. `path` leads to the sheet that changes it."""

    key: str
    label: str
    value: str
    note: str
    path: str


def record_cards(viewer: Viewer, deal: DealRecord, records: Records) -> dict[str, Any]:
    """All that the cards of the page show, and the facts that the records say."""
    cards = _shown(deal, records)
    said = _said(viewer, deal, records)
    may_record = deal.may_edit and deal.is_open
    settled = sum(not row.is_open for row in records.concerns)
    still_open = len(records.concerns) - settled
    return {
        "record_cards": cards,
        "record_tabs": _tabs(deal, records, cards),
        "record_adds": _adds(cards, said) if may_record else [],
        "may_record": may_record,
        "said": said,
        "verdict": _verdict(viewer, records),
        "needs": _needs(viewer, records, deal.currency),
        "offers": _offer_card(viewer, deal, records),
        "concerns": _concerns(viewer, records),
        "concerns_open": still_open and _("%(n)s open") % {"n": still_open},
        "concerns_settled": settled and _("%(n)s settled") % {"n": settled},
        "attempts": _attempts(viewer, records),
        "replies": list(labels(Reply, viewer.language).items()),
        "hand_off": _hand_off(viewer, records),
        "retrospective": _retrospective(viewer, records),
    }


def _shown(deal: DealRecord, records: Records) -> set[str]:
    """Which cards stand on the page: with something in them, or of a stage that is near."""
    filled = {
        "verdict": records.verdict,
        "needs": records.needs,
        "offers": records.offers,
        "concerns": records.concerns,
        "attempts": records.attempts,
    }
    cards = {name for name, rows in filled.items() if rows}
    if deal.is_open and deal.may_edit:
        cards |= {name for name, stage in NEAR.items() if deal.stage == stage}
        # An objection is answered before one asks for the agreement, and asking brings new ones.
        if deal.stage == Stage.CLOSING:
            cards |= {"offers", "concerns"}
    # Before it is written, it is what comes next: see crm/presenters/closed_deal.py.
    if deal.outcome == Outcome.WON and records.hand_off is not None:
        cards.add("hand_off")
    if not deal.is_open and records.retrospective and not records.retrospective.declined:
        cards.add("retrospective")
    return cards


def _tabs(deal: DealRecord, records: Records, cards: Set[str]) -> list[RecordTab]:
    """In the order of the stages; what is at work now is shown at first."""
    still_open = sum(row.is_open for row in records.concerns)
    tabs = {
        "verdict": (_("Both sides"), 0),
        "needs": (_("Needs"), len(records.standing_needs)),
        "offers": (_("Offers"), len(records.offers)),
        "concerns": (_("Concerns"), len(records.concerns)),
        "attempts": (_("Agreement"), len(records.attempts)),
        "hand_off": (_("Hand-off"), 0),
        "retrospective": (_("Looking back"), 0),
    }
    shown = [key for key in tabs if key in cards]
    near = [key for key in shown if NEAR.get(key, Stage.CLOSING) <= deal.stage]
    first = (near or shown or [""])[-1 if near else 0]
    return [
        RecordTab(
            key=key,
            label=tabs[key][0],
            count=_("%(n)s open") % {"n": still_open}
            if key == "concerns" and still_open
            else str(tabs[key][1] or ""),
            tone="warn" if key == "concerns" and still_open else "t3",
            is_first=key == first,
        )
        for key in shown
    ]


def _verdict(viewer: Viewer, records: Records) -> VerdictCard | None:
    said = records.verdict
    if said is None:
        return None
    sures = labels(Confidence, viewer.language)
    when = viewer.short_day(said.at)
    if said.revisit_on:
        when = _("ask again on %(day)s") % {"day": viewer.date(said.revisit_on)}
    return VerdictCard(
        ruling=labels(Ruling, viewer.language)[said.ruling],
        tone=RULINGS[Ruling(said.ruling)],
        sides=[
            VerdictSide(label=label, sure=sures[sure], tone=SURES[Confidence(sure)], why=why)
            for label, sure, why in (
                (_("We in them"), said.ours, said.ours_why),
                (_("They in us"), said.theirs, said.theirs_why),
            )
        ],
        when=" · ".join(filter(None, (when, said.by or ""))),
    )


def _needs(viewer: Viewer, records: Records, currency: str) -> list[NeedRow]:
    uncovered = {need.id for need in records.uncovered}
    rows = sorted(records.needs, key=lambda need: need.dropped)
    return [
        NeedRow(
            id=need.id,
            words=need.words,
            worth=_worth(viewer, need.worth, need.per, currency),
            about=_about_need(viewer, need),
            is_confirmed=need.confirmed_on is not None,
            is_dropped=need.dropped,
            is_uncovered=need.id in uncovered,
        )
        for need in rows
    ]


def _about_need(viewer: Viewer, need: NeedRecord) -> str:
    if need.dropped:
        return _("dropped")
    said = [need.said_by or ""]
    if need.confirmed_on:
        said.append(_("confirmed %(day)s") % {"day": viewer.date(need.confirmed_on)})
    return " · ".join(filter(None, said))


def _worth(viewer: Viewer, worth: Decimal | None, per: str, currency: str) -> str:
    if worth is None:
        return ""
    return f"{money(worth, currency)} {labels(Per, viewer.language)[per]}"


def _said(viewer: Viewer, deal: DealRecord, records: Records) -> list[RecordedFact]:
    """Problem, worth, decision path and its day; from the stage on in which one asks for them."""
    path, needs = records.path, records.standing_needs
    if deal.stage < Stage.NEEDS_ANALYSIS and not needs and path is None:
        return []
    more = len(needs) - 1
    first = f"{needs[0].id}/" if needs else ""
    decides_on = path.decides_on if path else None
    if decides_on is None and records.offer:
        decides_on = records.offer.decision_on
    late = decides_on is not None and deal.is_open and decides_on < viewer.today
    return [
        RecordedFact(
            key="problem",
            label=_("Problem"),
            value=needs[0].words if needs else "",
            note=ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more}
            if more > 0
            else "",
            path=f"needs/{first}",
        ),
        RecordedFact(
            key="worth",
            label=_("Worth"),
            value=_worths(viewer, needs, deal.currency),
            note="",
            path=f"needs/{first}",
        ),
        RecordedFact(
            key="path",
            label=_("Decision path"),
            value=path.steps if path else "",
            note=_confirmed(viewer, records),
            path="decision-path/",
        ),
        RecordedFact(
            key="due",
            label=_("Decision due"),
            value=viewer.date(decides_on),
            note=_("this day has passed") if late else "",
            path="decision-path/",
        ),
    ]


def _worths(viewer: Viewer, needs: Sequence[NeedRecord], currency: str) -> str:
    sums: dict[str, Decimal] = {}
    for need in needs:
        if need.worth is not None:
            sums[need.per] = sums.get(need.per, Decimal(0)) + need.worth
    ordered = [per.value for per in (Per.YEAR, Per.MONTH, Per.ONCE) if per.value in sums]
    return " + ".join(_worth(viewer, sums[per], per, currency) for per in ordered)


def _confirmed(viewer: Viewer, records: Records) -> str:
    path = records.path
    if path is None or path.confirmed_on is None:
        return ""
    day = viewer.date(path.confirmed_on)
    if path.confirmed_by:
        return _("confirmed by %(name)s, %(day)s") % {"name": path.confirmed_by, "day": day}
    return _("confirmed %(day)s") % {"day": day}


def _offer_card(viewer: Viewer, deal: DealRecord, records: Records) -> OfferCard:
    current = records.offer
    late = ""
    if current and current.decision_on and deal.is_open and current.decision_on < viewer.today:
        late = _("The day of their decision has passed")
    return OfferCard(
        rows=list(_offer_rows(viewer, records.offers, current)),
        about=_about_offer(viewer, current) if current else "",
        late=late,
        uncovered=[need.words for need in records.uncovered],
        unneeded=[line.what for line in records.unneeded],
        is_premature=bool(current and current.premature),
    )


def _about_offer(viewer: Viewer, offer: OfferRecord) -> str:
    said = []
    if offer.to:
        said.append(_("to %(names)s") % {"names": ", ".join(offer.to)})
    if offer.decision_on:
        day = viewer.date(offer.decision_on)
        said.append(_("decision expected %(day)s") % {"day": day})
    return " · ".join(said)


def _offer_rows(
    viewer: Viewer, offers: Sequence[OfferRecord], current: OfferRecord | None
) -> Iterator[OfferRow]:
    kinds = labels(OfferKind, viewer.language)
    outcomes = labels(OfferOutcome, viewer.language)
    standing = [one for one in offers if one.outcome != OfferOutcome.WITHDRAWN]
    before = {now.id: then for now, then in pairwise(standing)}
    for offer in offers:
        is_current = current is not None and offer.id == current.id
        state, tone = "", ""
        if is_current and offer.outcome == OfferOutcome.OPEN:
            state, tone = _("current"), "acc"
        elif offer.outcome != OfferOutcome.REVISED:
            state = outcomes[offer.outcome]
            tone = "ok" if offer.outcome == OfferOutcome.ACCEPTED else ""
        by_word = "" if offer.kind == OfferKind.WRITTEN else kinds[offer.kind]
        first = _("first offer") if offer.revision == 1 and not by_word else ""
        yield OfferRow(
            id=offer.id,
            revision=offer.revision,
            is_current=is_current,
            is_withdrawn=offer.outcome == OfferOutcome.WITHDRAWN,
            state=state,
            tone=tone,
            sent=viewer.short_day(offer.sent_at),
            what=" · ".join(filter(None, (offer.what_changed or first, by_word))),
            value=money(offer.value, offer.currency),
            difference=_difference(offer, before.get(offer.id)),
        )


def _concerns(viewer: Viewer, records: Records) -> list[ConcernRow]:
    return [_concern(viewer, row) for row in records.concerns]


def _concern(viewer: Viewer, row: ConcernRecord) -> ConcernRow:
    tone = "warn" if row.is_open else "ok"
    if row.disposition == Disposition.NOT_SOLVED:
        tone = "bad"
    return ConcernRow(
        id=row.id,
        words=row.words,
        about=" · ".join(filter(None, _about_concern(viewer, row))),
        state=labels(Disposition, viewer.language)[row.disposition],
        tone=tone,
        is_open=row.is_open,
        response=row.response,
        concession=row.concession,
    )


def _about_concern(viewer: Viewer, row: ConcernRecord) -> Iterator[str]:
    yield labels(ConcernCategory, viewer.language)[row.category]
    if not row.is_open:
        return
    yield _("after the price") if row.after_price else _("question before the price")
    if row.raised_by_us:
        yield _("raised by us")
    elif row.raised_by:
        yield _("raised %(day)s by %(name)s") % {
            "day": viewer.short_day(row.raised_at),
            "name": row.raised_by,
        }
    yield _answers(row.answers)


def _answers(count: int) -> str:
    if not count:
        return ""
    if count >= ANSWERS:
        return _("%(n)s or more answers by colleagues") % {"n": count}
    words = ngettext("%(n)s answer by a colleague", "%(n)s answers by colleagues", count)
    return words % {"n": count}


def _attempts(viewer: Viewer, records: Records) -> list[AttemptRow]:
    return [_attempt(viewer, row) for row in records.attempts]


def _attempt(viewer: Viewer, row: Attempt) -> AttemptRow:
    return AttemptRow(
        reply=labels(Reply, viewer.language)[row.reply],
        tone=REPLIES[Reply(row.reply)],
        why=row.why,
        about=" · ".join(filter(None, (viewer.short_day(row.at), row.asked, row.by or ""))),
    )


def _hand_off(viewer: Viewer, records: Records) -> HandOffCard | None:
    row = records.hand_off
    if row is None:
        return None
    days = []
    if row.starts_on:
        days.append(_("begins %(day)s") % {"day": viewer.date(row.starts_on)})
    if row.due_on:
        days.append(_("due %(day)s") % {"day": viewer.date(row.due_on)})
    return HandOffCard(
        to=row.to,
        promised=row.promised,
        days=" · ".join(days),
        seller=_("The salesperson takes part")
        if row.seller_involved
        else _("Without the salesperson"),
    )


def _retrospective(viewer: Viewer, records: Records) -> RetrospectiveCard | None:
    row = records.retrospective
    if row is None or row.declined:
        return None
    return RetrospectiveCard(
        decided_by=labels(DecidedBy, viewer.language)[row.decided_by],
        stage=f"{row.stage} {viewer.stage_names[row.stage]}" if row.stage else "",
        lesson=row.lesson,
        by=" · ".join(filter(None, (row.by or "", viewer.short_day(row.at)))),
    )


def _adds(cards: set[str], said: Sequence[RecordedFact]) -> list[tuple[str, str, str, str]]:
    """What can be written down besides what the cards ask for: (key, path, words, icon)."""
    adds = [
        ("verdict", "verdict/", _("Verdict of both sides"), "circle-check"),
        ("needs", "needs/", _("Need"), "inbox"),
        ("path", "decision-path/", _("Decision path"), "route"),
        ("offers", "offers/", _("Offer"), "file-text"),
        ("concerns", "concerns/", _("Question or concern"), "alert-circle"),
        ("attempts", "attempts/", _("We asked for the agreement"), "hand-grab"),
    ]
    return [add for add in adds if add[0] not in cards and not (add[0] == "path" and said)]


def _difference(offer: OfferRecord, before: OfferRecord | None) -> str:
    """What the value went up or down by, as against the offer before."""
    if before is None or offer.value is None or before.value is None:
        return ""
    if offer.currency != before.currency or offer.value == before.value:
        return ""
    more = offer.value - before.value
    return f"{'+' if more > 0 else ''}{money(more, offer.currency)}"
