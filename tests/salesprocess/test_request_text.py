"""Text that is no text is refused in words, wherever in a request it stands."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from pipeline.models import User
from salesprocess.settings import MIDDLEWARE
from tests.conftest import Cast

pytestmark = pytest.mark.django_db

PROFILE = "/profile/"
FORM = "application/x-www-form-urlencoded"
BROKEN = {
    "NUL in the path": lambda c: c.get("/deals/%00/"),
    "NUL in a static address": lambda c: c.get("/static/a%00b.css"),
    "no UTF-8 in the path": lambda c: c.get("/deals/%FF/"),
    "NUL in the query": lambda c: c.get("/search/?q=a%00b"),
    "half a character in the query": lambda c: c.get("/search/?q=%ED%A0%80"),
    "no UTF-8 in the query": lambda c: c.get("/search/?q=%C3"),
    "NUL in a header": lambda c: c.get("/search/", headers={"X-Reader": "a\0b"}),
    "NUL in a form": lambda c: c.post(PROFILE, {"name": "a\0b"}),
    "NUL in the name of a field": lambda c: c.post(PROFILE, {"na\0me": "b"}),
    "NUL in a plain form": lambda c: c.post(PROFILE, "name=a%00b", content_type=FORM),
    "no UTF-8 in a form": lambda c: c.post(PROFILE, "name=%ff", content_type=FORM),
    "half a character in a form": lambda c: c.post(PROFILE, "name=%ED%B0%80", content_type=FORM),
    "NUL in the name of a file": lambda c: c.post(
        "/imports/", {"file": SimpleUploadedFile("a.csv", b"a"), "kind": "a\0"}
    ),
    "no UTF-8 in a form with files": lambda c: with_files(c, b"a\xff"),
    "half a character in a form with files": lambda c: with_files(c, b"\xed\xa0\x80"),
    "NUL in JSON": lambda c: as_json(c, {"a": [{"b": "\0"}]}),
    "half a character in JSON": lambda c: as_json(c, {"\ud800": 1}),
    "no JSON": lambda c: c.post(PROFILE, "{", content_type="application/json"),
    "JSON without an end": lambda c: c.post(PROFILE, "[" * 99_999, content_type="application/json"),
}


def as_json(client: Client, value: Any) -> Any:
    return client.post(PROFILE, json.dumps(value), content_type="application/json")


def with_files(client: Client, name: bytes) -> Any:
    head = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n'
    kind = "multipart/form-data; boundary=x"
    return client.post(PROFILE, head + name + b"\r\n--x--\r\n", content_type=kind)


@pytest.fixture
def client(cast: Cast) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(cast.ana)
    return client


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_text_is_refused_in_words(client: Client, cast: Cast, what: str):
    answer = BROKEN[what](client)
    assert answer.status_code == 400
    assert "made no sense" in answer.content.decode()
    assert User.objects.get(pk=cast.ana.pk).name == cast.ana.name


def test_a_cookie_that_writes_one_as_a_number_is_refused(client: Client):
    client.cookies.clear()
    cookie = f'{settings.SESSION_COOKIE_NAME}="a\\000b"'
    assert client.get("/board/", headers={"Cookie": cookie}).status_code == 400


def test_a_part_of_a_page_gets_the_words_as_a_note(client: Client):
    answer = client.post(PROFILE, {"name": "a\0"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Reswap"]) == (400, "none")
    assert "damaged on the way" in answer["HX-Trigger"]


@pytest.mark.parametrize("text", ["Ünï ☃ 😀", "\ufffd", "a\u200fb", "\x01"])
def test_all_that_is_text_comes_through(client: Client, text: str):
    for path in ("/search/", "/board/"):
        assert client.get(path, {"q": text}).status_code == 200
    assert client.get("/nowhere/日本/").status_code == 404
    assert client.post(PROFILE, {"name": text}).status_code != 400
    assert with_files(client, text.encode()).status_code != 400


def test_a_body_is_measured_before_it_is_read():
    order = [name.rpartition(".")[2] for name in MIDDLEWARE]
    assert (
        order.index("BoundUploads") < order.index("RequestText") < order.index("CsrfViewMiddleware")
    )
