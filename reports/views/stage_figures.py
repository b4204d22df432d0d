"""The figures of a stage, for the page of the process that defines it."""

from django.http import Http404, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from pipeline.process.playbook import Level
from pipeline.process.queries.page import LayerPage, NoSuchTeam, Of
from pipeline.process.stages import Stage
from pipeline.requests import HtmxRequest
from reports.forms import QuestionForm, Span
from reports.pages.asked import gathered_in_time
from reports.presenters.ask_earlier import earlier_questions, often_words
from reports.presenters.report import Report
from reports.presenters.stage_figures import stage_figures as figures_of
from salesprocess.lib.htmx import render


@require_GET
def stage_figures(request: HtmxRequest, of: Of, number: int) -> HttpResponse:
    """Of the last 12 months: of the people of a level where the reader leads them, else of all whom
    the reader sees."""
    reader = request.user
    if number not in Stage:
        raise Http404
    try:
        look = LayerPage(reader, of)
    except NoSuchTeam as missing:
        raise Http404 from missing
    asked = {"span": Span.YEAR.value}
    if look.is_mine:
        asked["person"] = str(reader.pk)
    elif look.level != Level.FRAMEWORK and look.may_edit(look.team_id):
        asked["team"] = str(look.team_id)
    today = timezone.localdate(timezone=reader.organisation.zone)
    form = QuestionForm(QueryDict(urlencode(asked)), reader=reader, today=today)
    report = Report(question=form.question().alone(), path=request.path, asked=asked, more={})
    stage = Stage(number)
    # For who may change it there: everybody else finds it among the reports.
    may_change = look.editable and not look.is_mine
    with gathered_in_time():
        questions = earlier_questions(report) if may_change else []
        found = figures_of(report, stage)
    return render(
        request,
        page="reports/stage_figures.html",
        fragment="reports/_stage_figures.html",
        context={
            "look": look,
            "stage": stage,
            "figures": found,
            "earlier": [(each, often_words(each)) for each in questions if each.at == stage],
            "whose": form.scope_label(),
            "narrowed": len(asked) > 1,
        },
    )
