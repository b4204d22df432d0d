"""A real Chromium against a live server. Every page that a test opens must respect the policy on
scripts and styles, and must not throw: both are watched for all of them."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

from pipeline.models import User
from tests.browser import chromium, closing, ready
from tests.conftest import Cast
from tests.kept_rows import KeptRows

# Playwright's synchronous interface keeps an event loop in this thread, which Django takes for ours.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic"]
BLANK = "about:blank"
# What the plugin keeps of a context from its beginning to its end, if asked to.
RECORDS = ("--tracing", "--video", "--screenshot")
WATCH = """
    document.addEventListener('securitypolicyviolation', (event) =>
        watched(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


@pytest.fixture(scope="session")
def base_url() -> None:
    """No common address: each test has a live server. The plugin's own is one that pytest warns of."""


@pytest.fixture(scope="session")
def live_server(django_db_setup: None, live_server: Any) -> Any:
    """It stops before the database goes, whichever a test asked for first: its threads may still hold
    a connection."""
    return live_server


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_type_launch_args,
        "args": FLAGS,
        "executable_path": chromium.executable(),
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "viewport": {"width": 1440, "height": 900}}


# A clock that a test installs runs in every page that its context will ever have.
FOR_GOOD = ("install", "pause_at", "set_fixed_time", "set_system_time")


def _stays_for_good(*_said: Any, **_more: Any) -> None:
    raise AssertionError("It would stay for the tests that come after: mark this one own_context.")


def _may_never_end(**_said: Any) -> None:
    raise AssertionError("Playwright may wait for that without an end: take closing.close(page).")


class WatchedContext:
    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.seen: list[str] = []
        context.set_default_timeout(10_000)
        context.expose_function("watched", lambda text: self.seen.append(text))
        context.add_init_script(WATCH)
        context.on("page", lambda page: setattr(page, "close", _may_never_end))
        context.on("page", ready.watch)
        context.on("weberror", lambda error: self.seen.append(str(error.error)))


class KeptContext(WatchedContext):
    """What one test after the other has: only scripts and styles stay, as their browser compiled them.

    That takes a second in a new context, which is more than most tests do with it.
    """

    def __init__(self, context: BrowserContext) -> None:
        super().__init__(context)
        for name in FOR_GOOD:
            setattr(context.clock, name, _stays_for_good)
        self._blank = context.new_page()
        self._protocol = context.new_cdp_session(self._blank)

    def begin_anew(self, origin: str) -> None:
        for page in self.context.pages:
            if page is not self._blank:
                closing.close(page)
        self._protocol.send(
            "Storage.clearDataForOrigin",
            {
                "origin": origin,
                "storageTypes": "local_storage,indexeddb,cache_storage,service_workers",
            },
        )
        self.context.clear_cookies()
        self.context.clear_permissions()
        self.context.set_offline(False)
        self.context.unroute_all()
        self.seen.clear()


@pytest.fixture(scope="session")
def kept_context(
    browser: Browser, browser_context_args: dict[str, Any], live_server: Any
) -> Iterator[KeptContext]:
    context = browser.new_context(**browser_context_args)
    yield KeptContext(context)
    context.close()


@pytest.fixture
def watched_context(request: pytest.FixtureRequest, live_server: Any) -> Iterator[WatchedContext]:
    recorded = any(request.config.getoption(name) != "off" for name in RECORDS)
    if recorded or request.node.get_closest_marker("own_context"):
        yield WatchedContext(request.getfixturevalue("new_context")())
        return
    kept: KeptContext = request.getfixturevalue("kept_context")
    kept.begin_anew(live_server.url)
    yield kept


@pytest.fixture
def context(watched_context: WatchedContext) -> BrowserContext:
    return watched_context.context


@pytest.fixture
def people(kept_cast: KeptRows, transactional_db: None, context: BrowserContext) -> Iterator[Cast]:
    """The cast at the real time: the browser has a clock of its own.

    Its pages are closed before the database is emptied: one that still loads something would hold
    what the emptying waits for.
    """
    yield kept_cast.lay_out()
    for page in context.pages:
        if page.url != BLANK:
            closing.close(page)


@pytest.fixture(autouse=True)
def _nothing_forbidden(watched_context: WatchedContext) -> Iterator[None]:
    yield
    assert watched_context.seen == []


@pytest.fixture
def enter(live_server: Any) -> Callable[[BrowserContext, User], None]:
    """Lets a person in without the form: by the cookie that signing in would have set."""

    def enter(context: BrowserContext, user: User) -> None:
        client = Client()
        client.force_login(user)
        (cookie,) = client.cookies.values()
        context.add_cookies(
            [{"name": cookie.key, "value": cookie.value, "url": live_server.url, "httpOnly": True}]
        )

    return enter


@pytest.fixture
def page_of(
    context: BrowserContext, live_server: Any, enter: Callable[[BrowserContext, User], None]
) -> Callable[..., Page]:
    """Opens an address for a person: `page_of(ana, "/board/", theme="dark")`."""

    def page_of(user: User, address: str, *, theme: str = "light") -> Page:
        enter(context, user)
        context.add_cookies([{"name": "seven_theme", "value": theme, "url": live_server.url}])
        page = context.new_page()
        page.goto(live_server.url + address)
        return page

    return page_of
