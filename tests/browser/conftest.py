"""A real Chromium against a live server. Every page that a test opens must respect the policy on
scripts and styles, and must not throw: both are watched for all of them."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Page

from pipeline.models import User
from tests.browser import chromium
from tests.conftest import Cast
from tests.kept_rows import KeptRows

# Playwright's synchronous interface keeps an event loop in this thread, which Django takes for ours.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic"]
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


@pytest.fixture
def people(kept_cast: KeptRows, transactional_db: None, context: BrowserContext) -> Iterator[Cast]:
    """The cast at the real time: the browser has a clock of its own.

    Its pages are closed before the database is emptied: one that still loads something would hold
    what the emptying waits for.
    """
    yield kept_cast.lay_out()
    for page in context.pages:
        page.close()


@pytest.fixture(autouse=True)
def _nothing_forbidden(context: BrowserContext) -> Iterator[None]:
    seen: list[str] = []
    context.set_default_timeout(10_000)
    context.expose_function("watched", lambda text: seen.append(text))
    context.add_init_script(WATCH)
    context.on("weberror", lambda error: seen.append(str(error.error)))
    yield
    assert seen == []


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
