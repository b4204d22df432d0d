"""A later file that names another owner hands the record over, if who imports may."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from crm.commands import activity as activity_commands
from crm.commands import deal as deal_commands
from crm.commands.writers.activity import About, Next
from crm.models import Activity, ActivityKind, Company, Contact, Deal
from exchange.commands import work
from exchange.models import ImportJob
from exchange.presenters import change_lines
from pipeline.models import User
from tests.conftest import Cast
from tests.exchange.uploads import checked, loaded, uploaded

pytestmark = pytest.mark.django_db

NAMED = {"id": "No", "name": "Title", "owner": "Owner"}
KINDS: dict[str, Any] = {"deals": Deal, "companies": Company, "contacts": Contact}


def file(*owners: User | str) -> str:
    names = [each if isinstance(each, str) else each.name for each in owners]
    return "No,Title,Owner\n" + "".join(f"{no},T{no},{name}\n" for no, name in enumerate(names, 1))


def look(user: User, text: str, kind: str = "deals") -> ImportJob:
    return checked(user, uploaded(user, text, kind=kind), **NAMED)


def told(job: ImportJob) -> list[tuple[str, str, str, bool, bool]]:
    lines = change_lines(job, list(job.changes.order_by("line", "field")))
    return [(each.record, each.was, each.now, each.is_ours, each.applied) for each in lines]


def owners(kind: str) -> list[User | None]:
    return [each.owner for each in KINDS[kind].objects.order_by("name").select_related("owner")]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_handed_over_with_its_history_and_taken_back(cast: Cast, kind: str):
    loaded(cast.adele, look(cast.adele, file(cast.ana, cast.ana), kind))
    before = list(KINDS[kind].objects.order_by("pk").values())
    job = look(cast.adele, file(cast.carl, cast.ana), kind)
    assert told(job) == [("T1", cast.ana.name, cast.carl.name, False, True)]
    assert owners(kind) == [cast.ana, cast.ana]  # only looked at
    loaded(cast.adele, job)
    assert owners(kind) == [cast.carl, cast.ana]
    row = KINDS[kind].objects.get(name="T1")
    event = row.changes.get(kind="owner").event
    assert (event.old.name, event.new.name) == (cast.ana.name, cast.carl.name)
    assert (event.old.id, event.new.id) == (cast.ana.pk, cast.carl.pk)
    assert job.batch
    assert not work.take_back(job.batch, by=cast.adele, at=timezone.now()).kept
    after = list(KINDS[kind].objects.order_by("pk").values())
    assert [{**row, "version": 0} for row in after] == [{**row, "version": 0} for row in before]
    back = row.changes.filter(kind="owner").latest("pk").event
    assert (back.old.id, back.new.id) == (cast.carl.pk, cast.ana.pk)


def test_a_deal_goes_to_the_team_with_what_is_planned_and_comes_back_so(cast: Cast):
    loaded(cast.adele, look(cast.adele, file(cast.ana)))
    deal = Deal.objects.get()
    at = timezone.now()
    for day in (3, 5):
        due = Next(kind=ActivityKind.TASK, subject=f"{day}", due_on=at.date() + dt.timedelta(day))
        activity_commands.plan(About(deal=deal), next=due, by=cast.ana, at=at)
    Activity.objects.filter(subject="5").update(owner=cast.adele)
    User.objects.filter(pk=cast.carl.pk).update(time_zone="Asia/Tokyo")
    deal.refresh_from_db()
    kept = (deal.team_id, deal.attention_at)
    job = loaded(cast.adele, look(cast.adele, file(cast.carl)))
    deal.refresh_from_db()
    assert (deal.owner, deal.team) == (cast.carl, cast.carl.team)
    assert deal.team_id != kept[0]
    assert deal.attention_at
    assert kept[1]
    assert deal.attention_at < kept[1]  # a day ends earlier in Tokyo
    assert {each.owner for each in Activity.objects.all()} == {cast.carl}
    assert {each.holder for each in Activity.objects.all()} == {cast.carl}
    assert job.batch
    work.take_back(job.batch, by=cast.adele, at=timezone.now())
    deal.refresh_from_db()
    assert (deal.owner, deal.team_id, deal.attention_at) == (cast.ana, *kept)
    plans = Activity.objects.order_by("subject").select_related("owner")
    assert [each.owner for each in plans] == [cast.ana, cast.adele]


def test_what_the_same_row_closes_is_closed_by_whom_it_names(cast: Cast):
    first = "No,Title,Owner,Stage\n1,T1,{},{}\n"
    named = {**NAMED, "stage": "Stage"}
    for owner, stage in ((cast.ana, "Proposal"), (cast.carl, "Closed Won")):
        text = first.format(owner.name, stage)
        job = loaded(cast.adele, checked(cast.adele, uploaded(cast.adele, text), **named))
    deal = Deal.objects.get()
    last = deal.visits.latest("sequence")
    assert (deal.outcome, deal.owner, last.left_how) == ("won", cast.carl, "won")
    assert (last.exit_owner, last.exit_team) == (cast.carl, cast.south)
    assert job.batch
    assert not work.take_back(job.batch, by=cast.adele, at=timezone.now()).kept
    deal.refresh_from_db()
    assert (deal.outcome, deal.owner, deal.team) == ("open", cast.ana, cast.ana.team)


def test_what_was_handed_over_here_stays(cast: Cast):
    loaded(cast.adele, look(cast.adele, file(cast.ana)))
    deal = Deal.objects.get()
    deal_commands.hand_over(deal, to=cast.ben, by=cast.adele, at=timezone.now())
    job = look(cast.adele, file(cast.carl))
    assert told(job) == [("T1", cast.ben.name, cast.carl.name, True, False)]
    loaded(cast.adele, job)
    assert owners("deals") == [cast.ben]
    # And what it said before says nothing new.
    assert not look(cast.adele, file(cast.ana)).changes.exists()


def test_only_who_may_hands_over_and_only_to_those_who_may_have_it(cast: Cast):
    loaded(cast.ana, look(cast.ana, file(cast.ana, cast.ana, cast.ana, cast.ana)))
    User.objects.filter(pk=cast.ben.pk).update(is_active=False)
    later = file(cast.carl, cast.ben, "Nobody at all", cast.ana)
    job = look(cast.ana, later)
    assert [(name, now, applied) for name, _was, now, _ours, applied in told(job)] == [
        ("T1", cast.carl.name, False),
        ("T2", cast.ben.name, False),
    ]
    assert job.counts["refused"] == 0
    said = list(job.faults.order_by("line").values_list("line", "value", "reason"))
    assert said == [
        (2, cast.carl.name, "You cannot hand it over to this person: the owner stays."),
        (3, cast.ben.name, "You cannot hand it over to this person: the owner stays."),
        (4, "Nobody at all", "This person is not on record as one of ours: the owner stays."),
    ]
    loaded(cast.ana, job)
    assert set(owners("deals")) == {cast.ana}
    # It is told again by the next file, and an admin may.
    again = look(cast.adele, file(cast.carl, cast.ana, cast.ana, cast.ana))
    assert [row[0] for row in told(again) if row[-1]] == ["T1"]


def test_nothing_goes_back_to_somebody_who_has_left(cast: Cast):
    loaded(cast.adele, look(cast.adele, file(cast.ana)))
    job = loaded(cast.adele, look(cast.adele, file(cast.carl)))
    User.objects.filter(pk=cast.ana.pk).update(is_active=False)
    assert job.batch
    (kept,) = work.take_back(job.batch, by=cast.adele, at=timezone.now()).kept
    assert kept.why == "whose it was has left, or the team is gone"
    assert owners("deals") == [cast.carl]
