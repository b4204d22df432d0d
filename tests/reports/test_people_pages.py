"""The pages about people: effort beside effect, like with like, and who looked (CHECKLIST B5, B11,
B12, D7, D14, D16, D17, D21, E2, E8, E10, E15-E18, E27)."""

import csv
import re
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import Activity, Deal
from pipeline.models import AuditEntry, Role, SellingStyle, User
from pipeline.process.moves import LeftHow
from pipeline.process.stages import Stage
from reports.figures import Coverage, Figure
from reports.metrics import activity, flow
from reports.metrics.styles import UsualShare, usual_flow
from reports.presenters.multiples import Spot, without_overlap
from reports.presenters.people import StageEffort, question_about
from reports.queries.looks import LookedAt
from tests.conftest import Cast
from tests.factories import NOW, ago, make_deal
from tests.reports.test_metrics import asked

DAYS = "span=custom&start=2025-12-01&end=2026-03-31"
QUERIES, BYTES = 14, 100_000


def page(client: Client, user: User, path: str, **switched: str) -> str:
    client.force_login(user)
    answer = client.get(f"{path}?{DAYS}&{urlencode(switched)}")
    assert answer.status_code == 200, path
    return unescape(answer.content.decode())


def test_d16_e27_a_manager_sees_what_each_does_beside_what_comes_of_it(
    client: Client, worked_cast: Cast, clock: Any
) -> None:
    text = page(client, worked_cast.again(worked_cast.mona), "/reports/people/")
    assert f'href="/reports/people/{worked_cast.ana.pk}/' in text
    # D21: talks never stand without what came of them.
    assert text.count('class="mult-cell"') % 7 == 0
    for cell in re.findall(r'<div class="mult-cell">.*?</div>', text, re.DOTALL):
        assert " · " in cell
        assert "n " in cell


def test_b12_the_effect_of_a_phase_adds_up_its_stages(
    client: Client, worked_cast: Cast, clock: Any
) -> None:
    keep_true(worked_cast)
    text = page(
        client, worked_cast.again(worked_cast.ana), f"/reports/people/{worked_cast.ana.pk}/"
    )
    # Stages 1 to 3: 6 + 4 + 6 of 7 + 5 + 7; 4 to 7: 4 + 5 + 2 + 2 of 5 + 5 + 5 + 2.
    assert "16 of 19" in text
    assert "13 of 17" in text


def test_a_person_page_costs_so_many_queries_and_bytes_at_most(
    client: Client, worked_cast: Cast, clock: Any
) -> None:
    keep_true(worked_cast)
    client.force_login(worked_cast.again(worked_cast.mona))
    path = f"/reports/people/{worked_cast.ana.pk}/?{DAYS}"
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    assert len(queries) <= QUERIES, "\n\n".join(query["sql"][:300] for query in queries)
    assert len(answer.content) <= BYTES
    text = answer.content.decode()
    for href in {unescape(each) for each in re.findall(r'href="(/reports/rows/[^"]+)"', text)}:
        assert f"person={worked_cast.ana.pk}" in href
        assert client.get(href).status_code == 200, href
    for href in {unescape(each) for each in re.findall(r'href="([^"]+\.csv\?[^"]*)"', text)}:
        assert client.get(href)["Content-Type"].startswith("text/csv"), href


def test_a_person_out_of_reach_is_not_there(client: Client, worked_cast: Cast) -> None:
    client.force_login(worked_cast.again(worked_cast.ana))
    for person in (worked_cast.ben, worked_cast.mona, worked_cast.carl):
        assert client.get(f"/reports/people/{person.pk}/").status_code == 404
        assert client.get(f"/reports/person/stages.csv?person={person.pk}").status_code == 404
    assert client.get("/reports/people/999999999/").status_code == 404
    assert client.get("/reports/person/").status_code == 404
    assert not AuditEntry.objects.exists()


def test_d14_e10_below_the_line_what_is_missing_stands_in_place_of_figures(
    client: Client, worked_cast: Cast, clock: Any
) -> None:
    """The fixture's open deals have nothing planned: nothing is concluded of them."""
    mona, ana = worked_cast.again(worked_cast.mona), worked_cast.ana
    text = page(client, mona, "/reports/people/")
    assert "No figures yet." in text
    own = page(client, worked_cast.again(ana), f"/reports/people/{ana.pk}/")
    assert "No figures yet" in own
    assert 'id="panel-stages"' not in own
    # E9: the rest is drawn as soon as the record is kept.
    keep_true(worked_cast)
    assert "No figures yet." not in page(client, mona, "/reports/people/")
    assert 'id="panel-stages"' in page(client, mona, f"/reports/people/{ana.pk}/")


