"""The seven stages, fixed for ever (METHOD, "The seven stages"; CHECKLIST A1, B16, B22).

Pure: no tables, no Django models. Labels may be renamed by layers; keys, order, number and
meaning never change, and every figure aggregates by key.

What a stage is called depends on who reads, as its language does, and is set in the same way: once
for each request and each mail (`use_stage_names`). Then `Stage.label` is the one name of a stage wherever it
is shown; what is no one person's to read, such as a file, says `Stage.universal`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.db import models
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


# What the reader calls some of the stages, by number; asked for when the first name is shown.
_stage_names: ContextVar[Callable[[], Mapping[int, str]] | None] = ContextVar(
    "called", default=None
)


@contextmanager
def use_stage_names(names: Callable[[], Mapping[int, str]]) -> Iterator[None]:
    """Context manager: stages are called as one reader calls them (`Stage.label`).

    `names` returns the reader's own names by stage number; the others keep their universal name.
    """
    token = _stage_names.set(cache(names))
    try:
        yield
    finally:
        _stage_names.reset(token)


class _Name:
    """A name that is looked up when it is shown, so that what is made once may hold it."""

    def __init__(self, stage: Stage, universal: StrOrPromise) -> None:
        self.stage = stage
        self.universal = universal

    def __str__(self) -> str:
        names = _stage_names.get()
        own = names().get(self.stage.value) if names is not None else None
        return own or str(self.universal)


_shown = lazy(str, str)


class Phase(models.TextChoices):
    QUALIFYING = "qualifying", _("Qualifying")
    CLOSING = "closing", pgettext_lazy("phase of the sales process", "Closing")


class Stage(models.IntegerChoices):
    LEAD_GENERATION = 1, _("Lead generation")
    PROSPECTING = 2, _("Prospecting")
    QUALIFICATION = 3, _("Qualification")
    NEEDS_ANALYSIS = 4, _("Needs analysis")
    PROPOSAL = 5, _("Proposal")
    OBJECTIONS = 6, _("Objections & negotiations")
    CLOSING = 7, pgettext_lazy("seventh stage of the sales process", "Closing")

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def label(self) -> StrOrPromise:
        """What the reader calls it (`use_stage_names`)."""
        return _shown(_Name(self, self.universal))

    @property
    def short(self) -> StrOrPromise:
        """The same, short; a reader's own name is not shortened."""
        return _shown(_Name(self, self.about.short))

    @property
    def universal(self) -> StrOrPromise:
        """The name for everybody, whatever layers call it; in the reader's language."""
        return self._label_

    @property
    def phase(self) -> Phase:
        return Phase.QUALIFYING if self <= Stage.QUALIFICATION else Phase.CLOSING

    @property
    def about(self) -> StageDescription:
        return DESCRIPTIONS[self]

    @property
    def is_lead(self) -> bool:
        """Stages 1 and 2 hold leads, 3 to 7 opportunities: the same record all along."""
        return self <= Stage.PROSPECTING


class Outcome(models.TextChoices):
    OPEN = "open", _("Open")
    WON = "won", _("Won")
    STOPPED = "stopped", _("Stopped")


class Initiator(models.TextChoices):
    """Who ended it. *Lost* is a view: stopped by the customer."""

    CUSTOMER = "customer", _("The customer")
    US = "us", _("We did")


@dataclass(frozen=True, kw_only=True)
class StageDescription:
    """What a stage is for, in words for the people who work in it.

    `norm_days` is how long a visit usually takes until the organisation has a norm of its own.
    """

    short: StrOrPromise
    what: StrOrPromise
    enters_when: StrOrPromise
    done_when: StrOrPromise
    norm_days: int


DESCRIPTIONS: dict[Stage, StageDescription] = {
    Stage.LEAD_GENERATION: StageDescription(
        short=_("Lead gen"),
        what=_("Decide whom one could contact about a sale. Keeping customers warm belongs here."),
        enters_when=_("There is an idea of somebody to contact."),
        done_when=_("A reachable party, a source, an owner and a reason to contact exist."),
        norm_days=5,
    ),
    Stage.PROSPECTING: StageDescription(
        short=_("Prospecting"),
        what=_("Engage a lead and get agreement to a sales conversation."),
        enters_when=_("There is someone to direct it at."),
        done_when=_("The other side agreed: who, when, to what. An attempt is not an agreement."),
        norm_days=7,
    ),
    Stage.QUALIFICATION: StageDescription(
        short=_("Qualification"),
        what=_("Both sides gain confidence that the other can fulfil its role."),
        enters_when=_("A sales conversation was held."),
        done_when=_("Each criterion is answered with evidence and a verdict is given."),
        norm_days=7,
    ),
    Stage.NEEDS_ANALYSIS: StageDescription(
        short=_("Needs analysis"),
        what=_("Discover the situation that we may improve, and how a decision will be made."),
        enters_when=_("Both sides see a reason to go on."),
        done_when=_("Problem, worth and decision path are recorded and confirmed by the customer."),
        norm_days=8,
    ),
    Stage.PROPOSAL: StageDescription(
        short=_("Proposal"),
        what=_("Based on the needs analysis, suggest a solution."),
        enters_when=_("Problem and decision path are understood."),
        done_when=_("An offer was delivered to named people, with an expected decision date."),
        norm_days=10,
    ),
    Stage.OBJECTIONS: StageDescription(
        short=_("Objections"),
        what=_("Address questions, comments and concerns about the proposal."),
        enters_when=_("An offer was delivered."),
        done_when=_("Every concern is settled and the current offer says what was agreed."),
        norm_days=12,
    ),
    Stage.CLOSING: StageDescription(
        short=pgettext_lazy("seventh stage of the sales process", "Closing"),
        what=_("Attempt to reach agreement on the proposal as modified."),
        enters_when=_("An offer exists and concerns are addressed."),
        done_when=_("The outcome is recorded; a win names what was accepted."),
        norm_days=5,
    ),
}
