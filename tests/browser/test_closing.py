import pytest
from playwright.sync_api import BrowserContext, Error

from tests.browser import closing

pytestmark = pytest.mark.browser


def test_a_page_that_goes_somewhere_else_at_that_moment_is_closed(
    context: BrowserContext, live_server
):
    for _ in range(20):
        page = context.new_page()
        page.goto(f"{live_server.url}/healthz")
        with pytest.raises(Error, match="navigation"):
            page.evaluate("() => { location.reload(); return new Promise(() => {}); }")
        closing.close(page)
        assert page.is_closed()


def test_playwright_s_own_way_is_refused(context: BrowserContext):
    with pytest.raises(AssertionError, match="without an end"):
        context.new_page().close()
