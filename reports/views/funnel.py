import json
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from pipeline.queries.process import in_force
from pipeline.stages import Stage
from reports.forms import FunnelForm
from reports.queries import funnel as questions
from reports.queries.funnel import CLOSED_MEASURES, VISIT_MEASURES, Funnel, StageRow
from salesprocess.htmx import HtmxRequest, render

ROWS_A_PAGE = 100


@require_GET
def funnel(request: HtmxRequest) -> HttpResponse:
    """How deals move through the seven stages: a salesperson's own, a manager's people's."""
    form = _form(request)
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
            "ways": _way_words(),
            "outcomes": _outcome_words(),
            "period": asked.period,
            "today": form.today,
            "currency": request.user.organisation.currency,
            "undated": _undated(figures),
            "chart": json.dumps(_chart(figures, slowest)),
            "bottleneck": slowest,
            "rows_url": _rows_url(request),
        },
    )


@require_GET
def rows(request: HtmxRequest) -> HttpResponse:
    """Exactly the rows that a number of the funnel counts, newest first."""
    form = _form(request)
    if not form.is_valid():
        raise Http404
    found, title, of_visits = _behind(request, form)
    total = found.count()
    after = request.GET.get("after", "")
    if after.isascii() and after.isdigit() and len(after) < 19:
        found = found.filter(pk__lt=int(after))
    page = list(found.order_by("-pk")[: ROWS_A_PAGE + 1])
    more = len(page) > ROWS_A_PAGE
    page = page[:ROWS_A_PAGE]
    query = request.GET.copy()
    if more:
        query["after"] = str(page[-1].pk)
    return render(
        request,
        page="reports/funnel/rows.html",
        context={
            "title": title,
            "of_visits": of_visits,
            "rows": page,
            "total": total,
            "period": form.question().period,
            "next": f"?{query.urlencode()}" if more else "",
            "back": f"{reverse('reports:funnel')}?{_asked(request)}",
            "zone": request.user.zone,
            "today": timezone.localdate(timezone=request.user.zone),
        },
    )


@require_GET
def medians(request: HtmxRequest) -> HttpResponse:
    """The usual days in each stage, for the heads of the board's columns.

    The board knows filters that no report does ("Nobody’s"): then its columns keep their norms.
    """
    form, user = _form(request), request.user
    return render(
        request,
        page="reports/funnel/_medians.html",
        context={
            "stages": questions.times_in_stage(form.question()),
            "told": form.is_valid(),
            "book": in_force(team_id=user.team_id, user_id=user.pk).playbook(),
        },
    )


def _form(request: HtmxRequest) -> FunnelForm:
    reader = request.user
    today = timezone.localdate(timezone=reader.organisation.zone)
    return FunnelForm(request.GET, reader=reader, today=today)


def _asked(request: HtmxRequest) -> str:
    """What the reader asked, without what one drill-down adds."""
    kept = {key: request.GET[key] for key in FunnelForm.base_fields if request.GET.get(key)}
    return urlencode(kept)


def _rows_url(request: HtmxRequest) -> str:
    asked = _asked(request)
    return f"{reverse('reports:funnel_rows')}?{asked}{'&' if asked else ''}"


def _behind(request: HtmxRequest, form: FunnelForm) -> tuple[Any, str, bool]:
    """The rows behind the number that the address names, what they are in words, and whether they
    are visits rather than deals."""
    asked = form.question()
    wanted = request.GET
    outcome = wanted.get("outcome")
    if outcome in CLOSED_MEASURES:
        deals = questions.counted_deals(asked, outcome=outcome)
        return _deals(deals), _outcome_words()[outcome], False
    try:
        stage = Stage(int(wanted.get("stage", "")))
    except ValueError as error:
        raise Http404 from error
    label = str(stage.label)
    if (way := wanted.get("way")) in VISIT_MEASURES:
        visits = questions.counted_visits(asked, way=way, stage=stage)
        return _visits(visits), f"{label} · {_way_words()[way]}", True
    if "time" in wanted:
        visits = questions.timed_visits(asked, stage=stage)
        return _visits(visits), f"{label} · {_('visits that ended')}", True
    if "open" in wanted:
        deals = questions.held_deals(asked, stage=stage)
        return _deals(deals), f"{label} · {_('open now')}", False
    raise Http404


def _visits(found: Any) -> Any:
    return found.select_related("deal__company", "entry_owner")


def _deals(found: Any) -> Any:
    return found.select_related("company", "owner", "cause")


def _way_words() -> dict[str, str]:
    return {
        "entries": _("Entered"),
        "advanced": _("Advanced"),
        "back": _("Moved back"),
        "stopped": _("Stopped"),
        "won": _("Won"),
        "still": _("Still there"),
    }


def _outcome_words() -> dict[str, str]:
    return {
        "won": _("Won"),
        "lost": _("Stopped by the customer"),
        "stopped_by_us": _("Stopped by us"),
    }


def _undated(figures: Funnel) -> int:
    """Visits that no period can place, over all stages."""
    coverages = [row.ways["entries"].coverage for row in figures.stages]
    return sum(coverage.population - coverage.known for coverage in coverages)


def _slowest(figures: Funnel) -> StageRow | None:
    """The stage whose visits exceed its norm most, told only from ten visits on."""
    told = [
        row
        for row in figures.stages
        if row.median_days.value is not None
        and row.median_days.n >= 10
        and row.median_days.coverage.is_reliable
        and row.median_days.value > row.stage.about.norm_days
    ]
    return max(
        told,
        key=lambda row: row.median_days.value / row.stage.about.norm_days,  # type: ignore[operator]
        default=None,
    )


def _chart(figures: Funnel, slowest: StageRow | None) -> dict[str, Any]:
    """What the pictures draw; the table beside them shows the same."""
    words = _way_words()
    return {
        "stages": [f"{row.stage.value} {row.stage.about.short}" for row in figures.stages],
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
        "norm": {
            "name": _("Norm"),
            "values": [row.stage.about.norm_days for row in figures.stages],
        },
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
