"""A page is ready once it says so, also on a machine that has other work."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.browser import ready
from tests.conftest import Cast

pytestmark = pytest.mark.browser


def test_what_is_held_up_is_so_from_the_first_request_on(
    page_of: Callable[..., Page], people: Cast
):
    page = page_of(people.ana, "/healthz")
    late: list[tuple[Any, ...]] = []
    hold = page.context.route

    def learns_late(*said: Any) -> None:
        late.append(said)

    def first_goes_past(*_request: Any) -> None:
        while late:
            hold(*late.pop(0))

    page.on("request", first_goes_past)
    page.route = lambda *said: ready._route(page, learns_late, *said)  # type: ignore[method-assign]
    held: list[Route] = []

    def answer(route: Route) -> None:
        held.append(route)
        route.fulfill(status=204)

    page.route("**/readyz", answer)
    assert page.evaluate("fetch('/readyz').then((answer) => answer.status)") == 204
    assert len(held) == 1
