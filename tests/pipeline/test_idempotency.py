"""One intent, one effect: the same form sent several times, or at once, counts once (R2)."""

import contextlib
import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import Client

from crm.models import Activity, Deal, UndoableAct
from pipeline.idempotency import commands, middleware
from pipeline.models import IdempotencyKey
from tests.conftest import Cast
from tests.crm.threads import at_once
from tests.factories import NOW, ago, make_deal

HTMX = {"HX-Request": "true"}


def signed_in(cast: Cast, name: str = "ana") -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(getattr(cast, name))
    return client


def log(client: Client, deal: Deal, *, key: str = "k", **sent: Any) -> Any:
    said = {"kind": "call", "body": "Rang twice", "idempotency_key": key, **sent}
    return client.post(f"/deals/{deal.pk}/log/", said, headers=HTMX)


@pytest.fixture
def deal(cast: Cast) -> Deal:
    return make_deal(by=cast.ana)


def calls() -> int:
    return Activity.objects.filter(body__startswith="Rang").count()


@pytest.mark.django_db(transaction=True)
def test_it_does_once_what_comes_eight_times_at_once(cast: Cast, deal: Deal):
    clients = [signed_in(cast) for _each in range(8)]
    answers: list[Any] = []
    assert at_once(*(lambda c=c: answers.append(log(c, deal)) for c in clients)) == [None] * 8
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer["HX-Trigger"] for answer in answers}) == 1  # the same call to take back
    assert calls() == 1


@pytest.mark.django_db
def test_it_gives_every_form_that_is_shown_a_key_of_its_own(cast: Cast, deal: Deal):
    html = signed_in(cast).get(f"/deals/{deal.pk}/").content.decode()
    keys = re.findall(r'name="idempotency_key" value="([^"]+)"', html)
    assert len(keys) > 3
    assert len(set(keys)) == len(keys)
    assert len(keys) == html.count("csrfmiddlewaretoken")


@pytest.mark.django_db
def test_it_takes_a_key_from_a_header_too(cast: Cast, deal: Deal):
    client = signed_in(cast)
    for _each in range(2):
        said = {"kind": "call", "body": "Rang twice"}
        client.post(f"/deals/{deal.pk}/log/", said, headers={**HTMX, "Idempotency-Key": "h"})
    assert calls() == 1


@pytest.mark.django_db
def test_it_takes_other_words_another_person_and_another_key_for_another_intent(
    cast: Cast, deal: Deal
):
    ana, mona = signed_in(cast), signed_in(cast, "mona")
    for client, said in (
        (ana, {}),
        (ana, {"body": "Rang off"}),
        (ana, {"key": "other"}),
        (mona, {}),
    ):
        assert log(client, deal, **said).status_code == 200
    assert calls() == 4


@pytest.mark.django_db
def test_it_knows_a_form_again_that_was_rendered_anew(cast: Cast, deal: Deal):
    """The page has another version by then, because the lost one was done."""
    client = signed_in(cast)
    log(client, deal, version=deal.version)
    deal.refresh_from_db()
    log(client, deal, version=deal.version)
    assert calls() == 1


@pytest.mark.django_db
def test_it_lets_what_was_refused_be_sent_again(cast: Cast, deal: Deal):
    client = signed_in(cast)
    for status in (422, 422):
        sent = {"next": "date", "next_kind": "call", "next_on": ""}
        assert log(client, deal, **sent).status_code == status
    assert not IdempotencyKey.objects.exists()
    assert log(client, deal).status_code == 200
    assert calls() == 1


@pytest.mark.django_db
def test_it_undoes_all_of_what_failed(cast: Cast, deal: Deal, monkeypatch: pytest.MonkeyPatch):
    client = signed_in(cast)

    def fail(*_args: Any, **_named: Any) -> HttpResponse:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("crm.views.verbs.done", fail)
        assert log(client, deal).status_code == 500
    assert (calls(), IdempotencyKey.objects.count()) == (0, 0)
    assert log(client, deal).status_code == 200
    assert calls() == 1


