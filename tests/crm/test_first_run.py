import datetime as dt

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from crm.models import Deal
from crm.queries.first_run import State, Task, first_run_state
from pipeline.models import Batch, BatchKind, FirstRun, Role, Team, User
from pipeline.people.commands import first_run
from pipeline.people.commands import people as people_commands
from tests.factories import NOW, make_company, make_deal

LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture
def founder(db: None, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch) -> User:
    """The first admin of an organisation that was founded only just, by the command for it."""
    monkeypatch.setattr("getpass.getpass", lambda prompt: "correct horse battery")
    call_command("first_admin", name="Katrin Moser", email="katrin@seven.test", verbosity=0)
    found: User = User.objects.get()
    return found


@pytest.fixture
def admin(client: Client, founder: User) -> Client:
    client.force_login(founder)
    return client


def states() -> dict[Task, State]:
    return first_run_state(User.objects.get(name="Katrin Moser"), at=NOW).states


def test_a_founded_organisation_starts_with_it(admin: Client):
    assert admin.get("/").headers["Location"] == reverse("crm:first_run")
    text = admin.get(reverse("crm:first_run")).content.decode()
    assert "Welcome, Katrin" in text
    assert "1 of 6 done" in text


def test_nobody_but_admins_starts_with_it(client: Client, founder: User):
    team = Team.objects.get()
    mona = people_commands.add(by=founder, at=NOW, name="Mona", role=Role.SALESPERSON, team=team)
    client.force_login(mona)
    assert client.get("/").headers["Location"] == reverse("day:my_day")
    client.force_login(founder)


def test_an_organisation_from_before_it_starts_with_the_board(admin: Client):
    FirstRun.objects.all().delete()
    assert admin.get("/?a=b").headers["Location"] == reverse("crm:board") + "?a=b"
    assert admin.get(reverse("crm:first_run")).status_code == 200


def test_put_away_it_is_the_start_no_longer_until_it_is_taken_out(admin: Client):
    admin.post(reverse("crm:first_run_put_away"))
    assert admin.get("/").headers["Location"] == reverse("crm:board")
    admin.post(reverse("crm:first_run_take_out"))
    assert admin.get("/").headers["Location"] == reverse("crm:first_run")


def test_each_tick_comes_from_what_was_done(admin: Client, founder: User):
    assert list(states().values()) == [State.DONE] + [State.NOT_YET] * 5

    team = Team.objects.get()
    facts = {"role": Role.SALESPERSON, "team": team, "email": "lena@seven.test"}
    lena = people_commands.add(by=founder, at=NOW, invite=True, name="Lena Fuchs", **facts)
    assert states()[Task.PEOPLE] == State.UNDER_WAY
    assert (
        "Invited, not in yet: Lena Fuchs." in admin.get(reverse("crm:first_run")).content.decode()
    )
    lena.invitations.update(accepted_at=NOW)
    lena.set_password("correct horse battery")
    lena.save()
    assert states()[Task.PEOPLE] == State.DONE

    first_run.begin_import(at=NOW)
    assert states()[Task.IMPORT] == State.UNDER_WAY
    Batch.objects.create(kind=BatchKind.IMPORT, name="Old CRM", by=founder, at=NOW)
    assert states()[Task.IMPORT] == State.DONE

    said = {"do": "keep", "did-1": "called them", "place-1-0": "2"}
    admin.post(reverse("crm:process_begin"), said)
    assert states()[Task.RECALL] == State.DONE

    assert states()[Task.PROCESS] == State.NOT_YET
    admin.get(reverse("pipeline:process"))
    assert states()[Task.PROCESS] == State.DONE

    make_deal(by=founder, company=make_company(by=founder))
    assert states()[Task.DEAL] == State.DONE
    assert admin.get("/").headers["Location"] == reverse("crm:board")


def test_what_is_put_off_is_not_next_and_counts_once_it_is_done(admin: Client, founder: User):
    for _twice in range(2):
        admin.post(reverse("crm:first_run_put_off", args=["people"]))
    assert states()[Task.PEOPLE] == State.PUT_OFF
    assert first_run_state(founder, at=NOW).next == Task.IMPORT
    Batch.objects.create(kind=BatchKind.IMPORT, name="Old CRM", by=founder, at=NOW)
    admin.post(reverse("crm:first_run_put_off", args=["import"]))
    assert states()[Task.IMPORT] == State.DONE
    assert admin.post(reverse("crm:first_run_put_off", args=["nothing"])).status_code == 404


def test_sample_data_comes_goes_and_comes_back_as_it_was_within_ten_minutes(
    admin: Client, clock: time_machine.Traveller
):
    add, away = reverse("demo:sample_add"), reverse("demo:sample_take_away")
    admin.post(add)
    assert Deal.objects.count() > 50
    # It is nobody's first deal, and nobody's colleague.
    assert states()[Task.DEAL] == states()[Task.PEOPLE] == State.NOT_YET
    assert "Sample data is in since" in admin.get(reverse("crm:first_run")).content.decode()
    names = sorted(Deal.objects.values_list("name", flat=True))

    clock.move_to(LATER)
    assert "is gone" in admin.post(away, follow=True).content.decode()
    assert not Deal.objects.exists()
    clock.shift(dt.timedelta(minutes=9))
    assert "Bring it back" in admin.get(reverse("crm:first_run")).content.decode()
    admin.post(add)
    assert sorted(Deal.objects.values_list("name", flat=True)) == names

    admin.post(away)
    clock.shift(dt.timedelta(minutes=11))
    assert "Bring it back" not in admin.get(reverse("crm:first_run")).content.decode()


def test_said_twice_it_is_told_and_nothing_happens(admin: Client):
    add, away = reverse("demo:sample_add"), reverse("demo:sample_take_away")
    admin.post(add)
    count = Deal.objects.count()
    assert "already" in admin.post(add, follow=True).content.decode()
    assert Deal.objects.count() == count
    admin.post(away)
    assert "no sample data" in admin.post(away, follow=True).content.decode()
