"""Reports by mail: due by the reader's clock, once a period, in the reader's own reach and language."""

import datetime as dt
import zoneinfo
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from time_machine import Traveller

from pipeline.models import Language, OutboxRow, User
from pipeline.people.commands import people
from reports import tasks
from reports.commands import report_mail as commands
from reports.commands import saved_report
from reports.models import ReportSubscription, SavedReport, WhyEnded
from reports.rhythm import Rhythm, next_mail
from salesprocess.lib.refused import Refused
from salesprocess.lib.time_limits import LIMITS, TimeLimits
from tests.conftest import Cast
from tests.factories import NOW

VIENNA = zoneinfo.ZoneInfo("Europe/Vienna")
QUERY = "span=custom&start=2025-12-01&end=2026-03-31&metric=closed_win_rate&by=person"
MONDAY = dt.datetime(2026, 3, 16, 6, 0, tzinfo=dt.UTC)  # 07:00 in Vienna


def report_of(cast: Cast, by: User, **facts: Any) -> SavedReport:
    told: dict[str, Any] = {"name": "Win rate", "page": "ask", "query": QUERY} | facts
    return saved_report.save(**told, by=cast.again(by), at=NOW)


def subscribe(cast: Cast, report: SavedReport, person: User, **facts: Any) -> ReportSubscription:
    told: dict[str, Any] = {"rhythm": Rhythm.WEEKLY, "weekday": 0, "hour": 7, "by": person} | facts
    told["by"] = cast.again(told["by"])
    return commands.subscribe(report, person=cast.again(person), at=NOW, **told)


def sent_at(clock: Traveller, at: dt.datetime) -> list[Any]:
    """The mails that go at a moment."""
    mail.outbox.clear()
    clock.move_to(at, tick=False)
    tasks.put_due_reports()
    tasks.put_due_reports()
    tasks.relay_outbox()
    tasks.relay_outbox()
    return list(mail.outbox)


@pytest.mark.parametrize(
    ("rhythm", "weekday", "after", "due"),
    [
        (Rhythm.WEEKLY, 0, "2026-03-11T10:00", "2026-03-16T06:00"),
        (Rhythm.WEEKLY, 0, "2026-03-16T05:59", "2026-03-16T06:00"),
        (Rhythm.WEEKLY, 0, "2026-03-16T06:00", "2026-03-23T06:00"),
        # The clocks of Vienna go forward on the 29th.
        (Rhythm.WEEKLY, 6, "2026-03-23T06:00", "2026-03-29T05:00"),
        (Rhythm.MONTHLY, 3, "2026-03-01T05:59", "2026-03-01T06:00"),
        (Rhythm.MONTHLY, 3, "2026-03-01T06:00", "2026-04-01T05:00"),
        (Rhythm.MONTHLY, 3, "2026-12-31T06:00", "2027-01-01T06:00"),
    ],
)
def test_it_is_due_by_the_clock_of_its_reader(
    rhythm: Rhythm, weekday: int, after: str, due: str
) -> None:
    found = next_mail(
        rhythm,
        weekday=weekday,
        hour=7,
        zone=VIENNA,
        after=dt.datetime.fromisoformat(f"{after}+00:00"),
    )
    assert found == dt.datetime.fromisoformat(f"{due}+00:00")


def test_of_a_week_there_is_one_whichever_day_is_chosen_meanwhile() -> None:
    found = next_mail(
        Rhythm.WEEKLY, weekday=4, hour=7, zone=VIENNA, after=MONDAY, done=dt.date(2026, 3, 16)
    )
    assert found == dt.datetime(2026, 3, 27, 6, 0, tzinfo=dt.UTC)


def test_it_comes_once_a_week_in_the_own_reach(clock: Traveller, worked_cast: Cast) -> None:
    report = report_of(worked_cast, worked_cast.mona, team=worked_cast.north)
    row = subscribe(worked_cast, report, worked_cast.mona)
    subscribe(worked_cast, report, worked_cast.ben, by=worked_cast.mona)
    assert row.next_at == MONDAY
    assert sent_at(clock, MONDAY - dt.timedelta(minutes=1)) == []
    sent = {message.to[0]: message for message in sent_at(clock, MONDAY)}
    assert set(sent) == {"mona@seven.test", "ben@seven.test"}
    hers, his = sent["mona@seven.test"], sent["ben@seven.test"]
    assert "2 of 5" in hers.body
    assert "2 of 5" not in his.body
    assert "There is nothing of this in the period." in his.body
    assert "saved by Mona Reyes" in his.body
    assert sent_at(clock, MONDAY + dt.timedelta(minutes=5)) == []
    row.refresh_from_db()
    assert (row.sent_for, row.sent_at) == (dt.date(2026, 3, 16), MONDAY)
    # A worker that was away for three weeks sends one.
    assert len(sent_at(clock, MONDAY + dt.timedelta(weeks=3, days=1))) == 2