@pytest.mark.django_db(transaction=True)
def test_it_tells_what_is_gone_where_only_the_end_of_the_transaction_finds_out(
    cast: Cast, deal: Deal, monkeypatch: pytest.MonkeyPatch
):
    def point_to_nothing(*_args: Any, **_named: Any) -> HttpResponse:
        Activity.objects.filter(body="Rang twice").update(contact_id=10**9)
        return HttpResponse()

    monkeypatch.setattr("crm.views.verbs.done", point_to_nothing)
    answer = log(signed_in(cast), deal)
    assert answer.status_code == 409
    assert "removed just now" in answer["HX-Trigger"]
    assert (calls(), IdempotencyKey.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_it_leads_to_the_page_where_the_answer_was_too_long_to_keep(
    cast: Cast, deal: Deal, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(middleware, "MOST_BYTES", -1)
    client = signed_in(cast)
    log(client, deal)
    assert log(client, deal)["HX-Refresh"] == "true"
    plain = client.post(
        f"/deals/{deal.pk}/log/", {"kind": "call", "body": "Rang twice", "idempotency_key": "k"}
    )
    assert plain.status_code == 302
    assert calls() == 1


@pytest.mark.django_db
def test_what_was_undone_is_not_told_as_done_when_it_is_sent_again(cast: Cast, deal: Deal):
    """Its answer was lost, it was seen on the page and undone there, and then the draft is sent."""
    client = signed_in(cast)
    log(client, deal)
    act = UndoableAct.objects.get()
    undone = client.post(f"/deals/{deal.pk}/undo/", {"act": act.pk, "version": act.version})
    assert (undone.status_code, calls()) == (302, 0)

    again = log(client, deal)

    assert (again.status_code, calls()) == (200, 1)
    assert log(client, deal).content == again.content  # and that counts once
    assert calls() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("later", ["he did something else", "a minute has passed"])
def test_what_may_have_been_reversed_since_is_told_as_what_it_is(
    cast: Cast, deal: Deal, clock: time_machine.Traveller, later: str
):
    client = signed_in(cast)
    first = log(client, deal)
    assert log(client, deal).content == first.content
    if later == "he did something else":
        log(client, deal, key="other", body="Rang once more")
    else:
        clock.shift(61)
    again = log(client, deal)
    assert (again["HX-Refresh"], again.content) == ("true", b"")
    html = client.get(f"/deals/{deal.pk}/").content.decode()
    assert "This came in already, at 11:00, and counts once." in html
    assert calls() == 1 + (later == "he did something else")


@pytest.mark.django_db(transaction=True)
def test_a_success_that_is_rolled_back_is_an_error(
    cast: Cast, deal: Deal, monkeypatch: pytest.MonkeyPatch
):
    def swallow(*_args: Any, **_named: Any) -> HttpResponse:
        with contextlib.suppress(IntegrityError):
            Activity.objects.create(deal=deal)
        return HttpResponse("saved")

    with monkeypatch.context() as broken:
        broken.setattr("crm.views.verbs.done", swallow)
        assert log(signed_in(cast), deal).status_code == 500
    assert (calls(), IdempotencyKey.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_it_shows_nobody_what_another_was_answered(cast: Cast, deal: Deal):
    log(signed_in(cast), deal)
    assert IdempotencyKey.objects.visible_to(cast.ana).count() == 1
    assert not IdempotencyKey.objects.visible_to(cast.mona).exists()


@pytest.mark.django_db
def test_it_forgets_after_a_day(cast: Cast):
    with transaction.atomic():
        for key, at in (("old", ago(days=2)), ("new", NOW)):
            commands.claim(user=cast.ana, key=key, digest=b"x", at=at)
    assert commands.forget(at=NOW) == 1
    assert IdempotencyKey.objects.get().key == "new"


@pytest.mark.django_db(transaction=True)
def test_two_that_send_what_was_kept_at_the_same_time_log_it_once(cast: Cast, deal: Deal):
    """Two tabs find the line again; one says when it was said, the other had sent it before."""
    clients = [signed_in(cast), signed_in(cast)]
    answers: list[Any] = []
    said: tuple[dict[str, str], ...] = ({"said_at": str(int(ago(hours=1).timestamp() * 1000))}, {})
    sends = [
        lambda c=c, more=more: answers.append(log(c, deal, **more))
        for c, more in zip(clients, said, strict=True)
    ]
    assert at_once(*sends) == [None, None]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (calls(), IdempotencyKey.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_what_a_browser_kept_is_known_again_after_weeks(
    cast: Cast, deal: Deal, clock: time_machine.Traveller
):
    """The answer was lost, and the next line is that of another month."""
    client = signed_in(cast)
    log(client, deal)
    clock.shift(dt.timedelta(days=29))
    commands.forget(at=NOW + dt.timedelta(days=29))
    assert IdempotencyKey.objects.get().body is None
    assert log(signed_in(cast), deal).status_code == 200
    assert calls() == 1
    assert commands.forget(at=NOW + dt.timedelta(days=32)) == 1


@pytest.mark.django_db
def test_what_came_in_after_all_is_not_done_again_as_it_was_changed_since(cast: Cast, deal: Deal):
    """A kept form that is opened again and changed says with which key it was sent before."""
    ana = signed_in(cast)
    log(ana, deal, key="first")
    changed = {"body": "Rang three times", "first_key": "first"}

    again = log(ana, deal, key="second", **changed)

    assert (again.status_code, again["Kept-Before"], again["HX-Reswap"]) == (409, "true", "none")
    assert "as it was written first" in again["HX-Trigger"]
    assert calls() == 1
    # Where the first did not come in, it is done; and so it is once the first was undone.
    assert log(ana, deal, key="third", **changed | {"first_key": "lost"}).status_code == 200
    act = UndoableAct.objects.order_by("pk")[0]
    Deal.objects.update(version=act.version)
    ana.post(f"/deals/{deal.pk}/undo/", {"act": act.pk})
    assert log(ana, deal, key="fourth", **changed).status_code == 200
    # Nobody is told of another's.
    assert log(signed_in(cast, "mona"), deal, key="fifth", **changed).status_code == 200
