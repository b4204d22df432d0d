"""What somebody sent while nobody was signed in, or with the token of an earlier sign-in, is not lost."""

import re
from typing import Any

import pytest
import time_machine
from django.test import Client

from crm.models import Activity
from pipeline.models import User
from salesprocess.lib import unsent
from tests.conftest import Cast
from tests.factories import make_deal

HERE = "http://testserver"
WORDS = "They called back: <the> line must run by May."
HTMX = {"HX-Request": "true"}


def page_of(client: Client, address: str) -> dict[str, str]:
    """What the forms of a page carry besides what is typed."""
    content = client.get(address).content.decode()
    names = ("csrfmiddlewaretoken", "reader")
    return {name: re.findall(rf'name="{name}" value="([^"]+)"', content)[0] for name in names}


def sign_in(client: Client, user: User, to: str = "/") -> Any:
    said = {"login": user.email, "password": "right horse", "next": to}
    token = re.findall(
        r'name="csrfmiddlewaretoken" value="([^"]+)"',
        client.get("/accounts/login/").content.decode(),
    )
    return client.post("/accounts/login/", said | {"csrfmiddlewaretoken": token[0]})


def next_of(location: str) -> str:
    return location.partition("next=")[2].replace("%3F", "?")


@pytest.fixture
def visitor() -> Client:
    return Client(enforce_csrf_checks=True)


class Typed:
    """Ana has typed a note on her deal; then her session ends."""

    def __init__(self, cast: Cast, visitor: Client) -> None:
        self.visitor = visitor
        self.deal = make_deal(by=cast.ana, name="Line 3")
        self.home = f"/deals/{self.deal.pk}/"
        sign_in(visitor, cast.ana)
        self.said = {
            "kind": "note",
            "body": WORDS,
            "from_stage": str(self.deal.stage),
        } | page_of(visitor, self.home)

    def session_ends(self) -> None:
        del self.visitor.cookies["seven_session"]

    def send(self, **headers: str) -> Any:
        # As a browser says them.
        said = {"Origin": HERE, "Referer": HERE + self.home, "HX-Current-URL": HERE + self.home}
        return self.visitor.post(f"{self.home}log/", self.said, headers=said | headers)

    def notes(self) -> list[str]:
        return list(Activity.objects.filter(deal=self.deal).values_list("body", flat=True))

    def offered(self, address: str | None = None) -> str:
        content = self.visitor.get(address or self.home).content.decode()
        found = re.search(r"<section class=\"stamp unsent\".*?</section>", content, re.DOTALL)
        return found[0] if found else ""


@pytest.fixture
def typed(cast: Cast, visitor: Client) -> Typed:
    return Typed(cast, visitor)


def again(content: str) -> dict[str, str]:
    """What the button sends that is offered with it."""
    form = content.partition("<form")[2].partition("</form>")[0]
    return dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))


@pytest.mark.parametrize("htmx", [{}, HTMX], ids=["plain", "htmx"])
def test_it_comes_back_to_the_page_with_what_was_typed(typed: Typed, cast: Cast, htmx) -> None:
    typed.session_ends()
    answer = typed.send(**htmx)
    back = next_of(answer.headers.get("HX-Redirect") or answer["Location"])
    assert back == typed.home
    assert sign_in(typed.visitor, cast.ana, back)["Location"] == typed.home

    offered = typed.offered()

    assert "They called back: &lt;the&gt; line" in offered
    assert typed.notes() == []


def test_it_is_sent_by_one_press_and_then_forgotten(typed: Typed, cast: Cast) -> None:
    typed.session_ends()
    typed.send()
    sign_in(typed.visitor, cast.ana)
    said = again(typed.offered()) | {"body": WORDS}

    answer = typed.visitor.post(f"{typed.home}log/", said, headers={"Origin": HERE})

    assert answer.status_code == 302
    assert typed.notes() == [WORDS]
    assert typed.offered() == ""


def test_it_stays_until_the_server_has_taken_it(typed: Typed, cast: Cast) -> None:
    typed.session_ends()
    typed.send()
    sign_in(typed.visitor, cast.ana)
    said = again(typed.offered())

    typed.visitor.post(f"{typed.home}log/", said | {"kind": "none"}, headers={"Origin": HERE})

    assert "They called back" in typed.offered()


