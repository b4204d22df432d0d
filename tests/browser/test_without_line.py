"""Without a line: what is logged is kept and sent once, by whoever logged it, in a real browser."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from crm.models import Activity, Deal
from pipeline.models import User
from pipeline.process.stages import Stage
from tests.browser import axe, closing
from tests.conftest import Cast
from tests.factories import ago, make_company, make_deal, plan_call

pytestmark = pytest.mark.browser

PageOf = Callable[..., Page]


@pytest.fixture
def deal(people: Cast) -> Deal:
    company = make_company(by=people.ana, name="Norte SA")
    return make_deal(by=people.ana, name="Ponda 400", company=company, stage=Stage.PROSPECTING)


# The browser's entry as it would be, had its person written it then.
SAID_TWO_DAYS_AGO = """
    for (const key of Object.keys(localStorage).filter((key) => key.startsWith('seven-kept:'))) {
        const entry = JSON.parse(localStorage.getItem(key));
        entry.at -= 2 * 24 * 3600 * 1000;
        for (const field of entry.fields) if (field[0] === 'said_at') field[1] = String(entry.at);
        localStorage.setItem(key, JSON.stringify(entry));
    }
"""


def said() -> list[str]:
    return list(Activity.objects.done().order_by("id").values_list("body", flat=True))


def write(page: Page, words: str) -> None:
    page.locator("#log-body").fill(words)
    page.locator("#composer [type=submit]").click()


def test_what_is_logged_without_a_line_is_seen_can_be_discarded_and_goes_out_once(
    page_of: PageOf, people: Cast, deal: Deal, context: BrowserContext
):
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    chip = page.locator("#kept")
    expect(chip).to_be_hidden()
    context.set_offline(True)
    write(page, "Wants both lines")
    expect(chip).to_have_text("1 not yet sent")
    expect(page.locator("#log-body")).to_have_value("")
    write(page, "Wrong number")
    expect(chip).to_have_text("2 not yet sent")
    chip.click()
    expect(page.locator("#kept-list li")).to_have_count(2)
    expect(page.locator("#kept-list li").first).to_contain_text("Ponda 400")
    expect(page.locator("#kept-list li").first).to_contain_text("Call · Wants both lines")
    assert axe.findings(page, within="#kept-list") == []
    page.locator("#kept-list li", has_text="Wrong number").get_by_text("Throw it away").click()
    page.keyboard.press("Escape")
    expect(chip).to_have_text("1 not yet sent")
    assert said() == []

    # To move needs the line, and says so; what was typed stays.
    page.locator("#log-body").fill("They signed the brief")
    page.locator("#composer label", has_text="Moved forward").click()
    page.locator("#composer [type=submit]").click()
    expect(page.locator(".toast-note.bad")).to_contain_text("needs the line")
    expect(page.locator("#log-body")).to_have_value("They signed the brief")

    context.set_offline(False)
    expect(chip).to_be_hidden()
    expect(page.locator("#deal-timeline")).to_contain_text("Wants both lines")
    page.reload()
    expect(chip).to_be_hidden()
    assert said() == ["Wants both lines"]


def test_what_the_server_took_and_whose_answer_was_lost_counts_once(
    page_of: PageOf, people: Cast, deal: Deal
):
    page = page_of(people.ana, f"/deals/{deal.pk}/")

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/log/", lose)
    write(page, "Rang twice")
    expect(page.locator("#kept")).to_have_text("1 not yet sent")
    assert said() == ["Rang twice"]
    # Lost once more, and then it comes through.
    page.locator("#kept").click()
    with page.expect_event("requestfailed"):
        page.locator("[data-send]").click()
    expect(page.locator("#kept-list li")).to_have_count(1)
    page.unroute("**/log/")
    page.locator("[data-send]").click()
    expect(page.locator("#kept")).to_be_hidden()
    assert said() == ["Rang twice"]


def test_it_waits_for_its_person_and_goes_out_in_no_other_name(
    page_of: PageOf,
    people: Cast,
    deal: Deal,
    context: BrowserContext,
    enter: Callable[[BrowserContext, User], None],
):
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    context.set_offline(True)
    write(page, "Between us: they are short of money")
    # Meanwhile the session ends, and a colleague who may change the deal, too, signs in.
    context.clear_cookies()
    context.set_offline(False)
    page.locator("#kept").click()
    expect(page.locator("[data-state]")).to_contain_text("until you sign in again")
    enter(context, people.mona)
    page.locator("[data-send]").click()
    other = page_of(people.mona, f"/deals/{deal.pk}/")
    expect(other.locator("#composer")).to_be_visible()
    expect(other.locator("#kept")).to_be_hidden()
    assert "short of money" not in other.content()
    expect(page.locator("[data-state]")).to_contain_text("until you sign in again")
    assert said() == []
    closing.close(other)
    closing.close(page)

    back = page_of(people.ana, "/board/")
    expect(back.locator("#kept")).to_be_hidden()
    assert said() == ["Between us: they are short of money"]
    assert Activity.objects.done().get().created_by == people.ana


def test_the_day_logs_without_a_line_and_what_is_refused_opens_with_its_text(
    page_of: PageOf, people: Cast, deal: Deal, context: BrowserContext
):
    page = page_of(people.ana, "/day/")
    row = page.locator(f".day-row[data-deal='{deal.pk}']")
    context.set_offline(True)
    row.locator("[data-done]").click()
    sheet = page.locator("#sheet .sheet")
    expect(sheet).to_contain_text("No line just now")
    expect(sheet.locator("#kept-deal")).to_have_value(str(deal.pk))
    assert axe.findings(page, within="#sheet") == []
    sheet.locator("label", has_text="Reached").click()
    sheet.locator("label", has_text="Tomorrow").click()
    sheet.locator("[type=submit]").click()
    expect(row.locator(".kept-mark")).to_have_text("not yet sent")

    # Of this one nobody said on which deal it was; and it is longer than an address may be.
    words = "Asked for a price. " * 200 + "End"
    page.keyboard.press("l")
    page.locator("#kept-body").fill(words)
    page.locator("#sheet [type=submit]").click()
    expect(page.locator("#kept")).to_have_text("2 not yet sent")

    context.set_offline(False)
    expect(page.locator("#kept")).to_have_text("1 to look at")
    assert Activity.objects.done().get().result == "reached"
    assert Activity.objects.planned().get().deal == deal
    # It stays until the server has taken it, from its form, for the day on which it was said.
    page.evaluate(SAID_TWO_DAYS_AGO)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator("#kept").click()
    page.locator("[data-open-kept]").click()
    expect(page.locator("#quick-body")).to_have_value(words)
    expect(page.locator("#kept")).to_have_text("1 to look at")
    assert not any("Asked" in url for url in asked)
    page.reload()
    page.locator("#kept").click()
    page.locator("[data-open-kept]").click()
    expect(page.locator("#quick-body")).to_have_value(words)
    page.locator("#quick-deal").select_option(str(deal.pk))
    page.locator("#sheet [type=submit]:not([name=move])").click()
    expect(page.locator("#kept")).to_be_hidden()
    log = Activity.objects.done().latest("id")
    assert (log.deal, log.body) == (deal, words)
    assert log.done_at is not None
    assert log.done_at < log.created_at - dt.timedelta(days=1)


def test_what_is_refused_on_a_deal_opens_there_and_counts_for_its_day(
    page_of: PageOf, people: Cast, deal: Deal, context: BrowserContext
):
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    # Where the browser can keep nothing, it says so, and the form stays as it is.
    context.set_offline(True)
    page.evaluate(
        "Storage.prototype.put = Storage.prototype.setItem; Storage.prototype.setItem = () => {throw 1}; null"
    )
    write(page, "Said on Friday")
    expect(page.locator(".toast-note.bad")).to_contain_text("could not keep it")
    expect(page.locator("#log-body")).to_have_value("Said on Friday")
    page.evaluate("Storage.prototype.setItem = Storage.prototype.put; null")
    write(page, "Said on Friday")
    expect(page.locator("#kept")).to_have_text("1 not yet sent")
    page.route("**/log/", lambda route: route.fulfill(status=422, body=""))
    context.set_offline(False)
    expect(page.locator("#kept")).to_have_text("1 to look at")
    page.unroute("**/log/")
    page.evaluate(SAID_TWO_DAYS_AGO)
    page.reload()
    page.locator("#kept").click()
    page.locator("[data-open-kept]").click()
    expect(page.locator(".draft-note")).to_be_visible()
    expect(page.locator("#kept")).to_have_text("1 to look at")
    # Refused once more, with a reason: the form that comes back is still that of the same words.
    when = page.locator("#composer [name=done_when]")
    when.evaluate("(field) => { field.value = 'whenever' }")
    page.locator("#composer [type=submit]").click()
    expect(when).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#kept")).to_have_text("1 to look at")
    when.evaluate("(field) => { field.value = '' }")
    page.locator("#composer [type=submit]").click()
    expect(page.locator("#kept")).to_be_hidden()
    log = Activity.objects.done().get()
    assert log.body == "Said on Friday"
    assert log.done_at is not None
    assert log.done_at < log.created_at - dt.timedelta(days=1)
    # The next one counts from now.
    write(page, "Said just now")
    expect(page.locator("#deal-timeline")).to_contain_text("Said just now")
    now = Activity.objects.done().get(body="Said just now")
    assert now.done_at is not None
    assert now.done_at > log.created_at - dt.timedelta(hours=1)


def test_what_is_done_in_a_list_is_kept_too(
    page_of: PageOf, people: Cast, deal: Deal, context: BrowserContext
):
    plan_call(deal, by=people.ana, due_on=ago(days=-1).date())
    page = page_of(people.ana, "/deals/")
    row = page.locator("tbody th a", has_text="Ponda 400")
    row.focus()
    page.keyboard.press("d")
    sheet = page.locator("#sheet .sheet")
    expect(sheet.locator("[name=body]")).to_be_visible()
    context.set_offline(True)
    sheet.locator("[name=body]").fill("Wants both")
    sheet.locator("label", has_text="Reached").click()
    sheet.locator("footer [name=next]").click()
    expect(page.locator("#kept")).to_have_text("1 not yet sent")
    expect(sheet).to_have_count(0)
    # Asked for without a line it is the log that needs none.
    row.focus()
    page.keyboard.press("d")
    expect(page.locator("#kept-deal option:checked")).to_have_text("Ponda 400")
    page.keyboard.press("Escape")
    assert said() == []
    context.set_offline(False)
    expect(page.locator("#kept")).to_be_hidden()
    assert said() == ["Wants both"]
    assert not Activity.objects.planned().exists()


@pytest.mark.parametrize("place", ["the day", "a completion"])
def test_what_came_in_unseen_and_is_opened_and_changed_is_not_logged_twice(
    page_of: PageOf, people: Cast, deal: Deal, place: str
):
    """The answer was lost, and then the server failed: nobody knows that it has come in."""
    plan = plan_call(deal, by=people.ana, due_on=ago(days=1).date())
    page = page_of(
        people.ana, "/day/" if place == "the day" else f"/activities/{plan.pk}/complete/"
    )
    if place == "the day":
        page.locator(f".day-row[data-deal='{deal.pk}'] [data-done]").click()
    form = page.locator("form[data-kept]").first
    asked: list[int] = []

    def lose(route: Route) -> None:
        asked.append(route.fetch().status if not asked else 500)
        if len(asked) > 1:
            route.fulfill(status=500, body="")
        else:
            route.abort()

    post = re.compile("/day/done/|/complete/$")
    page.route(
        post, lambda route: lose(route) if route.request.method == "POST" else route.fallback()
    )
    form.locator("[name=body]").fill("Wants both lines")
    form.locator("label", has_text="Reached").click()
    send = ".foot .btn-primary" if place == "the day" else "[type=submit][name=next][value='']"
    form.locator(send).click()
    expect(page.locator("#kept")).to_have_text("1 not yet sent")
    page.locator("#kept").click()
    for _each in range(3):
        page.locator("[data-send]").click()
    expect(page.locator("#kept")).to_have_text("1 to look at")
    assert (said(), asked[0]) == (["Wants both lines"], 200)
    page.unroute(post)
    # What it was planned as is done: from the log it is put on record otherwise.
    Activity.objects.filter(pk=plan.pk).update(done_at=None)
    page.locator("[data-open-kept]").click()
    again = page.locator("form[data-kept]").first
    expect(again.locator("[name=body]")).to_have_value("Wants both lines")
    again.locator("[name=body]").fill("Wants both lines, blue")
    again.locator(send).click()
    expect(page.locator(".toast-note.bad")).to_contain_text("came in already")
    expect(page.locator("#kept")).to_be_hidden()
    expect(again.locator("[name=body]")).to_have_value("Wants both lines, blue")
    assert Activity.objects.filter(body__startswith="Wants both lines").count() == 1


def test_signing_out_asks_about_what_is_not_sent(
    page_of: PageOf, people: Cast, deal: Deal, context: BrowserContext
):
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    context.set_offline(True)
    write(page, "Between us")
    page.route("**/log/", lambda route: route.abort())
    page.locator("header.bar summary").click()
    page.get_by_text("Sign out", exact=True).click()
    expect(page.locator("[data-state]")).to_contain_text("send these first, or give them up")
    context.set_offline(False)
    page.get_by_text("Give them up and sign out").click()
    page.wait_for_url("**/accounts/login/**", wait_until="commit")
    assert page.evaluate("Object.keys(localStorage)") == []
    assert said() == []


KEPT_DAY = "html[data-day-is-kept]"
# Looked for again with each frame that is drawn, for some seconds.
FORGOTTEN = """
    async () => {
        const days = async () => (await caches.keys()).filter((name) => name.startsWith('seven-day-'));
        for (let frames = 0; frames < 300 && (await days()).length; frames++) {
            await new Promise(requestAnimationFrame);
        }
        return days();
    }
