from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

LEVEL = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


_SETTLED = """
    Promise.allSettled(
        document.getAnimations()
            .filter((one) => one.effect.getComputedTiming().endTime !== Infinity)
            .map((one) => one.finished)
    )
"""


def findings(page: Page) -> list[str]:
    """What axe has against the page by WCAG 2.2 AA, each with the elements that it means."""
    # A sheet that is still coming in is not as readable as it will be.
    page.evaluate(_SETTLED)
    return _told(Axe().run(page, options=LEVEL).response)


def contrast(page: Page) -> list[str]:
    """What is hard to read, on a page that has been looked at: all that a theme can change."""
    return _told(page.evaluate("axe.run({runOnly: ['color-contrast']})"))


def _told(response: dict[str, Any]) -> list[str]:
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:4]]}"
        for one in response["violations"]
    ]
