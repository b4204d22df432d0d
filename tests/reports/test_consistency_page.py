"""Whether the record can be trusted, by whom, and whether it is used (CHECKLIST C8, E6, E8, E9, E10,
E28, F1; METRICS K21, K22)."""

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal
from html import unescape
from typing import Any

from django.test import Client

from crm.commands import deal_move as move_commands
from crm.models import Activity, Deal
from pipeline.models import User
from pipeline.process.stages import Stage
from reports.axes import PERSON
from reports.metric import METRICS
from reports.metrics import adoption, consistency
from reports.pages.teams import concentration
from reports.presenters.standing import rate_words
from tests.conftest import Cast
from tests.factories import (
    NOW,
    ago,
    make_deal,
    make_user,
    plan_call,
    ready_deal,
    won_deal,
)
from tests.pipeline.test_process_page import add, publish
from tests.reports.test_metrics import asked
from tests.reports.test_people_pages import DAYS, page


def test_e8_a_share_is_said_in_words_at_the_edges() -> None:
    assert rate_words(0, 0) == ("too few", 0)
    assert rate_words(9, 9) == ("too few", 0)
    assert rate_words(90, 100) == ("90% holds", 0)
    assert rate_words(89, 100) == ("89% some gaps", 1)
    assert rate_words(80, 100) == ("80% some gaps", 1)
    assert rate_words(79, 100) == ("79% many gaps", 2)


def test_k21_the_record_of_a_day_is_what_it_was_on_that_day(cast: Cast, clock: Any) -> None:
    """A deal of twenty days ago, planned and touched when it began; today both are over."""
    deal = make_deal(by=cast.ana, stage=Stage.PROSPECTING, at=ago(days=20))
    plan_call(deal, by=cast.ana, due_at=ago(days=15))
    Activity.objects.filter(deal=deal, done_at=None).update(created_at=ago(days=20))
    question = asked(cast.again(cast.ana))
    days = [ago(days=back).date() for back in (25, 18, 0)]
    assert consistency.kept_on_days(question, days) == {days[1]: (1, 1), days[2]: (0, 1)}
    # The list behind the point of a day is that of the day.
    then = asked(cast.again(cast.ana), as_of=days[1])
    assert consistency.to_repair.whole(then).n == 0
    assert consistency.to_repair.whole(question).n == 1


def test_k21_as_of_today_is_what_it_is_now(worked_cast: Cast, clock: Any) -> None:
    """What history tells of this very day agrees with what the deals say themselves, rule by rule."""
    deal = Deal.objects.open().order_by("pk").first()
    assert deal is not None
    plan_call(deal, by=worked_cast.ana, due_at=ago(days=-2))
    ana = worked_cast.again(worked_cast.ana)
    now = asked(ana)
    tomorrow = NOW.date() + dt.timedelta(days=1)
    told = replace(now, as_of=NOW.date(), today=tomorrow)
    for metric in consistency.EVERY:
        assert metric.whole(told).n == metric.whole(now).n, metric.slug
        assert metric.whole(told).part == metric.whole(now).part, metric.slug


def test_e10_a_salesperson_sees_the_own_row_and_the_team_alone(
    client: Client, worked_cast: Cast, clock: Any
) -> None:
    text = page(client, worked_cast.again(worked_cast.ana), "/reports/consistency/")
    names = re.findall(r'<th scope="row"><a href="/reports/people/(\d+)/', text)
    assert set(names) == {str(worked_cast.ana.pk)}
    # Of a team of two all together would tell of the other one.
    assert "too few people" in text
    for user in (worked_cast.ben, worked_cast.mona, worked_cast.ana):
        make_deal(by=user, stage=Stage.PROSPECTING)
    Deal.objects.filter(owner=worked_cast.mona).update(team=worked_cast.north)
    text = page(client, worked_cast.again(worked_cast.ana), "/reports/consistency/")
    # Of gates it says nothing: one of them alone moved anything on.
    *rules, gates = rows_of(text, "rules")["Your team"]
    assert "too few people" not in rules
    assert gates == "too few people"
    assert "Ben" not in text.partition('id="panel-rules"')[2]


