"""Every page of the reports: who sees it, what it costs, and that all of its numbers open their rows."""

import re
from functools import partial
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pipeline.models import User
from reports.pages import PAGES, ReportPage
from salesprocess.lib.deadline import AnswerDeadline
from tests.conftest import Cast
from tests.reports.test_funnel_page import undated_deal

QUERIES = 14
BYTES = 100_000
# The pages that say of the ten deals that they are too few to tell.
TOO_FEW = {"overview", "funnel", "process", "people", "time", "wins"}
DAYS = "span=custom&start=2025-12-01&end=2026-03-31"
pages = pytest.mark.parametrize("shown", PAGES.values(), ids=PAGES)


def address(shown: ReportPage) -> str:
    return "/reports/" if shown.key == "overview" else f"/reports/{shown.key}/"


def reader(client: Client, cast: Cast, shown: ReportPage) -> User:
    """Mona, or an admin where a page is theirs alone."""
    user = cast.again(cast.mona if shown.who(cast.again(cast.mona)) else cast.adele)
    client.force_login(user)
    return user


@pages
@pytest.mark.parametrize("has_undated", [False, True])
def test_a_page_costs_so_many_queries_and_bytes_at_most(
    client: Client, worked_cast: Cast, shown: ReportPage, has_undated: bool
) -> None:
    """Whether or not there is something of which nobody knows when."""
    if has_undated:
        undated_deal(worked_cast)
    reader(client, worked_cast, shown)
    client.get(f"{address(shown)}?{DAYS}")  # what is kept for all requests is asked once
    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = client.get(f"{address(shown)}?{DAYS}")
    assert answer.status_code == 200
    assert len(asked) <= QUERIES, "\n\n".join(query["sql"][:400] for query in asked)
    assert len(answer.content) <= BYTES


@pages
def test_every_number_of_a_page_opens_its_rows(
    client: Client, worked_cast: Cast, shown: ReportPage
) -> None:
    """And of ten deals nothing is concluded, neither that anything differs nor that nothing does: no group
    of them has ten."""
    reader(client, worked_cast, shown)
    text = client.get(f"{address(shown)}?{DAYS}").content.decode()
    said = re.findall(r'<p class="say">(.*?)</p>|<div class="blank">(.*?)</div>', text, re.DOTALL)
    concluded = [words for words in map("".join, said) if re.search("chance|norm", words)]
    # That no gate was gone past is said of all moves together.
    assert not concluded or shown.key == "consistency"
    assert (shown.key in TOO_FEW) == ("Too few to tell: n " in text)
    links = {unescape(href) for href in re.findall(r'href="(/reports/rows/[^"]+)"', text)}
    for href in sorted(links):
        assert client.get(href).status_code == 200, href


@pages
def test_every_box_with_a_table_is_a_file_too(
    client: Client, worked_cast: Cast, shown: ReportPage
) -> None:
    reader(client, worked_cast, shown)
    text = client.get(f"{address(shown)}?{DAYS}").content.decode()
    for href in {unescape(href) for href in re.findall(r'href="([^"]+\.csv\?[^"]*)"', text)}:
        answer = client.get(href)
        assert answer["Content-Type"].startswith("text/csv"), href
        assert b"".join(answer.streaming_content).count(b"\n") > 1  # type: ignore[attr-defined]


@pages
def test_a_page_of_nothing_says_so(client: Client, cast: Cast, shown: ReportPage) -> None:
    reader(client, cast, shown)
    assert client.get(address(shown)).status_code == 200


@pages
def test_a_question_that_means_nothing_is_refused_in_words(
    client: Client, cast: Cast, shown: ReportPage
) -> None:
    reader(client, cast, shown)
    answer = client.get(f"{address(shown)}?span=custom&start=2026-03-01&end=2026-01-01")
    assert answer.status_code == 422
    assert "The period ends before it begins." in answer.content.decode()


@pages
def test_what_asks_for_too_much_is_refused_in_words(
    client: Client, worked_cast: Cast, shown: ReportPage, settings: Any
) -> None:
    """However long its statements take together: here none may begin."""
    reader(client, worked_cast, shown)
    settings.ANSWER_SECONDS = 0
    answer = client.get(f"{address(shown)}?{DAYS}")
    assert answer.status_code == 422
    assert "take a shorter period, one team or one person" in answer.content.decode()


def test_what_takes_too_long_to_be_made_of_its_rows_is_refused_in_words(
    client: Client, worked_cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """However quick its statements are: the clock is looked at for each figure, too."""
    client.force_login(worked_cast.again(worked_cast.mona))
    settings.ANSWER_SECONDS = 5
    looks = 0

    def clock() -> float:
        nonlocal looks
        looks += 1
        # Statements alone would come to half of it.
        return looks * 0.05

    monkeypatch.setattr("reports.pages.asked.AnswerDeadline", partial(AnswerDeadline, clock=clock))
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(f"/reports/?{DAYS}")
    assert answer.status_code == 422
    assert 0.05 * len(asked) < settings.ANSWER_SECONDS / 2
    assert "take a shorter period, one team or one person" in answer.content.decode()


def test_files_rows_and_cards_are_held_to_the_same_time(
    client: Client, worked_cast: Cast, settings: Any
) -> None:
    client.force_login(worked_cast.again(worked_cast.mona))
    settings.ANSWER_SECONDS = 0
    client.raise_request_exception = False
    card = f"/reports/process-stages/{worked_cast.north.pk}/4/"
    for path in ("/reports/funnel/far.csv", "/reports/rows/consistency/", card):
        assert client.get(f"{path}?{DAYS}").status_code == 503, path


@pages
def test_a_page_about_somebody_out_of_reach_is_not_there(
    client: Client, cast: Cast, shown: ReportPage
) -> None:
    client.force_login(cast.again(cast.ana))
    assert client.get(f"{address(shown)}?person={cast.carl.pk}").status_code == 404
    if not shown.who(cast.again(cast.ana)):
        assert client.get(address(shown)).status_code == 404
