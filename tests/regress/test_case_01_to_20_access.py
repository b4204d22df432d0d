"""Broken access to records, as others had it: one test for each case, named by its number."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.models import Deal, DealContact, EvidenceFile, Product, UndoableAct
from exchange.models import ImportJob
from pipeline.models import User
from pipeline.process.stages import Outcome
from tests import test_url_walk as walk
from tests.exchange.uploads import checked, uploaded
from tests.factories import NOW, make_contact, make_deal
from tests.regress.conftest import Regress

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
VERBS = (
    "edit/name",
    "move",
    "stop",
    "win",
    "reopen",
    "park",
    "hand-over",
    "log",
    "people",
    "claim",
)
HTMX = {"HX-Request": "true"}


def facts(deal: Deal) -> dict[str, Any]:
    return dict(Deal.objects.filter(pk=deal.pk).values()[0])


def test_case_01_ownership_is_asked_by_every_verb_and_never_taken_from_a_form(
    they: Regress, as_: SignIn
):
    before = facts(they.carls)
    for verb in VERBS:
        for method in ("get", "post"):
            send = getattr(as_(they.cast.ana), method)
            status = send(f"/deals/{they.carls.pk}/{verb}/", {"name": "x", "to": "3"}).status_code
            # 405 is said of the method before anything is looked for.
            assert status == 404 or (method, status) == ("get", 405), (verb, method)
    assert facts(they.carls) == before
    said = {"name": "Mine", "owner": they.cast.carl.pk, "owner_id": they.cast.carl.pk}
    as_(they.cast.ana).post(f"/deals/{they.anas.pk}/edit/name/", said | {"version": 1})
    now = facts(they.anas)
    assert (now["name"], now["owner_id"]) == ("Mine", they.cast.ana.pk)


def test_case_02_what_is_refused_has_changed_nothing(they: Regress, as_: SignIn):
    client = as_(they.cast.ana)
    assert client.post("/settings/products/add/", {"name": "X", "currency": "EUR"}).status_code in (
        *(403, 404),
    )
    assert not Product.objects.filter(name="X").exists()
    assert client.post(f"/people/{they.cast.ben.pk}/deactivate/").status_code in (403, 404)
    assert User.objects.get(pk=they.cast.ben.pk).is_active


@pytest.fixture
def anas_file(they: Regress) -> ImportJob:
    text = "Deal,Owner\nanas secret,Nobody Known\n"
    return checked(they.cast.ana, uploaded(they.cast.ana, text), name="Deal", owner="Owner")


def test_case_03_rows_that_stayed_out_are_for_whose_import_it_is(
    they: Regress, as_: SignIn, anas_file: ImportJob
):
    path = f"/imports/{anas_file.pk}/errors.csv"
    assert as_(they.cast.carl).get(path).status_code == 404
    assert b"anas secret" in b"".join(as_(they.cast.ana).get(path))


def test_case_04_an_id_in_a_body_is_within_reach_too(they: Regress, as_: SignIn):
    as_(they.cast.carl).post(
        f"/deals/{they.carls.pk}/park/", {"days": "30", "version": they.carls.version}
    )
    act = UndoableAct.objects.get()
    sent = {"act": act.pk, "version": they.anas.version}
    status = as_(they.cast.ana).post(f"/deals/{they.anas.pk}/undo/", sent).status_code
    assert status in (404, 422)
    assert UndoableAct.objects.filter(pk=act.pk).exists()


def test_case_05_a_bulk_changes_no_foreign_record(they: Regress, as_: SignIn):
    before = facts(they.carls)
    sent = {"list": "leads", "ids": str(they.carls.pk), "until": "2026-05-01"}
    answer = as_(they.cast.ana).post("/deals/bulk/park/", sent)
    assert "Carls canary" not in answer.content.decode()
    assert facts(they.carls) == before


def test_case_06_to_link_needs_the_right_to_edit(they: Regress, as_: SignIn):
    contact = make_contact(by=they.cast.ana, company=they.anas.company)
    path = f"/deals/{they.carls.pk}/people/"
    assert as_(they.cast.ana).post(path, {"contact": contact.pk}).status_code == 404
    assert not DealContact.objects.filter(deal=they.carls, contact=contact).exists()


def test_case_07_what_hangs_on_a_shared_record_is_within_reach(they: Regress, as_: SignIn):
    html = as_(they.cast.ana).get(f"/companies/{they.anas.company_id}/").content.decode()
    assert "Anas canary" in html
    assert "Carls canary" not in html


def test_case_08_a_fragment_is_an_address_like_any_other(they: Regress, as_: SignIn):
    for verb in ("win", "reopen", "stop", "timeline", "stages/1"):
        for send in (as_(they.cast.ana).get, as_(they.cast.ana).post):
            path = f"/deals/{they.carls.pk}/{verb}/"
            assert send(path, headers=HTMX).status_code in (404, 405), verb
    assert facts(they.carls)["outcome"] == Outcome.OPEN


def test_case_09_a_pool_is_the_teams(they: Regress, as_: SignIn):
    pool = make_deal(by=they.cast.mona, name="Pool canary")
    Deal.objects.filter(pk=pool.pk).update(owner=None, team=they.cast.north)
    assert as_(they.cast.carl).get(f"/deals/{pool.pk}/").status_code == 404
    assert as_(they.cast.carl).post(f"/deals/{pool.pk}/claim/").status_code == 404
    assert as_(they.cast.ben).post(f"/deals/{pool.pk}/claim/").status_code == 302
    assert facts(pool)["owner_id"] == they.cast.ben.pk


def test_case_10_dragging_a_card_is_a_verb_like_any_other(they: Regress, as_: SignIn):
    before = facts(they.carls)
    sent = {"to": "3", "version": they.carls.version}
    path = f"/deals/{they.carls.pk}/move/"
    assert as_(they.cast.ana).post(path, sent, headers=HTMX).status_code == 404
    assert facts(they.carls) == before


def test_case_11_a_file_is_within_the_reach_of_its_deal(they: Regress, as_: SignIn):
    file = EvidenceFile.objects.create(
        deal=they.anas, name="a.txt", size=1, content=b"a", at=NOW, by=they.cast.ana
    )
    for deal in (they.anas, they.carls):
        path = f"/deals/{deal.pk}/files/{file.pk}/"
        assert as_(they.cast.carl).get(path).status_code == 404


def test_case_13_a_file_of_a_list_holds_what_the_list_shows(they: Regress, as_: SignIn):
    text = b"".join(as_(they.cast.ana).get("/lists/deals.csv")).decode()
    assert "Anas canary" in text
    assert "Carls canary" not in text


def test_case_14_the_parameters_of_a_report_are_within_reach(they: Regress, as_: SignIn):
    client = as_(they.cast.ana)
    assert client.get(f"/reports/funnel/?person={they.cast.carl.pk}").status_code == 404
    path = f"/reports/rows/open_deals/?by=stage&of=1&person={they.cast.carl.pk}"
    assert client.get(path).status_code == 404


def test_case_17_what_a_pick_list_offers_is_within_reach(they: Regress, as_: SignIn):
    client = as_(they.cast.ana)
    for path in (
        "/search/?q=canary",
        "/deals/new/alike/?company_name=Norte",
        "/companies/pick/?q=Norte",
    ):
        assert "Carls canary" not in client.get(path, headers=HTMX).content.decode(), path


def test_case_18_reach_is_asked_before_a_list_is_cut(they: Regress, as_: SignIn):
    for number in range(55):
        make_deal(by=they.cast.carl, name=f"New {number}", at=NOW)
    html = as_(they.cast.ana).get("/deals/").content.decode()
    assert "Anas canary" in html
    assert re.findall(r'id="list-total">([^<]*)<', html) == ["1 deal"]


def test_case_19_nothing_is_kept_for_the_next_reader(they: Regress, as_: SignIn):
    seen = []
    for user in (they.cast.ana, they.cast.carl):
        for path in ("/deals/", "/lists/deals.csv"):
            answer = as_(user).get(path)
            assert "no-store" in answer["Cache-Control"]
            seen.append(b"".join(answer).decode())
    assert ["Carls canary" in text for text in seen] == [False, False, True, True]


def test_case_20_the_list_of_addresses_is_made_from_the_resolver():
    walk.test_it_knows_every_address_and_no_other()
