"""Activities and notes come in on the deals, companies and people that they belong to."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from crm.commands import activity as activity_commands
from crm.commands import activity_correct
from crm.commands import deal as deal_commands
from crm.commands.writers.activity import Next
from crm.events import EntryBodyChanged, EntryRef, EntryResultChanged
from crm.models import Activity, ActivityKind, ActivityResult, Deal, DealChange
from exchange.commands import job as verbs
from exchange.imports import answers, guessing
from exchange.imports.staging import select
from exchange.models import ImportJob
from pipeline.models import User
from pipeline.process.stages import Initiator, Stage
from tests.conftest import Cast
from tests.exchange.test_import_cases import as_suggested
from tests.exchange.uploads import (
    answer,
    browser,
    by_command,
    checked,
    loaded,
    page,
    uploaded,
    worked,
)
from tests.factories import (
    NOW,
    ago,
    cause_named,
    make_company,
    make_contact,
    make_deal,
    plan_call,
    stopped_deal,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

DEALS = (
    '"Record ID","Deal Name","Deal Stage","Associated Company"\n'
    '"7001","Rollout","Qualified To Buy","Norte SA"\n'
    '"7002","Renewal","Appointment Scheduled","Sur SA"\n'
)


def suggested(user: User, content: str, *, name: str = "export.csv") -> ImportJob:
    """A file of activities of which every suggestion is taken, checked."""
    job = uploaded(user, content, kind="activities", name=name)
    columns = answers.suggested_columns(job)["columns"]
    otherwise = guessing.activity(name, job.columns)
    verbs.name_columns(
        job, system="theirs", columns=columns, like={}, otherwise=otherwise, by=user, at=NOW
    )
    if worked(job).state == "asking":
        answer(user, job)
        worked(job)
    assert job.state == "checked", job.error
    return job


def faults(job: ImportJob) -> list[tuple[int, str]]:
    return [(fault.line, fault.reason) for fault in job.faults.order_by("line")]


def rows() -> list[tuple[Any, ...]]:
    found = Activity.objects.order_by("subject", "body")
    return list(found.values_list("kind", "subject", "body", "deal__name", "contact__name"))


HUBSPOT_NOTES = (
    '\ufeff"Record ID","Note body","Activity date","Activity assigned to","Associated Deal IDs",'
    '"Associated Contact IDs","Associated Company IDs","Create date"\n'
    '"n1","<div><p>They &amp; we<br>agree</p></div>","2026-02-03 14:30","Ana Ruiz","7001","","",""\n'
    '"n2","Call them","2026-02-04","Ana Ruiz","7001;7002","","","2026-02-04 09:00"\n'
    '"n3","Of nobody","2026-02-04","Ana Ruiz","","","",""\n'
)


def test_notes_of_hubspot_come_in_on_the_deals_of_their_ids(cast: Cast):
    as_suggested(cast.ana, DEALS)
    job = loaded(cast.ana, suggested(cast.ana, HUBSPOT_NOTES))
    assert rows() == [
        ("note", "", "Call them", "Rollout", None),
        ("note", "", "They & we\nagree", "Rollout", None),
    ]
    assert faults(job) == [
        (3, "It names several; the first one counts: 7001."),
        (4, "It belongs to nobody: no deal, company or person is named."),
    ]
    exact, bare = Activity.objects.order_by("-body")
    assert exact.done_at == dt.datetime(2026, 2, 3, 13, 30, tzinfo=dt.UTC)  # the hour is Vienna's
    assert bare.done_at
    # A bare day has no hour; it is not before the act of that day that it follows.
    assert bare.done_at.date() == dt.date(2026, 2, 4)
    assert (exact.owner, exact.stage) == (cast.ana, Stage.QUALIFICATION)
    assert exact.company == Deal.objects.get(name="Rollout").company


def test_what_comes_before_its_deals_stays_out_and_comes_in_when_they_are_there(cast: Cast):
    job = suggested(cast.ana, HUBSPOT_NOTES)
    assert "Bring in the file that has it first" in faults(job)[0][1]
    assert (job.counts["new"], job.counts["refused"]) == (0, 3)
    as_suggested(cast.ana, DEALS)
    assert answer(cast.ana, job).status_code == 302  # “Check it again”
    loaded(cast.ana, worked(job))
    assert (job.counts["new"], job.counts["refused"]) == (2, 1)


def test_what_waits_for_a_second_file_is_offered_by_that_files_page(cast: Cast):
    head, first, second = DEALS.splitlines(keepends=True)
    as_suggested(cast.ana, head + first)
    notes = HUBSPOT_NOTES.replace("7001;7002", "Renewal")
    loaded(cast.ana, suggested(cast.ana, notes))
    waits = suggested(cast.ana, notes, name="checked.csv")
    came = as_suggested(cast.ana, head + second)
    html = page(cast.ana, came)
    assert html.count("/again/") == 2
    assert browser(cast.ana).post(f"/imports/{waits.pk}/again/").status_code == 302
    assert ImportJob.objects.latest("pk") == came  # it is looked at itself
    loaded(cast.ana, worked(waits))
    assert {row[3] for row in rows()} == {"Rollout", "Renewal"}


def test_what_stays_out_for_another_reason_waits_for_no_file_with_a_deal_of_its_name(cast: Cast):
    head, first, second = DEALS.splitlines(keepends=True)
    as_suggested(cast.ana, head + first)
    make_deal(by=cast.ana, name="Rollout")
    notes = suggested(cast.ana, HUBSPOT_NOTES.replace("7001;7002", "Rollout"))
    assert (2, "Several deals have the name “Rollout”.") in [
        (fault.line - 1, fault.reason) for fault in notes.faults.all()
    ]
    came = as_suggested(cast.ana, head + second + first.replace("7001", "7003"))
    assert came.counts["new"] == 2
    assert "/again/" not in page(cast.ana, came)


def test_which_files_wait_is_found_by_the_load_and_not_by_its_page(cast: Cast):
    notes = suggested(cast.ana, HUBSPOT_NOTES)
    came = as_suggested(cast.ana, DEALS)
    notes.faults.all().delete()
    assert f"/imports/{notes.pk}/again/" in page(cast.ana, came)
    # Whoever has looked at it since knows.
    ImportJob.objects.filter(pk=notes.pk).update(changed_at=NOW + dt.timedelta(minutes=1))
    assert "/again/" not in page(cast.ana, came)


def test_a_second_time_nothing_comes_in_twice(cast: Cast):
    as_suggested(cast.ana, DEALS)
    loaded(cast.ana, suggested(cast.ana, HUBSPOT_NOTES))
    again = loaded(cast.ana, suggested(cast.ana, HUBSPOT_NOTES))
    assert (again.counts["known"], again.counts["new"]) == (2, 0)
    assert Activity.objects.count() == 2


def test_the_name_of_a_system_is_known_by_any_case(cast: Cast):
    as_suggested(cast.ana, DEALS)
    job = uploaded(cast.ana, HUBSPOT_NOTES, kind="activities", name="notes.csv")
    columns = answers.suggested_columns(job)["columns"]
    verbs.name_columns(
        job, system="THEIRS", columns=columns, like={}, otherwise="note", by=cast.ana, at=NOW
    )
    assert (worked(job).counts["new"], job.answers["system"]) == (2, "theirs")


TASKS = (
    '"Id","WhoId","WhatId","Subject","ActivityDate","Status","OwnerId","Description","TaskSubtype",'
    '"CreatedDate","CompletedDateTime","CallDisposition"\n'
    '"t1","","d1","Rang","2026-03-02","Completed","Ana Ruiz","","Call","2026-03-01T08:00:00.000Z",'
    '"2026-03-02T09:15:00.000Z","Left voicemail"\n'
    '"t2","p1","d1","Send prices","2026-03-20","Not Started","Ana Ruiz","by post","Task",'
    '"2026-03-01T08:00:00.000Z","",""\n'
    '"t3","","c1","Visit","2026-03-03","Completed","Ana Ruiz","","Meeting","2026-03-01T08:00:00.000Z","","Nice"\n'
    '"t4","","","Ask","2026-03-20","Deferred","Ana Ruiz","","Call","2026-03-01T08:00:00.000Z","",""\n'
)


def bring_in_parties(cast: Cast) -> None:
    for kind, text, named in (
        ("companies", "Id,Name\nc1,Norte SA\n", {"id": "Id", "name": "Name"}),
        ("contacts", "Id,Name,Company\np1,Ada Vogt,c1\n", {"id": "Id", "name": "Name", "company": "Company"}),
        ("deals", "Id,Name,Company\nd1,Rollout,c1\n", {"id": "Id", "name": "Name", "company": "Company"}),
    ):  # fmt: skip
        job = uploaded(cast.ana, text, kind=kind)
        loaded(cast.ana, checked(cast.ana, job, system="theirs", **named))
        assert job.counts["new"] == 1


def test_tasks_of_salesforce_are_done_or_planned_on_what_they_belong_to(cast: Cast):
    bring_in_parties(cast)
    job = loaded(cast.ana, suggested(cast.ana, TASKS))
    assert faults(job) == [
        (4, "“Nice” is no result of an activity here."),
        (5, "It belongs to nobody: no deal, company or person is named."),
    ]
    deal = Deal.objects.get()
    call, task = deal.activities.order_by("done_at")
    assert (call.kind, call.result, call.stage) == ("call", "no_answer", Stage.LEAD_GENERATION)
    assert call.done_at == dt.datetime(2026, 3, 2, 9, 15, tzinfo=dt.UTC)
    # A bare day has no hour, and ends where its owner is.
    assert (task.due_on, task.due_at, task.contact and task.contact.name) == (
        dt.date(2026, 3, 20), None, "Ada Vogt",
    )  # fmt: skip
    assert task.due_by == dt.datetime(2026, 3, 20, 22, 59, tzinfo=dt.UTC)
    # As if it had been planned here.
    assert (deal.next_on, deal.next_kind, deal.attention_at) == (task.due_on, "task", task.due_by)
    assert deal.touched_at is None  # nobody was reached
    # The word that is none of ours can be said once for all.
    from exchange import words

    (word,) = [each for each in words.of_job(job) if each.field == "result"]
    assert word.text == "Nice"


ACTS = (
    "Id,Deal,Subject,Text,Type,Status,Result,Date,Owner\n"
    "a1,Rollout,Offer,They agree,call,done,connected,2026-02-03 14:30,Ana Ruiz\n"
    "a2,Rollout,Ask again,,call,open,,2026-04-03 14:30,Ana Ruiz\n"
    "a3,Rollout,Send it,soon,task,open,,2026-04-04 14:30,Ana Ruiz\n"
)


def test_what_a_later_file_says_otherwise_by_its_id_is_changed_and_taken_back(cast: Cast):
    as_suggested(cast.ana, DEALS)
    loaded(cast.ana, suggested(cast.ana, ACTS))
    deal = Deal.objects.get(name="Rollout")
    before = list(Activity.objects.order_by("pk").values())
    next_before = (deal.next_kind, deal.next_on, deal.next_at, deal.touched_at)
    own = Activity.objects.get(subject="Send it")
    assert own.due_at
    to = Next(kind=ActivityKind(own.kind), subject="Send it now", due_at=own.due_at)
    activity_commands.change(own, to=to, by=cast.ana, at=NOW + dt.timedelta(minutes=1))
    later = ACTS.replace("They agree", "They disagree").replace("connected", "no answer")
    later = later.replace("call,open,,2026-04-03", "call,done,connected,2026-02-09")
    later = later.replace("Send it,soon", "Send that,late")
    job = suggested(cast.ana, later)
    told = {(each.line, each.field): (each.applied, each.is_ours) for each in job.changes.all()}
    assert told == {
        (2, "body"): (True, False),
        (2, "result"): (True, False),
        (3, "result"): (True, False),
        (4, "body"): (True, False),
        (4, "subject"): (False, True),
    }
    html = page(cast.ana, job)
    for words in ("They disagree", "No answer", "It is to be done"):
        assert words in html
    loaded(cast.ana, job)
    found = Activity.objects.order_by("pk").values_list("subject", "body", "result")
    assert list(found) == [
        ("Offer", "They disagree", "no_answer"),
        ("Ask again", "", "reached"),
        ("Send it now", "late", ""),
    ]
    done = Activity.objects.get(subject="Ask again")
    assert done.done_at
    assert (done.done_at.date(), done.stage) == (dt.date(2026, 2, 9), Stage.QUALIFICATION)
    deal.refresh_from_db()
    assert (deal.next_kind, deal.touched_at) == ("task", done.done_at)
    browser(cast.ana).post(f"/imports/{job.pk}/undo/")
    assert worked(job).kept == []
    rest = ("version", "changed_at", "changed_by_id")
    after = list(Activity.objects.order_by("pk").values())
    for was, now in zip(before[:2], after[:2], strict=True):
        assert {**was, **dict.fromkeys(rest)} == {**now, **dict.fromkeys(rest)}
        assert now["changed_at"] is None
        assert now["changed_by_id"] is None
    assert (after[2]["subject"], after[2]["body"]) == ("Send it now", "soon")
    deal.refresh_from_db()
    assert (deal.next_kind, deal.next_on, deal.next_at, deal.touched_at) == next_before


def test_a_deal_is_written_only_where_its_next_or_last_touch_changes(cast: Cast):
    as_suggested(cast.ana, DEALS)
    loaded(cast.ana, suggested(cast.ana, ACTS))
    before = Deal.objects.values("touched_at", "next_at", "next_kind").get(name="Rollout")
    assert before["touched_at"]
    place = "SELECT ctid::text FROM crm_deal WHERE name = 'Rollout'"
    was = select(place)
    head = ACTS.splitlines()[0]
    earlier = "a8,Rollout,Hello,,call,done,connected,2026-01-13 14:30,Ana Ruiz"
    unanswered = "a9,Rollout,Hello,,call,done,no answer,2026-03-03 14:30,Ana Ruiz"
    for lines in ([earlier, unanswered], [unanswered.replace("a9", "b9")]):
        loaded(cast.ana, suggested(cast.ana, "\n".join([head, *lines])))
    assert Activity.objects.count() == 6
    assert select(place) == was
    later = earlier.replace("a8", "b8").replace("2026-01-13", "2026-03-04")
    loaded(cast.ana, suggested(cast.ana, f"{head}\n{later}"))
    touched = dt.datetime(2026, 3, 4, 13, 30, tzinfo=dt.UTC)
    after = Deal.objects.values("touched_at", "next_at", "next_kind").get(name="Rollout")
    assert after == {**before, "touched_at": touched}


TEXTS = (
    "Id,Deal,Subject,Text,Type,Status,Result,Date,Owner,Duration\n"
    "n1,Rollout,Re: offer,They agree,note,done,,2026-02-03 14:30,Ana Ruiz,\n"
    "c1,Rollout,Rang,They call back,call,done,,2026-02-04 14:30,Ana Ruiz,5 min\n"
    "c2,Rollout,Rang,In May,call,done,,2026-02-05 14:30,Ana Ruiz,5 min\n"
)


@pytest.mark.parametrize("without_column", [False, True])
def test_an_empty_text_of_a_later_file_leaves_what_was_said(cast: Cast, without_column: bool):
    as_suggested(cast.ana, DEALS)
    loaded(cast.ana, suggested(cast.ana, TEXTS))
    before = list(Activity.objects.order_by("pk").values_list("subject", "body"))
    assert before[0] == ("Re: offer", "They agree")
    assert before[1][1].startswith("They call back\n")
    # Of the last, the text is another one, but there is less of it than there was.
    later = TEXTS.replace("They agree", "").replace("They call back", "").replace("2-04", "2-06")
    later = later.replace(
        "In May,call,done,,2026-02-05 14:30,Ana Ruiz,5 min",
        "In June,call,done,,2026-02-05 14:30,Ana Ruiz,",
    )
    if without_column:
        rows = [line.split(",") for line in later.splitlines()]
        later = "".join(",".join(row[:3] + row[4:]) + "\n" for row in rows)
    job = suggested(cast.ana, later)
    assert not job.changes.exists()
    loaded(cast.ana, job)
    assert list(Activity.objects.order_by("pk").values_list("subject", "body")) == before
    # Where all of it is said again, it is changed.
    again = loaded(cast.ana, suggested(cast.ana, TEXTS.replace("In May", "In June")))
    assert [(each.line, each.field, each.applied) for each in again.changes.all()] == [
        (4, "body", True)
    ]


@pytest.mark.parametrize("how", ["cancelled", "stopped", "by_file"])
def test_what_people_cancelled_is_done_by_no_later_file(cast: Cast, how: str):
    as_suggested(cast.ana, DEALS)
    by_file = how == "by_file"
    first = ACTS.replace("Ask again,,call,open", "Ask again,,call,cancelled") if by_file else ACTS
    loaded(cast.ana, suggested(cast.ana, first))
    plan = Activity.objects.get(subject="Ask again")
    assert (plan.cancelled_at is not None) == by_file
    soon = NOW + dt.timedelta(minutes=1)
    if how == "cancelled":
        activity_commands.cancel(plan, by=cast.ana, at=soon)
    elif how == "stopped":
        deal = Deal.objects.get(name="Rollout")
        cause = cause_named("price")
        deal_commands.stop(deal, initiator=Initiator.CUSTOMER, cause=cause, by=cast.ana, at=NOW)
    later = first.replace("call,cancelled", "call,open")
    later = later.replace("call,open,,2026-04-03", "call,done,connected,2026-02-09")
    job = suggested(cast.ana, later)
    (change,) = job.changes.all()
    assert (change.field, change.is_ours, change.applied) == ("result", not by_file, by_file)
    loaded(cast.ana, job)
    plan.refresh_from_db()
    assert ((plan.cancelled_at is None), bool(plan.done_at)) == (by_file, by_file)


def test_a_result_that_a_later_file_no_longer_says_is_no_change(cast: Cast):
    as_suggested(cast.ana, DEALS)
    loaded(cast.ana, suggested(cast.ana, ACTS))
    job = loaded(cast.ana, suggested(cast.ana, ACTS.replace("connected", "")))
    assert not job.changes.exists()
    assert (job.counts["known"], job.counts["changed"]) == (3, 0)
    # It is still what a file said.
    job = loaded(cast.ana, suggested(cast.ana, ACTS.replace("connected", "no answer")))
    assert [(each.field, each.applied) for each in job.changes.all()] == [("result", True)]


def test_what_somebody_else_did_is_changed_by_who_brought_it_in_and_leaves_a_trace(cast: Cast):
    as_suggested(cast.mona, DEALS)
    loaded(cast.mona, suggested(cast.mona, ACTS))
    deals = Deal.objects.all()
    deals.update(owner=cast.ana, team=cast.north)
    own = Activity.objects.get(subject="Offer")
    Activity.objects.filter(pk=own.pk).update(owner=cast.ana)
    later = ACTS.replace("They agree", "They disagree").replace("connected", "no answer")
    # What Ana logged by hand is hers, though her manager's file knows it by an id.
    Activity.objects.filter(pk=own.pk).update(batch=None)
    job = suggested(cast.mona, later)
    assert not job.changes.exists()
    assert [line for line, words in faults(job) if "not yours to change" in words] == [2]
    Activity.objects.filter(pk=own.pk).update(batch=ImportJob.objects.earliest("pk").batch)
    Activity.objects.filter(pk=own.pk).update(created_by=cast.ben)
    assert not suggested(cast.mona, later).changes.exists()
    Activity.objects.filter(pk=own.pk).update(created_by=cast.mona)
    job = loaded(cast.mona, suggested(cast.mona, later))
    own.refresh_from_db()
    assert own.body == "They disagree"

    def told() -> list[tuple[str, Any]]:
        found = DealChange.objects.filter(deal=own.deal, kind__startswith="talk_")
        return [(each.kind, each.event) for each in found.order_by("pk")]

    entry = EntryRef(kind="call", at=own.done_at)
    expected = [
        EntryBodyChanged(old="They agree", new="They disagree", entry=entry),
        EntryResultChanged(old="reached", new="no_answer", entry=entry),
    ]
    assert [event for _kind, event in told()] == expected
    browser(cast.mona).post(f"/imports/{job.pk}/undo/")
    assert worked(job).kept == []
    assert [event for _kind, event in told()[2:]] == [
        EntryBodyChanged(old="They disagree", new="They agree", entry=entry),
        EntryResultChanged(old="no_answer", new="reached", entry=entry),
    ]


def test_taking_back_plans_nothing_where_people_went_on(cast: Cast):
    as_suggested(cast.ana, DEALS)
    acts = ACTS + ACTS.splitlines(keepends=True)[2].replace("a2,Rollout", "a4,Renewal")
    loaded(cast.ana, suggested(cast.ana, acts))
    later = acts.replace("call,open,,2026-04-03", "call,done,connected,2026-02-09")
    job = loaded(cast.ana, suggested(cast.ana, later))
    assert job.counts["changed"] == 2
    corrected = Activity.objects.get(subject="Ask again", deal__name="Rollout")
    activity_correct.correct(
        corrected,
        kind=ActivityKind.CALL,
        done_at=ago(days=1),
        body=corrected.body,
        result=ActivityResult.REACHED,
        contact=None,
        by=cast.ana,
        at=NOW + dt.timedelta(minutes=1),
    )
    renewal = Deal.objects.get(name="Renewal")
    until = dt.date(2026, 6, 1)
    deal_commands.park(renewal, until=until, by=cast.ana, at=NOW)
    browser(cast.ana).post(f"/imports/{job.pk}/undo/")
    assert sorted(why for *_which, why in worked(job).kept) == [
        "a field was changed again since",
        "the deal is closed or parked by now",
    ]
    corrected.refresh_from_db()
    assert corrected.done_at == ago(days=1)
    assert not renewal.activities.planned().exists()


def test_words_that_are_none_of_ours_are_said_on_the_page(cast: Cast):
    bring_in_parties(cast)
    job = suggested(cast.ana, TASKS)
    from exchange import words

    (word,) = [each for each in words.of_job(job) if each.field == "result"]
    assert "Nice" in page(cast.ana, job)
    answer(cast.ana, job, **{word.name: "-"})
    loaded(cast.ana, worked(job))
    visit = Activity.objects.get(subject="Visit")
    # Left out as a result, it is kept in the text.
    assert (visit.result, visit.body, visit.stage) == ("", "CallDisposition: Nice", 1)
    assert visit.company
    assert visit.company.name == "Norte SA"
    assert Activity.objects.filter(subject="Rang").exists()


PIPEDRIVE = (
    '"Activity - Subject","Activity - Type","Activity - Done","Activity - Due date","Activity - Due time",'
    '"Activity - Note","Deal - Title","Person - Name","Organization - Name","Activity - Assigned to user",'
    '"Activity - Duration"\n'
    '"Demo","Meeting","To do","2026-03-18","14:00","","Line","Jordi Pla","Norte SA","Ana Ruiz","01:00"\n'
    '"Eat","Lunch","Done","2026-03-04","","Nice <b>place</b>","Line","","Norte SA","Ana Ruiz",""\n'
    '"Old","Call","Done","2026-03-03","","","Lost one","","Norte SA","Ana Ruiz",""\n'
    '"Never","Call","To do","2026-03-30","","","Lost one","","Norte SA","Ana Ruiz",""\n'
)


def test_activities_of_pipedrive_by_names(cast: Cast):
    norte = make_company(by=cast.ana)
    make_contact(by=cast.ana, company=norte)
    make_deal(by=cast.ana, name="Line", company=norte)
    make_deal(by=cast.carl, name="Line", company=make_company(by=cast.carl, name="Sur SA"))
    stopped_deal(by=cast.ana, name="Lost one", company=norte)
    job = suggested(cast.ana, PIPEDRIVE)
    assert faults(job) == [
        (3, "“Lunch” is no kind of activity here."),
        (5, "The deal “Lost one” is closed: nothing can be planned on it."),
    ]
    from exchange import words

    (word,) = words.of_job(job)
    # What it probably is stands there already.
    assert answer(cast.ana, job).status_code == 302
    assert word.field == "kind"
    loaded(cast.ana, worked(job))
    demo, eat, old = Activity.objects.order_by("subject")
    assert (demo.due_at, demo.due_on) == (dt.datetime(2026, 3, 18, 13, 0, tzinfo=dt.UTC), None)
    assert demo.body == "Activity - Duration: 01:00"
    assert (eat.kind, eat.body, eat.deal and eat.deal.owner) == ("meeting", "Nice place", cast.ana)
    # On a deal that had its outcome by then it counts for no stage of it.
    assert (old.stage, old.done_at and old.done_at.date()) == (1, dt.date(2026, 3, 3))


def test_only_deals_within_reach_are_found(cast: Cast):
    make_deal(by=cast.carl, name="Theirs")
    text = "Note,Deal,Date\nhello,Theirs,2026-03-02\n"
    job = suggested(cast.ana, text, name="notes.csv")
    assert "“Theirs” is not on record" in faults(job)[0][1]
    assert loaded(cast.nora, suggested(cast.nora, text, name="notes.csv")).counts["new"] == 1


def test_a_deal_that_was_handed_over_takes_no_more_of_a_file(cast: Cast):
    as_suggested(cast.ana, DEALS)
    Deal.objects.filter(name="Rollout").update(owner=cast.carl, team=cast.south)
    job = suggested(cast.ana, HUBSPOT_NOTES)
    assert "is out of your reach" in faults(job)[0][1]


def test_nobody_gets_a_plan_on_a_deal_that_he_or_she_cannot_see(cast: Cast):
    make_deal(by=cast.ana, name="Line")
    text = "Subject,Deal,Due date,Owner\nRing,Line,2026-03-20,Ben Ko\n"
    ben = cast.ben.name
    job = suggested(cast.mona, text.replace("Ben Ko", ben), name="tasks.csv")
    assert faults(job) == [(2, f"“{ben}” cannot see the deal, nor what is planned on it.")]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("Ring,Line,,,Planned,", "What is to be done needs a day, and no column says one."),
        ("Ring,Line,,,Done,", "No column says when it happened."),
        ("Ring,Line,2026-03-12,,Done,", "It is said to be done, and lies in the future."),
        ("Ring,Line,2026-03-01,,Perhaps,", "“Perhaps” does not say whether it was done."),
        ("Ring,Other,2026-03-01,,Done,", "The deal “Other” is not on record."),
        (",Line,2026-03-01,,Done,note", "The note says nothing."),
        ("Ring,Line,soon,,Done,", "This is no date"),
    ],
)
def test_a_row_stays_out_with_a_reason(cast: Cast, line: str, fault: str):
    make_deal(by=cast.ana, name="Line")
    head = "Subject,Deal,Date,Due date,Status,Type\n"
    job = suggested(cast.ana, head + line + "\nAsk,Line,2026-03-02,,Done,call\n", name="calls.csv")
    assert [(at, words.startswith(fault)) for at, words in faults(job)] == [(2, True)]
    assert job.counts["new"] == 1


def test_a_check_leaves_the_deals_alone(cast: Cast):
    deal = make_deal(by=cast.ana, name="Line")
    before = Deal.objects.filter(pk=deal.pk).values().get()
    suggested(cast.ana, "Subject,Deal,Date\nRing,Line,2026-03-02\n", name="calls.csv")
    assert Deal.objects.filter(pk=deal.pk).values().get() == before
    assert not Activity.objects.filter(subject="Ring").exists()


def test_it_is_taken_back_whole_and_the_deal_is_as_before(cast: Cast):
    deal = make_deal(by=cast.ana, name="Line")
    plan_call(deal, by=cast.ana, due_on=dt.date(2026, 4, 1))
    before = Deal.objects.filter(pk=deal.pk).values().get()
    text = (
        "Subject,Deal,Date,Status,Type\nRang,Line,2026-03-02,Done,call\n"
        "Meet,Line,2026-03-20,Planned,meeting\n"
    )
    job = loaded(cast.ana, suggested(cast.ana, text))
    changed = Deal.objects.get()
    assert (changed.next_kind, changed.touched_at and changed.touched_at.date()) == (
        "meeting", dt.date(2026, 3, 2),
    )  # fmt: skip
    browser(cast.ana).post(f"/imports/{job.pk}/undo/")
    assert worked(job).state == "undone"
    assert Deal.objects.filter(pk=deal.pk).values().get() == before
    assert list(Activity.objects.values_list("due_on", flat=True)) == [dt.date(2026, 4, 1)]


def test_what_somebody_went_on_with_is_kept_and_named(cast: Cast):
    make_deal(by=cast.ana, name="Line")
    text = "Subject,Deal,Due date\nMeet Jordi,Line,2026-03-20\nRing,Line,2026-03-21\n"
    job = loaded(cast.ana, suggested(cast.ana, text, name="tasks.csv"))
    meet = Activity.objects.get(subject="Meet Jordi")
    later = NOW + dt.timedelta(minutes=5)
    activity_commands.complete(meet, by=cast.ana, at=later, done_at=ago(hours=1))
    browser(cast.ana).post(f"/imports/{job.pk}/undo/")
    worked(job)
    assert [(kind, name) for kind, _pk, name, _why in job.kept] == [("activity", "Meet Jordi")]
    assert "Meet Jordi" in page(cast.ana, job)
    # Of a deal that went to somebody else, not even what was written is told.
    Deal.objects.update(owner=cast.carl, team=cast.south)
    assert "Meet Jordi" not in page(cast.ana, job)
    assert [row.subject for row in Activity.objects.all()] == ["Meet Jordi"]


def test_by_command_it_is_the_same(cast: Cast, tmp_path: Path):
    as_suggested(cast.adele, DEALS)
    job = loaded(cast.adele, suggested(cast.adele, HUBSPOT_NOTES))
    expected = rows()
    Activity.objects.all().delete()
    columns = {**job.answers["columns"], "deal": ["Associated Deal IDs"]}
    text = HUBSPOT_NOTES.replace("7001;7002", "Rollout;7002").replace('"7001"', '"Rollout"')
    result = by_command(tmp_path / "in", text, columns, kind="activities", otherwise="note")
    assert rows() == expected
    assert [fault.line for fault in result.faults] == [3, 4]
