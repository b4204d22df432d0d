import json

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django_htmx.middleware import HtmxMiddleware
from jinja2 import DictLoader

from pipeline.models import User
from salesprocess.lib import htmx
from salesprocess.lib.jinja import environment
from tests.conftest import Cast

HTMX = {"HX-Request": "true"}


def request(**headers: str) -> HttpRequest:
    made = RequestFactory().get("/board/", headers=headers)
    HtmxMiddleware(lambda _: HttpResponse())(made)
    return made


@pytest.mark.parametrize(
    ("headers", "fragment"),
    [
        ({}, False),
        (HTMX, True),
        ({**HTMX, "HX-Boosted": "true"}, False),
        ({**HTMX, "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_it_answers_with_the_fragment_only_where_a_part_is_changed(
    headers: dict[str, str], fragment: bool
):
    response = htmx.render(
        request(**headers), page="errors/404.html", fragment="errors/403.html", status=422
    )

    other = htmx.render(request(), page="errors/403.html" if fragment else "errors/404.html")
    assert response.content == other.content
    assert response.status_code == 422
    assert "HX-Request" in response["Vary"]


def test_it_answers_with_the_page_when_there_is_no_fragment():
    response = htmx.render(request(**HTMX), page="errors/404.html")

    assert b"<html" in response.content


@pytest.mark.parametrize(
    ("name", "folded"),
    [("a.html", '<a href="/">\n<b>two lines</b></a> and'), ("a.txt", None)],
)
def test_it_folds_how_a_page_is_laid_out_but_not_a_mail_nor_what_was_typed(
    name: str, folded: str | None
):
    source = '<a\n    href="/">\n  <b>two\n  lines</b></a>  and'
    loader = DictLoader({name: source + "{{ typed }}"})
    env = environment(filters={}, loader=loader, extensions=["jinja2.ext.i18n"])

    assert env.get_template(name).render(typed="\n  typed") == (folded or source) + "\n  typed"


@pytest.mark.parametrize("language", ["en", "de"])
def test_it_says_in_which_language_it_is_written(client: Client, cast: Cast, language: str):
    User.objects.filter(pk=cast.ana.pk).update(language=language)
    client.force_login(cast.ana)
    for address in ("/profile/", "/nowhere/", "/invitations/accept/"):
        # The person's own language, whatever the browser asks for.
        for asked in ("en", "de"):
            page = client.get(address, headers={"accept-language": asked})
            assert f'<html lang="{language}"' in page.content.decode(), address
            assert page["Content-Language"] == language


def test_it_adds_events_up():
    response = htmx.trigger(HttpResponse(), "deal-moved", {"deal": 42})
    htmx.trigger(response, "say", {"text": "Moved"})

    assert json.loads(response["HX-Trigger"]) == {
        "deal-moved": {"deal": 42},
        "say": {"text": "Moved"},
    }
