"""Which stages a deal went through, as other systems keep it: visits of deals that files brought in."""

import datetime as dt
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command

from crm.commands import deal as deal_commands
from crm.commands import deal_move
from crm.models import Activity, Deal, ImportedRow, Judgement, StageVisit
from exchange import queries
from exchange.commands import job as verbs
from exchange.commands import work
from exchange.imports import answers, mapping
from exchange.models import ImportChange, ImportFault, ImportJob
from pipeline.models import User
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.exchange.presets import Written
from tests.exchange.test_import_presets import brought_in
from tests.exchange.uploads import answer, browser, page, uploaded, worked
from tests.exchange.uploads import brought_in as by_command

pytestmark = pytest.mark.django_db

DEALS = (
    '"Id","Name","StageName","CloseDate","CreatedDate","OwnerId","Amount"\r\n'
    '"d1","Rollout","Proposal/Price Quote","","2026-01-10T09:00:00.000Z","Ana Ruiz","100"\r\n'
    '"d2","Renewal","Closed Won","2026-02-20","2026-01-10T09:00:00.000Z","Ana Ruiz","200"\r\n'
    '"d3","Line","Closed Lost","2026-02-18","2026-01-10T09:00:00.000Z","Ana Ruiz","300"\r\n'
)
# Every change of an opportunity is a row, whether its stage changed or not; the newest first.
HISTORY = (
    '"Id","OpportunityId","CreatedById","CreatedDate","StageName","Amount","ExpectedRevenue",'
    '"CloseDate","Probability","ForecastCategory","IsDeleted"\r\n'
    '"h9","d1","Ana Ruiz","2026-02-12T09:00:00.000Z","Proposal/Price Quote","100","50","","50","","0"\r\n'
    '"h8","d1","Bob Unknown","2026-02-10T09:00:00.000Z","Proposal/Price Quote","90","50","","50","","0"\r\n'
    '"h7","d1","Ana Ruiz","2026-01-20T09:00:00.000Z","Prospecting","90","50","","50","","0"\r\n'
    '"h6","d2","Ana Ruiz","2026-02-20T15:00:00.000Z","Closed Won","200","200","","100","","0"\r\n'
    '"h5","d2","Ana Ruiz","2026-02-01T09:00:00.000Z","Negotiation/Review","200","200","","90","","0"\r\n'
    '"h4","d2","Ana Ruiz","2026-01-15T09:00:00.000Z","Qualification","200","200","","10","","0"\r\n'
    '"h3","d3","Ana Ruiz","2026-02-18T15:00:00.000Z","Closed Lost","300","0","","0","","0"\r\n'
    '"h2","d3","Ana Ruiz","2026-01-12T09:00:00.000Z","Proposal/Price Quote","300","0","","0","","0"\r\n'
    '"h1","d9","Ana Ruiz","2026-01-12T09:00:00.000Z","Prospecting","300","0","","0","","0"\r\n'
)
WAYS = {
    "Rollout": [(2, "20.01.", "advanced"), (5, "10.02.", None)],
    "Renewal": [(3, "15.01.", "advanced"), (6, "01.02.", "advanced"), (7, "20.02.", "won")],
    "Line": [(5, "12.01.", "stopped")],
}
NONE = {
    "Rollout": [(5, None, None)],
    "Renewal": [(7, "20.02.", "won")],
    "Line": [(3, None, "stopped")],
}


def ways() -> dict[str, list[tuple[int, str | None, str | None]]]:
    return {
        deal.name: [
            (
                visit.stage,
                f"{visit.entered_at:%d.%m.}" if visit.entered_at else None,
                visit.left_how,
            )
            for visit in deal.visits.order_by("sequence")
        ]
        for deal in Deal.objects.all()
    }


def unbroken() -> bool:
    out = StringIO()
    call_command("check_history", stdout=out)
    return "unbroken" in out.getvalue()


def deals(user: User) -> ImportJob:
    return brought_in(user, Written(kind="deals", name="Opportunity.csv", text=DEALS), "SF")


def history(user: User, text: str = HISTORY, *, out: int = 1) -> ImportJob:
    file = Written(kind="history", name="OpportunityHistory.csv", text=text, out=out)
    return brought_in(user, file, "SF")


