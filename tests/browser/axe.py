"""What axe has against a page. Its package gives all that it looked at as well, which takes three
times as long to put together and to hand over as what is wrong."""

from collections.abc import Sequence

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

LEVEL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CONTRAST = ["color-contrast"]
# What stands around every page, but for a name that differs: looked at once.
FRAME = ("nav.rail", "header.bar .find", "#keys", ".phonebar")

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
# Parts of a page that stood in the same place, in the same words but for numbers, on one that this tab
# has shown in the same theme: a part is what it says, and the classes of all that it lies in.
_LOOKED_AT = """
    (theme) => {
        const kept = JSON.parse(sessionStorage.getItem('looked at') || '[]');
        const seen = new Set(kept), again = [];
        const around = (part) => part ? `${around(part.parentElement)} ${part.className}` : theme;
        const key = (text) => {
            let sum = 0;
            for (let at = 0; at < text.length; at++) sum = Math.imul(sum, 31) + text.charCodeAt(at) | 0;
            return `${sum} ${text.length}`;
        };
        const look = (part) => {
            const says = part.outerHTML;
            if (says.length < 300 || !part.checkVisibility()) return;
            const known = key(around(part.parentElement) + says.replace(/[0-9]+/g, ''));
            if (seen.has(known)) again.push(part);
            else { seen.add(known); [...part.children].forEach(look); }
        };
        document.querySelectorAll('main > *').forEach(look);
        sessionStorage.setItem('looked at', JSON.stringify([...seen]));
        return again;
    }
"""
_VIOLATIONS = f"""
    async ([within, without, runOnly, rules, anew]) => {{
        const exclude = without.filter((one) => document.querySelector(one));
        if (anew) exclude.push(...({_LOOKED_AT})(anew));
        const options = {{runOnly, rules, preload: false, selectors: false}};
        const found = await axe.run(
            {{include: [within], exclude}}, {{...options, resultTypes: ['violations']}}
        );
        return found.violations.map((one) => {{
            const where = one.nodes.slice(0, 4).map((node) => node.html.slice(0, 160));
            return `${{one.id}}: ${{one.help}}: ${{where.join(' | ')}}`;
        }});
    }}
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


def findings_anew(page: Page, *, without: Sequence[str] = ()) -> list[str]:
    """The same, of one page after another in one tab: whether a part can be read, which takes axe most
    of its time, is asked where it was not the same on a page before."""
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(_SETTLED)
    found = _violations(page, "html", without, LEVEL, apart_from=CONTRAST)
    found += _violations(page, "html", without, CONTRAST, anew="light")
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    dark = _violations(page, "html", without, CONTRAST, anew="dark")
    page.evaluate("document.documentElement.dataset.bsTheme = 'light'")
    return found + [f"dark {one}" for one in dark]


def _violations(
    page: Page,
    within: str,
    without: Sequence[str],
    rules: Sequence[str],
    *,
    apart_from: Sequence[str] = (),
    anew: str = "",
) -> list[str]:
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(Axe().axe_script)
        # Half a megabyte, which is not handed over again for what else this page opens.
        page.add_init_script(Axe().axe_script)
    off = {rule: {"enabled": False} for rule in apart_from}
    found: list[str] = page.evaluate(_VIOLATIONS, [within, list(without), list(rules), off, anew])
    return found
