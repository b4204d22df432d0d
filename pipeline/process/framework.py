"""The framework that a new organisation starts with: METHOD's table of the seven stages, as steps.

None of its steps is a gate, so that nobody is asked for more than the universal gates G1 to G13 ask;
what those rest on is locked. Source strings are English and translated like all others. What is
seeded is text in one language (`shipped_content`); each reader sees what is still as shipped in his or her
own (`translated_text`), and what somebody reworded as it was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from pipeline.process.playbook import (
    AnswerKind,
    Applies,
    Fact,
    Importance,
    LayerContent,
    Playbook,
    PlaybookStep,
    Side,
    StepKind,
    StepRow,
    WorkKind,
)
from pipeline.process.stages import Stage
from salesprocess.lib.translation import gettext

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """A step of the framework before it is text. `gives_you` is the salesperson's, `gives_managers`
    the team's benefit; hints need only the first."""

    key: str
    label: StrOrPromise
    help: StrOrPromise
    gives_you: StrOrPromise
    gives_managers: StrOrPromise = ""
    kind: StepKind = StepKind.CHECK
    importance: Importance = Importance.EXPECTED
    answer: AnswerKind | None = None
    choices: tuple[StrOrPromise, ...] | None = None
    doing: WorkKind | None = None
    applies: Applies | None = None
    side: Side | None = None
    fact: Fact | None = None
    locked: bool | None = None


