"""The process at work: a step that the team adds, a hint that somebody hides, a gate that asks."""

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from crm.commands import need as needs
from crm.commands import verdict as verdicts
from crm.commands.writers.need import NeedInput
from crm.commands.writers.verdict import VerdictInput
from crm.models import Confidence, Deal, Judgement, Ruling, StepResult
from pipeline.models import Step
from pipeline.process import commands as process
from pipeline.process.playbook import Importance, StepKind
from pipeline.process.stages import Stage
from tests.browser import axe
from tests.browser.held import Held
from tests.conftest import Cast
from tests.factories import make_contact, make_deal
from tests.pipeline.process import in_force
from tests.pipeline.process import row as step_row

pytestmark = pytest.mark.browser

PageOf = Callable[..., Page]
HERE = Stage.QUALIFICATION


@pytest.fixture
def deal(people: Cast) -> Deal:
    contact = make_contact(by=people.ana, name="Petra Voss")
    return make_deal(by=people.ana, contact=contact, stage=HERE, amount=48_000)


def row(page: Page, label: str):
    return page.locator(".askrow", has_text=label)


def test_it_goes_from_a_published_step_to_a_gate_that_is_gone_past(page_of: PageOf, people: Cast):
    at = timezone.now()
    layer = process.layer_of(people.north, by=people.adele, at=at)
    process.add_step(
        layer,
        stage=HERE,
        said={
            "label": "Reference customer named",
            "importance": Importance.GATE,
            "gives_you": "Somebody whom they believe.",
        },
        by=people.adele,
        at=at,
    )
    page = page_of(people.adele, f"/process/{people.north.pk}/publish/")
    page.locator("main form").get_by_role("button").last.click()
    page.wait_for_load_state()
    deal = make_deal(by=people.ana, contact=make_contact(by=people.ana), stage=HERE)
    verdicts.give(
        deal,
        VerdictInput(ruling=Ruling.QUALIFIED, ours=Confidence.YES, theirs=Confidence.YES),
        by=people.ana,
        at=at,
    )
    page.context.clear_cookies()
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    asked = row(page, "Reference customer named")
    expect(asked).to_contain_text("gate")
    expect(asked).to_contain_text("Somebody whom they believe.")
    expect(asked).to_contain_text("North")
    # A hint that she does not need any more.
    page.locator("#step-5").click()
    hint = row(page, "Begin with their words")
    expect(hint).to_be_hidden()
    page.locator("#fold-hints > summary").click()
    hint.locator("summary").click()
    hint.get_by_role("button", name="Hide for me").click()
    expect(hint).to_have_count(0)
    assert Step.objects.get(layer__user=people.ana).hidden is True
    page.get_by_role("link", name="Back to where it is").click()
    # The gate asks, and takes a reason.
    page.locator("#advance").click()
    sheet = page.locator("#sheet .sheet")
    expect(sheet).to_contain_text("Reference customer named")
    sheet.get_by_text("Go ahead anyway").click()
    sheet.locator("label", has_text="Not applicable").click()
    sheet.get_by_role("button", name="Move to Needs analysis").click()
    expect(page.locator("#deal-stage h2")).to_have_text("Now in Needs analysis")
    assert Judgement.objects.get(deal=deal).reason == "not_applicable"
    passed = StepResult.objects.get(deal=deal, key="reference-customer-named")
    assert (passed.state, passed.reason) == ("overridden", "not_applicable")


def test_it_answers_ticks_and_takes_back_in_place(page_of: PageOf, people: Cast, deal: Deal):
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    count = page.locator("#deal-stage header")
    expect(count).to_contain_text("0 of 6 expected")
    field = page.get_by_label("Is there money for it, and whose is it?", exact=True)
    field.fill("40,000 from operations")
    page.get_by_label("Do they trust us to do our part?", exact=True).fill("Half a")
    field.press("Enter")
    expect(count).to_contain_text("1 of 6 expected")
    expect(row(page, "Is there money for it")).to_contain_text("Ana Ruiz")
    # What was begun in another field is still there.
    expect(page.get_by_label("Do they trust us to do our part?", exact=True)).to_have_value(
        "Half a"
    )
    page.keyboard.press("z")
    expect(count).to_contain_text("0 of 6 expected")
    page.locator("#own-step").click()
    page.get_by_label("What do you want to remember?").fill("Ask for the dog")
    page.get_by_label("What do you want to remember?").press("Enter")
    mine = row(page, "Ask for the dog")
    expect(mine).to_contain_text("mine")
    mine.get_by_role("button", name="Done: Ask for the dog").press("Enter")
    # It folds to the line that says so, which has the focus; unfolded, it stays so.
    fold = page.locator("#fold-done > summary")
    expect(fold).to_contain_text("1 done")
    expect(fold).to_be_focused()
    fold.press("Enter")
    expect(mine.get_by_role("img", name="Done")).to_be_visible()
    page.get_by_label("Do they trust us to do our part?", exact=True).press("Enter")
    expect(fold).to_contain_text("2 done")
    expect(mine.get_by_role("img", name="Done")).to_be_visible()
    page.keyboard.press("z")
    expect(count).to_contain_text("0 of 6 expected")


def test_ticks_wait_for_nothing_and_each_is_shown(page_of: PageOf, people: Cast):
    names = ("The plant was seen", "The roof was measured", "The crane was booked")
    checks = (step_row(name[4:8].strip(), stage=HERE, label=name) for name in names)
    in_force(people.root, *checks)
    deal = make_deal(by=people.ana, contact=make_contact(by=people.ana), stage=HERE)
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    ticks = Held(page, re.compile(r"/steps/"))
    for name in names:
        with page.expect_request(re.compile(r"/steps/")):
            page.get_by_role("button", name=f"Done: {name}").click()
    first, *others = ticks.routes
    first.continue_()
    # The page shows the first; the forms of the others went with what it showed before.
    fold = page.locator("#fold-done > summary")
    expect(fold).to_contain_text("1 done")
    for route in others:
        route.continue_()
    expect(fold).to_contain_text("3 done")


