"""How stages fit together (CHECKLIST C22), and how often we asked for the agreement (C18)."""

import csv
import re
from html import unescape

from django.test import Client

from crm.models import ClosingAttempt
from pipeline.process.stages import Stage
from reports.axes import CAME_FROM, STAGE
from reports.figures import FigureCell
from reports.metrics import flow, outcomes
from tests.conftest import Cast
from tests.factories import ago, make_deal, stopped_deal, won_deal
from tests.reports.test_metrics import asked
from tests.reports.test_overview import DAYS


def test_c22_returns_stand_by_where_they_come_from_and_go_to(
    client: Client, worked_cast: Cast
) -> None:
    """D3 went back from 4 to 3, D6 from 6 to 5; D2 was opened again in 6, where it had stopped."""
    question = asked(worked_cast.again(worked_cast.mona))
    found = flow.came_back.measure(question, CAME_FROM, STAGE)
    assert {pair: figure.n for pair, figure in found.items()} == {(4, 3): 1, (6, 5): 1, (6, 6): 1}
    client.force_login(worked_cast.again(worked_cast.mona))
    page = unescape(client.get(f"/reports/time/?{DAYS}").content.decode())
    answer = client.get(f"/reports/time/fit.csv?{DAYS}")
    told = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    (sixth,) = (row for row in csv.reader(told.splitlines()) if "Objections" in ",".join(row))
    assert sixth[2:4] == ["2", "1"], told
    href = re.search(r'href="(/reports/rows/came_back/[^"]*of=4[^"]*in=3[^"]*)"', page)
    assert href
    assert "D3" in client.get(href[1]).content.decode()


def test_c18_every_attempt_is_a_row_and_wins_say_how_many_it_took(
    client: Client, cast: Cast
) -> None:
    known = set(ClosingAttempt.objects.values_list("pk", flat=True))
    won = won_deal(by=cast.ana, name="Twice asked")
    ClosingAttempt.objects.filter(deal=won).delete()
    still = make_deal(by=cast.ana, stage=Stage.CLOSING, name="Asked once")
    for deal, reply in ((won, "not_yet"), (won, "yes"), (still, "no")):
        ClosingAttempt.objects.create(
            deal=deal, reply=reply, asked="Shall we start in May?", why="The board", at=ago(days=3)
        )
    question = asked(cast.again(cast.mona), start=60)
    metric = outcomes.agreed_attempts
    rows = metric.rows(question, FigureCell(metric=metric.slug)).exclude(pk__in=known)
    assert (rows.count(), metric.whole(question).part) == (3, 1)
    assert outcomes.attempts_per_win.whole(question).value == 2
    client.force_login(cast.mona)
    listed = unescape(client.get(f"/reports/rows/agreed_attempts/?{DAYS}").content.decode())
    assert all(word in listed for word in ("Twice asked", "Asked once", "Shall we start in May?"))
    box = unescape(client.get(f"/reports/wins/?{DAYS}").content.decode())
    assert "/reports/rows/agreed_attempts/" in box.partition('id="panel-around"')[2]


def test_c18_a_deal_that_was_lost_without_asking_is_told(cast: Cast) -> None:
    """Of those to which an offer was made; before that there is nothing to ask for."""
    asked_for, never, _early = (
        stopped_deal(by=cast.ana, stage=stage, name=name)
        for stage, name in (
            (Stage.OBJECTIONS, "asked"), (Stage.OBJECTIONS, "never"), (Stage.PROSPECTING, "early")
        )
    )  # fmt: skip
    ClosingAttempt.objects.create(deal=asked_for, reply="no", at=ago(days=3))
    question = asked(cast.again(cast.mona), start=60)
    metric = outcomes.lost_without_asking
    found = metric.rows(question, FigureCell(metric=metric.slug, part=True))
    assert set(found) == {never}
    assert set(metric.rows(question, FigureCell(metric=metric.slug))) == {asked_for, never}
