"""The tour in a real browser, from its page to the hand-off: how much there is to do, and how long it takes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from crm.models import Deal
from pipeline.process.stages import Outcome, Stage
from tests.conftest import Cast

pytestmark = pytest.mark.browser

# The keystroke-level model (Card, Moran, Newell): seconds for a key, for pointing, for a press, and for
# thinking before each of these actions; and reading at 200 words a minute.
KEY, POINT, PRESS, THINK, WORD = 0.28, 1.1, 0.2, 1.35, 0.3


class Learner:
    """Does what the tour says, and counts actions and seconds: a text that is typed is one action."""

    def __init__(self, page: Page) -> None:
        self.page, self.actions, self.seconds = page, 0, 0.0

    def _count(self, seconds: float) -> None:
        self.actions += 1
        self.seconds += THINK + seconds

    def press(self, key: str) -> None:
        self._count(KEY * (1 + key.count("+")))
        self.page.keyboard.press(key)

    def click(self, where: str) -> None:
        self._count(POINT + PRESS)
        self.page.locator(where).first.click()

    def write(self, where: str, words: str) -> None:
        self._count(POINT + PRESS + KEY * len(words))
        self.page.locator(where).first.fill(words)

    def read(self, where: str) -> None:
        """Somebody who has never seen it reads all that stands there."""
        self.seconds += WORD * len(self.page.locator(where).first.inner_text().split())


# What each stage asks for, and what somebody says: fields to write in, choices to press.
ANSWERS: dict[Stage, list[tuple[str, str]]] = {
    Stage.LEAD_GENERATION: [("[name=party_person]", "Petra Voss")],
    Stage.PROSPECTING: [("label:has([name=talk_kind][value=call])", "")],
    Stage.QUALIFICATION: [("label:has([name=verdict][value=qualified])", "")],
    Stage.NEEDS_ANALYSIS: [
        ("[name=need_words]", "The old line stands still twice a week"),
        ("[name=path_steps]", "The board decides"),
    ],
    Stage.PROPOSAL: [("label:has([name=offer_kind][value=verbal])", "")],
    Stage.OBJECTIONS: [],
}


def test_one_sale_is_made_in_less_than_ten_minutes(page_of: Callable[..., Page], people: Cast):
    page = page_of(people.ana, "/first-run/tour/")
    learner = Learner(page)
    learner.read("main")
    learner.click("main form [type=submit]")
    expect(page.locator("[aria-current=step]")).to_be_visible()
    learner.click("[aria-current=step] a.btn")
    page.wait_for_url("**/deals/*/")
    deal = Deal.objects.get()
    for stage, said in ANSWERS.items():
        learner.read("#deal-stage")
        learner.press("]")
        if said:
            expect(page.locator("#sheet .sheet")).to_be_visible()
            learner.read("#sheet .sheet")
        for where, words in said:
            if words:
                learner.write(f"#sheet {where}", words)
            else:
                learner.click(f"#sheet {where}")
        if said:
            learner.press("Control+Enter")
        # The parts of the page that show it get themselves again.
        expect(page.locator("#sheet .sheet")).to_have_count(0)
        to = page.locator("form:has(#advance) [name=to]")
        if stage + 1 < Stage.CLOSING:
            expect(to).to_have_value(str(stage + 2))
        else:
            expect(to).to_have_count(0)
        deal.refresh_from_db()
        assert deal.stage == stage + 1
    learner.press("w")
    learner.read("#sheet .sheet")
    learner.write("#sheet [name=value]", "900")
    learner.press("Control+Enter")
    expect(page.locator("#sheet .sheet")).to_have_count(0)
    page.goto(page.url.split("/deals/")[0] + f"/deals/{deal.pk}/hand-off/")
    learner.write("[name=to]", "Erik Vang")
    learner.press("Control+Enter")
    page.wait_for_url("**/deals/*/")
    page.goto(page.url.split("/deals/")[0] + "/first-run/tour/")
    expect(page.locator("main")).to_contain_text("8 of 8 done")
    deal.refresh_from_db()
    assert deal.outcome == Outcome.WON
    assert learner.actions <= 26
    # With the steps of each stage and each sheet read, and thought about before each action.
    assert learner.seconds < 600
