"""What axe has against a page. Its package gives all that it looked at as well, which takes three
times as long to put together and to hand over as what is wrong."""

from collections.abc import Sequence

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

LEVEL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CONTRAST = ["color-contrast"]

_SETTLED = """
    Promise.allSettled(
        document.getAnimations()
            .filter((one) => one.effect.getComputedTiming().endTime !== Infinity)
            .map((one) => one.finished)
    )
"""
# “As the system” is both, and the system decides.
_IS_DARK = """
    (() => {
        const scheme = getComputedStyle(document.documentElement).colorScheme;
        const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
        return (scheme === 'light dark' ? system : scheme) === 'dark';
    })()
"""
_VIOLATIONS = """
    async ([within, without, runOnly]) => {
        const exclude = without.filter((one) => document.querySelector(one));
        const found = await axe.run(
            {include: [within], exclude}, {runOnly, preload: false, resultTypes: ['violations']}
        );
        return found.violations.map((one) => {
            const where = one.nodes.slice(0, 4).map((node) => node.html.slice(0, 160));
            return `${one.id}: ${one.help}: ${where.join(' | ')}`;
        });
    }
"""


def findings(page: Page, *, within: str = "html", without: Sequence[str] = ()) -> list[str]:
    """What axe has against the page by WCAG 2.2 AA, each with the elements that it means.

    `within` is the part that is new, on a page that was looked at without it; `without` are parts
    that were looked at on another page. A dark page is looked at for what a theme can change: tests
    show each of them in light, too.
    """
    # A sheet that is still coming in is not as readable as it will be.
    page.evaluate(_SETTLED)
    return _violations(page, within, without, CONTRAST if page.evaluate(_IS_DARK) else LEVEL)


def contrast(page: Page, *, within: str = "html", without: Sequence[str] = ()) -> list[str]:
    """What is hard to read, on a page that has been looked at: all that a theme can change."""
    return _violations(page, within, without, CONTRAST)


def findings_in_both_themes(
    page: Page, *, within: str = "html", without: Sequence[str] = ()
) -> list[str]:
    """The same of a page in light and of all that dark changes, without asking for it twice."""
    page.emulate_media(reduced_motion="reduce")
    found = findings(page, within=within, without=without)
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    found += [f"dark {one}" for one in contrast(page, within=within, without=without)]
    page.evaluate("document.documentElement.dataset.bsTheme = 'light'")
    return found


def _violations(page: Page, within: str, without: Sequence[str], rules: Sequence[str]) -> list[str]:
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(Axe().axe_script)
    found: list[str] = page.evaluate(_VIOLATIONS, [within, list(without), list(rules)])
    return found
