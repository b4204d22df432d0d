"""Privilege, mass assignment, imports and injection, as others had it: one test for each case."""

import ast
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.test import Client
from django.urls import Resolver404, resolve

from crm.models import Company, Deal
from exchange.models import ImportJob
from pipeline import tasks
from pipeline.models import Role, User
from pipeline.people.commands import invitation
from salesprocess.celery import app
from tests.exchange.uploads import checked, loaded, uploaded
from tests.factories import NOW, make_company, make_contact, make_user
from tests.regress.conftest import Regress

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
APPS = ("pipeline", "crm", "reports", "exchange", "salesprocess")


def test_case_21_nobody_grants_a_role_or_a_team_out_of_reach(they: Regress, as_: SignIn):
    cast = they.cast
    client = as_(cast.mona)
    person = {"name": "New", "email": "new@seven.test", "style": "mixed"}
    for wish in (
        {"role": "admin", "team": cast.north.pk},
        {"role": "salesperson", "team": cast.south.pk},
    ):
        assert client.post("/people/new/", person | wish).status_code == 422
    assert not User.objects.filter(name="New").exists()
    client.post(f"/people/{cast.ben.pk}/edit/", {"name": "Ben", "role": "admin", "style": "mixed"})
    client.post(f"/people/{cast.mona.pk}/edit/", {"name": "Mona", "role": "admin"})
    assert not User.objects.filter(pk__in=[cast.ben.pk, cast.mona.pk], role=Role.ADMIN).exists()


def test_case_22_a_contact_shares_nothing_with_who_signs_in(they: Regress, as_: SignIn):
    contact = make_contact(by=they.cast.ana, name="Ben Okoro")
    client = as_(they.cast.ana)
    client.post(
        f"/contacts/{contact.pk}/edit/",
        {"name": "Ben", "emails": they.cast.ben.email, "email": "evil@seven.test", "version": 1},
    )
    assert User.objects.get(pk=they.cast.ben.pk).email == they.cast.ben.email
    sent = {"email": "evil@seven.test", "password": "wrong"}
    assert client.post("/profile/e-mail/", sent).status_code == 422
    assert User.objects.get(pk=they.cast.ana.pk).email == they.cast.ana.email


def test_case_23_a_form_cannot_say_which_record_it_is(they: Regress, as_: SignIn):
    before, count = they.carls.name, Deal.objects.count()
    sent = {"name": "N", "id": they.carls.pk, "pk": they.carls.pk, "batch": 1, "version": 1}
    as_(they.cast.ana).post(f"/deals/{they.anas.pk}/edit/name/", sent)
    names = dict(Deal.objects.values_list("pk", "name"))
    assert (names[they.anas.pk], names[they.carls.pk], len(names)) == ("N", before, count)


def test_case_24_an_import_changes_no_record_that_there_is(they: Regress):
    company = make_company(by=they.cast.carl, name="Sur SA", industry="Steel")
    text = "Name,Industry\nSur SA,Toys\n"
    job = checked(
        they.cast.ana,
        uploaded(they.cast.ana, text, kind="companies"),
        name="Name",
        industry="Industry",
    )
    loaded(they.cast.ana, job)
    now = Company.objects.get(name="Sur SA")
    assert (now.pk, now.industry, now.owner_id) == (company.pk, "Steel", company.owner_id)


def test_case_25_whose_import_it_is_comes_from_no_form(they: Regress, as_: SignIn):
    job = uploaded(they.cast.ana, "Deal\nPump\n")
    sent = {"system": "old", "name": "0", "owner": they.cast.carl.pk, "owner_id": they.cast.carl.pk}
    as_(they.cast.ana).post(f"/imports/{job.pk}/columns/", sent)
    assert ImportJob.objects.get(pk=job.pk).owner == they.cast.ana


def test_case_26_no_address_makes_a_first_admin(db: None, client: Client):
    for path in ("/setup/", "/install/", "/installer/", "/admin/", "/first-admin/"):
        with pytest.raises(Resolver404):
            resolve(path)
    assert "<form" not in client.get("/accounts/signup/").content.decode()
    sent = {"email": "x@y.test", "password1": "right horse", "password2": "right horse"}
    client.post("/accounts/signup/", sent)
    assert not User.objects.exists()