def test_it_opens_the_sheet_of_the_record_that_a_step_asks_for(page_of: PageOf, people: Cast):
    deal = make_deal(by=people.ana, contact=make_contact(by=people.ana), stage=Stage.NEEDS_ANALYSIS)
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    page.locator("#fill-problem").click()
    sheet = page.locator("#sheet .sheet")
    sheet.locator("[name=words]").fill("Pallets warm up")
    sheet.get_by_role("button", name="Save").click()
    expect(page.locator("#fill-problem")).to_have_count(0)
    page.locator("#fold-done > summary").click()
    expect(row(page, "The problem, in the customer’s words").get_by_role("img")).to_have_attribute(
        "aria-label", "Done"
    )


# What somebody holds over a place, or has in the clipboard: a file of so many bytes, or a text.
GIVE = """
    (place, [kind, name, said]) => {
        const data = new DataTransfer();
        if (name) data.items.add(new File([said], name));
        else data.setData('text', said);
        const said_by = kind === 'paste' ? { clipboardData: data } : { dataTransfer: data };
        const Kind = kind === 'paste' ? ClipboardEvent : DragEvent;
        place.dispatchEvent(new Kind(kind, { ...said_by, bubbles: true, cancelable: true }));
    }
"""


def test_evidence_is_dropped_pasted_or_chosen_in_one_place(
    page_of: PageOf, people: Cast, deal: Deal
):
    at = timezone.now()
    layer = process.layer_of(people.north, by=people.adele, at=at)
    for label, importance in (("The plan", Importance.EXPECTED), ("The sheet", Importance.GATE)):
        process.add_step(
            layer,
            stage=HERE,
            said={
                "label": label,
                "kind": StepKind.EVIDENCE,
                "importance": importance,
                "gives_you": "No machine that does not fit.",
            },
            by=people.adele,
            at=at,
        )
    process.publish(layer, note="", by=people.adele, at=at)
    deal = make_deal(by=people.ana, contact=make_contact(by=people.ana), stage=HERE)
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    assert axe.findings(page, within="#deal-stage") == []
    # The whole row is the place, and what is dropped is there at once.
    row(page, "The plan").get_by_role("heading").evaluate(GIVE, ["drop", "plan.txt", "a plan"])
    expect(page.locator("#fold-done > summary")).to_contain_text("1 done")
    kept = StepResult.objects.get(deal=deal, key="the-plan").file
    assert kept is not None
    assert (kept.name, bytes(kept.content)) == ("plan.txt", b"a plan")
    # The sheet of the gate has the same place, counts what it takes, and waits for its button.
    page.locator("#advance").click()
    sheet = page.locator("#sheet .sheet")
    sheet.locator("[type=file]").focus()
    with page.expect_file_chooser():
        page.keyboard.press("Enter")
    title = sheet.get_by_role("heading", level=2)
    expect(title).to_have_text("2 things missing before Needs analysis")
    sheet.evaluate(GIVE, ["paste", "sheet.txt", "measured"])
    expect(title).to_have_text("1 thing missing before Needs analysis")
    expect(sheet.locator("[data-evidence]")).to_contain_text("sheet.txt")
    assert axe.findings_in_both_themes(page, within="#sheet") == []
    sheet.get_by_role("button", name="Take the file out").click()
    expect(title).to_have_text("2 things missing before Needs analysis")
    sheet.evaluate(GIVE, ["paste", "", "https://norte.test/sheet"])
    expect(sheet.get_by_label("Link: The sheet")).to_have_value("https://norte.test/sheet")
    sheet.get_by_role("radio", name="Yes, both are sure").check()
    sheet.get_by_role("button", name="Move to Needs analysis").click()
    expect(page.locator("#deal-stage h2")).to_have_text("Now in Needs analysis")
    assert StepResult.objects.get(deal=deal, key="the-sheet").link == "https://norte.test/sheet"


def test_it_is_accessible(page_of: PageOf, people: Cast, deal: Deal):
    needs.add(deal, NeedInput(words="Too warm"), by=people.ana, at=timezone.now())
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    page.locator("#row-need").click()
    page.locator("#own-step").click()
    # The bar that stays covers what is scrolled below it.
    page.evaluate("scrollTo(0, 0)")
    assert axe.findings_in_both_themes(page) == []
    page.locator("#aside-need").click()
    expect(page.locator("#sheet .sheet")).to_be_visible()
    assert axe.findings_in_both_themes(page, within="#sheet") == []


def test_a_vote_leaves_the_step_unfolded_and_the_focus_where_it_was(
    page_of: PageOf, people: Cast, deal: Deal
):
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    step = page.locator(".askrow", has=page.locator("#row-need"))
    step.locator("#row-need").click()
    helps = step.get_by_role("button", name="Helps", exact=True)
    for pressed in ("true", "false"):
        helps.press("Enter")
        expect(helps).to_have_attribute("aria-pressed", pressed)
        expect(helps).to_be_visible()
        expect(helps).to_be_focused()
    not_so = step.get_by_role("button", name="Doesn’t help")
    not_so.click()
    expect(not_so).to_have_attribute("aria-pressed", "true")
    expect(not_so).to_be_focused()
    expect(page.locator(".askrow details[open]")).to_have_count(1)