def test_it_is_put_away_when_it_is_not_wanted(typed: Typed, cast: Cast) -> None:
    typed.session_ends()
    typed.send()
    sign_in(typed.visitor, cast.ana)
    token = page_of(typed.visitor, typed.home)

    answer = typed.visitor.post("/unsent/put-away/", token | {"back": typed.home})

    assert answer["Location"] == typed.home
    assert typed.offered() == ""


@pytest.mark.parametrize("back", ["//evil.example/", "http://testserver//evil.example/", "x", ""])
def test_it_leads_to_no_other_site(cast: Cast, client: Client, back: str) -> None:
    client.force_login(cast.ana)

    answer = client.post("/unsent/put-away/", {"back": back})

    assert answer["Location"].startswith("/")
    assert not answer["Location"].startswith("//")


def test_nobody_else_is_shown_it(typed: Typed, cast: Cast) -> None:
    typed.session_ends()
    typed.send()

    sign_in(typed.visitor, cast.mona)

    assert typed.offered() == ""


def test_it_is_kept_for_a_day(typed: Typed, cast: Cast, clock: time_machine.Traveller) -> None:
    typed.session_ends()
    typed.send()
    sign_in(typed.visitor, cast.ana)
    clock.shift(24 * 60 * 60 + 1)

    assert typed.offered() == ""


def test_nothing_is_kept_for_who_never_had_a_page(typed: Typed) -> None:
    typed.session_ends()
    typed.said["reader"] = f"{typed.said['reader'].partition(':')[0]}:forged"

    typed.send()

    assert "seven_session" not in typed.visitor.cookies


def test_it_keeps_no_more_than_a_form_of_words(typed: Typed) -> None:
    typed.session_ends()
    typed.said["body"] = "x" * 100_000

    typed.send()

    assert "seven_session" not in typed.visitor.cookies


def test_passwords_are_not_kept(typed: Typed, cast: Cast) -> None:
    typed.session_ends()
    typed.said["new_password"] = "Correct horse battery"
    typed.send()
    sign_in(typed.visitor, cast.ana)

    assert "horse" not in typed.offered()


def test_a_token_of_before_is_asked_for_again_with_what_was_typed(typed: Typed, cast: Cast) -> None:
    typed.session_ends()
    sign_in(typed.visitor, cast.ana)  # in another tab
    answer = typed.send()
    content = answer.content.decode()
    assert answer.status_code == 403
    assert "They called back: &lt;the&gt; line" in content
    assert typed.notes() == []

    said = again(content) | {"body": WORDS}
    typed.visitor.post(f"{typed.home}log/", said, headers={"Origin": HERE})

    assert typed.notes() == [WORDS]


def test_a_script_gets_the_new_token_and_may_send_once_more(typed: Typed, cast: Cast) -> None:
    typed.session_ends()
    sign_in(typed.visitor, cast.ana)
    answer = typed.send(**HTMX)
    assert answer.status_code == 403

    typed.said["csrfmiddlewaretoken"] = answer["X-CSRFToken"]
    assert typed.send(**HTMX).status_code == 200

    assert typed.notes() == [WORDS]


@pytest.mark.parametrize("htmx", [{}, HTMX], ids=["plain", "htmx"])
def test_nothing_is_sent_in_the_name_of_who_signed_in_meanwhile(
    typed: Typed, cast: Cast, htmx: dict[str, str]
) -> None:
    typed.session_ends()
    sign_in(typed.visitor, cast.mona)

    answer = typed.send(**htmx)

    assert answer.status_code == 403
    assert "X-CSRFToken" not in answer
    assert "They called back" not in answer.content.decode()
    assert typed.notes() == []
    assert typed.offered() == ""


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_another_site_gets_no_token_and_nothing_is_offered(
    typed: Typed, cast: Cast, origin: str
) -> None:
    typed.session_ends()
    sign_in(typed.visitor, cast.ana)
    for htmx in ({}, HTMX):
        answer = typed.send(Origin=origin, **htmx)

        assert answer.status_code == 403
        assert "X-CSRFToken" not in answer
        assert "They called back" not in answer.content.decode()


def test_the_script_is_told_which_form_was_taken(typed: Typed) -> None:
    typed.send()

    assert typed.visitor.cookies["seven_taken"].value == f"{typed.home}log/".replace("/", "%2F")


def test_it_quotes_words_and_no_keys() -> None:
    fields = [["idempotency_key", "xY3_abCD-e1"], ["body", "Rang"]]
    assert unsent.Unsent(path="/", reader=1, at=0, fields=fields).words == ["Rang"]