def invited(they: Regress) -> str:
    ida = make_user(name="Ida Moor", team=they.cast.north, password=None)
    invitation.invite(ida, by=they.cast.mona, at=NOW)
    tasks.relay_outbox()
    found = re.search(r"/invitations/\S+", str(mail.outbox[-1].body))
    assert found
    return found[0]


def test_case_27_an_invitation_lets_in_once(they: Regress):
    link = invited(they)
    password = "seven-horses-and-a-cart"  # of nobody
    for status in (302, 410):
        client = Client()
        client.get(link)
        sent = {"name": "Ida", "password": password, "again": password}
        assert client.post("/invitations/accept/", sent).status_code == status


def test_case_28_no_key_of_an_invitation_is_logged(
    they: Regress, client: Client, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.DEBUG):
        link = invited(they)
        client.get(link)
        client.get(link + "x/")
    assert link.split("/")[2] not in caplog.text.replace(link + "x/", "")


def test_case_29_a_time_zone_is_one_of_those_that_there_are(they: Regress, as_: SignIn):
    sent = {"name": "Ana", "time_zone": "UTC'; DROP TABLE crm_deal; --", "style": "mixed"}
    answer = as_(they.cast.ana).post("/profile/", sent | {"theme": "auto", "language": "en"})
    assert answer.status_code == 422
    assert User.objects.get(pk=they.cast.ana.pk).time_zone == ""


def test_case_31_a_report_sorts_and_groups_by_what_it_has(they: Regress, as_: SignIn):
    client = as_(they.cast.ana)
    for sort in ("owner__password", "name; --", "-pk", "created_at DESC"):
        assert client.get("/deals/", {"sort": sort}).status_code == 422
    rows = client.get("/reports/rows/open_deals/?by=stage&of=1", {"sort": "owner__password"})
    assert rows.status_code in (200, 404, 422)


def test_case_32_a_filter_takes_no_operators(they: Regress, as_: SignIn):
    client = as_(they.cast.ana)
    for query in (
        "person[in]=1",
        "team__name=South",
        "q[$ne]=",
        "min[gt]=1",
        "ids=1 OR 1=1",
        "uid=1'--",
    ):
        html = client.get(f"/deals/?{query}").content.decode()
        assert "Carls canary" not in html, query


def product_code() -> Iterator[tuple[Path, ast.AST]]:
    for name in APPS:
        for path in Path(django_settings.BASE_DIR, name).rglob("*.py"):
            if "migrations" not in path.parts:
                for node in ast.walk(ast.parse(path.read_text())):
                    yield path, node


def test_case_33_no_words_of_a_request_become_names_of_a_query(they: Regress, as_: SignIn):
    client = as_(they.cast.ana)
    for query in ("_connector=OR 1=1 OR", "_negated=1", "pk__gt=0", "owner__isnull=0"):
        assert "Carls canary" not in client.get(f"/deals/?{query}").content.decode()
    unpacked = {
        f"{path.name}:{node.lineno}"
        for path, node in product_code()
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg is None and re.search(r"request|\.GET|\.POST", ast.unparse(keyword.value))
        if re.search(r"\.(filter|exclude|annotate|alias|order_by|get)$", ast.unparse(node.func))
    }
    assert unpacked == set()


def test_case_34_no_words_of_people_become_a_template():
    made = {
        f"{path.name}:{node.lineno}"
        for path, node in product_code()
        if isinstance(node, ast.Call)
        and re.search(r"(^|\.)(Template|from_string)$", ast.unparse(node.func))
    }
    assert made == set()


def test_case_35_a_message_is_json_and_says_ids():
    assert app.conf.accept_content == ["json"]
    assert (app.conf.task_serializer, app.conf.result_serializer) == ("json", "json")
    imported = {
        alias.name
        for _path, node in product_code()
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported.isdisjoint({"pickle", "marshal", "shelve", "dill", "yaml"})