def test_it_says_of_what_it_is_and_how_complete(clock: Traveller, worked_cast: Cast) -> None:
    User.objects.filter(pk=worked_cast.ana.pk).update(language=Language.GERMAN)
    subscribe(worked_cast, report_of(worked_cast, worked_cast.ana), worked_cast.ana)
    (german,) = sent_at(clock, MONDAY)
    assert german.subject == "Bericht: Win rate"
    assert "Europe/Vienna" in german.body
    assert "Vollständigkeit" in german.body
    assert "2 von 5" in german.body
    ((html, kind),) = german.alternatives
    assert kind == "text/html"
    assert "<svg" in html
    assert 'lang="de"' in html
    assert "style=" not in html
    assert f"/reports/saved/{SavedReport.objects.get().pk}/open/" in german.body
    assert german.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_mail_that_was_delivered_is_not_sent_again(clock: Traveller, worked_cast: Cast) -> None:
    """Also where the worker was killed between the mail server's answer and its own note of it."""
    subscribe(worked_cast, report_of(worked_cast, worked_cast.ana), worked_cast.ana)
    assert len(sent_at(clock, MONDAY)) == 1
    OutboxRow.objects.update(done_at=None)
    assert sent_at(clock, MONDAY + dt.timedelta(minutes=5)) == []


def test_a_mail_is_stopped_by_its_link_without_signing_in(
    clock: Traveller, worked_cast: Cast
) -> None:
    row = subscribe(worked_cast, report_of(worked_cast, worked_cast.ana), worked_cast.ana)
    (message,) = sent_at(clock, MONDAY)
    link = message.extra_headers["List-Unsubscribe"].strip("<>")
    path = link.removeprefix("http://localhost:8000")
    assert link in message.body
    stranger = Client(enforce_csrf_checks=True)
    assert b"Stop this mail?" in stranger.get(path).content
    row.refresh_from_db()
    assert row.ended_at is None
    # As a mail program posts it (RFC 8058).
    answer = stranger.post(path, {"List-Unsubscribe": "One-Click"})
    assert b"It is stopped" in answer.content
    row.refresh_from_db()
    assert row.ended_why == WhyEnded.STOPPED
    assert sent_at(clock, MONDAY + dt.timedelta(weeks=1)) == []
    changed = f"{path.rstrip('/')[:-1]}x/"
    assert stranger.post(changed).status_code == 404


def test_who_stopped_it_is_put_on_it_by_nobody_else(worked_cast: Cast) -> None:
    report = report_of(worked_cast, worked_cast.mona, team=worked_cast.north)
    row = subscribe(worked_cast, report, worked_cast.ana)
    commands.stop(row, by=worked_cast.again(worked_cast.ana), at=NOW)
    with pytest.raises(Refused, match="alone can start it again"):
        subscribe(worked_cast, report, worked_cast.ana, by=worked_cast.mona)
    subscribe(worked_cast, report, worked_cast.ana)


def test_it_ends_for_who_leaves_or_has_the_report_no_more(
    clock: Traveller, client: Client, worked_cast: Cast
) -> None:
    cast = worked_cast
    report = report_of(cast, cast.mona, team=cast.north)
    left = subscribe(cast, report, cast.ben)
    lost = subscribe(cast, report, cast.ana)
    own = subscribe(cast, report, cast.mona)
    people.deactivate(cast.ben, by=cast.again(cast.mona), at=NOW)
    saved_report.change(report, name="Win rate", team=None, by=cast.again(cast.mona), at=NOW)
    assert [message.to for message in sent_at(clock, MONDAY)] == [["mona@seven.test"]]
    for row in (left, lost, own):
        row.refresh_from_db()
    assert (left.ended_why, lost.ended_why, own.ended_why) == ("left", "reach", "")
    client.force_login(cast.again(cast.mona))
    text = client.get(f"/reports/saved/{report.pk}/").content.decode()
    assert "no more: has left" in text
    assert "no more: does not have the report any more" in text
    assert "last sent" in text