"""
CACHES = "caches.keys().then((names) => names.filter((name) => name.startsWith('seven-day-')))"


def test_the_day_stays_readable_and_goes_with_signing_out(
    page_of: PageOf, people: Cast, deal: Deal, context: BrowserContext
):
    page = page_of(people.ana, "/day/")
    page.wait_for_selector(KEPT_DAY, state="attached")
    # Online it is always the server's: a second look shows what came since.
    make_deal(by=people.ana, name="Linelink", stage=Stage.PROSPECTING)
    page.reload()
    expect(page.locator("#day")).to_contain_text("Linelink")
    expect(page.locator(".kept-strip")).to_have_count(0)
    page.wait_for_selector(KEPT_DAY, state="attached")

    context.set_offline(True)
    page.reload()
    expect(page.locator(".kept-strip")).to_contain_text("This is your day as it was at")
    expect(page.locator("#day")).to_contain_text("Ponda 400")
    expect(page.locator("#day")).to_contain_text("Linelink")
    assert page.evaluate("getComputedStyle(document.querySelector('.rail')).display") == "flex"
    assert axe.findings(page) == []
    # Nothing leads away from what can be read, and what is done is kept.
    page.locator(".rail [data-go=board]").click()
    expect(page.locator(".toast-note.bad")).to_contain_text("needs the line")
    page.locator(f".day-row[data-deal='{deal.pk}'] [data-done]").click()
    page.locator("#kept-body").fill("From the train")
    page.locator("#sheet [type=submit]").click()
    expect(page.locator("#kept")).to_have_text("1 not yet sent")

    context.set_offline(False)
    expect(page.locator(".kept-strip")).to_have_count(0)
    expect(page.locator("#kept")).to_be_hidden()
    assert said() == ["From the train"]
    page.locator("header.bar summary").click()
    page.get_by_text("Sign out", exact=True).click()
    page.wait_for_url("**/accounts/login/**")
    assert page.evaluate("caches.keys()") == []
    assert (
        page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
    )


LEFT = """
    async () => {
        const wanted = (name) => name.startsWith('seven-') && name !== 'seven-files';
        for (let frames = 0; ; frames++) {
            const names = [...Object.keys(localStorage), ...(await caches.keys())].filter(wanted);
            if (names.length <= 1 || frames > 300) return names;
            await new Promise(requestAnimationFrame);
        }
    }
