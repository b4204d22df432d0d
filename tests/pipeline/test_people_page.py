"""The tree of teams and a person's page: looked at by everybody, changed by those above."""

import re

import pytest
from django.urls import reverse

from pipeline.models import Role, Team, User
from pipeline.people.commands import invitation, people
from pipeline.people.commands import team as teams
from tests.factories import NOW, make_deal, make_team, make_user

TREE = "/people/"


@pytest.fixture
def signed_in(client, cast):
    """Signs a person in: `signed_in(cast.mona)`, or by name."""

    def _signed_in(name):
        client.force_login(getattr(cast, name))
        return client

    return _signed_in


def text_of(response):
    return response.content.decode()


def body_of(person, **changed):
    """What the edit form posts for a person as he or she is."""
    body = {
        "name": person.name,
        "email": person.email or "",
        "role": person.role,
        "team": person.team_id or "",
        "style": person.style,
        "hired_on": "",
        "time_zone": "",
    }
    return body | changed


def team_body(team, **changed):
    body = {"name": team.name, "parent": team.parent_id or "", "manager": team.manager_id or ""}
    return body | changed


def state_in(page):
    """Which state of the person the form was made from."""
    (seen,) = re.findall(r'name="seen" value="(\d+)"', page)
    return seen


EVERYBODY = ["adele", "rosa", "mona", "nora", "ana", "ben", "carl"]


@pytest.mark.parametrize("name", EVERYBODY)
def test_it_shows_everybody_the_tree(signed_in, cast, name):
    page = text_of(signed_in(name).get(TREE))

    for team in Team.objects.all():
        assert team.name in page
    for person in cast.people:
        assert person.name in page
    assert "led by Mona Reyes" in page


def test_it_asks_a_stranger_to_sign_in(client, cast):
    for address in (
        TREE,
        f"/people/{cast.ana.pk}/",
        "/people/new/",
        "/people/outbox/",
        "/profile/",
    ):
        assert client.get(address).url.startswith("/accounts/login/")


# Address, and who may: everybody else gets what a wrong address gets.
LADDER = [
    ("person_change", "ana", {"adele", "rosa", "mona"}),
    ("person_change", "mona", {"adele", "rosa"}),
    ("person_change", "rosa", {"adele"}),
    ("person_change", "adele", set()),
    ("person_email", "ana", {"adele"}),
    ("person_email", "adele", set()),
    ("team_change", "north", {"adele", "rosa", "mona"}),
    ("team_change", "west", {"adele", "rosa"}),
    ("team_change", "root", {"adele"}),
    ("person_add", None, {"adele", "rosa", "mona", "nora"}),
    ("team_add", None, {"adele", "rosa", "mona", "nora"}),
    ("outbox", None, {"adele"}),
]


@pytest.mark.parametrize("name", EVERYBODY)
@pytest.mark.parametrize(("view", "about", "may"), LADDER)
def test_it_opens_a_form_to_those_above_only(signed_in, cast, name, view, about, may):
    arguments = [getattr(cast, about).pk] if about else []

    response = signed_in(name).get(reverse(f"pipeline:{view}", args=arguments))

    assert response.status_code == (200 if name in may else 404)


@pytest.mark.parametrize("verb", ["invite", "deactivate", "reactivate"])
@pytest.mark.parametrize("name", ["nora", "ana", "ben", "carl"])
def test_it_refuses_a_verb_to_those_beside_and_below(signed_in, cast, name, verb):
    before = list(User.objects.order_by("pk").values())

    response = signed_in(name).post(reverse(f"pipeline:person_{verb}", args=[cast.mona.pk]))

    assert response.status_code == 404
    after = list(User.objects.order_by("pk").values())
    assert [{**row, "last_login": None} for row in after] == [
        {**row, "last_login": None} for row in before
    ]


@pytest.mark.parametrize("verb", ["invite", "deactivate", "reactivate"])
def test_it_changes_nothing_by_get(signed_in, cast, verb):
    address = reverse(f"pipeline:person_{verb}", args=[cast.ana.pk])

    assert signed_in("adele").get(address).status_code == 405


@pytest.mark.parametrize(
    ("name", "may"), [("adele", True), ("mona", True), ("ana", True), ("carl", False)]
)
def test_it_tells_a_persons_address_only_within_reach(signed_in, cast, name, may):
    page = text_of(signed_in(name).get(f"/people/{cast.ana.pk}/"))

    assert "Ana Ruiz" in page
    assert ("ana@seven.test" in page) == may


