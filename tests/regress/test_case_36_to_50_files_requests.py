"""Files, formulas, requests, sessions and resources, as others had it: one test for each case."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.adapter import get_adapter
from django.conf import settings as django_settings
from django.core import mail
from django.test import Client, RequestFactory

from crm.models import Company, EvidenceFile
from pipeline.models import User
from salesprocess.lib.spreadsheet import escape_formula
from tests.exchange.uploads import upload
from tests.factories import NOW, make_company
from tests.machinery.test_settings_refuse import start
from tests.regress.conftest import Regress

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]


@pytest.mark.parametrize(
    "before", ["", " ", "\t", "\r", "\n", "\xa0", "\ufeff", "\x01", "\u200b", ";", '"']
)
@pytest.mark.parametrize("sign", list("=+-@＝＋－＠"))
def test_case_36_nothing_before_a_formula_hides_it(before: str, sign: str):
    assert escape_formula(f"{before}{sign}1+1").startswith("'")


def test_case_37_a_file_is_never_shown_as_a_page_of_ours(they: Regress, as_: SignIn):
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    file = EvidenceFile.objects.create(
        deal=they.anas, name="a.svg", size=len(svg), content=svg, content_type="image/svg+xml",
        at=NOW, by=they.cast.ana,
    )  # fmt: skip
    with_step(they, file)
    answer = as_(they.cast.ana).get(f"/deals/{they.anas.pk}/files/{file.pk}/")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "script-src 'self'" in answer["Content-Security-Policy"]


def with_step(they: Regress, file: EvidenceFile) -> None:
    they.anas.step_results.create(stage=1, key="x", file=file, at=NOW, by=they.cast.ana)


HOSTILE = "javascript:alert(1) <img src=x onerror=alert(1)>"


def test_case_38_words_of_people_are_words_wherever_they_stand(they: Regress, as_: SignIn):
    User.objects.filter(pk=they.cast.ana.pk).update(name=HOSTILE)
    client = as_(they.cast.ana)
    path = f"/deals/{they.anas.pk}/"
    assert client.post(f"{path}log/", {"kind": "note", "body": HOSTILE}).status_code == 302
    html = client.get(path).content.decode()
    assert "&lt;img src=x onerror" in html
    assert "<img src=x" not in html
    assert 'href="javascript' not in html


def test_case_39_a_website_is_http_when_it_is_written_and_when_it_is_shown(
    they: Regress, as_: SignIn
):
    company = make_company(by=they.cast.ana, name="Sur SA")
    client = as_(they.cast.ana)
    for website in ("javascript:alert(1)", "data:text/html,x", "java\tscript:alert(1)"):
        sent = {"name": "Sur SA", "website": website, "relationship": "never_bought"}
        assert client.post(f"/companies/{company.pk}/edit/", sent).status_code == 422
    Company.objects.filter(pk=company.pk).update(website="javascript:alert(1)")
    html = client.get(f"/companies/{company.pk}/").content.decode()
    assert 'href="javascript' not in html


def test_case_44_no_start_without_a_key_of_ones_own():
    for key in (None, "", "x" * 60, *django_settings.PUBLIC_KEYS.values()):
        assert start(SECRET_KEY=key).returncode != 0, key


def test_case_45_nothing_changes_by_a_link_or_from_another_site(they: Regress):
    client = Client(enforce_csrf_checks=True)
    client.force_login(they.cast.ana)
    path = f"/deals/{they.anas.pk}"
    assert client.post(f"{path}/park/", {"days": "30"}).status_code == 403
    for verb in ("park", "claim", "undo", "take-back", "hand-over"):
        client.get(f"{path}/{verb}/?days=30&to={they.cast.ben.pk}")
    now = they.anas.__class__.objects.get(pk=they.anas.pk)
    assert (now.version, now.owner) == (they.anas.version, they.cast.ana)


def test_case_46_no_host_of_a_request_is_written_into_a_mail(they: Regress, client: Client):
    sent = {"email": they.cast.ana.email}
    for host in ("evil.example", "localhost.evil.example", "localhost:8000@evil.example"):
        assert client.post("/accounts/password/reset/", sent, HTTP_HOST=host).status_code == 400
    assert mail.outbox == []
    client.post("/accounts/password/reset/", sent, HTTP_X_FORWARDED_HOST="evil.example")
    assert all("evil.example" not in str(message.body) for message in mail.outbox)


def test_case_47_no_address_is_believed_that_no_proxy_of_ours_has_seen(rf: RequestFactory):
    request = rf.get("/", HTTP_X_FORWARDED_FOR="6.6.6.6", REMOTE_ADDR="192.0.2.7")
    assert get_adapter().get_client_ip(request) == "192.0.2.7"


def test_case_48_who_signs_in_gets_a_session_of_his_own(they: Regress):
    client = Client()
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = 1
    session.save()
    before = str(session.session_key)
    client.cookies[django_settings.SESSION_COOKIE_NAME] = before
    client.post("/accounts/login/", {"login": they.cast.ana.email, "password": "right horse"})
    assert client.session.session_key != before
    assert client.get("/board/").status_code == 200
    assert not getattr(django_settings, "SESSION_SAVE_EVERY_REQUEST", False)
    assert not any("cache" in name.lower() for name in django_settings.MIDDLEWARE)


def test_case_49_a_file_is_measured_while_it_comes(they: Regress, settings: Any, tmp_path: Any):
    settings.IMPORT_MOST_BYTES = 1_000
    assert upload(they.cast.ana, "Deal\n" + "x" * 2_000).status_code == 413
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_case_50_numbers_and_parts_of_a_form_are_bounded(they: Regress, as_: SignIn):
    client = as_(they.cast.ana)
    for number in ("1e999999", "9" * 5_000, "1e400"):
        assert client.get("/deals/", {"min": number}).status_code in (400, 422)
    many = {f"f{number}": "1" for number in range(2_000)}
    assert client.post("/profile/", many).status_code == 400
    body = io.BytesIO(b"PK\x03\x04" + b"\0" * 2_000).getvalue()
    assert upload(they.cast.ana, body, name="a.xlsx").status_code == 422