"""


def test_a_browser_keeps_nothing_but_unsent_words_of_whose_session_has_ended(
    page_of: PageOf,
    people: Cast,
    deal: Deal,
    context: BrowserContext,
    enter: Callable[[BrowserContext, User], None],
):
    """V14.3.3"""
    page = page_of(people.ana, "/day/")
    page.wait_for_selector(KEPT_DAY, state="attached")
    page.goto(page.url.replace("/day/", f"/deals/{deal.pk}/"))
    page.locator("#log-body").fill("They are short of money")
    page.evaluate(f"localStorage.setItem('seven-call:{people.ana.pk}', '{{}}')")
    kept = page.evaluate("Object.keys(localStorage).map((key) => key.split(/[:-]/)[1]).sort()")
    assert kept == ["call", "draft", "recent"]
    context.clear_cookies(name="seven_session")
    page.goto(page.url.replace(f"/deals/{deal.pk}/", "/day/"))
    page.get_by_label("Password").fill("right horse")
    draft = f"seven-draft:{people.ana.pk}:/deals/{deal.pk}/log/"
    assert page.evaluate(LEFT) == [draft]
    assert "right horse" not in page.evaluate(
        "JSON.stringify({...localStorage, ...sessionStorage})"
    )

    # Nor of who was signed in before somebody else.
    page.evaluate(f"localStorage.setItem('seven-recent-{people.ana.pk}:x', '[]')")
    enter(context, people.mona)
    page.goto(page.url.partition("/accounts/")[0] + "/companies/")
    assert page.evaluate(LEFT) == [draft]


def test_nobody_sees_the_day_of_another(
    page_of: PageOf,
    people: Cast,
    deal: Deal,
    context: BrowserContext,
    enter: Callable[[BrowserContext, User], None],
):
    page = page_of(people.ana, "/day/")
    page.wait_for_selector(KEPT_DAY, state="attached")
    assert page.evaluate(CACHES) == [f"seven-day-{people.ana.pk}"]
    # Whichever page another person opens first, the day of the first is gone.
    other = page_of(people.ben, "/companies/")
    expect(other.locator("h1")).to_be_visible()
    assert other.evaluate(FORGOTTEN) == []
    other.goto(other.url.replace("/companies/", "/day/"))
    other.wait_for_selector(KEPT_DAY, state="attached")
    assert other.evaluate(CACHES) == [f"seven-day-{people.ben.pk}"]
    context.set_offline(True)
    other.reload()
    expect(other.locator(".kept-strip")).to_be_visible()
    assert "Ponda 400" not in other.content()


def test_it_can_be_installed(page_of: PageOf, people: Cast):
    page = page_of(people.ana, "/day/")
    manifest = page.evaluate(
        """async () => {
            const link = document.querySelector('link[rel=manifest]').href;
            const said = await (await fetch(link)).json();
            for (const icon of said.icons) {
                icon.found = (await fetch(new URL(icon.src, link))).headers.get('content-type');
            }
            return said;
        }"""
    )
    assert (manifest["start_url"], manifest["display"]) == ("/day/", "standalone")
    assert all(icon["found"] == icon["type"] for icon in manifest["icons"])
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    assert any(icon.get("purpose") == "maskable" for icon in manifest["icons"])