STEPS: dict[Stage, tuple[Shipped, ...]] = {
    Stage.LEAD_GENERATION: (
        Shipped(
            key="party",
            label=_("Somebody to talk to"),
            help=_("A person with a name: ask the switchboard, or look who wrote about it."),
            gives_you=_("A name to call instead of a list to look through."),
            gives_managers=_("Leads that can be worked on, not only counted."),
            fact=Fact.PARTY,
            locked=True,
        ),
        Shipped(
            key="source",
            label=_("Where it came from"),
            help=_("If a customer brought it, name the customer: that is worth a thank-you."),
            gives_you=_("You see which of your sources pay, and stop digging in the others."),
            gives_managers=_("What each source brings, from the first contact to the order."),
            fact=Fact.SOURCE,
            locked=True,
        ),
        Shipped(
            key="target-fit",
            label=_("Do they fit whom we want as customers?"),
            help=_("Think of your three best customers: what do these have in common with them?"),
            gives_you=_("Fewer hours with those who will never buy."),
            gives_managers=_("The share of leads that fit, by source."),
            kind=StepKind.QUESTION,
            answer=AnswerKind.CHOICE,
            choices=(_("They fit"), _("Partly"), _("Hardly, but worth a try")),
        ),
        Shipped(
            key="reason",
            label=_("Why contact them, and why now?"),
            help=_("One sentence that you could say to them: something that changed at theirs."),
            gives_you=_("Your first sentence on the telephone."),
            gives_managers=_("Leads with a reason, so that prospecting is not random."),
            kind=StepKind.QUESTION,
            answer=AnswerKind.TEXT,
        ),
        Shipped(
            key="bought-before",
            label=_("Look at what they bought, and how it went"),
            help=_("Ask whoever delivered: what was praised, what was promised, what is old now?"),
            gives_you=_("A customer who is remembered talks; one who is sold to hangs up."),
            kind=StepKind.HINT,
            importance=Importance.HINT,
            applies=Applies.EXISTING,
        ),
        Shipped(
            key="first-contact",
            label=_("The first contact is planned"),
            help=_("A day and a way: who calls, writes or visits, and when."),
            gives_you=_("It comes up by itself on the day: nothing to remember."),
            gives_managers=_("Leads that are worked on apart from leads that lie about."),
            fact=Fact.NEXT,
        ),
    ),
    Stage.PROSPECTING: (
        Shipped(
            key="right-person",
            label=_("Who can agree to a conversation?"),
            help=_("Ask for who feels the problem, not for who signs: that is found out later."),
            gives_you=_("You ask one person well instead of five by chance."),
            gives_managers=_("How far up and how near to the need we begin."),
            kind=StepKind.QUESTION,
            answer=AnswerKind.CONTACT,
        ),
        Shipped(
            key="opening",
            label=_("How to open"),
            help=_(
                "Say who you are, why you call them and why now, and ask for one thing: a"
                " conversation to find out whether it makes sense for both. Offer two dates."
            ),
            gives_you=_("Words that were tried out, for the call that is put off most."),
            kind=StepKind.HINT,
            importance=Importance.HINT,
        ),
        Shipped(
            key="attempt",
            label=_("Call them"),
            help=_("Log it when nobody answers, too: then you see at what hours they do."),
            gives_you=_("You know how many attempts a conversation takes, and stop worrying."),
            gives_managers=_("Attempts per conversation, by method and source."),
            kind=StepKind.ACTIVITY,
            importance=Importance.HINT,
            doing=WorkKind.CALL,
        ),
        Shipped(
            key="agreement",
            label=_("They agreed to a conversation: who, when, about what"),
            help=_("An attempt, a message or a brochure is no agreement. A date is."),
            gives_you=_("A conversation that the other side has prepared for."),
            gives_managers=_("What prospecting leads to, not how busy it was."),
            fact=Fact.AGREEMENT,
            locked=True,
        ),
        Shipped(
            key="conversation",
            label=_("A sales conversation was held"),
            help=_("Log it when it is over; what was said is what qualification is judged by."),
            gives_you=_("What they said is there when you need it for the offer."),
            gives_managers=_("Conversations, the one figure that everything later hangs on."),
            fact=Fact.CONVERSATION,
            locked=True,
        ),
    ),
    Stage.QUALIFICATION: (
        Shipped(
            key="need",
            label=_("Do they need it enough to change something?"),
            help=_("Ask what happens if they leave everything as it is. What shows it?"),
            gives_you=_("An early no gives you back weeks; an early yes tells you where to dig."),
            gives_managers=_("Deals that rest on a need, apart from those that rest on hope."),
            kind=StepKind.QUESTION,
            answer=AnswerKind.TEXT,
            side=Side.OURS,
        ),
        Shipped(
            key="money",
            label=_("Is there money for it, and whose is it?"),
            help=_("Name a range yourself and watch: “Others spend between … and … on this.”"),
            gives_you=_("No offer for a drawer."),
            gives_managers=_("How many offers go to people who could pay them."),
            kind=StepKind.QUESTION,
            answer=AnswerKind.TEXT,
            side=Side.OURS,
        ),
        Shipped(
            key="influence",
            label=_("What say do they have in the decision?"),
            help=_("“How was it decided last time?” is easier to answer than “Do you decide?”"),
            gives_you=_("You know whom you have to meet before it is too late."),
            gives_managers=_("Stops that a missing person caused are seen before they happen."),
            kind=StepKind.QUESTION,
            answer=AnswerKind.TEXT,
            side=Side.OURS,
        ),
        Shipped(
            key="trust",
            label=_("Do they trust us to do our part?"),
            help=_("They show you figures, or their people; they ask about the time after."),
            gives_you=_("You see whether you are a partner or the second price."),
            gives_managers=_("Where references and visits help, before the offer."),
            kind=StepKind.QUESTION,
            answer=AnswerKind.TEXT,
            side=Side.THEIRS,
        ),
        Shipped(
            key="serve",
            label=_("Can we serve them, and do we want to?"),
            help=_("Size, place, terms, people: what would make this an order to regret?"),
            gives_you=_("No order that costs you next year’s customers."),
            gives_managers=_("What we turn away, and why: that is part of the strategy."),
            kind=StepKind.QUESTION,
            answer=AnswerKind.TEXT,
            side=Side.THEIRS,
        ),
        Shipped(
            key="verdict",
            label=_("A verdict: qualified, not yet, or not for us"),
            help=_("Both sides see a reason to go on, or it stops here. A quick no is good work."),
            gives_you=_("Your time goes to deals that can be won."),
            gives_managers=_("How quickly we find out, and what the figures after it rest on."),
            fact=Fact.QUALIFIED,
            locked=True,
        ),
    ),
    Stage.NEEDS_ANALYSIS: (
        Shipped(
            key="today",
            label=_("How do they do it today?"),
            help=_("Let them tell a usual day. Note their words; the offer will use them."),
            gives_you=_("You speak of their work, and the others of their products."),
            gives_managers=_("What our customers have in common before they buy."),
            kind=StepKind.QUESTION,
            answer=AnswerKind.TEXT,
        ),
        Shipped(
            key="problem",
            label=_("The problem, in the customer’s words"),
            help=_("Ask until they say it themselves. One need for each thing they want solved."),
            gives_you=_("The first page of your offer, and the reason why it is not too dear."),
            gives_managers=_("How many offers know what they are for, and what that is worth."),
            fact=Fact.PROBLEM,
            locked=True,
        ),
        Shipped(
            key="worth",
            label=_("What it is worth to solve it"),
            help=_("Reckon with them: hours, waste, customers lost. Their figure, not yours."),
            gives_you=_("The answer to “too dear”, given by themselves."),
            gives_managers=_("Win rate and discount with and without a known worth."),
            fact=Fact.WORTH,
        ),
        Shipped(
            key="decision-path",
            label=_("How they will decide, and who"),
            help=_("Who decides, who is asked, by what, in which steps, until when."),
            gives_you=_("You know what comes next in their house, and nobody turns up at the end."),
            gives_managers=_("Forecasts that follow the customer’s steps instead of our wishes."),
            fact=Fact.DECISION_PATH,
            locked=True,
        ),
        Shipped(
            key="deadline",
            label=_("By when must it be solved?"),
            help=_("What happens on that day? Without a reason a date is a wish."),
            gives_you=_("A date that is theirs, to plan backwards from."),
            gives_managers=_("Deals with a reason to end, apart from those without."),
            kind=StepKind.QUESTION,
            answer=AnswerKind.DATE,
        ),
        Shipped(
            key="front-loaded",
            label=_("We raised ourselves what they will ask later"),
            help=_(
                "Price range, delivery, change of supplier: what always comes up, comes up now."
            ),
            gives_you=_("A question now instead of an objection after the price."),
            gives_managers=_("Which objections go away when they are raised early."),
        ),
        Shipped(
            key="confirmed",
            label=_("The customer confirmed it"),
            help=_("Send a summary and ask what is wrong in it. “That is it” is a confirmation."),
            gives_you=_("An offer that answers what they said, not what you understood."),
            gives_managers=_("Needs that are theirs: later changes can be told from mistakes."),
            fact=Fact.CONFIRMED,
        ),
    ),
    Stage.PROPOSAL: (
        Shipped(
            key="begin-with-needs",
            label=_("Begin with their words, not with our products"),
            help=_("First page: what they said, and what it is worth. Then what we suggest."),
            gives_you=_("It is read to the end, and by those whom you never met, too."),
            kind=StepKind.HINT,
            importance=Importance.HINT,
        ),
        Shipped(
            key="offer",
            label=_("The offer: what, for how much, and when it went"),
            help=_("By word or by a price list is an offer, too: two clicks. Its outcome follows."),
            gives_you=_("You know at any time what you have promised to whom."),
            gives_managers=_("What is out, since when, and what becomes of it."),
            fact=Fact.OFFER,
            locked=True,
        ),
        Shipped(
            key="sent-to",
            label=_("It went to people with names"),
            help=_("To those who decide, not only to who asked for it."),
            gives_you=_("You can ask each of them what they think of it."),
            gives_managers=_("Offers that reached somebody who decides."),
            fact=Fact.OFFER_SENT_TO,
        ),
        Shipped(
            key="fits-needs",
            label=_("Each line answers a need"),
            help=_("A line that nobody asked for makes it dearer; a need without a line is open."),
            gives_you=_("You can say for each line why it is there."),
            gives_managers=_("Needs covered and lines nobody asked for."),
            fact=Fact.OFFER_FITS,
        ),
        Shipped(
            key="presented",
            label=_("Go through it with them"),
            help=_("In a meeting if you can: what they stop at is what you have to settle."),
            gives_you=_("You hear the concerns that nobody writes."),
            gives_managers=_("Offers that were talked about, apart from offers that were posted."),
            kind=StepKind.ACTIVITY,
            doing=WorkKind.MEETING,
        ),
        Shipped(
            key="decision-date",
            label=_("When they will decide"),
            help=_("Ask for it when you hand it over; ask what has to happen until then."),
            gives_you=_("You call on the right day, not every week."),
            gives_managers=_("Offers past their date, and a forecast that can be checked."),
            fact=Fact.DECISION_DATE,
        ),
        Shipped(
            key="next-agreed",
            label=_("What’s next is agreed with them"),
            help=_("A day for the answer, in both calendars, before you leave."),
            gives_you=_("No “just wanted to ask whether you have looked at it”."),
            gives_managers=_("Offers that pile up are seen the day they begin to."),
            fact=Fact.NEXT,
        ),
    ),
    Stage.OBJECTIONS: (
        Shipped(
            key="concerns-recorded",
            label=_("What they ask and fear, in their words"),
            help=_("Before they knew the price it is a question, afterwards an objection."),
            gives_you=_("You see what is left to settle, and nothing comes up at the end."),
            gives_managers=_("Which objections come again and again, and where they begin."),
            fact=Fact.CONCERNS_RECORDED,
        ),
        Shipped(
            key="colleagues-answers",
            label=_("Look at what colleagues answered"),
            help=_("The library has the answers that settled it, by kind of concern."),
            gives_you=_("An answer that worked, in half a minute."),
            kind=StepKind.HINT,
            importance=Importance.HINT,
        ),
        Shipped(
            key="concession",
            label=_("What did we give, and what for?"),
            help=_("Nothing is given for nothing: a later date, a larger order, a reference."),
            gives_you=_("You remember your price next time."),
            gives_managers=_("How deep discounts go, and what came back for them."),
            kind=StepKind.QUESTION,
            importance=Importance.HINT,
            answer=AnswerKind.TEXT,
        ),
        Shipped(
            key="concerns-settled",
            label=_("Every concern is settled"),
            help=_("Answered, conceded, withdrawn, or not to be solved: say which."),
            gives_you=_("You can ask for the order without a bad feeling."),
            gives_managers=_("What stands between an offer and its order."),
            fact=Fact.CONCERNS_SETTLED,
            locked=True,
        ),
        Shipped(
            key="offer-as-agreed",
            label=_("The current offer says what was agreed"),
            help=_("What changed in talks is a new revision, or the order will be the old one."),
            gives_you=_("No argument after the order about what was meant."),
            gives_managers=_("What an offer was worth before and after the talks."),
        ),
    ),
    Stage.CLOSING: (
        Shipped(
            key="how-to-ask",
            label=_("How to ask"),
            help=_(
                "“Is there anything left that speaks against it? Then let us fix the start.”"
                " Ask, and wait for the answer."
            ),
            gives_you=_("Most orders that are not asked for are given to somebody who did."),
            kind=StepKind.HINT,
            importance=Importance.HINT,
        ),
        Shipped(
            key="asked",
            label=_("We asked for the agreement"),
            help=_("Each time counts, the no as well: it tells what is missing."),
            gives_you=_("A yes, or what is still in its way."),
            gives_managers=_("Attempts per order; deals in which nobody ever asked."),
            fact=Fact.ASKED,
        ),
        Shipped(
            key="terms",
            label=_("Terms and start are agreed"),
            help=_("Who signs, on what paper, what is paid when, when does it begin?"),
            gives_you=_("It does not get stuck in purchasing."),
            gives_managers=_("When money and work really come."),
        ),
        Shipped(
            key="decisive-reason",
            label=_("What decided it for them?"),
            help=_("Ask them, won or lost: it is rarely what we think."),
            gives_you=_("The sentence that wins your next deal."),
            gives_managers=_("Why we win and lose, in the customers’ words."),
            kind=StepKind.QUESTION,
            answer=AnswerKind.TEXT,
        ),
        Shipped(
            key="hand-off",
            label=_("Delivery knows what was promised"),
            help=_("To whom, what, until when; and whether you take part."),
            gives_you=_("You are not called back for every question, and keep your word."),
            gives_managers=_("Promises that are kept, and customers who come back."),
            fact=Fact.HAND_OFF,
            locked=True,
        ),
    ),
}


