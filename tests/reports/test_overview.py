"""A manager's start: five numbers, and the five questions of METHOD answered in their order."""

import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client

from pipeline.process.stages import Stage
from reports.axes import STAGE
from reports.metric import METRICS
from reports.metrics import expected, outcomes, pipeline
from reports.statistics import cumulative_incidence
from tests.conftest import Cast
from tests.factories import make_deal
from tests.reports.test_consistency_page import rows_of
from tests.reports.test_metrics import asked
from tests.reports.test_pages import QUERIES
from tests.reports.worked import Stay, on_day, stays

DAYS = "span=custom&start=2025-12-01&end=2026-03-31"
QUESTIONS = (
    "1. What is in it?",
    "2. Is it qualified?",
    "3. What can we sell them?",
    "4. Did we make an offer?",
    "5. Will they buy?",
)


def test_a_manager_answers_the_five_questions_from_the_start(
    client: Client, worked_cast: Cast
) -> None:
    """In their order, each with a number that opens its rows: of the ten deals four are open, two in
    stage 2, one each in 5 and in 6."""
    client.force_login(worked_cast.again(worked_cast.mona))
    text = client.get(f"/reports/?{DAYS}").content.decode()
    box = text[text.index('id="panel-questions"') :].split("</section>")[0]
    places = [box.index(question) for question in QUESTIONS]
    assert places == sorted(places)
    for stage, deals in ((2, 2), (5, 1), (6, 1)):
        found = re.findall(rf'<a href="([^"]*open_deals/[^"]*of={stage}[^"]*)">(\d+)</a>', box)
        assert [int(n) for _href, n in found] == [deals]
        rows = client.get(unescape(found[0][0])).content.decode()
        assert rows.count('href="/deals/') >= deals


def test_it_weighs_what_is_open_by_what_was_won(worked_cast: Cast) -> None:
    question = asked(worked_cast.again(worked_cast.ana))
    assert pipeline.open_value.whole(question).value == 220
    shares = expected.won_after_entering(question)
    by_stage = METRICS["qualified_value"].measure(question, STAGE)
    told = sum(
        (Decimal(figure.value or 0) * (shares[stage].share or 0))
        for stage, figure in by_stage.items()
    )
    assert expected.weighted_value.whole(question).value == told
    # D1 and D6 of the five that ever came to stage 5 (D3 is still there), and both of stage 7.
    assert shares[7].share == 1
    assert shares[5].n == 5


def test_what_was_won_after_entering_is_the_end_of_its_curve(worked_cast: Cast) -> None:
    """The database finds what the curve of Aalen and Johansen comes to, on each day of the story."""
    for day in (12, 33, 38, 52, 58, 76, 90):
        question = asked(worked_cast.again(worked_cast.ana), as_of=on_day(day).date())
        now = question.changed_until
        first: dict[tuple[str, int], Stay] = {}
        for stay in stays():
            if on_day(stay.entered) < now:
                first.setdefault((stay.deal, stay.stage), stay)
        ends = {stay.deal: stay for stay in stays()}
        for stage, found in expected.won_after_entering(question).items():
            followed, outcome = [], []
            for (deal, at), stay in first.items():
                if at == stage:
                    last = ends[deal]
                    over = last.left is not None and on_day(last.left) < now
                    until = on_day(last.left or 0) if over else now
                    days = (until - on_day(stay.entered)).total_seconds() / 86400
                    followed.append(max(days, 0.0))
                    outcome.append(last.way if over else None)
            heights = cumulative_incidence(followed, outcome, of="won").heights
            assert found.n == len(followed), (day, stage)
            share = heights[-1] if heights else 0
            assert not followed or float(found.share or 0) == pytest.approx(share), (day, stage)


def test_it_says_what_the_pipeline_brings_a_day(worked_cast: Cast) -> None:
    """Open from stage 3 on: D3 and D9; won: 100 and 120 in 55 days each; 2 of 5 (METRICS K7)."""
    question = asked(worked_cast.again(worked_cast.ana))
    assert outcomes.average_cycle.whole(question).value == pytest.approx(Decimal(55))
    speed = expected.velocity.whole(question)
    assert speed.n == 2
    assert speed.value == pytest.approx(Decimal(2) * 110 * Decimal("0.4") / 55)


def test_what_stood_open_is_told_as_of_any_day(
    client: Client, worked_cast: Cast, django_assert_max_num_queries: Any
) -> None:
    """On day 32: D7 in 2, D3, D8 and D9 in 3, D1 in 5, D2 and D6 in 6 (METRICS, worked fixture)."""
    client.force_login(worked_cast.again(worked_cast.mona))
    asked = f"/reports/?{DAYS}&as_of={on_day(32).date()}"
    client.get(asked)  # what is kept for all requests is asked once
    with django_assert_max_num_queries(QUERIES):
        text = client.get(asked).content.decode()
    told = rows_of(text, "questions")
    assert [told[question][1] for question in QUESTIONS[1:]] == ["3", "0", "1", "2"]
    links = re.findall(r'href="(/reports/rows/open_deals/[^"]+)"', text)
    assert links
    assert all(f"as_of={on_day(32).date()}" in link for link in links)


def test_f4_b7_it_says_where_the_pipeline_is_fullest(client: Client, cast: Cast) -> None:
    """Near the front as it should be, or a bulge behind it, by name; of a handful nothing."""
    client.force_login(cast.again(cast.mona))
    told = []
    for stage, deals in ((Stage.PROSPECTING, 6), (Stage.PROSPECTING, 6), (Stage.PROPOSAL, 13)):
        for number in range(deals):
            make_deal(by=cast.ana, stage=stage, name=f"Deal {number}")
        text = client.get("/reports/").content.decode()
        box = text.partition('id="panel-questions"')[2].partition("</section>")[0]
        told.append(" ".join(re.sub(r"<[^>]+>", "", box.partition('class="say">')[2]).split()))
    assert "Fullest" not in told[0]
    assert "A bulge" not in told[0]
    assert told[1].startswith("Fullest near the front, as it should be: Prospecting holds 12 of 12")
    assert told[2].startswith("A bulge: Proposal holds 13 of 25, more than any stage before it.")
