"""What comes up late again and again, and in which earlier stage it could be asked (CHECKLIST C23; METHOD,
stage 6: moved forward instead of solved for ever)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import ConcernCategory
from pipeline.process.stages import Stage
from reports.axes import ASKED_FOR, CONCERN
from reports.figures import MIN_ROWS, Figure
from reports.gone_past import AskedFor
from reports.metrics import leads, process
from reports.presenters.panels import (
    PanelChoice,
    ReportPanel,
    Table,
    TableCell,
    TableHead,
    TableRow,
)
from reports.presenters.report import Report, between_words, too_few_words, unless_too_few

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Beyond chance it is in more than one of ten. Of a gate that most go past, a question to the process
# is told by itself; a concern is asked about earlier, the more often it comes.
RECURS, MOST = 0.1, 0.5
# What could be asked before, and in which stage, of each kind of concern.
_EARLIER: Mapping[ConcernCategory, tuple[Stage, "StrOrPromise"]] = {
    ConcernCategory.PRICE: (
        Stage.NEEDS_ANALYSIS,
        gettext_lazy("Ask what they have set aside for it, and name a range."),
    ),
    ConcernCategory.TERMS: (
        Stage.NEEDS_ANALYSIS,
        gettext_lazy("Ask on which terms they buy, and say ours."),
    ),
    ConcernCategory.PRODUCT: (
        Stage.NEEDS_ANALYSIS,
        gettext_lazy("Ask what it must be able to do, and show it before the offer."),
    ),
    ConcernCategory.DELIVERY: (
        Stage.NEEDS_ANALYSIS,
        gettext_lazy("Ask by when they need it, and say what is possible."),
    ),
    ConcernCategory.TIMING: (
        Stage.QUALIFICATION,
        gettext_lazy("Ask why now, and what happens if nothing changes."),
    ),
    ConcernCategory.TRUST: (
        Stage.QUALIFICATION,
        gettext_lazy("Name a customer like them who speaks for us."),
    ),
    ConcernCategory.RIVAL: (
        Stage.NEEDS_ANALYSIS,
        gettext_lazy("Ask whom else they talk to, and what matters in the choice."),
    ),
    ConcernCategory.INSIDE: (
        Stage.NEEDS_ANALYSIS,
        gettext_lazy("Ask who else must agree, and bring them in."),
    ),
    ConcernCategory.OTHER: (
        Stage.NEEDS_ANALYSIS,
        gettext_lazy("Ask what could stop it."),
    ),
}


@dataclass(frozen=True, kw_only=True)
class EarlierQuestion:
    """`ask` is to be asked `at` a stage, because of `why`, which came up late in the deals, or the
    visits, of which the figure is a share; `href` opens just these."""

    at: Stage
    ask: "StrOrPromise"
    why: str
    figure: Figure
    href: str


def earlier_questions(report: Report) -> list[EarlierQuestion]:
    """In the order of the stages in which they would be asked; three queries."""
    return sorted([*_concerns(report), *_missing(report)], key=lambda each: each.at)


def _recurs(figure: Figure) -> bool:
    if (figure.part or 0) < MIN_ROWS or figure.interval is None:
        return False
    return figure.interval[0] > RECURS


def _is_of_the_process(figure: Figure) -> bool:
    """Whether most go past a gate: not an earlier stage is to ask for it, the gate is to be asked."""
    return figure.interval is not None and figure.interval[0] > MOST


def _concerns(report: Report) -> list[EarlierQuestion]:
    found = leads.objected_late.measure(report.question, CONCERN)
    names = CONCERN.named(report.question, found)
    return [
        EarlierQuestion(
            at=_EARLIER[ConcernCategory(kind)][0],
            ask=_EARLIER[ConcernCategory(kind)][1],
            why=_("Concern raised from the proposal on: %(kind)s") % {"kind": names[kind]},
            figure=figure,
            href=report.rows(figure, part=True),
        )
        for kind, figure in found.items()
        if _recurs(figure)
    ]


def _missing(report: Report) -> list[EarlierQuestion]:
    """What a gate from needs analysis on asks for, and is gone past: it could be asked a stage before."""
    found = process.gone_past_late_rate.measure(report.question, ASKED_FOR)
    names = ASKED_FOR.named(report.question, found)
    told = []
    for key, figure in found.items():
        stage = Stage(AskedFor.of(key).stage)
        if not _recurs(figure) or _is_of_the_process(figure):
            continue
        told.append(
            EarlierQuestion(
                at=Stage(stage - 1),
                ask=_("Ask already here: “%(what)s”.") % {"what": names[key]},
                why=_("Missing when %(stage)s was left") % {"stage": stage.label},
                figure=figure,
                href=report.rows(figure, part=True),
            )
        )
    return told


def _came_up(report: Report) -> list[int]:
    """Of how many deals, and visits, it is known whether each concern and each gate came up late."""
    concerns = leads.objected_late.measure(report.question, CONCERN)
    gates = process.gone_past_late_rate.measure(report.question, ASKED_FOR)
    return [figure.n for figure in (*concerns.values(), *gates.values())]


def _left_to_the_process(report: Report) -> str:
    """That some gates are gone past so often that no earlier stage is to ask for it, if there are such."""
    found = process.gone_past_late_rate.measure(report.question, ASKED_FOR)
    if not any(_recurs(each) and _is_of_the_process(each) for each in found.values()):
        return ""
    return _("What most go past is a question to the process: Consistency tells what it is.")


def earlier_panel(report: Report) -> ReportPanel:
    found = earlier_questions(report)
    left = _left_to_the_process(report)
    nothing = (
        _("Nothing else came up late ten times or more, and more often than by chance.")
        if left
        else unless_too_few(
            _("Nothing came up late ten times or more, and more often than by chance."),
            _came_up(report),
            groups=1,
        )
        or too_few_words(0)
    )
    suggested = _(
        "A suggestion to the team. Whoever may change the process finds it beside the stage, too; "
        "everybody else proposes it there."
    )
    return ReportPanel(
        key="earlier",
        title=_("What could be asked earlier"),
        table=Table(
            heads=[
                TableHead(text=_("Ask in"), numeric=False),
                TableHead(text=_("What"), numeric=False),
                TableHead(text=_("Because it came late"), numeric=False),
                TableHead(text=_("How often")),
            ],
            rows=[
                TableRow(
                    name=str(each.at.label),
                    stage=each.at,
                    cells=[
                        TableCell(text=str(each.ask)),
                        TableCell(text=each.why),
                        TableCell(
                            text=report.text(each.figure),
                            raw=each.figure.value,
                            href=each.href,
                            note=often_words(each),
                        ),
                    ],
                )
                for each in found
            ],
        ),
        definition=leads.objected_late.definition,
        note=" ".join(filter(None, (suggested, left))),
        todo=[PanelChoice(label=_("Process"), href=reverse("pipeline:process"), is_current=False)],
        empty="" if found else " ".join(filter(None, (nothing, left))),
        wide=True,
    )


def often_words(each: EarlierQuestion) -> str:
    figure = each.figure
    said = {"part": figure.part, "n": figure.n, "between": between_words(figure)}
    return _("%(part)s of %(n)s, %(between)s") % said
