"""One's own question: what may be asked is answered by its rows, and nothing else is."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from reports.metric import AXES, Metric
from reports.presenters import ask
from reports.presenters.answer import Answer
from reports.presenters.report import Report
from tests.conftest import Cast
from tests.reports.test_metrics import asked

DAYS = "span=custom&start=2025-12-01&end=2026-03-31"
each_metric = pytest.mark.parametrize(
    "metric", ask.askable_metrics(), ids=lambda metric: metric.slug
)


def shown(client: Client, cast: Cast, said: str) -> Any:
    client.force_login(cast.again(cast.ana))
    return client.get(f"/reports/ask/?{DAYS}&{said}")


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_two_figures_are_called_the_same(language: str) -> None:
    with translation.override(language):
        labels = [label for _topic, chosen in ask._topics() for _slug, label in chosen]
    assert len(labels) == len(set(labels)) > 60


@each_metric
def test_whatever_is_offered_is_answered_by_its_rows(worked_cast: Cast, metric: Metric) -> None:
    """Each figure by some axes, in turn with another one, shown in each way that there is; that each
    figure counts its rows by each axis is held elsewhere (`test_metrics`)."""
    question = asked(worked_cast.again(worked_cast.ana))
    report = Report(question=question, path="/reports/ask/", asked={}, more={"metric": metric.slug})
    turn = ask.askable_metrics().index(metric)
    axes = [None, *ask.axes_of(metric)[turn % 4 :: 4]]
    if metric.population.told:
        axes = axes[:3]
    for place, by in enumerate(axes):
        others = ask.axes_across(metric, by)
        across = others[(place + turn) % len(others)] if others and place % 2 == 0 else None
        for show in ask.shows_for(by, across):
            one = ask.AskedFigure(metric=metric, by=by, across=across, show=show)
            answer = Answer(report, one)
            template, drawing = answer.drawing
            assert bool(template) == (show != ask.TABLE)
            assert (drawing is None) == (show == ask.TABLE)
            assert answer.table.rows or not answer.found
        if by is None or not by.is_partition:
            continue
        known = [row for row in answer.table.rows if row.name != "All"]
        counted = sum(int(row.cells[2 if across else 1].raw or 0) for row in known)
        assert counted == answer.whole.n, (by.key, across)


def test_it_answers_as_the_fixture_says(client: Client, worked_cast: Cast) -> None:
    text = shown(client, worked_cast, "metric=closed_win_rate&by=person").content.decode()
    assert "2 of 5" in text
    assert "Win rate (day of closing) · Person" in text


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("metric=gone", "There is no figure “gone”, or not any more"),
        ("metric=quarter_new", "There is no figure “quarter_new”"),
        ("metric=won&by=moon", "Nothing is broken down by “moon”"),
        ("metric=open_deals&by=month", "“Open deals” cannot be broken down by “Month”."),
        ("metric=won&by=month&across=week", "one says the other already"),
        ("metric=won&by=cause&across=cause_kind", "one says the other already"),
        ("metric=reached&by=reached&across=person", "goes with nothing else"),
        ("metric=won&by=source&across=source", "Twice by “Source”"),
        ("metric=won&by=source&show=line", "A line needs weeks, months or quarters"),
        ("metric=won&by=source&show=matrix", "A matrix needs two things"),
        ("metric=won&show=bars", "Bars need one thing"),
        ("metric=won&show=pie", "Nothing is shown as “pie”."),
    ],
)
def test_it_refuses_in_words_what_means_nothing(
    client: Client, cast: Cast, said: str, words: str
) -> None:
    answer = shown(client, cast, said)
    assert answer.status_code == 422
    assert words in unescape(answer.content.decode())
    assert client.get(f"/reports/ask/answer.csv?{said}").status_code == 404


@pytest.mark.parametrize(
    "said",
    [
        "metric=won_value",
        "metric=won_value&by=month&show=bars",
        "metric=closed_win_rate&by=source",
        "metric=entered&by=week",
        "metric=entered&by=stage&across=month",
        "metric=median_days&by=stage&across=person&show=table",
        "metric=reached&by=reached",
        "metric=pipeline_new&by=person",
    ],
)
def test_every_mark_opens_its_rows_however_it_is_shown(
    client: Client, worked_cast: Cast, said: str
) -> None:
    answer = shown(client, worked_cast, said)
    assert answer.status_code == 200
    text = answer.content.decode()
    links = {unescape(href) for href in re.findall(r'href="(/reports/rows/[^"]+)"', text)}
    assert links
    for href in sorted(links)[:12]:
        assert client.get(href).status_code == 200, href


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        # Another figure, which has no months, and is not shown as a line.
        (
            "was=won&metric=open_deals&by=month&across=person&show=line",
            "metric=open_deals",
        ),
        ("was=won&metric=won&by=source&across=source", "metric=won&by=source"),
        (
            "was=closed_win_rate&metric=closed_win_rate&basis=created_win_rate&by=source",
            "metric=created_win_rate&by=source",
        ),
        # Another measure was chosen: the basis is that of the one before.
        ("was=created_win_rate&metric=won&basis=created_win_rate", "metric=won"),
        ("was=won&metric=won&by=month&show=table", "metric=won&by=month&show=table"),
    ],
)
def test_a_word_that_is_chosen_leaves_out_what_no_more_fits(
    client: Client, cast: Cast, said: str, kept: str
) -> None:
    client.force_login(cast.again(cast.ana))
    answer = client.get(f"/reports/ask/with/?span=30d&{said}")
    assert answer.headers["Location"] == f"/reports/ask/?span=30d&{kept}"
    assert client.get(answer.headers["Location"]).status_code == 200


def test_the_bar_and_the_tabs_go_along_with_the_sentence(client: Client, cast: Cast) -> None:
    """Or the bar would ask about the figure that was chosen before."""
    client.force_login(cast.again(cast.ana))
    path = "/reports/ask/?span=30d&metric=won&by=month"
    part = client.get(path, headers={"HX-Request": "true"}).content.decode()
    whole = client.get(path).content.decode()
    for name in ("question-kept", "report-tabs"):
        assert re.search(rf'id="{name}"[^>]* hx-swap-oob="true"', part)
        assert f'id="{name}"' in whole
        assert not re.search(rf'id="{name}"[^>]* hx-swap-oob', whole)
    assert '<input type="hidden" name="metric" value="won">' in part.split("question-kept")[1]
    assert "/reports/wins/?span=30d" in part


def test_it_sets_no_people_off_by_colour(client: Client, worked_cast: Cast) -> None:
    said = "metric=entered&by=stage&across={}"
    for across, shades in (("month", {"1", "2", "3", "4"}), ("person", {"1"})):
        text = shown(client, worked_cast, said.format(across)).content.decode()
        assert set(re.findall(r'<td class="sh([1-4])', text)) <= shades
    assert re.search(r'<td class="sh1', text)


def test_it_offers_no_axis_beside_one_that_says_it_already() -> None:
    metric = next(each for each in ask.askable_metrics() if each.slug == "won")
    beside = {axis.key for axis in ask.axes_across(metric, AXES["month"])}
    assert "source" in beside
    assert not beside & {"month", "week", "quarter"}
