"""The health of the process asks for the figures that reports really tell."""

import pytest

from pipeline.process.stages import Stage
from reports import metrics
from reports.axes import STAGE
from reports.metric import METRICS
from reports.metrics import figures_of_stages
from tests.reports.test_metrics import asked


def test_what_is_said_to_be_told_of_a_stage_is_told_of_it(cast):
    question = asked(cast.again(cast.mona))
    told = {
        metric.at(question, STAGE, stage.value).definition.key
        for metric in METRICS.values()
        if "stage" in metric.axes
        for stage in (Stage.CLOSING,)
    }
    assert {stage: set(keys) for stage, keys in figures_of_stages().items()} == dict.fromkeys(
        Stage, told
    )


@pytest.fixture
def untold(monkeypatch):
    """Reports that tell nothing of any stage."""
    monkeypatch.setattr(metrics, "METRICS", {})


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
    assert "Lead generation: no figure is made of it." in page
    assert "All seven stages are whole." not in page
