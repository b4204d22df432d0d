"""A deal beside those that were won: a box of its page, got when it is opened."""

from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_GET

from crm.queries import deal as deal_queries
from crm.queries.steps import versions_at
from pipeline.process.queries.in_force import in_force
from pipeline.process.stages import Stage
from pipeline.requests import HtmxRequest
from reports.forms import QuestionForm, Span
from reports.metrics import outcomes
from reports.presenters.compared import compared_deal
from reports.presenters.report import Report
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render


@require_GET
def compared(request: HtmxRequest, pk: int) -> HttpResponse:
    """What it is, within the reader's reach, against deals won in the last 12 months."""
    reader = request.user
    deal = found_or_404(deal_queries.find, reader, pk)
    today = timezone.localdate(timezone=reader.organisation.zone)
    form = QuestionForm(QueryDict(f"span={Span.YEAR}"), reader=reader, today=today)
    stage = Stage(deal.stage)
    named = versions_at(stage, deal_queries.visits(deal.pk), kept=deal.kept_version_ids)
    book = in_force(team_id=deal.team_id, user_id=reader.pk).playbook(named)
    question = form.question().alone()
    found = compared_deal(question, deal, book, teams=form.choosable_teams(deal.team_id))
    rows = ""
    if found.asked is not None:
        asked = {"span": Span.YEAR.value, **found.asked}
        report = Report(question=question, path=request.path, asked=asked, more={})
        rows = report.rows_of(outcomes.won)
    return render(
        request,
        page="reports/compared.html",
        fragment="reports/_compared.html",
        context={"deal": deal, "found": found, "rows": rows},
    )