def test_it_adds_a_person_to_a_team_below(signed_in, cast):
    body = {
        "name": "Ida Moor",
        "email": "Ida@Seven.test",
        "role": "salesperson",
        "team": cast.north.pk,
        "style": "new_business",
        "hired_on": "2026-01-15",
        "time_zone": "Europe/Zurich",
    }

    response = signed_in("mona").post("/people/new/", body)

    ida = User.objects.get(name="Ida Moor")
    assert response.url == f"/people/{ida.pk}/"
    assert (ida.email, ida.team, ida.style) == ("ida@seven.test", cast.north, "new_business")
    assert (ida.hired_on.isoformat(), ida.time_zone) == ("2026-01-15", "Europe/Zurich")
    assert not ida.has_usable_password()
    assert not ida.invitations.exists()


@pytest.mark.parametrize(
    ("name", "changed", "field"),
    [
        ("mona", {"role": "admin"}, "role"),
        ("mona", {"team": "south"}, "team"),
        ("mona", {"team": "west"}, "team"),
        ("mona", {"team": ""}, "team"),
        ("adele", {"team": ""}, "team"),
        ("adele", {"email": "ben@seven.test"}, "email"),
        ("adele", {"email": "ben"}, "email"),
        ("adele", {"time_zone": "Mars/Olympus"}, "time_zone"),
        ("adele", {"style": "pushy"}, "style"),
        ("adele", {"name": "  "}, "name"),
    ],
)
def test_it_adds_nobody_with_what_is_not_to_be_given(signed_in, cast, name, changed, field):
    body = {"name": "Ida Moor", "role": "salesperson", "team": cast.north.pk, "style": "mixed"}
    if changed.get("team"):
        changed = {"team": getattr(cast, changed["team"]).pk}

    response = signed_in(name).post("/people/new/", body | changed)

    assert response.status_code == 422
    assert f"id_{field}_error" in text_of(response)
    assert not User.objects.filter(name="Ida Moor").exists()


def test_it_ignores_fields_that_the_form_does_not_have(signed_in, cast):
    before = User.objects.get(pk=cast.ana.pk)
    extra = {
        "password": "x",
        "is_active": "",
        "sign_outs": "9",
        "theme": "dark",
        "email": "mona@evil.test",
        "batch": "1",
        "id": str(cast.adele.pk),
        "pk": str(cast.adele.pk),
    }

    response = signed_in("mona").post(
        reverse("pipeline:person_change", args=[cast.ana.pk]), body_of(cast.ana, **extra)
    )

    assert response.status_code == 302
    after = User.objects.get(pk=cast.ana.pk)
    for field in User._meta.concrete_fields:
        assert getattr(after, field.attname) == getattr(before, field.attname), field


def test_it_moves_a_person_and_keeps_a_history(signed_in, cast):
    response = signed_in("rosa").post(
        reverse("pipeline:person_change", args=[cast.ana.pk]),
        body_of(cast.ana, team=cast.south.pk, role="manager"),
    )

    assert response.status_code == 302
    cast.ana.refresh_from_db()
    assert (cast.ana.team, cast.ana.role) == (cast.south, Role.MANAGER)
    page = text_of(signed_in("rosa").get(f"/people/{cast.ana.pk}/"))
    assert "North → South" in page
    assert "Salesperson → Manager" in page


def test_it_shows_a_history_to_those_above_only(signed_in, cast):
    signed_in("adele").post(
        reverse("pipeline:person_change", args=[cast.ana.pk]), body_of(cast.ana, name="Ana R. Ruiz")
    )

    assert "Ana Ruiz → Ana R. Ruiz" in text_of(signed_in("mona").get(f"/people/{cast.ana.pk}/"))
    assert "Ana Ruiz → " not in text_of(signed_in("ben").get(f"/people/{cast.ana.pk}/"))


def test_it_adds_a_team_with_its_manager(signed_in, cast):
    response = signed_in("rosa").post(
        "/people/teams/new/", {"name": "East", "parent": cast.west.pk, "manager": cast.nora.pk}
    )

    assert response.url == TREE
    east = Team.objects.get(name="East")
    assert (east.parent, east.manager) == (cast.west, cast.nora)