def everything() -> list[Any]:
    """All that could change, but for ids and versions."""
    rows = StageVisit.objects.order_by("deal", "sequence").values()
    visits = [{key: value for key, value in row.items() if key != "id"} for row in rows]
    found = Deal.objects.order_by("pk").values(
        "stage", "stage_entered_at", "closed_at", "changed_at"
    )
    judged = Judgement.objects.order_by("pk").values("pk", "deal", "findings", "visit__sequence")
    return [visits, list(found), list(judged), list(Activity.objects.order_by("pk").values())]


def test_a_history_becomes_visits_and_is_taken_back(cast: Cast):
    first = deals(cast.ana)
    before = everything()
    assert ways() != WAYS
    job = history(cast.ana)
    assert ways() == WAYS
    assert unbroken()
    fault = job.faults.get(comes_in=False)
    assert (fault.value, "Bring in the file that has it first" in fault.reason) == ("d9", True)
    line = Deal.objects.get(name="Line")
    assert (line.stage, line.closed_at) == (5, Deal.objects.get(name="Line").visits.get().left_at)
    by = StageVisit.objects.get(deal__name="Renewal", stage=6)
    assert (by.entered_by, by.left_by) == (cast.ana, cast.ana)
    # Who is not on record is left out.
    assert StageVisit.objects.get(deal__name="Rollout", stage=5).entered_by is None
    words = page(cast.ana, job)
    assert "Stages that it went through" in words
    verbs.undo(job, by=cast.ana, at=dt.datetime.now(dt.UTC))
    assert worked(job).state == "undone"
    assert everything() == before
    assert not ImportedRow.objects.filter(kind="history").exists()
    # Nothing is left that would keep the deals.
    verbs.undo(first, by=cast.ana, at=dt.datetime.now(dt.UTC))
    assert worked(first).counts["kept"] == 0
    assert not Deal.objects.exists()


def test_a_check_of_a_history_changes_nothing_and_shows_what_it_would(cast: Cast):
    deals(cast.ana)
    before = everything()
    job = uploaded(cast.ana, HISTORY, kind="history")
    columns = answers.suggested_columns(job)["columns"]
    verbs.name_columns(
        job, system="SF", columns=columns, like={}, by=cast.ana, at=dt.datetime.now(dt.UTC)
    )
    # What was said of the stages of these deals is suggested.
    assert worked(job).state == "asking"
    assert job.answers["hints"]["Proposal/Price Quote"]["stage"] == "proposal"
    answer(cast.ana, job)
    assert worked(job).state == "checked"
    assert job.counts["new"] == 8
    assert everything() == before
    assert {change.field for change in ImportChange.objects.filter(job=job)} == {"visits"}
    assert "2 Prospecting" in page(cast.ana, job) or "Prospecting (" in page(cast.ana, job)


def test_what_was_moved_here_keeps_its_history(cast: Cast):
    deals(cast.ana)
    deal = Deal.objects.get(name="Rollout")
    at = dt.datetime.now(dt.UTC)
    deal_move.move(deal, to=Stage.NEEDS_ANALYSIS, reason="again", by=cast.ana, at=at)
    job = history(cast.ana, out=4)
    assert ways()["Rollout"][-1][0] == 4
    assert ways()["Renewal"] == WAYS["Renewal"]
    assert {fault.line for fault in job.faults.filter(reason__contains="moved here")} == {2, 3, 4}
    assert unbroken()


def test_a_longer_history_goes_on_and_an_older_batch_waits(cast: Cast):
    deals(cast.ana)
    *rows, last = HISTORY.replace("d9", "d1").strip().split("\r\n")
    short = "\r\n".join(row for row in rows if '"h8"' not in row)
    history(cast.ana, short, out=0)
    assert ways()["Rollout"] == [(2, "20.01.", "advanced"), (5, "12.02.", None)]
    job = history(cast.ana, "\r\n".join([*rows, last]), out=0)
    assert job.counts["known"] == 7
    assert ways()["Rollout"] == [(2, "12.01.", "advanced"), (5, "10.02.", None)]
    assert unbroken()
    verbs.undo(job, by=cast.ana, at=dt.datetime.now(dt.UTC))
    worked(job)
    assert ways()["Rollout"] == [(2, "20.01.", "advanced"), (5, "12.02.", None)]


