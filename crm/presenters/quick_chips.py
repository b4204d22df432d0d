"""How a quick log shows what it understood: a chip for each question, and why it says so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as _

from crm.forms.activity import NOTHING, PROPOSED
from crm.models import ActivityKind, ActivityResult
from crm.presenters.plans import ICONS
from crm.presenters.quick_look import OPEN, QuickLook
from crm.presenters.viewer import labels
from crm.proposal import steps_done_by
from crm.queries.quick_log import Named, NamedDeal
from crm.quick_log import WordRole
from pipeline.process.stages import Stage
from salesprocess.lib.format import money, quoted

# Said by whoever typed; assumed; to be chosen; kept as words.
SAID, ASSUMED, CHOOSE, WORDS = "said", "assumed", "choose", "words"


class ChipChoice(NamedTuple):
    """One of several that may be meant. `stage` is that of a deal, else 0."""

    value: str
    name: str
    about: str
    amount: str
    stage: int
    stage_name: str


@dataclass(frozen=True, kw_only=True)
class Chip:
    """`field` is the input that says the same; `choices` are offered below it."""

    field: str
    label: str
    state: str
    icon: str
    text: str
    why: str
    choices: Sequence[ChipChoice] = ()


def chips(look: QuickLook) -> list[Chip]:
    return [
        _kind(look),
        _who(look),
        _deal(look),
        *_result(look),
        *_note(look),
        *_next(look),
    ]


def _kind(look: QuickLook) -> Chip:
    words = look.line.words(WordRole.KIND)
    is_said = bool(words) or "kind" in look.fixed
    is_call = look.kind == ActivityKind.CALL
    assumed = _("not said: usually a call") if is_call else _("not said: as it was planned")
    return Chip(
        field="kind",
        label=_("Type"),
        state=SAID if is_said else ASSUMED,
        icon=ICONS[look.kind],
        text=look.viewer.kinds[look.kind],
        why=words or ("" if is_said else assumed),
    )


def _who(look: QuickLook) -> Chip:
    party = look.party
    typed = _typed(look) if look.found.parties else ""
    if look.is_party_open:
        state, text = CHOOSE, _("Which of %(n)s?") % {"n": len(look.parties)}
    elif party is not None:
        state = SAID if look.found.parties or "who" in look.fixed else ASSUMED
        text = " · ".join(filter(None, (party.name, party.hint)))
    else:
        state, text = ASSUMED, _("Nobody named")
        if look.line.lead and not look.found.words and "who" not in look.fixed:
            typed = _("nobody called “%(word)s”") % {"word": look.line.lead[0]}
    return Chip(
        field="who",
        label=_("Who"),
        state=state,
        icon="help-circle" if state == CHOOSE else "user",
        text=text,
        why=typed,
        choices=[party_choice(one) for one in look.parties] if state == CHOOSE else (),
    )


def _deal(look: QuickLook) -> Chip:
    state, why = ASSUMED, ""
    if look.deal is not None:
        text = look.deal.name
        if "deal" in look.fixed:
            state = SAID
        elif look.here is not None:
            why = _("where you are")
        else:
            why = "" if look.found.parties else _typed(look)
            why = why or _("the only open one")
    elif look.is_deal_open:
        state = CHOOSE
        why = "" if look.found.parties else _typed(look)
        several = len(look.deals)
        text = _("Which deal, or with whom?")
        if several > 1 and (look.found.words or look.party):
            text = _("Which of %(n)s deals?") % {"n": several}
    else:
        text, why = _("No deal"), _("a touch: it counts as lead generation")
        state = SAID if look.is_no_deal else ASSUMED
    is_open = state == CHOOSE and not look.is_party_open
    return Chip(
        field="deal",
        label=_("Deal"),
        state=state,
        icon="help-circle" if state == CHOOSE else "layout-kanban",
        text=text,
        why=why,
        choices=_deals_to_choose(look) if is_open else (),
    )


def _deals_to_choose(look: QuickLook) -> list[ChipChoice]:
    """With whoever is named it may also belong to none of them."""
    found = [deal_choice(look, one) for one in look.deals]
    if look.party is not None:
        found.append(
            ChipChoice(
                "", _("No deal"), _("a touch of %(name)s") % {"name": look.party.name}, "", 0, ""
            )
        )
    return found


def _typed(look: QuickLook) -> str:
    """The words by which somebody or something was found."""
    return " ".join(look.line.lead[: look.found.words])


def party_choice(one: Named) -> ChipChoice:
    return ChipChoice(f"{one.kind}:{one.id}", one.name, one.hint, "", 0, "")


def deal_choice(look: QuickLook, one: NamedDeal) -> ChipChoice:
    viewer = look.viewer
    planned = ""
    if one.due is not None:
        planned = f"{viewer.kinds[one.next_kind]}, {viewer.due_day(one.due)}"
    about = " · ".join(filter(None, (one.company or "", planned)))
    amount = money(one.amount, one.currency) if one.amount is not None else ""
    stage = Stage(one.stage)
    return ChipChoice(str(one.id), one.name, about, amount, stage.value, str(stage.short))


def _result(look: QuickLook) -> Iterator[Chip]:
    if look.kind == ActivityKind.NOTE:
        return
    result = look.result
    text = labels(ActivityResult, look.viewer.language)[result] if result else _("No outcome")
    yield Chip(
        field="result",
        label=_("Outcome"),
        state=SAID if result else ASSUMED,
        icon="check" if result else "circle-dashed",
        text=text,
        why=look.line.words(WordRole.RESULT) or ("" if result else _("not said")),
    )


def _note(look: QuickLook) -> Iterator[Chip]:
    if look.body:
        yield Chip(
            field="body",
            label=_("Note"),
            state=WORDS,
            icon="note",
            text=look.body,
            why=_("kept in your words"),
        )


def _next(look: QuickLook) -> Iterator[Chip]:
    if look.deal is not None and look.standing is None:
        return
    state, icon, text, why = _next_words(look)
    if text:
        yield Chip(field="next", label=_("What’s next"), state=state, icon=icon, text=text, why=why)


def _next_words(look: QuickLook) -> tuple[str, str, str, str]:
    choice, proposal = look.next_choice, look.proposal
    if choice == PROPOSED and proposal is not None:
        state = CHOOSE if look.is_meeting_day_open else ASSUMED
        return state, proposal.icon, proposal.what, proposal.reason
    if choice == "":
        stays = look.stays
        kept = _("Stays: %(what)s") % {"what": f"{stays.title} · {stays.short}"} if stays else ""
        return ASSUMED, stays.icon if stays else "", kept, _("planned already") if stays else ""
    if choice == NOTHING:
        return SAID, "circle-dashed", _("Nothing"), ""
    return _next_said(look)


def _next_said(look: QuickLook) -> tuple[str, str, str, str]:
    """What the line says, or what was pressed in the form."""
    form = look.form(bound=True)
    is_wrong = {"next", "next_on", "next_at"} & form.errors.keys()
    planned = None if is_wrong else form.planned()
    if planned is None or (planned.due_on is None and planned.due_at is None):
        return CHOOSE, "clock", _("When?"), ""
    what = look.viewer.kinds[planned.kind]
    if planned.subject:
        what = f"{what}: {planned.subject}"
    told = "next" in look.fixed or look.line.next_due is not None
    typed = " ".join(
        filter(
            None,
            map(look.line.words, (WordRole.NEXT_KIND, WordRole.NEXT_ABOUT, WordRole.NEXT_WHEN)),
        )
    )
    why = typed if told else _("no day said: in 3 working days")
    text = f"{what} · {look.viewer.due_day(planned.due)}"
    return SAID if told else ASSUMED, ICONS[planned.kind], text, why


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What saving it does besides: steps, and what had been planned."""

    steps: str
    also: str


