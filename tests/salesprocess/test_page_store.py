"""What a signed-in person sees stays in no browser's store."""

from django.test import Client

from tests.conftest import Cast


def test_it_is_not_stored_for_who_is_signed_in(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    for address in ("/board/", "/leads/list/", "/companies/", "/board/?v=1"):
        assert client.get(address).headers["Cache-Control"] == "no-store"


def test_it_leaves_what_a_page_says_itself(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    assert "no-store" in client.get("/lists/deals.csv").headers["Cache-Control"]


def test_it_leaves_health_checks_alone(client: Client) -> None:
    assert "Cache-Control" not in client.get("/healthz").headers
