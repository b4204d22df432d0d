from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

LEVEL = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def findings(page: Page) -> list[str]:
    """What axe has against the page by WCAG 2.2 AA, each with the elements that it means."""
    found = Axe().run(page, options=LEVEL).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:4]]}"
        for one in found
    ]
