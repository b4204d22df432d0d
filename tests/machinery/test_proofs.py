"""The proofs count what they should: each is shown something that is wrong."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

import bench.pages
from crm.models import Activity
from proof import load
from proof.faults import judge
from proof.faults.work import Diary, Intent, PersonAtWork, SentForm
from proof.figures import finish
from tests.conftest import Cast
from tests.factories import make_deal


def test_it_ends_with_1_where_a_zero_is_not_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    to = tmp_path / "new" / "figures.json"
    assert finish({"lost": 0, "seen": 3}, zeros=["lost"], to=to) == 0
    assert json.loads(to.read_text()) == {"lost": 0, "seen": 3, "kept": True}
    assert finish({"lost": 0, "failed": ["one"]}, zeros=["lost", "failed"], to=to) == 1
    assert "Not zero: failed" in capsys.readouterr().err


def test_a_thousand_people_ask_for_pages_that_the_bench_has():
    measured = {page.name: page for page in bench.pages.pages()}
    of_bench = [measured[name] for name in load.MIX if name not in {"a deal", "home"}]
    assert {page.reader for page in of_bench} == {"seller", "manager"}


# Faults ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_people_at_work_are_judged_by_what_is_stored(live_server: Any, cast: Cast, settings: Any):
    diary = Diary()
    deals = [make_deal(by=cast.ana).pk]
    person = PersonAtWork(live_server.thread.port, cast.ana, deals, diary, number=3)
    person.hangs_up = 0.5
    person.start()
    while len(diary.intents) < 9:
        time.sleep(0.01)
    person.ended.set()
    person.join()

    right = judge.effects(diary.intents, judge.in_database())
    assert diary.hung_up > 0
    assert right["acknowledged"] == right["intents"] >= 9
    assert (right["lost"], right["doubled"], right["never_acknowledged"]) == (0, 0, 0)

    calls = Activity.objects.filter(body__startswith="mark-").order_by("pk")
    again, gone = calls[0], calls[1]
    Activity.objects.filter(pk=gone.pk).delete()
    again.pk = None
    again.save()
    wrong = judge.effects(diary.intents, judge.in_database())
    assert (wrong["lost"], wrong["doubled"]) == (1, 1)

    # One of a thousand, who write without having seen a page.
    session = person.client.cookies[settings.SESSION_COOKIE_NAME]
    asking = load.PersonAsking(live_server.thread.port, cast.ana, session)
    said = {"kind": "call", "body": "Rang", "idempotency_key": "k"}
    assert asking.send(f"/deals/{deals[0]}/log/", said, htmx=True)[0] == 200
    asking.connection.close()
    assert Activity.objects.get(body="Rang").deal_id == deals[0]


def sent(at: float, status: int | None) -> SentForm:
    return SentForm(began_at=at, ended_at=at + 1, status=status, is_write=True, path="/x/")


def test_an_error_counts_where_nothing_was_broken():
    broken = [judge.BrokenPart(name="x", began_at=10, ended_at=12, healed_at=15)]
    tries = [sent(2, 200), sent(4, 503), sent(9.5, 500), sent(14, None), sent(15.5, None)]
    assert judge.errors_outside(tries, broken) == ["503 /x/", "None /x/"]
    summary = judge.summary_of(broken[0], tries)
    assert (summary["recovery_s"], summary["errors_without_words"]) == (3, 1)
    assert summary["answers"] == {"500": 1, "no answer": 1}


def test_what_was_never_acknowledged_and_what_was_not_mailed_is_told():
    told = Intent(kind="call", mark="mark-1-1-1", path="/", said={}, acknowledged_at=1.0)
    untold = Intent(kind="call", mark="mark-1-2-1", path="/", said={})
    found = judge.stored({"call": ["said mark-1-2-1 twice: mark-1-2-1"]})
    counted = judge.effects([told, untold], found)
    assert [counted[each] for each in ("lost", "doubled", "never_acknowledged")] == [1, 1, 1]
    mails = ["Message-ID: <outbox.7.a@x>\n", "Message-ID: <outbox.7.b@x>\n"]
    assert judge.mails(mails, 2) == {
        "mails_expected": 2,
        "mails_missing": 1,
        "mails_sent_again": 1,
    }


# Load --------------------------------------------------------------------------------------------


class SlowCrowd:
    """Answers at once up to a rate, and above it too late."""

    def __init__(self, *, most: float) -> None:
        self.most, self.asked = most, list[float]()

    def ask(self, rate: float, _seconds: float) -> list[load.Asked]:
        self.asked.append(round(rate, 1))
        took = 0.1 if rate <= self.most else 0.35
        return [
            load.Asked(page=page, due_at=0, ended_at=took, status=200)
            for page in ("search", "move") * 20
        ]


class FlatMemory(load.Memory):
    def __init__(self) -> None:
        self.taken = []

    def note(self, requests: int) -> None:
        self.taken.append((requests, 100_000.0 + requests / 4))


def test_it_finds_the_rate_that_holds_and_goes_on_with_it():
    crowd = SlowCrowd(most=20)
    figures = load.run(crowd, FlatMemory(), seconds=60, rate=None)  # type: ignore[arg-type]
    assert (figures["holds_per_s"], figures["saturates_at_per_s"]) == (19.5, 24.4)
    assert figures["burst"]["rate_per_s"] == 39.0
    assert figures["burst"]["read_p95_ms"] == 350
    assert (figures["nothing_held"], figures["held_for_s"]) == (False, 30)
    assert figures["rss_kb_per_request"] == 0.5
    nothing = load.run(SlowCrowd(most=1), FlatMemory(), seconds=60, rate=None)  # type: ignore[arg-type]
    assert nothing["nothing_held"]
