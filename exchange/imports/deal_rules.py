"""What the rules make of the stage and the days that a row of deals names: where it is, since when, and
how it came there."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from exchange.imports import bulk, dates
from exchange.imports.known import keep_known
from exchange.imports.mapping import KindMapping, StageMeaning
from exchange.imports.visits import Entry, Untold, in_order, visits_of
from pipeline.process import moves
from pipeline.process.moves import Visit
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.refused import Refused

if TYPE_CHECKING:
    from exchange.imports.staging import ImportRun

# What a row says after the rules have read it, beside its own fields.
JUDGED = {
    "deal_stage": "smallint",
    "stage_at": "timestamptz",
    "outcome": "text",
    "ended_at": "timestamptz",
    "initiator": "text",
    "cause": "text",
}
# In the order in which they happen.
_ACTS = ("created_on", "entered_on", "closed_on")


@dataclass(frozen=True, kw_only=True)
class _Judgement:
    """What the rules make of a stage and its dates, whichever deal has them. `is_untold`: without the
    stages before it, which do not lead there."""

    visits: list[tuple[Any, ...]]
    deal: tuple[Any, ...]
    is_untold: bool


class DealRules:
    """Judges the deals of one file. Most have one of few stages and days: what those mean is kept."""

    def __init__(self, mapped: KindMapping, run: "ImportRun") -> None:
        self._mapped, self._run = mapped, run
        self._judgements: dict[tuple[Any, ...], _Judgement] = {}
        self._instants: dict[tuple[Any, ...], list[dt.datetime | None]] = {}

    def judge(
        self, found: dict[str, Any]
    ) -> tuple[tuple[Any, ...], list[tuple[Any, ...]], list[tuple[str, str]]]:
        """The values of JUDGED, which repeat the latest visit; all visits; and what is to be said of a
        field. In `found`, by field, days become instants.

        Raises Refused, with the field.
        """
        word = found["stage"] or ""
        meaning = self._mapped.stages.get(word)
        if meaning is None:
            raise Refused(_not_said(word), field="stage")
        for name in meaning.ignore:
            found[name] = None
        before, closed_at = self._before(meaning, found)
        self._date(found)
        if closed_at is not None:
            found["closed_on"] = max(found["closed_on"], closed_at)
        if found["created_on"] is not None and found["created_on"] > self._run.now:
            raise Refused(_("This lies in the future."), field="created_on")
        judged = self._judgement(word, meaning, found, before)
        remarks = []
        if judged.is_untold:
            words = _(
                "When it came to where it is now is not said: it comes in without its way there."
            )
            remarks.append(("entered_stages", words))
        return judged.deal, judged.visits, remarks

    def _date(self, found: dict[str, Any]) -> None:
        """Make instants of the days on which things happened."""
        said = tuple(found[name] for name in _ACTS)
        if not any(said):
            return
        ats = self._instants.get(said)
        if ats is None:
            ats = dates.instants(said, zones=self._run.zones, now=self._run.now)
            keep_known(self._instants, said, ats)
        found.update(zip(_ACTS, ats, strict=True))

    def _before(
        self, meaning: StageMeaning, found: dict[str, Any]
    ) -> tuple[tuple[Entry, ...], dt.datetime | None]:
        """The stages that a deal went through, in their order, and when it was closed after them. A
        day on which it was won, or lost, says so if no other column does."""
        entered: list[tuple[Stage, dates.When]] = []
        for word, said in found.pop("entered_stages") or ():
            meant = self._mapped.stages.get(word)
            if meant is None:
                raise Refused(_not_said(word), field="entered_stages")
            if meant.outcome == Outcome.OPEN:
                entered.append((meant.stage, said))
            elif meant.outcome == meaning.outcome and found["closed_on"] is None:
                found["closed_on"] = said
        found["entered_stages"] = None
        return in_order(
            entered, closed=found["closed_on"], zones=self._run.zones, now=self._run.now
        )

    def _judgement(
        self,
        word: str,
        meaning: StageMeaning,
        found: dict[str, Any],
        before: tuple[Entry, ...],
    ) -> _Judgement:
        said = (word, found["entered_on"], found["closed_on"], before)
        judged = self._judgements.get(said)
        if judged is None:
            judged = self._judged(meaning, found, before)
            keep_known(self._judgements, said, judged)
        return judged

    def _judged(
        self, meaning: StageMeaning, found: dict[str, Any], before: tuple[Entry, ...]
    ) -> _Judgement:
        is_untold = False
        try:
            visits = self._judged_visits(meaning, found, before)
        except Untold:
            is_untold, visits = True, self._judged_visits(meaning, found, ())
        last = visits[-1]
        return _Judgement(
            is_untold=is_untold,
            visits=[
                (
                    visit.sequence,
                    visit.stage.value,
                    visit.entered_how.value,
                    visit.entered_at,
                    visit.reason,
                    visit.left_how.value if visit.left_how else None,
                    visit.left_at,
                )
                for visit in visits
            ],
            deal=(
                last.stage.value,
                last.entered_at,
                meaning.outcome.value,
                last.left_at,
                meaning.initiator.value if meaning.initiator else "",
                meaning.cause or None,
            ),
        )

    def _judged_visits(
        self, meaning: StageMeaning, found: dict[str, Any], before: tuple[Entry, ...]
    ) -> tuple[Visit, ...]:
        visits = visits_of(
            meaning,
            entered_at=found["entered_on"],
            closed_at=found["closed_on"],
            now=self._run.now,
            before=before,
        )
        if faults := moves.broken_links(list(visits)):
            raise bulk.BrokenChain(faults)
        return visits


def _not_said(word: str) -> str:
    return _("The mapping does not say what stage “%(stage)s” is.") % {"stage": word}
