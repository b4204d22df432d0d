"""The health of the process asks for the figures that reports really tell."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from pipeline.process.stages import Stage
from reports import metrics
from reports.axes import STAGE
from reports.metric import METRICS
from reports.metrics import figures_of_stages
from reports.presenters.stage_figures import OF_A_STAGE
from tests.conftest import Cast
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


def test_a_stage_of_the_process_says_its_figures_with_n_and_coverage(
    client: Client, worked_cast: Cast, clock: Any
) -> None:
    """Those of METRICS' worked fixture, of the third stage, beside its definition."""
    north = worked_cast.north.pk
    path = f"/reports/process-stages/{north}/3/"
    client.force_login(worked_cast.again(worked_cast.mona))
    assert path in client.get(f"/process/{north}/?stage=3").content.decode()
    text = unescape(client.get(path).content.decode())
    told = [each.partition("</details>")[2] for each in text.split('<div class="row-x t2">')[1:]]
    assert len(told) == len(OF_A_STAGE)
    assert all("covered" in each and "/reports/rows/" in each for each in told[:3])
    assert "n 7" in told[0]
    assert "6 of 7" in told[1]
    for href in re.findall(r'href="(/reports/rows/[^"]+)"', text):
        assert f"team={north}" in href
        assert client.get(href).status_code == 200
    # Of one's own layer they are one's own, of others' one sees what one sees anywhere.
    mine = client.get("/reports/process-stages/mine/3/").content.decode()
    assert f"person={worked_cast.mona.pk}" in mine or "/reports/rows/" not in mine
    client.force_login(worked_cast.again(worked_cast.carl))
    assert "n 0" in client.get(path).content.decode()
    assert client.get(f"/reports/process-stages/{north}/8/").status_code == 404