def test_who_leaves_while_a_mail_waits_gets_it_no_more(clock: Traveller, worked_cast: Cast) -> None:
    subscribe(worked_cast, report_of(worked_cast, worked_cast.ben), worked_cast.ben)
    clock.move_to(MONDAY, tick=False)
    tasks.put_due_reports()
    people.deactivate(worked_cast.ben, by=worked_cast.again(worked_cast.mona), at=MONDAY)
    mail.outbox.clear()
    tasks.relay_outbox()
    assert mail.outbox == []
    assert not OutboxRow.objects.waiting().filter(kind=commands.MAILED).exists()


def test_one_that_takes_too_long_says_so_by_mail(
    clock: Traveller, worked_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(_report: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(2)")

    quick = TimeLimits(statement=0.2, lock=1, idle=30)
    monkeypatch.setitem(LIMITS, "page", quick)
    monkeypatch.setattr("reports.mail.stamp_of", slow)
    subscribe(worked_cast, report_of(worked_cast, worked_cast.ana), worked_cast.ana)
    (message,) = sent_at(clock, MONDAY)
    assert "It takes too long to be worked out" in message.body
    assert "2 of 5" not in message.body


def test_only_who_has_a_report_gets_it(worked_cast: Cast) -> None:
    report = report_of(worked_cast, worked_cast.mona, team=worked_cast.north)
    with pytest.raises(Refused, match="does not have this report"):
        subscribe(worked_cast, report, worked_cast.carl, by=worked_cast.mona)
    with pytest.raises(SavedReport.DoesNotExist):
        subscribe(worked_cast, report, worked_cast.carl)
    with pytest.raises(SavedReport.DoesNotExist):
        subscribe(worked_cast, report, worked_cast.ben, by=worked_cast.ana)


def test_one_that_can_be_answered_no_more_says_so_by_mail(
    clock: Traveller, worked_cast: Cast
) -> None:
    report = report_of(worked_cast, worked_cast.ana, query="metric=gone")
    subscribe(worked_cast, report, worked_cast.ana)
    (message,) = sent_at(clock, MONDAY)
    assert "There is no figure “gone”, or not any more" in message.body


@pytest.mark.parametrize("page", ["overview", "funnel", "wins", "people", "consistency", "teams"])
def test_any_page_goes_by_mail(clock: Traveller, worked_cast: Cast, page: str) -> None:
    query = "span=custom&start=2025-12-01&end=2026-03-31"
    report = report_of(worked_cast, worked_cast.adele, page=page, query=query)
    subscribe(worked_cast, report, worked_cast.adele)
    (message,) = sent_at(clock, MONDAY)
    assert "From 1 Dec 2025 to 31 Mar 2026, Europe/Vienna." in message.body
    assert len(message.body) > 500


def test_its_times_are_chosen_on_the_page(client: Client, worked_cast: Cast) -> None:
    cast = worked_cast
    report = report_of(cast, cast.mona, team=cast.north)
    client.force_login(cast.again(cast.mona))
    when = {"rhythm": "monthly", "weekday": "0", "hour": "18"}
    assert client.get(f"/reports/saved/{report.pk}/mail/").status_code == 200
    assert client.post(f"/reports/saved/{report.pk}/mail/", when).status_code == 302
    added = client.post(
        f"/reports/saved/{report.pk}/mail/add/", {**when, "person": str(cast.ana.pk)}
    )
    assert added.status_code == 302
    text = client.get(f"/reports/saved/{report.pk}/").content.decode()
    assert "every month, on the first, 18:00" in text
    assert "Ana Ruiz" in text
    bad = client.post(f"/reports/saved/{report.pk}/mail/", {**when, "hour": "25"})
    assert bad.status_code == 422
    look = client.get(f"/reports/saved/{report.pk}/mail/look/").content.decode()
    assert "<svg" in look
    assert "2 of 5" in look
    row = ReportSubscription.objects.get(person=cast.ana)
    client.force_login(cast.again(cast.ana))
    client.post(f"/reports/mails/{row.pk}/stop/")
    row.refresh_from_db()
    assert row.ended_why == WhyEnded.STOPPED