def effect(look: QuickLook) -> Effect | None:
    standing, plan = look.standing, look.closes
    steps = steps_done_by(standing, look.kind, look.result) if standing else []
    if not steps and plan is None:
        return None
    also = (
        _("Also done: %(what)s, %(when)s") % {"what": plan.title, "when": plan.when} if plan else ""
    )
    return Effect(steps=", ".join(quoted(step.label) for step in steps), also=also)


def who_value(look: QuickLook) -> str:
    """What stands in the form's `who`."""
    if look.is_party_open:
        return OPEN
    return f"{look.party.kind}:{look.party.id}" if look.party else ""


def deal_value(look: QuickLook) -> str:
    if look.deal is not None:
        return str(look.deal.pk)
    return OPEN if look.is_deal_open else ""


def parties_offered(look: QuickLook) -> list[ChipChoice]:
    """All that the form's `who` offers: with whoever is chosen, wherever he or she was found."""
    found = {f"{one.kind}:{one.id}": party_choice(one) for one in look.parties}
    if look.party is not None:
        found.setdefault(f"{look.party.kind}:{look.party.id}", party_choice(look.party))
    return list(found.values())


def deals_offered(look: QuickLook) -> list[ChipChoice]:
    found = {one.id: deal_choice(look, one) for one in look.deals}
    deal = look.deal
    if deal is not None and deal.pk not in found:
        stage = Stage(deal.stage)
        found[deal.pk] = ChipChoice(str(deal.pk), deal.name, "", "", stage.value, str(stage.short))
    return list(found.values())