@pytest.mark.parametrize(
    ("name", "team", "changed", "field"),
    [
        ("adele", "west", {"parent": "north"}, "parent"),
        ("adele", "west", {"parent": "west"}, "parent"),
        ("adele", "north", {"name": "south"}, "name"),
        ("adele", "north", {"manager": "ana"}, "manager"),
        ("mona", "north", {"parent": "root"}, "parent"),
        ("mona", "north", {"manager": ""}, "manager"),
        ("mona", "north", {"manager": "rosa"}, "manager"),
        ("rosa", "north", {"manager": "adele"}, "manager"),
    ],
)
def test_it_leaves_a_team_as_it_is_when_it_must(signed_in, cast, name, team, changed, field):
    found = getattr(cast, team)
    values = {
        key: getattr(cast, value).pk if value and key != "name" else value
        for key, value in changed.items()
    }

    response = signed_in(name).post(
        reverse("pipeline:team_change", args=[found.pk]), team_body(found, **values)
    )

    assert response.status_code == 422
    assert f"id_{field}_error" in text_of(response)
    again = Team.objects.get(pk=found.pk)
    assert (again.name, again.parent_id, again.manager_id) == (
        found.name,
        found.parent_id,
        found.manager_id,
    )


def test_it_lets_a_manager_rename_the_own_team(signed_in, cast):
    response = signed_in("mona").post(
        reverse("pipeline:team_change", args=[cast.north.pk]),
        team_body(cast.north, name="Far North"),
    )

    assert response.url == TREE
    assert Team.objects.get(pk=cast.north.pk).name == "Far North"


def test_it_renames_the_organisation_and_keeps_its_settings(signed_in, cast):
    before = cast.root
    signed_in("adele").post(
        reverse("pipeline:team_change", args=[before.pk]),
        team_body(before, name="Boreal AG", currency="USD", parent=cast.west.pk),
    )

    after = Team.objects.root()
    assert (after.pk, after.name, after.currency) == (before.pk, "Boreal AG", before.currency)


def test_it_tells_the_gaps_to_those_who_can_mend_them(signed_in, cast):
    Team.objects.filter(pk=cast.north.pk).update(manager=None)
    User.objects.filter(pk=cast.nora.pk).update(is_active=False)
    east = make_team(name="East", parent=cast.west)
    make_user(name="Ida Moor", team=east, email=None, password=None)
    make_user(name="Max Idle", team=cast.west, role=Role.MANAGER)

    page = text_of(signed_in("rosa").get(TREE))

    assert "North has no manager: 2 salespeople there answer to Rosa Lang." in page
    assert "South is led by Nora Haas, who is deactivated" in page
    assert "Nobody of East can sign in yet." in page
    assert "Max Idle is a manager and leads no team." in page
    assert "has no manager:" not in text_of(signed_in("ana").get(TREE))


def test_it_says_when_nobody_but_admins_sees_a_teams_work(signed_in, cast):
    Team.objects.filter(pk__in=[cast.north.pk, cast.west.pk]).update(manager=None)

    page = text_of(signed_in("adele").get(TREE))

    assert "North has no manager: nobody but admins sees the work of 2 salespeople there." in page


def test_it_finds_no_gap_where_there_is_none(signed_in, cast):
    assert 'aria-labelledby="gaps"' not in text_of(signed_in("adele").get(TREE))


def test_it_signs_a_deactivated_person_out_at_once_and_for_good(signed_in, client, cast):
    deal = make_deal(by=cast.ana)
    ana = type(client)()
    ana.force_login(cast.ana)
    assert ana.get(TREE).status_code == 200

    signed_in("mona").post(reverse("pipeline:person_deactivate", args=[cast.ana.pk]))

    assert ana.get(TREE).status_code == 302
    assert type(deal).objects.visible_to(cast.again(cast.mona)).filter(pk=deal.pk).exists()
    signed_in("mona").post(reverse("pipeline:person_reactivate", args=[cast.ana.pk]))
    assert User.objects.get(pk=cast.ana.pk).is_active
    assert ana.get(TREE).status_code == 302


def test_it_keeps_the_last_admin_who_can_sign_in(signed_in, cast):
    second = make_user(name="Anton Berg", team=cast.root, role=Role.ADMIN)
    invited = make_user(name="Ida Moor", team=cast.root, role=Role.ADMIN, password=None)
    client = signed_in("adele")
    client.force_login(second)

    client.post(reverse("pipeline:person_deactivate", args=[cast.adele.pk]))
    assert not User.objects.get(pk=cast.adele.pk).is_active
    client.force_login(User.objects.get(pk=invited.pk))
    client.post(reverse("pipeline:person_deactivate", args=[second.pk]))
    body = body_of(second, role="salesperson")
    response = client.post(reverse("pipeline:person_change", args=[second.pk]), body)

    second.refresh_from_db()
    assert response.status_code == 422
    assert (second.is_active, second.role) == (True, Role.ADMIN)