def test_e2_whoever_looks_is_seen_by_the_person_and_by_the_manager(
    client: Client, worked_cast: Cast, clock: Any
) -> None:
    ana, mona, rosa = (
        worked_cast.again(user) for user in (worked_cast.ana, worked_cast.mona, worked_cast.rosa)
    )
    path = f"/reports/people/{ana.pk}/"
    assert "Nobody did in the last 90 days." in page(client, ana, path)
    for _time in range(2):
        page(client, mona, path)
    page(client, rosa, "/reports/people/")
    client.force_login(rosa)
    client.get(f"/reports/rows/open_deals/?by=person&of={ana.pk}&{DAYS}")
    looks = AuditEntry.objects.of_records_of(ana.pk).order_by("pk")
    assert [(look.by_id, look.what) for look in looks] == [
        (mona.pk, LookedAt.PAGE),
        (rosa.pk, LookedAt.TEAM),
        (rosa.pk, f"{LookedAt.LIST}/open_deals"),
    ]
    own = page(client, ana, path)
    assert "Mona" in own
    assert "Rosa" in own
    assert not AuditEntry.objects.filter(by=ana).exists()
    assert "Rosa" in page(client, mona, path)


def keep_true(cast: Cast) -> None:
    """The open deals of the fixture, with a record that is kept: planned, touched and dated."""
    Deal.objects.open().update(
        next_on=NOW.date(),
        next_kind="call",
        touched_at=NOW,
        changed_at=NOW,
        expected_close_on=ago(days=-30).date(),
    )


# What is said of a person ------------------------------------------------------------------------


def effort(cast: Cast, part: int, n: int, *, past: Any = None, usual: Any = None) -> StageEffort:
    question = asked(cast.ana)
    went = Figure(
        value=Decimal(part) / n if n else None,
        n=n,
        part=part,
        definition=flow.flow_conversion.definition,
        period=question.period,
        coverage=Coverage(known=n, population=n),
    )
    return StageEffort(
        stage=4,
        went_on=went,
        talks=activity.conversations.of_nothing(question),
        past=past,
        usual=usual and UsualShare(share=usual, people=6),
    )


def test_f11_a_question_is_pointed_only_beyond_chance(cast: Cast) -> None:
    fell = question_about([effort(cast, 10, 60, past=(45, 60))])
    assert "10 of 60" in fell
    assert "What got in the way?" in fell
    assert "differently" in question_about([effort(cast, 50, 60, past=(20, 60))])
    assert "Nothing left" in question_about([effort(cast, 30, 60, past=(33, 60), usual=0.5)])
    assert "in common" in question_about([effort(cast, 20, 60, usual=0.6)])
    assert "learn from it" in question_about([effort(cast, 50, 60, usual=0.6)])
    # Of nine nothing is concluded, whatever they were.
    assert "Too few" in question_about([effort(cast, 0, 9, past=(45, 60), usual=0.9)])
    # Nor where there is nothing usual to set them beside.
    few = [effort(cast, 5, 10, past=(9, 9)), effort(cast, 0, 9, past=(45, 60))]
    assert "n 9 where it takes 10" in question_about(few)


# Four quadrants ----------------------------------------------------------------------------------


@pytest.fixture
def styled(cast: Cast) -> dict[str, User]:
    """Five people of one style in the four corners and the middle, and one of another style."""
    work = {
        "Few more": (20, 18),
        "Many more": (80, 18),
        "Few less": (20, 6),
        "Many less": (80, 6),
        "In between": (40, 12),
    }
    people = {}
    for name, (talks, went) in work.items():
        people[name] = person = User.objects.create(
            name=name, role=Role.SALESPERSON, style=SellingStyle.NEW_BUSINESS, team=cast.north
        )
        work_of(person, talks=talks, went_on=went, ended=20)
    other = User.objects.create(
        name="Another",
        role=Role.SALESPERSON,
        style=SellingStyle.ACCOUNT_MANAGEMENT,
        team=cast.north,
    )
    work_of(other, talks=400, went_on=1, ended=20)
    return {**people, "Another": other}


def work_of(person: User, *, talks: int, went_on: int, ended: int) -> None:
    """Stays in prospecting that ended ten days ago, and talks of that day."""
    deal = make_deal(by=person, stage=Stage.PROPOSAL, name=f"Deal of {person.name}")
    Deal.objects.filter(pk=deal.pk).update(
        next_on=NOW.date(), next_kind="call", touched_at=NOW, amount=5,
        expected_close_on=ago(days=-30).date(),
    )  # fmt: skip
    first = deal.visits.order_by("sequence").first()
    assert first is not None
    deal.visits.bulk_create(
        type(first)(
            deal=deal,
            sequence=100 + number,
            stage=Stage.PROSPECTING,
            entered_at=ago(days=20),
            entered_how="forward",
            entry_owner=person,
            entry_team=person.team,
            exit_owner=person,
            exit_team=person.team,
            left_at=ago(days=10),
            left_how=LeftHow.ADVANCED if number < went_on else LeftHow.STOPPED,
        )
        for number in range(ended)
    )
    Activity.objects.bulk_create(
        Activity(
            kind="call",
            result="reached",
            deal=deal,
            owner=person,
            done_at=ago(days=10),
            created_at=ago(days=10),
            stage=Stage.PROSPECTING,
        )
        for _number in range(talks)
    )


