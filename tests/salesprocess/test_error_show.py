import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from salesprocess import errors


@pytest.mark.django_db
def test_it_shows_its_own_page_for_an_unknown_address(client: Client):
    response = client.get("/nowhere/")

    assert response.status_code == 404
    assert b"Error 404" in response.content


@pytest.mark.django_db
def test_it_shows_its_own_page_for_a_form_without_its_token():
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {})

    assert response.status_code == 403
    assert b"Seven" in response.content


def request() -> HttpRequest:
    return RequestFactory().get("/")


def test_it_shows_an_error_of_ours_without_asking_the_database():
    # No database mark: a query would fail this test.
    response: HttpResponse = errors.server_error(request())

    assert response.status_code == 500
    assert b"Error 500" in response.content


def test_it_shows_a_broken_request():
    assert errors.bad_request(request()).status_code == 400
