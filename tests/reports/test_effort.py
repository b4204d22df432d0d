"""Effort that came before it was sure that both sides want to go on, or that leads to no close
(CHECKLIST B17, C14)."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import Activity, Deal, Verdict
from pipeline.process.stages import Stage
from reports.axes import PERSON
from reports.figures import FigureCell
from reports.metrics import effort
from reports.presenters.standing import Standing
from salesprocess.lib.format import percent
from tests.conftest import Cast
from tests.factories import ago, make_company, make_deal
from tests.reports.test_consistency_page import rows_of
from tests.reports.test_metrics import asked


def act(cast: Cast, *, days: float, **said: Any) -> Activity:
    at = ago(days=days)
    row = {"kind": "meeting", "owner": cast.ana, "done_at": at, "created_at": at} | said
    return Activity.objects.create(**row)


@pytest.fixture
def deals(cast: Cast) -> dict[str, Deal]:
    """One deal in needs analysis of which nobody ruled, one that was ruled qualified, and one that is
    not so far."""
    norte = make_company(by=cast.ana)
    found = {
        name: make_deal(by=cast.ana, stage=stage, name=name, at=ago(days=60), company=norte)
        for name, stage in (
            ("early", Stage.NEEDS_ANALYSIS),
            ("sure", Stage.NEEDS_ANALYSIS),
            ("lead", Stage.PROSPECTING),
        )
    }
    Verdict.objects.filter(deal=found["early"]).delete()
    return found


def test_c14_effort_before_a_verdict_is_told_from_effort_after_it(
    cast: Cast, deals: dict[str, Deal]
) -> None:
    stages = {"early": (4, 3), "sure": (4, 2), "lead": (2, 4)}
    done = {
        name: [
            act(cast, days=20 - number, deal=deals[name], stage=stage) for number in range(times)
        ]
        for name, (stage, times) in stages.items()
    }
    # Two of the three came before somebody ruled on it.
    Verdict.objects.create(
        deal=deals["early"], ruling="qualified", ours="yes", theirs="yes", at=ago(days=18.5)
    )
    question = asked(cast.again(cast.ana), start=65)
    metric = effort.effort_before_qualified
    figure = metric.whole(question)
    assert (figure.part, figure.n) == (2, 5)
    early = metric.rows(question, FigureCell(metric=metric.slug, part=True))
    assert set(early) == set(done["early"][:2])


def test_c14_open_deals_that_came_far_unqualified_are_told_with_what_went_into_them(
    cast: Cast, deals: dict[str, Deal]
) -> None:
    for number in range(3):
        act(cast, days=20 - number, deal=deals["early"], stage=4)
    question = asked(cast.again(cast.mona))
    far, done = effort.far_unqualified, effort.effort_in_unqualified
    on_it = Activity.objects.filter(deal=deals["early"], done_at__isnull=False).count()
    assert (far.whole(question).part, far.whole(question).n) == (1, 2)
    assert done.whole(question).value == on_it >= 3
    cell = FigureCell(metric=far.slug, by="person", key=cast.ana.pk, part=True)
    assert list(far.rows(question, cell, PERSON)) == [deals["early"]]
    # A day before anything was done on it, less had gone into it.
    then = asked(cast.again(cast.mona), as_of=ago(days=30).date())
    assert done.whole(then).value == on_it - 3
    # The latest verdict counts, and no earlier one.
    for ruling, days in (("qualified", 5), ("not_yet", 4)):
        Verdict.objects.create(
            deal=deals["sure"], ruling=ruling, ours="yes", theirs="yes",
            at=ago(days=days), revisit_on=ago(days=0).date(),
        )  # fmt: skip
    assert far.whole(asked(cast.again(cast.mona))).part == 2


def test_b17_what_contributes_to_no_open_stage_is_flagged(
    cast: Cast, deals: dict[str, Deal]
) -> None:
    """A note on what is over, and a talk beside the own open deal with a customer; neither a talk on a
    deal nor one with somebody with whom nothing is open from needs analysis on."""
    company = deals["sure"].company
    known = set(Activity.objects.values_list("pk", flat=True))
    flagged = [
        act(cast, days=5, kind="note", deal=deals["sure"], stage=None),
        act(cast, days=4, company=company, stage=1),
    ]
    act(cast, days=4, deal=deals["sure"], company=company, stage=4)
    act(cast, days=4, company=make_company(by=cast.ana, name="Sur SA"), stage=1)
    act(cast, days=90, company=company, stage=1)  # before that deal was so far
    # A colleague's relationship is his own.
    act(cast, days=4, company=company, stage=1, owner=cast.carl)
    question = asked(cast.again(cast.ana), start=-100)
    metric = effort.leads_to_no_close
    found = metric.rows(question, FigureCell(metric=metric.slug, part=True)).exclude(pk__in=known)
    assert set(found) == set(flagged)


def test_c14_b17_pages_say_it_and_open_the_rows(
    client: Client, cast: Cast, deals: dict[str, Deal], monkeypatch: pytest.MonkeyPatch
) -> None:
    act(cast, days=5, deal=deals["early"], stage=4)
    act(cast, days=5, company=deals["sure"].company, stage=1)
    client.force_login(cast.again(cast.mona))
    page = unescape(client.get("/reports/process/").content.decode())
    box = page.partition('id="panel-effort"')[2].partition("</section>")[0]
    assert "<b>1 open deal</b> is in needs analysis or beyond" in box
    href = re.search(r'href="(/reports/rows/far_unqualified/[^"]*part=1[^"]*)"', box)
    assert href
    rows = client.get(href[1]).content.decode()
    links = set(re.findall(r'href="/deals/(\d+)/', rows))
    assert links == {str(deals["early"].pk)}
    talks = rows_of(client.get("/reports/").content.decode(), "talks")
    assert talks[cast.ana.name][-1] == "1"
    monkeypatch.setattr(Standing, "is_behind", False)
    address = f"/reports/people/{cast.ana.pk}/"
    for more in (0, 9):
        for number in range(more):
            act(cast, days=5 + number, deal=deals["early"], stage=4)
        own = rows_of(client.get(address).content.decode(), "effects")["Leads to no close"][1]
        n = Activity.objects.filter(owner=cast.ana, done_at__isnull=False).count()
        # Of fewer than ten there is no share.
        assert own == (f"1 {percent(1 / n)} of {n}" if n >= 10 else f"1 of {n}")
        assert (n >= 10) == bool(more)


def test_b17_other_deals_are_looked_for_only_where_an_activity_has_none(
    cast: Cast, deals: dict[str, Deal]
) -> None:
    """Most activities are on a deal: to look for one of each was most of the page's time."""
    for number in range(5):
        act(cast, days=20 - number, deal=deals["sure"], stage=4, company=deals["sure"].company)
    act(cast, days=9, stage=1, company=deals["sure"].company)
    question = asked(cast.again(cast.ana), start=65)
    with CaptureQueriesContext(connection) as asked_for:
        figure = effort.leads_to_no_close.whole(question)
    assert figure.part == 1
    (sql,) = [each["sql"] for each in asked_for if "crm_activity" in each["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        ((plan,),) = cursor.fetchall()
    looked = [
        node["Actual Loops"]
        for node in nodes_of(plan[0]["Plan"])
        if node.get("Parent Relationship") == "SubPlan"
    ]
    assert looked == [1]


def nodes_of(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for each in node.get("Plans", ()):
        yield from nodes_of(each)
