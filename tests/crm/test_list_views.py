"""Views that are saved above a list."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from crm.commands import saved_view as commands
from crm.models import ListKind, SavedView
from pipeline.models import Team, User
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import NOW, make_company, make_deal


def save(person: User, *, name: str = "Big", team: Team | None = None, **facts: Any) -> SavedView:
    facts = {"kind": ListKind.LEADS, "query": "min=100", **facts}
    return commands.save(name=name, team=team, by=person, at=NOW, **facts)


def tabs(client: Client, person: User) -> str:
    client.force_login(person)
    text: str = client.get("/leads/list/").content.decode()
    return text.split('aria-label="Views"')[1].split("</nav>")[0]


def test_it_keeps_the_address_of_a_list(cast: Cast, client: Client) -> None:
    make_deal(by=cast.ana, name="Small", amount=1)
    client.force_login(cast.ana)
    answer = client.post(
        "/views/save/",
        {"list": "leads", "query": "sort=-value&min=100&after=x&junk=1&person=", "name": " Big "},
    )
    view = SavedView.objects.get()
    assert (view.name, view.query, view.owner) == ("Big", "min=100&sort=-value", cast.ana)
    assert answer["Location"] == "/leads/list/?min=100&sort=-value"
    page = client.get(answer["Location"]).content.decode()
    assert '?min=100&amp;sort=-value" aria-current="page"' in page
    assert "Small" not in page


def test_it_saves_no_question_that_is_none(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    answer = client.post("/views/save/", {"list": "leads", "query": "min=abc", "name": "Big"})
    assert answer.status_code == 422
    assert not SavedView.objects.exists()


def test_it_keeps_a_view_to_its_owner(cast: Cast, client: Client) -> None:
    save(cast.ana)
    assert "Big" in tabs(client, cast.ana)
    for person in (cast.ben, cast.mona, cast.rosa, cast.carl, cast.adele):
        assert "Big" not in tabs(client, person)


def test_it_shares_a_managers_view_with_the_team_and_those_below(
    cast: Cast, client: Client
) -> None:
    save(cast.mona, name="Norths", team=cast.north)
    save(cast.rosa, name="Wests", team=cast.west)
    for person, north, west in (
        (cast.ana, True, True),
        (cast.mona, True, True),
        (cast.rosa, True, True),
        (cast.carl, False, True),
        (cast.nora, False, True),
    ):
        shown = tabs(client, person)
        assert ("Norths" in shown, "Wests" in shown) == (north, west), person.name


def test_it_shows_through_a_shared_view_only_ones_own_reach(cast: Cast, client: Client) -> None:
    make_deal(by=cast.carl, name="Secret", amount=500)
    view = save(cast.rosa, team=cast.west)
    client.force_login(cast.ana)
    assert "Secret" not in client.get(f"/leads/list/?{view.query}").content.decode()


@pytest.mark.parametrize("who", ["ana", "nora"])
def test_it_shares_only_with_a_team_that_one_leads(cast: Cast, client: Client, who: str) -> None:
    person = getattr(cast, who)
    with pytest.raises(Refused):
        save(person, team=cast.north)
    client.force_login(person)
    data = {"list": "leads", "query": "min=1", "name": "Big", "team": cast.north.pk}
    client.post("/views/save/", data)
    assert not SavedView.objects.filter(team__isnull=False).exists()


def test_it_is_renamed_shared_and_deleted_by_its_owner(cast: Cast, client: Client) -> None:
    view = save(cast.mona)
    client.force_login(cast.mona)
    client.post(f"/views/{view.pk}/", {"name": "Bigger", "team": cast.north.pk})
    view.refresh_from_db()
    assert (view.name, view.team) == ("Bigger", cast.north)
    assert client.post(f"/views/{view.pk}/delete/")["Location"] == "/leads/list/"
    assert not SavedView.objects.exists()


def test_it_is_changed_by_nobody_else(cast: Cast, client: Client) -> None:
    view = save(cast.mona, team=cast.north)
    for person in (cast.ana, cast.ben, cast.rosa, cast.nora, cast.carl):
        client.force_login(person)
        for answer in (
            client.get(f"/views/{view.pk}/"),
            client.post(f"/views/{view.pk}/", {"name": "Mine"}),
            client.post(f"/views/{view.pk}/delete/"),
        ):
            assert answer.status_code == 404
    client.logout()
    assert client.post(f"/views/{view.pk}/delete/").status_code == 302
    client.force_login(cast.mona)
    assert client.get(f"/views/{view.pk}/delete/").status_code == 405
    view.refresh_from_db()
    assert view.name == "Big"


def test_it_wants_each_name_once(cast: Cast, client: Client) -> None:
    save(cast.ana)
    save(cast.ben)
    save(cast.ana, kind=ListKind.DEALS)
    for name in ("big", " BIG ", ""):
        with pytest.raises(Refused):
            save(cast.ana, name=name)
    client.force_login(cast.ana)
    answer = client.post("/views/save/", {"list": "leads", "query": "min=1", "name": "BIG"})
    assert answer.status_code == 422
    assert "a view of this name already" in answer.content.decode()


def test_it_keeps_no_more_than_fit_above_a_list(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MAX_VIEWS", 2)
    for name in ("A", "B"):
        save(cast.ana, name=name)
    with pytest.raises(Refused):
        save(cast.ana, name="C")


def test_it_says_that_an_address_is_too_long_to_keep(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    query = "&".join(["stage=1"] * 300)
    answer = client.post("/views/save/", {"list": "leads", "query": query, "name": "Long"})
    assert answer.status_code == 422
    assert not SavedView.objects.exists()


def test_it_tells_who_changed_a_view_meanwhile_and_keeps_what_was_typed(
    cast: Cast, client: Client
) -> None:
    view = save(cast.mona)
    commands.change(view, name="Theirs", team=cast.north, by=cast.adele, at=NOW, version=1)
    client.force_login(cast.mona)
    said = {"name": "Mine", "team": "", "version": 1}

    late = client.post(f"/views/{view.pk}/", said)

    assert late.status_code == 409
    text = late.content.decode()
    for words in ("Adele Winter changed this", "Theirs", "North", "Only me", 'value="Mine"'):
        assert words in text
    assert SavedView.objects.get().name == "Theirs"
    assert 'name="version" value="2"' in text
    client.post(f"/views/{view.pk}/", {**said, "version": 2})
    kept = SavedView.objects.get()
    assert (kept.name, kept.team, kept.version, kept.changed_by) == ("Mine", None, 3, cast.mona)


def test_a_shared_view_of_mine_shows_each_reader_his_or_her_own(cast: Cast, client: Client) -> None:
    for person in (cast.ana, cast.ben, cast.mona):
        make_deal(by=person, name=f"Deal of {person.name}")
        make_company(by=person, owner=person, name=f"Company of {person.name}")
    client.force_login(cast.mona)
    for kind in ("leads", "companies"):
        # As "Mine" is chosen, and as an older address says it.
        for mine in ("me", str(cast.mona.pk)):
            data = {"list": kind, "query": f"person={mine}", "name": f"Mine {mine}"}
            client.post("/views/save/", {**data, "team": cast.north.pk})
    assert set(SavedView.objects.values_list("query", "team")) == {("person=me", cast.north.pk)}
    for person in (cast.ana, cast.ben, cast.mona):
        client.force_login(person)
        for address in ("/leads/list/?person=me", "/companies/?person=me", "/board/?person=me"):
            page = client.get(address).content.decode()
            names = {each.name for each in cast.people if f" of {each.name}" in page}
            assert names == {person.name}, address
            assert '<option value="me" selected>' in page
        page = client.get("/leads/list/?person=me").content.decode()
        assert '?person=me" aria-current="page"' in page


def test_a_view_of_somebody_stays_that_persons(cast: Cast, client: Client) -> None:
    client.force_login(cast.mona)
    client.post("/views/save/", {"list": "leads", "query": f"person={cast.ana.pk}", "name": "Hers"})
    assert SavedView.objects.get().query == f"person={cast.ana.pk}"


def test_older_views_of_ones_own_say_me(cast: Cast) -> None:
    mine = save(cast.ana, query=f"q=a+b&person={cast.ana.pk}&sort=-value", name="Mine")
    hers = save(cast.mona, query=f"person={cast.ana.pk}", name="Hers")
    import_module("crm.migrations.0021_views_say_me").say_me(apps, None)
    mine.refresh_from_db()
    hers.refresh_from_db()
    assert (mine.query, hers.query) == ("q=a+b&person=me&sort=-value", f"person={cast.ana.pk}")
