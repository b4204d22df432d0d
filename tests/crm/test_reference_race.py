"""Several people at the lists of the settings at the same time: real threads, real transactions."""

from functools import partial
from typing import Any

import pytest
from django.test import Client

from crm.commands import deal as deal_commands
from crm.commands import reference as commands
from crm.models import Deal, Method, Source
from crm.views import reference as views
from pipeline.models import User
from tests.conftest import Cast
from tests.crm.threads import at_once
from tests.factories import NOW, make_deal

pytestmark = pytest.mark.django_db(transaction=True)


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def method(name: str) -> Method:
    return Method.objects.get(name=name)


def test_of_two_merges_at_once_one_is_told_that_the_row_is_gone(cast: Cast):
    phone = method("Phone")
    ends = at_once(
        *(
            partial(
                signed_in(cast.adele).post,
                f"/settings/methods/{phone.pk}/merge/",
                {"into": method(name).pk},
            )
            for name in ("E-mail", "Visit")
        )
    )
    assert sorted(end.status_code for end in ends) == [302, 409], ends
    assert any("It is gone" in end.content.decode() for end in ends)
    assert not Method.objects.filter(pk=phone.pk).exists()


def test_what_a_row_was_to_be_merged_into_went_since(cast: Cast):
    phone, visit = method("Phone"), method("Visit")
    client, said = signed_in(cast.adele), {"into": visit.pk}
    commands.delete(visit, by=cast.adele, at=NOW)
    response = client.post(f"/settings/methods/{phone.pk}/merge/", said)
    assert (response.status_code, "It is gone" in response.content.decode()) == (409, True)
    assert Method.objects.filter(pk=phone.pk).exists()


@pytest.mark.parametrize("verb", ["edit", "retire", "delete", "merge"])
def test_a_verb_on_what_went_since_says_so(cast: Cast, monkeypatch: Any, verb: str):
    """Whether it went before the view looked it up, or between that and the lock."""
    phone, mail = method("Phone"), method("E-mail")
    real = getattr(commands, verb)

    def late(row: Any, **said: Any) -> Any:
        at_once(lambda: commands.delete(phone, by=cast.adele, at=NOW))
        return real(row, **said)

    monkeypatch.setattr(commands, verb, late)
    if verb in ("retire", "delete"):
        monkeypatch.setitem(views._VERBS, verb, (late, "%(name)s"))
    client, said = signed_in(cast.adele), {"into": mail.pk, "name": "Telephone"}
    for _time in range(2):
        response = client.post(f"/settings/methods/{phone.pk}/{verb}/", said)
        assert (response.status_code, "It is gone" in response.content.decode()) == (409, True)
    assert client.post(f"/settings/methods/{10**9}/{verb}/", said).status_code == 404


def test_what_comes_into_use_before_it_is_deleted_stays(cast: Cast, monkeypatch: Any):
    phone, deal = method("Phone"), make_deal(by=cast.ana)
    real = commands._note

    def late(row: Any, *args: Any, **said: Any) -> Any:
        # A record that came in after the row was found unused.
        Deal.objects.filter(pk=deal.pk).update(method=row)
        return real(row, *args, **said)

    monkeypatch.setattr(commands, "_note", late)
    response = signed_in(cast.adele).post(f"/settings/methods/{phone.pk}/delete/", follow=True)
    assert "is in use" in response.content.decode()
    assert Method.objects.filter(pk=phone.pk).exists()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_who_chose_what_is_deleted_just_then_is_told_in_words(
    cast: Cast, monkeypatch: Any, headers: dict[str, str]
):
    deal = make_deal(by=cast.ana)
    fair, real = Source.objects.get(name="Trade fair"), deal_commands.edit

    def late(row: Deal, **facts: Any) -> None:
        at_once(lambda: commands.delete(fair, by=cast.adele, at=NOW))
        real(row, **facts)

    monkeypatch.setattr(deal_commands, "edit", late)
    said = {"source": fair.pk, "version": deal.version}
    response = signed_in(cast.ana).post(f"/deals/{deal.pk}/edit/source/", said, headers=headers)
    assert response.status_code == 409
    words = response.headers.get("HX-Trigger", "") + response.content.decode()
    assert "removed just now" in words
    deal.refresh_from_db()
    assert deal.source is None
