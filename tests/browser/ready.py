"""A page that is ready for what a test does next: it takes keys, and each of its requests is asked about.

Chromium does both a little later than it says so, which a machine that has other work makes longer.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from playwright.sync_api import Page, Route

PROBE = "/asked-about"
ATTEMPTS = 100


def watch(page: Page) -> None:
    """Its `goto` and `route` come back when what they promise holds."""
    page.goto = partial(_go, page, page.goto)  # type: ignore[method-assign]
    page.route = partial(_route, page, page.route)  # type: ignore[method-assign]


def _go(page: Page, goto: Callable[..., Any], *said: Any, **more: Any) -> Any:
    """What is pressed before the first picture is there may go nowhere; nobody could press it before."""
    answer = goto(*said, **more)
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    return answer


def _route(page: Page, route: Callable[..., Any], *said: Any, **more: Any) -> Any:
    """A page at work learns later than the browser that its requests are held up: what it sends until
    then goes past, and Playwright, which waits for it to be held up, tells nobody of it.
    """
    until = route(*said, **more)
    asked: list[Route] = []

    def answer(held: Route) -> None:
        asked.append(held)
        held.fulfill(status=204)

    route(f"**{PROBE}", answer)
    for _ in range(ATTEMPTS):
        page.evaluate("(address) => fetch(address).then(() => null)", PROBE)
        if asked:
            page.unroute(f"**{PROBE}")
            return until
    raise AssertionError("The page does not learn that its requests are held up.")
