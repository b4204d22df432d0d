"""The funnel as a page, and the usual days in a stage for the heads of the board."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from pipeline.requests import HtmxRequest
from reports.forms import QuestionForm
from reports.queries import funnel as questions
from reports.queries.funnel import Funnel, FunnelStage
from reports.queries.funnel_rows import VISIT_MEASURES
from salesprocess.lib.htmx import render


@require_GET
def funnel(request: HtmxRequest) -> HttpResponse:
    """How deals move through the seven stages: a salesperson's own, a manager's people's."""
    form = form_of(request)
    asked = form.question()
    figures = questions.funnel(asked)
    slowest = _slowest(figures)
    return render(
        request,
        page="reports/funnel/page.html",
        fragment="reports/funnel/_figures.html",
        status=200 if form.is_valid() else 422,
        context={
            "form": form,
            "figures": figures,
            "ways": way_words(),
            "outcomes": outcome_words(),
            "period": asked.period,
            "without_sample": asked.left_out is not None,
            "today": form.today,
            "currency": request.user.organisation.currency,
            "chart": json.dumps(_chart(figures, slowest)),
            "bottleneck": slowest,
            "rows_url": _rows_url(request),
        },
    )


@require_GET
def medians(request: HtmxRequest) -> HttpResponse:
    """The usual days in each stage, for the heads of the board's columns.

    The board knows filters that no report does ("No owner"): then its columns keep their norms.
    """
    form = form_of(request)
    return render(
        request,
        page="reports/funnel/_medians.html",
        context={
            "stages": questions.times_in_stage(form.question()),
            "told": form.is_valid(),
        },
    )


def form_of(request: HtmxRequest) -> QuestionForm:
    reader = request.user
    today = timezone.localdate(timezone=reader.organisation.zone)
    return QuestionForm(request.GET, reader=reader, today=today)


def question_params(query: Mapping[str, str]) -> str:
    """What the reader asked in an address, without what one drill-down adds."""
    return urlencode({key: query[key] for key in QuestionForm.base_fields if query.get(key)})


def _rows_url(request: HtmxRequest) -> str:
    asked = question_params(request.GET)
    return f"{reverse('reports:funnel_rows')}?{asked}{'&' if asked else ''}"


def way_words() -> dict[str, str]:
    return {
        "entries": _("Entered"),
        "advanced": _("Advanced"),
        "back": _("Moved back"),
        "stopped": _("Stopped"),
        "won": _("Won"),
        "still": _("Still there"),
    }


def outcome_words() -> dict[str, str]:
    return {
        "won": _("Won"),
        "lost": _("Stopped by the customer"),
        "stopped_by_us": _("Stopped by us"),
    }


def _slowest(figures: Funnel) -> FunnelStage | None:
    """The stage whose median visit exceeds its norm most."""
    told = [
        row
        for row in figures.stages
        if row.is_over(digits=1) and row.median_days.coverage.is_reliable
    ]
    return max(told, key=lambda row: row.share_of_norm or 0, default=None)


def _chart(figures: Funnel, slowest: FunnelStage | None) -> dict[str, Any]:
    """What the pictures draw; the table beside them shows the same."""
    words = way_words()
    return {
        "stages": [f"{row.stage.value} {row.stage.short}" for row in figures.stages],
        "ways": [
            {
                "key": key,
                "name": words[key],
                "values": [row.ways[key].value for row in figures.stages],
            }
            for key in VISIT_MEASURES
            if key != "entries"
        ],
        "slowest": None if slowest is None else slowest.stage - 1,
        "median": {
            "name": _("Median days"),
            "values": [_number(row.median_days.value) for row in figures.stages],
        },
        "p75": {
            "name": _("Three of four within"),
            "values": [_number(row.p75_days.value) for row in figures.stages],
        },
        "norms": _norms(figures),
    }


def _norms(figures: Funnel) -> list[dict[str, Any]]:
    """One mark for each stage; where teams differ, one for the shortest and one for the longest."""
    lows = [row.norm.low for row in figures.stages]
    highs = [row.norm.high for row in figures.stages]
    if lows == highs:
        return [{"name": _("Norm"), "values": highs}]
    return [
        {"name": _("Shortest norm"), "values": lows},
        {"name": _("Longest norm"), "values": highs},
    ]


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
