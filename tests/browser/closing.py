"""Closing a page for certain."""

from playwright.sync_api import Error, Page
from playwright.sync_api import TimeoutError as NotYet

AGAIN_AFTER = 250  # ms
ATTEMPTS = 40


def close(page: Page) -> None:
    """Chromium says yes and closes nothing if the page goes somewhere else at that moment (its bug
    536385539), and Playwright's own `close` waits for that without an end. Asked again, it does.
    """
    try:
        protocol = page.context.new_cdp_session(page)
        target = protocol.send("Target.getTargetInfo")["targetInfo"]["targetId"]
        for _ in range(ATTEMPTS):
            protocol.send("Target.closeTarget", {"targetId": target})
            if _closed(page):
                return
    except Error:
        # It went while it was spoken to.
        if page.is_closed():
            return
        raise
    raise AssertionError(f"{page.url} does not close.")


def _closed(page: Page) -> bool:
    if page.is_closed():
        return True
    try:
        page.wait_for_event("close", timeout=AGAIN_AFTER)
    except NotYet:
        return False
    return True
