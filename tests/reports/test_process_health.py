"""The health of the process asks for the figures that reports really tell."""

import pytest
from django.http import QueryDict

from pipeline.process.stages import Stage
from reports import figures
from reports.figures import K4_CLOSED, Figure, figures_of_stages
from reports.forms import QuestionForm
from reports.queries.funnel import FunnelStage, funnel
from tests.factories import NOW


def keys_of(row: FunnelStage) -> set[str]:
    """Of all figures of a row, those in its fields and those in mappings of them."""
    told: set[str] = set()
    for value in vars(row).values():
        each = value.values() if isinstance(value, dict) else [value]
        told |= {one.definition.key for one in each if isinstance(one, Figure)}
    return told


def test_what_is_said_to_be_told_of_a_stage_is_what_the_funnel_tells(cast):
    form = QuestionForm(QueryDict(), reader=cast.again(cast.mona), today=NOW.date())
    assert form.is_valid()

    rows = funnel(form.question()).stages

    assert {row.stage: keys_of(row) for row in rows} == {
        stage: set(keys) for stage, keys in figures_of_stages().items()
    }


@pytest.fixture
def untold(monkeypatch):
    """Reports that tell nothing of the last stage."""
    known = {stage: {"K1"} for stage in Stage if stage != Stage.CLOSING}
    monkeypatch.setattr(figures, "_OF_STAGE", known | {Stage.CLOSING: set()})


def page_of(client, cast, htmx):
    client.force_login(cast.mona)
    headers = {"hx-request": "true"} if htmx else {}
    return client.get(f"/reports/process-health/{cast.north.pk}/", headers=headers).content.decode()


@pytest.mark.parametrize("htmx", [True, False])
def test_it_holds_where_each_stage_has_a_figure(client, cast, htmx):
    page = page_of(client, cast, htmx)
    assert "All seven stages are whole." in page
    assert ("<html" in page) == (not htmx)


def test_it_fails_where_a_stage_has_none(client, cast, untold):
    page = page_of(client, cast, True)
    assert "Closing: no figure is made of it." in page
    assert "All seven stages are whole." not in page


def test_a_question_says_which_figures_it_answers_of_which_stages(untold):
    figures.shows_figures(K4_CLOSED, of=[Stage.CLOSING])(lambda: None)
    assert figures_of_stages()[Stage.CLOSING] == ["K4"]
