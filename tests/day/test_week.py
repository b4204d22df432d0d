"""Two people who sell work a week through My Day and what it leads to, as it proposes: no deal of theirs
is left without what's next, nothing of the days before stays overdue (G13), and what was shown as not
true is mended.

Pages alone are read and sent, as a browser would without a script.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from crm.models import Activity, Deal, Source
from day.queries.repair import untrue_deals
from pipeline.models import User
from pipeline.process.stages import Outcome, Stage
from tests.crm.page_forms import untouched
from tests.day.conftest import Day
from tests.factories import make_deal

HTMX: Any = {"HTTP_HX_REQUEST": "true"}
SHEET: Any = HTMX | {"HTTP_HX_TARGET": "sheet"}
MONDAY = dt.datetime(2026, 3, 16, tzinfo=dt.UTC)
# When people look at their day; in the evening every hour of it is in sight.
HOURS = (8, 17)
# What is answered to a gate that asks.
ANSWERS = {
    "party_person": "Petra Voss",
    "talk_kind": "call",
    "agreed_to": "A meeting about line 3",
    "verdict": "qualified",
    "need_words": "The old line stands still",
    "path_person": "Dora Sato",
    "path_steps": "The board",
    "offer_kind": "verbal",
}
# How it went, over and over: what was reached, and what the proposal is taken for.
WENT = (
    {"result": "reached"},
    {"result": "no_answer"},
    {"result": "reached", "advance": "1"},
    {"result": "meeting_set"},
    {"result": "moved_forward"},
    {"result": "reached", "next": "none", "because": "later"},
    {"later": "tomorrow"},
    {"result": "reached", "next": "3d"},
    {"later": "week"},
)


@dataclass
class Seller:
    """Somebody who works through the pages; `did` counts what."""

    person: User
    client: Client
    went: Iterator[dict[str, str]] = field(default_factory=lambda: cycle(WENT))
    did: Counter[str] = field(default_factory=Counter)

    def read(self, address: str, **how: Any) -> str:
        answer = self.client.get(address, **how)
        assert answer.status_code == 200, (address, answer.status_code)
        return str(answer.content.decode())

    def send(self, page: str, path: str, *, fill: dict[str, str] | None = None) -> Any:
        """Send a form of a page as it stands, with what was filled in; a gate that asks is
        answered."""
        assert f'action="{path}"' in page, f"no form for {path}"
        form = page.split(f'action="{path}"')[1].split("</form>")[0]
        fields: dict[str, Any] = untouched(f'<form action="{path}"{form}', path)
        fields |= fill or {}
        if "asks" in fields:
            self.did["gate"] += 1
            fields |= self.answers(page)
        answer = self.client.post(path, fields, **(SHEET if "asks" in fields else HTMX))
        if answer.headers.get("HX-Retarget") == "#sheet":
            assert "asks" not in fields, f"{path}: {wrong(answer)}"
            return self.send(answer.content.decode(), path)
        assert answer.status_code < 400, f"{path} {fields}: {wrong(answer)}"
        return answer

    @staticmethod
    def answers(page: str) -> dict[str, str]:
        names = set(re.findall(r'name="(\w+)"', page))
        said = {name: value for name, value in ANSWERS.items() if name in names}
        return said | {name: "answered" for name in names if re.fullmatch(r"concern_\d+", name)}

    # The day ------------------------------------------------------------------------------------

    def look(self) -> None:
        """What one does when one looks at the day: leads first, then row by row, then repairs."""
        self.client.force_login(self.person)
        self.sort_leads()
        for _n in range(60):
            rows = rows_of(self.read("/day/"))
            if not rows:
                break
            self.do(*rows[0])
        else:
            pytest.fail(f"the day of {self.person} has no end: {rows}")
        self.keep_true()

    def do(self, key: str, link: str) -> None:
        if not link.startswith("/day/"):
            self.did[link.split("/")[3]] += 1
            self.send(self.read(link, **SHEET), link.split("?")[0], fill=hand_off(link))
            return
        how = dict(next(self.went))
        if "later" in how:
            self.did["later"] += 1
            menu = self.read(f"/day/later/{key}/", **HTMX)
            self.send(menu, f"/day/later/{key}/", fill={"next": how["later"]})
            return
        page = self.read(link)
        form = page.split("data-day-open")[1].split("</form>")[0]
        if f'value="{how["result"]}"' not in form:
            how["result"] = "reached"
        if 'name="advance"' not in form:
            how.pop("advance", None)
        self.did[how["result"]] += 1
        self.send(page, f"/day/done/{key}/", fill=how)

    def keep_true(self) -> None:
        for _n in range(20):
            page = self.read("/day/")
            fix = re.search(r'action="(/deals/\d+/(?:edit/close|edit/value|park)/)"', page)
            if fix is None:
                break
            path = fix.group(1)
            park = path.replace("edit/close", "park")
            if self.did["close"] > self.did["park"] and f'action="{park}"' in page:
                path = park
            self.did[path.split("/")[-2]] += 1
            self.send(page, path, fill={"amount": "4200"} if "value" in path else None)
        else:
            pytest.fail("what was repaired is still untrue")

    def sort_leads(self) -> None:
        for tab in ("mine", "pool"):
            for _n in range(20):
                page = self.read(f"/leads/?tab={tab}")
                accept = re.search(r'action="(/leads/\d+/accept/)"', page)
                if accept is None:
                    break
                self.did[f"lead of {tab}"] += 1
                first = re.findall(r'name="first" value="([^"]+)"', page)[0]
                self.send(page, accept.group(1), fill={"first": first})
            else:
                pytest.fail("a lead that was accepted is still there")


def rows_of(page: str) -> list[tuple[str, str]]:
    """The rows, and where the first button of each leads."""
    parts = re.split(r'data-row="([^"]+)"', page)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [
        (key, re.findall(r'data-done href="([^"]+)"', part)[0].replace("&amp;", "&"))
        for key, part in pairs
    ]


def hand_off(link: str) -> dict[str, str]:
    return {"to": "Erik Vang"} if "hand-off" in link else {}


def wrong(answer: Any) -> str:
    page = " ".join(answer.content.decode().split())
    return f"{answer.status_code} {re.findall(r'(?:error|bad)[^>]*>([^<]+)<', page)} {page[:3000]}"


def left_over(person: User) -> list[str]:
    """The open deals of somebody without what's next, what should have been done by now, and what is
    still to be repaired."""
    at = timezone.now()
    today = at.astimezone(person.zone).date()
    mine = Deal.objects.open().filter(owner=person)
    unplanned = mine.filter(next_kind="").exclude(parked_until__gt=today)
    plans = Activity.objects.planned().filter(owner=person)
    late = [
        plan for plan in plans if (due := plan.due) is not None and due.day(person.zone) <= today
    ]
    return [
        *(f"{deal} has nothing planned" for deal in unplanned),
        *(f"{plan} of {plan.deal} is overdue" for plan in late),
        *(f"{deal.name} is not true" for deal in untrue_deals(person, today=today)),
    ]


@pytest.fixture
def sellers(day: Day) -> list[Seller]:
    """Ana has one of each kind; Ben a deal in every stage, two of them with a date that passes."""
    cast = day.cast
    for stage in Stage:
        make_deal(
            by=cast.ben,
            name=f"Ben’s {stage.short}",
            stage=stage,
            amount=1000 if stage < Stage.PROPOSAL else None,
            expected_close_on=dt.date(2026, 3, 15 + 2 * (stage - 2)),
        )
    return [Seller(cast.ana, Client()), Seller(cast.ben, Client())]


def come_in(leader: Seller, sellers: list[Seller], weekday: int) -> None:
    """What comes in on a day, each by the form for it: who leads writes down who asked for nobody in
    particular, the two somebody who was named to them, and what a customer has against an offer."""
    ana = sellers[0]
    fair = Source.objects.get(name="Trade fair")
    new, pool = "/deals/new/", f"t{leader.person.team_id}"
    visitor = {"person": f"Passer-by {weekday}", "name": f"Asked at the fair {weekday}"}
    named = {"person": f"Visitor {weekday}", "name": f"Referred {weekday}", "source": str(fair.pk)}
    for seller, fill in ((leader, visitor | {"owner": pool}), (ana, named)):
        seller.client.force_login(seller.person)
        seller.send(seller.read(new, **SHEET), new, fill=fill)
    assert Deal.objects.filter(owner=None, name=visitor["name"]).exists()
    assert Deal.objects.filter(owner=ana.person, source=fair, name=named["name"]).exists()
    offered = Deal.objects.open().filter(stage__gte=Stage.NEEDS_ANALYSIS).order_by("pk")
    for seller in sellers:
        asked = offered.filter(owner=seller.person).first()
        if asked is not None:
            path = f"/deals/{asked.pk}/concerns/"
            seller.client.force_login(seller.person)
            said = {"words": f"Why so dear, on day {weekday}?", "category": "price"}
            seller.send(seller.read(path, **SHEET), path, fill=said)
            assert asked.concerns.filter(words=said["words"]).exists()


def of_their_own(sellers: list[Seller], weekday: int) -> None:
    """What the two do of their own accord on a day, by the sheets of a deal as everything else."""
    ana, ben = sellers
    if weekday == 2:
        given = Deal.objects.open().filter(owner=ana.person, next_on__isnull=False).first()
        assert given is not None
        ana.client.force_login(ana.person)
        address = f"/deals/{given.pk}/hand-over/"
        ana.send(ana.read(address, **SHEET), address, fill={"to": str(ben.person.pk)})
        ana.did["hand-over"] += 1
    if weekday == 3:
        closing = Deal.objects.open().filter(owner=ben.person, stage=Stage.CLOSING).first()
        assert closing is not None
        ben.client.force_login(ben.person)
        address = f"/deals/{closing.pk}/win/"
        ben.send(ben.read(address, **SHEET), address, fill={"value": "900"})
        closing.refresh_from_db()
        assert closing.outcome == Outcome.WON
        ben.did["win"] += 1


def test_two_people_work_a_week_and_leave_nothing_lying(
    day: Day, sellers: list[Seller], clock: time_machine.Traveller
) -> None:
    leader = Seller(day.cast.mona, Client())
    for weekday in range(5):
        for hour in HOURS:
            clock.move_to(MONDAY + dt.timedelta(days=weekday, hours=hour))
            for seller in sellers:
                seller.look()
            if hour == HOURS[0]:
                come_in(leader, sellers, weekday)
                of_their_own(sellers, weekday)
        for seller in sellers:
            assert left_over(seller.person) == [], (weekday, seller.person)
    done = sellers[0].did + sellers[1].did
    ways = {"gate", "later", "move", "hand-off", "lead of mine", "lead of pool", "close", "value"}
    ways |= {"hand-over", "win"}
    assert ways | {"park", "reached", "no_answer", "meeting_set", "moved_forward"} == set(done)


def test_whoever_leads_sees_the_people_first_and_no_week_of_selling_without_any(cast, client):
    make_deal(by=cast.ana, name="Line 3")
    client.force_login(cast.mona)
    page = client.get("/day/").content.decode()
    assert page.index('hx-get="/day/mirror/"') < page.index('class="now')
    assert "Keep free for prospecting" not in page
    mirror = client.get("/day/mirror/").content.decode()
    assert re.search(
        r"<bdi>Ana Ruiz</bdi></a>\s*<span class=\"meta\"><a [^>]*>1 lead waits", mirror
    )
    assert "week-title" not in mirror

    client.force_login(cast.ana)
    page = client.get("/day/").content.decode()
    assert page.index('hx-get="/day/mirror/"') > page.index("Keep free for prospecting")
    assert "week-title" in client.get("/day/mirror/").content.decode()