def test_d17_f8_e18_people_stand_in_four_quadrants_beside_their_own_style(
    client: Client, cast: Cast, styled: dict[str, User], clock: Any
) -> None:
    client.force_login(cast.again(cast.mona))
    answer = client.get(f"/reports/people/quadrants.csv?{DAYS}")
    rows = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    corners = {row[0]: row[5] for row in csv.reader(rows[1:])}
    assert corners == {
        "Few more": "fewer talks, more goes on",
        "Many more": "more talks, more goes on",
        "Few less": "fewer talks, less goes on",
        "Many less": "more talks, less goes on",
        "In between": "more talks, more goes on",
    }
    assert list(corners) == sorted(corners), "from A to Z, never ranked"
    text = client.get(f"/reports/people/?{DAYS}").content.decode()
    scale = re.findall(r'<text class="m" x="[^"]+" y="13">([^<]+)<', text)
    assert re.fullmatch(r"−\d+% −\d+% 0% \+\d+% \+\d+%", " ".join(scale))


def test_e15_e16_e17_a_middle_is_told_of_several_people_only(
    cast: Cast, styled: dict[str, User]
) -> None:
    """Of five for whoever sells, of three for who leads; of one style never of another."""
    person = styled["In between"]
    question = asked(cast.again(person))
    usual = usual_flow(question).usual
    assert usual[SellingStyle.NEW_BUSINESS, Stage.PROSPECTING] == UsualShare(share=0.6, people=5)
    assert not any(style == SellingStyle.ACCOUNT_MANAGEMENT for style, _stage in usual)
    User.objects.filter(pk=styled["Few more"].pk).update(style=SellingStyle.MIXED)
    assert not usual_flow(asked(cast.again(person))).usual
    assert usual_flow(asked(cast.again(cast.mona))).usual


def test_b5_people_without_a_manager_and_managers_who_sell_are_named(
    client: Client, cast: Cast, styled: dict[str, User], clock: Any
) -> None:
    work_of(cast.mona, talks=30, went_on=10, ended=20)
    text = page(client, cast.again(cast.rosa), "/reports/people/")
    assert "leads, and sells too" in text
    assert "31 of 677 talks" in text
    cast.north.manager = None
    cast.north.save()
    text = page(client, cast.again(cast.adele), "/reports/people/")
    assert "Few less" in text.partition("People without a manager")[2][:400]


def test_b11_what_is_outside_the_two_phases_is_counted_apart(
    cast: Cast, styled: dict[str, User]
) -> None:
    person = styled["In between"]
    Activity.objects.filter(owner=person, pk__in=first_ids(person, 10)).update(stage=None)
    figure = activity.outside_share.whole(asked(cast.again(person)))
    # With the talk by which the deal began.
    assert (figure.part, figure.n) == (10, 41)


def first_ids(person: User, count: int) -> list[int]:
    return list(Activity.objects.filter(owner=person).values_list("pk", flat=True)[:count])


def test_k19_yield_counts_what_went_on_within_two_weeks(worked_cast: Cast) -> None:
    """A talk 13 days before an advance led on, one of 15 days did not, one of last week is too
    young to say."""
    ana = worked_cast.ana
    deal = Deal.objects.get(name="D3")  # 2@2 3@12 4@22 3@30 4@38 5@45, open; now is day 90
    Activity.objects.all().delete()
    for days in (90 - 45 + 13, 40, 7):
        Activity.objects.create(
            kind="call", result="reached", deal=deal, owner=ana, stage=5,
            done_at=ago(days=days), created_at=ago(days=days),
        )  # fmt: skip
    figure = activity.activity_yield.whole(asked(worked_cast.again(ana)))
    assert (figure.part, figure.n) == (1, 2)


def test_names_in_the_scatter_lie_on_no_other_where_there_is_room() -> None:
    def spot(name: str, x: float, y: float) -> Spot:
        return Spot(name=name, x=x, y=y, high=0, low=0, style="mixed", title="", href="")

    alone, far = spot("Ana Ruiz", 20, 20), spot("Ben Okoro", 20, 80)
    assert without_overlap([alone, far]) == [alone, far]
    # Four in one place stand around it; near the right edge to the left.
    around = without_overlap([spot(f"Person {n}", 50, 50) for n in range(4)])
    assert len({(each.is_left, each.is_below) for each in around}) == 4
    assert without_overlap([spot("Zoe Falk", 95, 50)])[0].is_left
