"""For which stage work counts: on an open deal, without one, and after its outcome."""

import datetime as dt
import re
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from crm.commands import activity as commands
from crm.commands import deal as deal_commands
from crm.commands import deal_move as move_commands
from crm.commands import deal_win as win_commands
from crm.commands.writers.activity import About, Next
from crm.models import Activity, ActivityKind, Deal
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.crm.test_list_export import rows as exported
from tests.factories import (
    NOW,
    ago,
    make_company,
    make_contact,
    make_deal,
    ready_deal,
    stopped_deal,
    won_deal,
)

SPOKEN = [ActivityKind.CALL, ActivityKind.EMAIL, ActivityKind.MEETING]
OURS = [ActivityKind.NOTE, ActivityKind.TASK]


def log(about: About, cast: Cast, *, kind: ActivityKind, at: dt.datetime = NOW) -> Activity:
    return commands.log(about, kind=kind, body="Said", by=cast.ana, at=NOW, done_at=at)


def complete(about: About, cast: Cast, *, kind: ActivityKind) -> Activity:
    plan = Activity(kind=kind, owner=cast.ana, created_at=ago(days=9), created_by=cast.ana)
    plan.deal, plan.company, plan.contact = about.deal, about.company, about.contact
    plan.plan_for(Next(kind=kind, due_at=NOW).due)
    plan.save()
    commands.complete(plan, by=cast.ana, at=NOW)
    return plan


@pytest.mark.parametrize("closed", [won_deal, stopped_deal])
@pytest.mark.parametrize(
    ("kind", "stage"), [*((kind, 1) for kind in SPOKEN), *((kind, None) for kind in OURS)]
)
def test_work_after_the_outcome_is_no_closing(cast: Cast, closed: Any, kind: Any, stage: Any):
    deal = closed(by=cast.ana, company=make_company(by=cast.ana))
    about = About(deal=deal)
    assert log(about, cast, kind=kind).stage == stage
    if kind != ActivityKind.NOTE:
        assert complete(about, cast, kind=kind).stage == stage
    # The day before it was closed, it was not.
    assert log(about, cast, kind=kind, at=ago(days=2)).stage == deal.stage


@pytest.mark.parametrize("kind", [*SPOKEN, *OURS])
@pytest.mark.parametrize("with_deal", [False, True])
def test_work_without_a_deal_is_lead_generation(cast: Cast, kind: Any, with_deal: bool):
    norte = make_company(by=cast.ana)
    jordi = make_contact(by=cast.ana, company=norte)
    if with_deal:
        make_deal(by=cast.ana, company=norte, stage=Stage.PROPOSAL)
    for about in (About(company=norte), About(contact=jordi)):
        assert log(about, cast, kind=kind).stage == Stage.LEAD_GENERATION
        if kind != ActivityKind.NOTE:
            assert complete(about, cast, kind=kind).stage == Stage.LEAD_GENERATION


def test_between_two_outcomes_it_counts_for_the_stage_of_then(cast: Cast):
    deal = ready_deal(by=cast.ana, stage=Stage.PROPOSAL, at=ago(days=20))
    win_commands.win(deal, value=Decimal(9), reason="Quick", by=cast.ana, at=ago(days=10))
    deal_commands.reopen(deal, by=cast.ana, at=ago(days=5), reason="They called")
    move_commands.move(deal, to=Stage.PROPOSAL, by=cast.ana, at=ago(days=3), reason="Anew")
    days = (30, 15, 8, 4, 1)
    stages = [
        log(About(deal=deal), cast, kind=ActivityKind.CALL, at=ago(days=day)).stage for day in days
    ]
    assert stages == [5, 5, 1, 7, 5]


def test_the_list_finds_it_and_says_it_in_words(client: Client, cast: Cast):
    won, stopped = won_deal(by=cast.ana), stopped_deal(by=cast.ana)
    log(About(company=make_company(by=cast.ana)), cast, kind=ActivityKind.EMAIL)
    log(About(deal=won), cast, kind=ActivityKind.MEETING)
    log(About(deal=won), cast, kind=ActivityKind.NOTE)
    log(About(deal=stopped), cast, kind=ActivityKind.NOTE)
    log(About(deal=make_deal(by=cast.ana)), cast, kind=ActivityKind.NOTE)
    client.force_login(cast.ana)

    def cells(query: str) -> list[str]:
        page = client.get(f"/activities/?state=done&{query}&sort=stage").content.decode()
        found = re.findall(r'<td class="p3 nowrap">(.*?)</td>', page)
        return [" ".join(re.sub("<.*?>", " ", cell).split()) for cell in found]

    assert cells("stage=1") == ["1 Lead gen"] * 3
    assert sorted(cells("stage=0")) == ["After the stop", "Hand-off"]
    assert len(cells("stage=1&stage=0")) == 5
    # Each phase, and what is neither, together make all of it (CHECKLIST B11).
    phases = [cells(f"phase={phase}") for phase in ("qualifying", "closing", "outside")]
    assert sorted(cell for found in phases for cell in found) == sorted(cells(""))
    assert sorted(phases[2]) == ["After the stop", "Hand-off"]
    # The conversation by which the deal came through stage 2.
    assert set(cells("stage=7")) <= {"7 Closing"}
    assert all(
        len(exported(client, cast.ana, f"/lists/activities.csv?state=done&stage={n}")) == many
        for n, many in ((0, 2), (1, 3))
    )


def test_what_is_planned_is_found_by_the_stage_for_which_it_would_count(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana, stage=Stage.PROPOSAL)
    company = make_company(by=cast.ana)
    for about in (About(deal=deal), About(company=company)):
        commands.plan(about, next=Next(kind=ActivityKind.CALL, due_at=NOW), by=cast.ana, at=NOW)
    for asked, many in (
        *(("stage=1", 1), ("stage=5", 1), ("stage=0", 0), ("stage=4", 0)),
        *(("phase=qualifying", 1), ("phase=closing", 1), ("phase=outside", 0)),
    ):
        assert len(exported(client, cast.ana, f"/lists/activities.csv?{asked}")) == many, asked


def test_records_of_before_are_mended(cast: Cast):
    won = won_deal(by=cast.ana, company=make_company(by=cast.ana))
    again = won_deal(by=cast.ana)
    deal_commands.reopen(again, by=cast.ana, at=ago(hours=9), reason="They called")
    abouts = [About(deal=won), About(deal=again), About(company=won.company)]
    for about in abouts:
        for kind in (ActivityKind.CALL, ActivityKind.NOTE):
            for hours in (240, 30, 12, 1):
                log(about, cast, kind=kind, at=ago(hours=hours))
    log(About(deal=won), cast, kind=ActivityKind.CALL)
    right = dict(Activity.objects.values_list("pk", "stage"))
    # As it was recorded until now.
    Activity.objects.filter(deal=None).update(stage=None)
    for deal in Deal.objects.all():
        Activity.objects.filter(deal=deal, done_at__gt=ago(days=1)).update(stage=7)
    with connection.cursor() as cursor:
        cursor.execute(import_module("crm.migrations.0019_stages_of_work").MEND)
    assert dict(Activity.objects.values_list("pk", "stage")) == right