def shipped_content() -> LayerContent:
    """The framework as text in the active language, which is the organisation's when it is seeded."""
    return LayerContent(steps=tuple(_rows()))


def _rows() -> Iterator[StepRow]:
    for stage, steps in STEPS.items():
        for number, step in enumerate(steps, start=1):
            yield StepRow(
                stage=stage,
                key=step.key,
                adds=True,
                label=str(step.label),
                kind=step.kind,
                answer=step.answer,
                choices=tuple(str(c) for c in step.choices) if step.choices else None,
                doing=step.doing,
                importance=step.importance,
                applies=step.applies,
                side=step.side,
                fact=step.fact,
                gives_you=str(step.gives_you),
                gives_managers=str(step.gives_managers) or None,
                help=str(step.help),
                position=number * 10.0,
                locked=step.locked,
            )


# --- in the reader's language -------------------------------------------------------------------


def translated_text(text: str) -> str:
    """A shipped text in the active language; any other text unchanged. Used by pages and for kept
    history."""
    source = _sources().get(text)
    return gettext(source) if source else text


def translated_playbook(book: Playbook) -> Playbook:
    """The playbook in the active language. Choices of questions stay as stored, because answers are
    compared with them."""
    stages = {stage: tuple(_spoken(step) for step in steps) for stage, steps in book.stages.items()}
    return replace(book, stages=stages)


def _spoken(step: PlaybookStep) -> PlaybookStep:
    label, text = translated_text(step.label), translated_text(step.help)
    yours, managers = translated_text(step.gives_you), translated_text(step.gives_managers)
    return replace(step, label=label, help=text, gives_you=yours, gives_managers=managers)


@lru_cache(maxsize=1)
def _sources() -> Mapping[str, str]:
    """The English of each shipped text, by the text in each language."""
    with translation.override("en"):
        english = [str(text) for text in _texts()]
    found: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            said = [str(text) for text in _texts()]
        found.update(zip(said, english, strict=True))
    return found


def _texts() -> Iterator[StrOrPromise]:
    for steps in STEPS.values():
        for step in steps:
            yield from (step.label, step.help, step.gives_you, *(step.choices or ()))
            if step.gives_managers:
                yield step.gives_managers