def test_f1_each_gap_is_one_click_away_from_its_repair(
    client: Client, worked_cast: Cast, clock: Any
) -> None:
    client.force_login(worked_cast.again(worked_cast.ana))
    text = unescape(client.get("/reports/consistency/").content.decode())
    ways = set(re.findall(r'href="(/deals/\d+/[a-z]+/(?:[a-z]+/)?)"', text))
    assert {way.split("/", 3)[3] for way in ways} >= {"plan/", "park/", "move/"}
    for way in sorted(ways)[:6]:
        assert client.get(way).status_code == 200, way


def test_c8_a_manager_sees_each_person_against_each_rule(
    client: Client, worked_cast: Cast, clock: Any
) -> None:
    text = page(client, worked_cast.again(worked_cast.mona), "/reports/consistency/")
    assert "too few" in text
    for number in range(12):
        make_deal(by=worked_cast.ana, stage=Stage.PROSPECTING, name=f"Lead {number}")
    text = page(client, worked_cast.again(worked_cast.mona), "/reports/consistency/")
    assert "many gaps" in text
    assert "to repair" in text


def test_k22_at_work_is_a_share_of_who_sells_and_never_who_signed_in(
    client: Client, cast: Cast, clock: Any
) -> None:
    """Ana logged a call, Ben moved a deal, Dora did nothing; Eva never joined, and is not known."""
    dora, _eva = (
        make_user(name="Dora Falk", team=cast.north),
        make_user(name="Eva Roth", team=cast.north, password=None),
    )
    User.objects.update(last_login=NOW)
    call = Activity(
        kind="call", deal=make_deal(by=cast.ana, at=ago(days=30)), owner=cast.ana, stage=1
    )
    call.done_at = call.created_at = ago(days=2)
    call.save()
    moved = ready_deal(by=cast.ben, at=ago(days=30))
    move_commands.move(moved, to=Stage.PROSPECTING, by=cast.ben, at=ago(days=6))
    mona = cast.again(cast.mona)
    figure = adoption.at_work.whole(asked(mona, start=0))
    assert (figure.part, figure.n) == (2, 3)
    assert (figure.coverage.known, figure.coverage.population) == (3, 4)
    # Of a week in which nobody did anything it is none of those; not "unknown".
    assert adoption.at_work.whole(asked(mona, start=0, end=82)).part == 0
    by_person = adoption.at_work.measure(asked(mona, start=0), PERSON)
    assert by_person[dora.pk].part == 0
    text = page(client, mona, "/reports/consistency/")
    told = text.partition("At work in it")[2].partition("</li>")[0]
    assert "67%" in told
    assert "2 of 3 people who sell" in told
    rows = client.get(f"/reports/rows/at_work/?{DAYS}").content.decode()
    assert f'href="/reports/people/{dora.pk}/' in rows
    assert "Eva Roth" not in rows
    file = client.get(f"/reports/rows/at_work/export/?{DAYS}&part=1")
    lines = b"".join(file.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert [line.split(",")[1].strip('"') for line in lines[1:]] == [cast.ana.name, cast.ben.name]


def test_k22_a_win_is_work_and_nobody_is_expected_before_the_first_day(cast: Cast) -> None:
    won_deal(by=cast.ana)
    assert not Activity.objects.filter(done_at__gte=ago(days=7)).exists()
    figure = adoption.at_work.whole(asked(cast.again(cast.mona), start=0))
    assert (figure.part, figure.n) == (1, 2)
    make_user(name="Dora Falk", team=cast.north, hired_on=ago(days=-1).date())
    assert adoption.at_work.whole(asked(cast.again(cast.mona), start=0)).n == 2


def test_k22_days_with_a_record_are_of_what_was_done_on_them(cast: Cast) -> None:
    for person, days in ((cast.ana, 3), (cast.ana, 4), (cast.ben, 3)):
        Activity.objects.create(
            kind="call",
            result="reached",
            deal=make_deal(by=person, at=ago(days=30)),
            owner=person,
            done_at=ago(days=days),
            created_at=ago(days=days) + dt.timedelta(hours=6 if person == cast.ana else 2),
            stage=1,
        )
    User.objects.update(last_login=NOW)
    question = asked(cast.again(cast.mona), start=82)
    days_told = METRICS["days_with_a_record"].measure(question, PERSON)
    assert {pk: figure.value for pk, figure in days_told.items()} == {
        cast.ana.pk: 2,
        cast.ben.pk: 1,
    }
    assert adoption.hours_to_record.whole(question).value == 6


def test_f15_concentration_is_the_share_of_the_first_and_of_the_first_fifth() -> None:
    assert concentration([Decimal(0)]) is None
    assert concentration([Decimal(80), *[Decimal(5)] * 4]) == (Decimal("0.8"), Decimal("0.8"))
    first, fifth = concentration(
        [Decimal(30), Decimal(20), *[Decimal(10)] * 5, *[Decimal(0)] * 3]
    ) or (0, 0)
    assert (first, fifth) == (Decimal("0.3"), Decimal("0.5"))


def test_e29_teams_add_up_to_the_whole_by_the_seven_stages(
    client: Client, worked_cast: Cast, clock: Any
) -> None:
    make_deal(by=worked_cast.carl, stage=Stage.PROSPECTING, at=ago(days=30))
    text = page(client, worked_cast.again(worked_cast.rosa), "/reports/teams/")
    assert "North" in text
    # Of fewer than ten nothing is said of a difference, nor of none.
    assert "No difference between the teams beyond chance." not in text
    # Mona leads one team: there is nothing to set beside it.
    client.force_login(worked_cast.again(worked_cast.mona))
    assert client.get("/reports/teams/").status_code == 404


def test_e29_teams_with_other_steps_add_up_to_the_whole(
    client: Client, worked_cast: Cast, clock: Any
) -> None:
    """North asks for one more thing than South: it is one process all the same, by its seven keys."""
    won_deal(by=worked_cast.carl, at=ago(days=3))
    add(worked_cast.north, by=worked_cast.mona, label="Measure the line", stage=Stage.PROPOSAL)
    publish(worked_cast.north, by=worked_cast.mona)
    text = page(client, worked_cast.again(worked_cast.rosa), "/reports/teams/")
    told = {key: rows_of(text, key) for key in ("flow", "steps")}
    assert list(told["steps"]) == ["North", "Region West", "South", "Framework"]
    shipped = [int(cell.split()[0]) for cell in told["steps"]["Framework"]]
    assert told["steps"]["South"] == [str(n) for n in shipped]
    for stage, (cell, n) in enumerate(zip(told["steps"]["North"], shipped, strict=True), start=1):
        assert cell == (f"{n + 1} 1 own" if stage == Stage.PROPOSAL else str(n))
    assert "Steps of their own: <b>North</b>." in text
    for stage in range(7):
        parts = [n_of(told["flow"][team][stage]) for team in ("North", "South")]
        assert sum(parts) == n_of(told["flow"]["All"][stage])
    assert any(n_of(cell) for cell in told["flow"]["South"])


def rows_of(text: str, panel: str) -> dict[str, list[str]]:
    """The cells of a box's table as they read, by the name of the row."""
    box = text.partition(f'id="panel-{panel}"')[2].partition("</section>")[0]
    rows = {}
    for row in re.findall(r"<tr>(.*?)</tr>", box.partition("<tbody>")[2], re.DOTALL):
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        name, *others = (" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells)
        rows[name] = others
    return rows


def n_of(cell: str) -> int:
    """Of how many a rate is: `83% 5 of 6`."""
    return int(cell.split()[-1]) if cell != "–" and cell.split() else 0