def test_activities_of_files_count_for_the_stage_that_the_deal_was_in(cast: Cast):
    deals(cast.ana)
    text = (
        '"Id","WhatId","Subject","ActivityDate","Status","TaskSubtype","CreatedDate","OwnerId"\r\n'
    )
    text += (
        '"a1","d2","Rang","2026-01-20","Completed","Call","2026-01-20T09:00:00.000Z","Ana Ruiz"\r\n'
    )
    brought_in(cast.ana, Written(kind="activities", name="Task.csv", text=text), "SF")
    assert Activity.objects.get().stage == 7
    job = history(cast.ana)
    assert Activity.objects.get().stage == 3
    verbs.undo(job, by=cast.ana, at=dt.datetime.now(dt.UTC))
    worked(job)
    assert Activity.objects.get().stage == 7


SHAPES = {
    "Salesforce, one row for each field": (
        '"Id","IsDeleted","OpportunityId","CreatedById","CreatedDate","Field","DataType","OldValue",'
        '"NewValue"\r\n'
        '"f1","0","d1","Ana Ruiz","2026-01-10T09:00:00.000Z","created","Text","",""\r\n'
        '"f2","0","d1","Ana Ruiz","2026-01-20T09:00:00.000Z","StageName","Text","Prospecting",'
        '"Qualification"\r\n'
        '"f3","0","d1","Ana Ruiz","2026-01-20T09:00:00.000Z","Amount","Currency","90","100"\r\n'
        '"f4","0","d1","Ana Ruiz","2026-02-10T09:00:00.000Z","StageName","Text","Qualification",'
        '"Proposal/Price Quote"\r\n',
        2,
    ),
    "Zoho": (
        '"Record Id","Deal Name.id","Deal Name","Stage","Moved To","Stage Duration (Calendar Days)",'
        '"Modified Time","Modified By"\r\n'
        '"s1","d1","Rollout","Prospecting","Qualification","10","2026-01-20 09:00:00","Ana Ruiz"\r\n'
        '"s2","d1","Rollout","Qualification","Proposal/Price Quote","21","2026-02-10 09:00:00",'
        '"Ana Ruiz"\r\n',
        0,
    ),
    "Pipedrive": (
        "id,deal_id,field_key,old_value,new_value,log_time,user_id\r\n"
        "p1,d1,stage_id,Prospecting,Qualification,2026-01-20 09:00:00,Ana Ruiz\r\n"
        "p2,d1,value,90,100,2026-01-21 09:00:00,Ana Ruiz\r\n"
        "p3,d1,stage_id,Qualification,Proposal/Price Quote,2026-02-10 09:00:00,Ana Ruiz\r\n",
        1,
    ),
    "HubSpot": (
        '"Object ID","Property","Value","Source","Timestamp","Updated by"\r\n'
        '"d1","dealstage","Prospecting","CRM_UI","2026-01-10 09:00","Ana Ruiz"\r\n'
        '"d1","dealstage","Qualification","CRM_UI","2026-01-20 09:00","Ana Ruiz"\r\n'
        '"d1","amount","100","CRM_UI","2026-01-20 09:00","Ana Ruiz"\r\n'
        '"d1","dealstage","Proposal/Price Quote","CRM_UI","2026-02-10 09:00","Ana Ruiz"\r\n',
        1,
    ),
    "Odoo": (
        '"External ID","Message/Related Document ID","Field","Old Value Char","New Value Char",'
        '"Created on","Created by"\r\n'
        '"o1","d1","Stage","Prospecting","Qualification","2026-01-20 09:00:00","Ana Ruiz"\r\n'
        '"o2","d1","Stage","Qualification","Proposal/Price Quote","2026-02-10 09:00:00","Ana Ruiz"\r\n',
        0,
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_history_of_each_product(cast: Cast, shape: str):
    text, out = SHAPES[shape]
    deals(cast.ana)
    history(cast.ana, text, out=out)
    assert ways()["Rollout"] == [
        (2, "10.01.", "advanced"),
        (3, "20.01.", "advanced"),
        (5, "10.02.", None),
    ]
    assert unbroken()


def both(folder: Path, of_deals: str) -> mapping.Mapping:
    """The mapping of a command's two files, which are written to `folder`."""
    (folder / "deals.csv").write_text(of_deals)
    (folder / "history.csv").write_text(HISTORY)
    stages = {
        "Prospecting": {"stage": "prospecting"},
        "Qualification": {"stage": "qualification"},
        "Proposal/Price Quote": {"stage": "proposal"},
        "Negotiation/Review": {"stage": "objections"},
        "Closed Won": {"stage": "closing", "outcome": "won"},
        "Closed Lost": {
            "stage": "qualification",
            "outcome": "stopped",
            "initiator": "customer",
            "cause": "unknown",
        },
    }
    content = {
        "system": "SF",
        "deals": {
            "file": "deals.csv",
            "columns": {"id": "Id", "name": "Name", "stage": "StageName", "closed_on": "CloseDate",
                        "created_on": "CreatedDate", "owner": "OwnerId"},
            "stages": stages,
        },
        "history": {
            "file": "history.csv",
            "columns": {"id": "Id", "deal": "OpportunityId", "to_stage": "StageName",
                        "happened_on": "CreatedDate", "owner": "CreatedById"},
        },
    }  # fmt: skip
    return mapping.of_content(content)


def test_the_command_brings_in_deals_and_their_history_at_once(cast: Cast, tmp_path: Path):
    said = both(tmp_path, DEALS)
    at = dt.datetime.now(dt.UTC)
    assert by_command(said, [tmp_path], at=at, commit=False).counts["history"].new == 8
    assert not Deal.objects.exists()
    assert by_command(said, [tmp_path], at=at, commit=True).counts["history"].refused == 1
    assert ways() == WAYS
    assert unbroken()


def test_a_command_that_moves_deals_and_rewrites_their_history_is_taken_back_whole(
    cast: Cast, tmp_path: Path
):
    at = dt.datetime.now(dt.UTC)
    earlier = DEALS.replace('"Closed Won","2026-02-20"', '"Negotiation/Review",""')
    by_command(both(tmp_path, earlier), [tmp_path], at=at, commit=True)
    before = everything()
    outcomes = list(Deal.objects.order_by("pk").values_list("name", "outcome"))
    later = both(tmp_path, DEALS)
    later_at = at + dt.timedelta(seconds=1)
    trial = by_command(later, [tmp_path], at=later_at, commit=False)
    assert everything() == before
    result = by_command(later, [tmp_path], at=later_at, commit=True)
    assert trial.counts == result.counts
    batch = result.batch
    assert ways() == WAYS
    assert batch
    undone = work.take_back(batch, by=None, at=later_at)
    assert undone.kept == []
    assert everything() == before
    assert list(Deal.objects.order_by("pk").values_list("name", "outcome")) == outcomes
    # The same files can do it again.
    by_command(later, [tmp_path], at=later_at + dt.timedelta(seconds=1), commit=True)
    assert ways() == WAYS


def test_a_check_judges_by_where_the_same_files_leave_the_deals(cast: Cast, tmp_path: Path):
    at = dt.datetime.now(dt.UTC)
    earlier = DEALS.replace('"Closed Won","2026-02-20"', '"Negotiation/Review",""')
    by_command(both(tmp_path, earlier), [tmp_path], at=at, commit=True)
    said = both(tmp_path, DEALS).content
    columns = {"id": "No", "deal": "Deal", "subject": "Task", "due_on": "Due", "owner": "Who"}
    tasks = {"file": "tasks.csv", "columns": columns, "otherwise": "task"}
    (tmp_path / "tasks.csv").write_text(
        "No,Deal,Task,Due,Who\nt1,d1,Call,2030-01-02,Ana Ruiz\nt2,d2,Thank,2030-01-02,Ana Ruiz\n"
    )
    for update, out in ({}, 1), ({"stage": "leave"}, 0):
        content = {**said, "activities": tasks, "deals": {**said["deals"], "update": update}}
        found = by_command(mapping.of_content(content), [tmp_path], at=at, commit=False)
        assert found.counts["activities"].refused == out
        # What is left where it is, is where its history has to end.
        assert found.counts["history"].refused == (1 if update == {} else 4)
    assert ways()["Renewal"][-1] == (6, None, None)


def test_a_deal_that_was_lost_and_opened_again(cast: Cast):
    deals(cast.ana)
    text = (
        "deal,stage,date\r\n"
        "d1,Prospecting,2026-01-12 09:00\r\nd1,Closed Lost,2026-01-15 09:00\r\n"
        "d1,Proposal/Price Quote,2026-02-10 09:00\r\n"
        "d2,Proposal/Price Quote,2026-01-20 09:00\r\nd2,Closed Lost,2026-01-22 09:00\r\n"
        "d2,Closed Won,2026-02-19 09:00\r\n"
        "d3,Prospecting,2026-01-12 09:00\r\nd3,Closed Won,2026-02-15 09:00\r\n"
    )
    job = history(cast.ana, text, out=2)
    assert ways()["Rollout"] == [
        (2, "12.01.", "stopped"),
        (2, "10.02.", "advanced"),
        (5, "10.02.", None),
    ]
    assert [how for _stage, _at, how in ways()["Renewal"]] == ["stopped", "advanced", "won"]
    # It was lost, and its history says that it was won.
    assert {fault.line for fault in job.faults.filter(comes_in=False)} == {8, 9}
    assert unbroken()
    assert (
        browser(cast.ana).get(f"/deals/{Deal.objects.get(name='Renewal').pk}/").status_code == 200
    )


STEPS = "id,deal,stage,date\r\n"
PROSPECTING = "1,d1,Prospecting,2026-01-20 09:00\r\n"
PROPOSAL = "3,d1,Proposal/Price Quote,2026-02-10 09:00\r\n"


def test_a_row_that_stays_out_keeps_its_deals_whole_history_out(cast: Cast):
    deals(cast.ana)
    before = ways()
    unread = "2,d1,Qualification,31/31/2026\r\n"
    others = "4,d2,Prospecting,2026-01-20 09:00\r\n"
    job = history(cast.ana, STEPS + PROSPECTING + unread + PROPOSAL + others, out=3)
    assert ways()["Rollout"] == before["Rollout"]
    assert ways()["Renewal"] != before["Renewal"]
    said = job.faults.filter(comes_in=False, reason__contains="“Rollout” stays out")
    assert {fault.line for fault in said} == {2, 4}
    # Put right, it comes in as a whole; what says the same twice keeps nothing out.
    mended = STEPS + PROSPECTING + unread.replace("31/31/2026", "2026-02-01 09:00") + PROPOSAL
    history(cast.ana, mended + PROPOSAL, out=1)
    assert ways()["Rollout"] == [
        (2, "20.01.", "advanced"),
        (3, "01.02.", "advanced"),
        (5, "10.02.", None),
    ]


@pytest.mark.parametrize(
    "rows",
    [
        "2,d1,Qualification,2026-02-01 09:00\r\n",
        PROSPECTING.replace("-20", "-21") + "2,d1,Qualification,2026-02-01 09:00\r\n",
    ],
    ids=["only what is new", "with an earlier row that says something else"],
)
def test_a_file_with_a_part_of_a_history_removes_nothing(cast: Cast, rows: str):
    deals(cast.ana)
    history(cast.ana, STEPS + PROSPECTING + PROPOSAL, out=0)
    before = everything()
    job = history(cast.ana, STEPS + rows, out=len(rows.splitlines()))
    assert everything() == before
    assert job.faults.filter(
        comes_in=False, reason__contains="“Rollout”", line=len(rows.splitlines()) + 1
    )


def test_a_history_that_came_before_its_deals_is_checked_again_with_one_press(
    cast: Cast, django_capture_on_commit_callbacks: Any
):
    told = history(cast.ana, out=9)
    assert told.file
    assert not Deal.objects.exists()
    other = history(cast.adele, out=9)
    came = deals(cast.ana)
    html = page(cast.ana, came)
    assert f'action="/imports/{told.pk}/again/"' in html
    assert f"/imports/{other.pk}/" not in html
    assert '<span class="num b">8</span>' in html  # the ninth names a deal that is nowhere
    stored = queries.stored_bytes(cast.ana)

    # Nothing came in with it, so it is loaded, and has no batch: the next one has the same file.
    def check_again() -> ImportJob:
        again = browser(cast.ana).post(f"/imports/{told.pk}/again/")
        job = ImportJob.objects.latest("pk")
        assert again["Location"] == f"/imports/{job.pk}/"
        return worked(job)

    job = check_again()
    assert (job.state, job.counts["new"], job.counts["refused"]) == ("checked", 8, 1)
    assert queries.stored_bytes(cast.ana) == stored
    assert "/again/" not in page(cast.ana, came)
    refused = browser(cast.ana).post(f"/imports/{told.pk}/again/", follow=True)
    assert "already further" in refused.content.decode()
    assert ImportJob.objects.latest("pk") == job
    # Discarded, it leaves the file to the one that was loaded, which can be checked again.
    with django_capture_on_commit_callbacks(execute=True):
        browser(cast.ana).post(f"/imports/{job.pk}/discard/")
    assert f'action="/imports/{told.pk}/again/"' in page(cast.ana, came)
    job = check_again()
    browser(cast.ana).post(f"/imports/{job.pk}/load/")
    assert worked(job).state == "done"
    assert ways() == WAYS
    assert "/again/" not in page(cast.ana, came)
    assert f"/imports/{told.pk}/errors.csv" in page(cast.ana, told)
    # What the rows said is forgotten of both, and the file is gone with the last.
    path = Path(told.file.path)
    jobs = ImportJob.objects.filter(pk__in=[told.pk, job.pk])
    ImportJob.objects.filter(pk=told.pk).update(changed_at=job.changed_at - dt.timedelta(days=1))
    for days, is_kept in ((30, True), (31, False)):
        with django_capture_on_commit_callbacks(execute=True):
            work.clear_old_files(at=job.changed_at + dt.timedelta(days=days))
        assert path.exists() is is_kept
        assert ImportFault.objects.filter(job=told).count() == 0
    assert list(jobs.values_list("sample", "file")) == [([], ""), ([], "")]
    refused = browser(cast.ana).post(f"/imports/{told.pk}/again/", follow=True)
    assert "not kept any more" in refused.content.decode()


def test_stages_that_deals_files_told_are_not_lost_to_a_later_history(cast: Cast):
    head = "Id,Name,Stage,Stage change\n"
    for stage, day in (
        ("Prospecting", "2026-01-10"),
        ("Proposal", "2026-02-10"),
        ("Negotiation", "2026-03-10"),
    ):
        text = f"{head}d1,Rollout,{stage},{day} 09:00\n"
        brought_in(cast.ana, Written(kind="deals", name="deals.csv", text=text), "SF")
    before = everything()
    step = "deal,from stage,to stage,date\r\nd1,Proposal,Negotiation,2026-03-10 09:00\r\n"
    job = history(cast.ana, step, out=1)
    assert everything() == before
    assert "its whole history" in job.faults.get(comes_in=False).reason
    # One that begins as early goes before them.
    step += "d1,Prospecting,Qualification,2026-01-20 09:00\r\nd1,Qualification,Proposal,2026-02-11 09:00\r\n"
    history(cast.ana, step, out=0)
    assert [stage for stage, _at, _how in ways()["Rollout"]] == [2, 3, 5, 6]
    assert unbroken()


def test_the_day_on_which_a_deal_counts_as_closed_stays(cast: Cast):
    deals(cast.ana)
    closed = dict(Deal.objects.values_list("name", "closed_at"))
    text = STEPS + (
        "1,d2,Prospecting,2026-01-20 09:00\r\n2,d2,Negotiation/Review,2026-02-01 09:00\r\n"
        "3,d2,Closed Won,2026-02-27 09:00\r\n4,d3,Prospecting,2026-01-20 09:00\r\n"
        "5,d3,Closed Lost,2026-02-25 09:00\r\n"
    )
    job = history(cast.ana, text, out=0)
    assert dict(Deal.objects.values_list("name", "closed_at")) == closed
    assert ways()["Renewal"] == [
        (2, "20.01.", "advanced"),
        (6, "01.02.", "advanced"),
        (7, "20.02.", "won"),
    ]
    said = job.faults.filter(comes_in=True, reason__contains="that day stays")
    assert {fault.line for fault in said} == {4, 6}
    assert unbroken()


def test_what_people_wrote_before_a_history_stays_theirs(cast: Cast, clock: time_machine.Traveller):
    """No file said when it closes: after the history the day does not tell any more who did."""
    deals(cast.ana)
    deal = Deal.objects.get(name="Rollout")
    day = dt.date(2027, 5, 1)
    clock.shift(dt.timedelta(days=1))
    deal_commands.edit(deal, expected_close_on=day, by=cast.ana, at=dt.datetime.now(dt.UTC))
    clock.shift(dt.timedelta(days=1))
    history(cast.ana)
    clock.shift(dt.timedelta(days=1))
    later = DEALS.replace('Price Quote",""', 'Price Quote","2027-06-01"')
    job = brought_in(cast.ana, Written(kind="deals", name="Opportunity.csv", text=later), "SF")
    deal.refresh_from_db()
    assert deal.expected_close_on == day
    change = job.changes.get(name="Rollout", field="expected_close_on")
    assert (change.is_ours, change.applied) == (True, False)