def test_it_makes_no_salesperson_of_who_leads_a_team(signed_in, cast):
    response = signed_in("adele").post(
        reverse("pipeline:person_change", args=[cast.mona.pk]),
        body_of(cast.mona, role="salesperson"),
    )

    assert response.status_code == 422
    assert "give it another manager first" in text_of(response)
    assert User.objects.get(pk=cast.mona.pk).role == Role.MANAGER


def test_it_protects_a_manager_above_who_is_a_member_below(signed_in, cast):
    User.objects.filter(pk=cast.rosa.pk).update(team=cast.north)

    address = reverse("pipeline:person_deactivate", args=[cast.rosa.pk])

    assert signed_in("mona").post(address).status_code == 404
    assert User.objects.get(pk=cast.rosa.pk).is_active


def test_it_says_how_it_stands_with_access(signed_in, cast):
    ida = make_user(name="Ida Moor", team=cast.north, password=None)
    assert "Not invited" in text_of(signed_in("mona").get(TREE))
    sent = invitation.invite(ida, by=cast.mona, at=NOW)
    assert "Invited" in text_of(signed_in("mona").get(f"/people/{ida.pk}/"))
    type(sent).objects.update(expires_at=NOW)
    assert "Invitation expired" in text_of(signed_in("mona").get(TREE))


@pytest.mark.parametrize("name", ["adele", "mona", "ana"])
def test_it_asks_the_database_no_more_for_more_people(
    signed_in, cast, name, django_assert_max_num_queries
):
    for number in range(30):
        below = make_team(name=f"Unit {number}", parent=cast.north)
        make_user(name=f"P{number} Moor", team=below, role=Role.MANAGER)
    client = signed_in(name)
    for address in (TREE, f"/people/{cast.ana.pk}/"):
        with django_assert_max_num_queries(12):
            assert client.get(address).status_code == 200
    if name != "ana":
        for address in ("/people/new/", reverse("pipeline:team_change", args=[cast.north.pk])):
            with django_assert_max_num_queries(12):
                assert client.get(address).status_code == 200


def test_it_loses_nobodys_change_and_nothing_typed(signed_in, cast):
    address = reverse("pipeline:person_change", args=[cast.ana.pk])
    shown = state_in(text_of(signed_in("mona").get(address)))
    people.change(cast.ana, team=cast.south, by=cast.adele, at=NOW)
    people.change(cast.ana, team=cast.north, style="new_business", by=cast.adele, at=NOW)
    typed = body_of(cast.ana, name="Ana R. Ruiz", seen=shown)

    response = signed_in("mona").post(address, typed)

    page = text_of(response)
    assert response.status_code == 409
    assert "Adele Winter was faster" in page
    assert "Selling style: Mixed → New business" in page
    assert 'value="Ana R. Ruiz"' in page
    assert User.objects.get(pk=cast.ana.pk).style == "new_business"
    newer = state_in(page)
    assert signed_in("mona").post(address, typed | {"seen": newer}).status_code == 302
    assert User.objects.get(pk=cast.ana.pk).name == "Ana R. Ruiz"


def test_it_tells_of_a_team_that_somebody_else_just_changed(signed_in, cast):
    address = reverse("pipeline:team_change", args=[cast.north.pk])
    teams.change(
        cast.north, name="North", parent=cast.root, manager=cast.mona, by=cast.adele, at=NOW
    )

    response = signed_in("rosa").post(address, team_body(cast.north, name="Far North", seen="0"))

    assert response.status_code == 404  # it is out of Rosa's reach by now
    response = signed_in("adele").post(address, team_body(cast.north, name="Far North", seen="0"))
    assert response.status_code == 409
    assert "Below: Region West → Austral GmbH" in text_of(response)


@pytest.mark.parametrize("seen", ["999999999", "9" * 30])
def test_it_takes_no_state_that_was_never_shown_for_a_change_of_somebody_else(
    signed_in, cast, seen
):
    address = reverse("pipeline:person_change", args=[cast.ana.pk])

    response = signed_in("mona").post(address, body_of(cast.ana, name="Ana R", seen=seen))

    assert response.status_code == 302
    assert User.objects.get(pk=cast.ana.pk).name == "Ana R"
