"""The outbox: each row delivered once, tried again when it failed, given up when it must."""

import datetime as dt
import smtplib
import uuid
from importlib import import_module

import pytest
from celery import current_app
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from crm import tasks as crm_tasks
from pipeline import tasks
from pipeline.models import OutboxRow
from pipeline.outbox import commands as outbox
from pipeline.outbox import kinds
from pipeline.outbox.models import MOST_ATTEMPTS
from reports.commands.report_mail import MAILED
from salesprocess.celery import app
from salesprocess.lib.refused import Refused
from tests.factories import NOW

KIND = kinds.INVITATION


class Other:
    """What is at the other end: keeps what it was given, or fails with what it is told to."""

    def __init__(self, *, fails=None):
        self.got = []
        self.fails = fails

    def __call__(self, row):
        if self.fails:
            raise self.fails
        self.got.append(row.pk)


@pytest.fixture
def row(db):
    return outbox.put(KIND, {"invitation": 1}, at=NOW)


def claim(at=NOW, **options):
    return outbox.claim(of=[KIND], at=at, **options)


def deliver(row, other, at=NOW):
    outbox.deliver(row, other, now=lambda: at)


def after(**units):
    return NOW + dt.timedelta(**units)


def test_it_holds_up_nothing_that_a_clock_ahead_has_put_in(db):
    """Which has been set right since: nobody's mail waits for that tomorrow."""
    now = timezone.now()
    outbox.put(KIND, {"invitation": 1}, at=now + dt.timedelta(days=1))
    outbox.put_all(KIND, [{"invitation": 2}], at=now + dt.timedelta(days=1))
    assert len(claim(at=now + dt.timedelta(seconds=1))) == 2


def test_it_delivers_a_row_once(row):
    other = Other()
    for claimed in claim():
        deliver(claimed, other)

    assert other.got == [row.pk]
    assert claim(at=after(days=1)) == []
    row.refresh_from_db()
    assert (row.done_at, row.lease, row.attempts) == (NOW, None, 1)


def test_it_gives_a_claimed_row_to_nobody_else_until_the_lease_runs_out(row):
    assert claim() == [row]

    assert claim(at=after(seconds=119)) == []
    assert claim(at=after(seconds=120)) == [row]


def test_it_does_nothing_under_a_lease_that_has_run_out(row):
    (overslept,) = claim()
    other = Other()

    deliver(overslept, other, at=after(minutes=3))

    assert other.got == []


def test_it_lets_who_overslept_finish_nothing(row):
    (slow,) = claim()
    (quick,) = claim(at=after(minutes=3))

    deliver(slow, Other(), at=NOW)

    quick.refresh_from_db()
    assert quick.done_at is None
    assert quick.lease is not None


def test_it_tries_again_later_and_says_why_it_failed(row):
    (claimed,) = claim()
    deliver(claimed, Other(fails=OSError("no route to the mail server")))

    row.refresh_from_db()
    assert row.error == "OSError: no route to the mail server"
    assert dt.timedelta(seconds=7) <= row.next_at - NOW <= dt.timedelta(seconds=15)
    assert claim(at=row.next_at - dt.timedelta(microseconds=1)) == []
    (again,) = claim(at=row.next_at)
    deliver(again, Other(), at=row.next_at)
    row.refresh_from_db()
    assert (row.attempts, row.error) == (2, "")
    assert row.done_at is not None


def test_it_waits_longer_and_longer():
    longest = [max(outbox.pause(n) for _ in range(50)) for n in range(1, 12)]

    assert longest[0] <= dt.timedelta(seconds=15)
    assert longest[3] > longest[0] * 3
    assert max(longest) <= dt.timedelta(hours=1)


def test_it_gives_up_after_the_eighth_failure_and_lets_others_pass(row):
    sound = outbox.put(kinds.EMAIL_CHANGED, {"change": 1}, at=NOW)
    at, broken = NOW, Other(fails=ValueError("poison"))
    for _ in range(MOST_ATTEMPTS):
        for claimed in outbox.claim(of=kinds.kinds(), at=at):
            deliver(claimed, broken if claimed.pk == row.pk else Other(), at=at)
        at += dt.timedelta(hours=2)

    row.refresh_from_db()
    sound.refresh_from_db()
    assert (row.attempts, row.dead_at is not None) == (8, True)
    assert (sound.attempts, sound.done_at) == (1, NOW)
    assert claim(at=after(days=30)) == []


def test_it_counts_an_attempt_that_killed_its_worker(row):
    for number in range(MOST_ATTEMPTS):
        assert claim(at=after(minutes=5 * number)) == [row]

    assert claim(at=after(days=1)) == []
    row.refresh_from_db()
    assert row.dead_at == after(days=1)
    assert "worker" in row.error


def test_it_takes_few_rows_at_once_the_oldest_first(db):
    many = range(outbox.BATCH + 3)
    rows = [outbox.put(KIND, {"invitation": n}, at=NOW - dt.timedelta(hours=n)) for n in many]

    assert claim() == rows[:2:-1][: outbox.BATCH]


@pytest.fixture
def registered(monkeypatch):
    """Has a kind delivered by what is given instead."""

    def register(kind, other):
        delivery = kinds.Delivery(app="pipeline", label="Call", handler=other)
        monkeypatch.setitem(kinds._deliveries, kind, delivery)
        return other

    return register


def test_one_run_brings_away_many_batches(db, registered):
    other = registered(KIND, Other())
    outbox.put_all(KIND, [{"invitation": n} for n in range(3 * outbox.BATCH + 1)], at=NOW)

    outbox.relay("pipeline", now=lambda: NOW)

    assert len(other.got) == 3 * outbox.BATCH + 1
    assert not OutboxRow.objects.waiting().exists()


def test_a_run_ends_in_time_and_harms_nothing_that_it_leaves(db, registered):
    clock = [NOW]

    class Slow(Other):
        def __call__(self, row):
            super().__call__(row)
            clock[0] += dt.timedelta(seconds=6)

    other = registered(KIND, Slow())
    outbox.put_all(KIND, [{"invitation": n} for n in range(4)], at=NOW)

    outbox.relay("pipeline", now=lambda: clock[0])

    assert len(other.got) == 2
    left = OutboxRow.objects.waiting()
    assert {(row.attempts, row.lease) for row in left} == {(0, None)}
    assert OutboxRow.objects.due(clock[0]).count() == 2


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionRefusedError(111, "refused"),
        TimeoutError("timed out"),
        OSError(113, "No route to host"),
        smtplib.SMTPConnectError(421, "not now"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_an_outage_harms_no_row_is_asked_once_a_run_and_over_within_a_minute(
    db, registered, failure
):
    away = registered(KIND, Other(fails=failure))
    sound = registered(kinds.EMAIL_CHANGED, Other())
    runs = MOST_ATTEMPTS + 2
    outbox.put_all(KIND, [{"invitation": n} for n in range(2 * outbox.BATCH)], at=NOW)
    other = outbox.put(kinds.EMAIL_CHANGED, {"change": 1}, at=NOW)
    clock = [NOW]
    for _run in range(runs):
        outbox.relay("pipeline", now=lambda: clock[0])
        clock[0] += dt.timedelta(seconds=90)

    assert sound.got == [other.pk]
    waiting = OutboxRow.objects.waiting()
    assert set(waiting.values_list("attempts", flat=True)) == {0}
    assert waiting.exclude(error="").count() == runs, "one is asked for all"

    away.fails = None
    outbox.relay("pipeline", now=lambda: clock[0])
    clock[0] += outbox.AWAY_PAUSE
    outbox.relay("pipeline", now=lambda: clock[0])
    assert not waiting.exists()


def test_what_nobody_answers_for_days_is_given_up(row):
    at = NOW + outbox.AWAY_FOR
    for _time in range(MOST_ATTEMPTS):
        for claimed in claim(at=at):
            deliver(claimed, Other(fails=ConnectionRefusedError()), at=at)
        at += dt.timedelta(hours=2)

    row.refresh_from_db()
    assert row.dead_at is not None


def test_it_takes_only_the_row_that_it_was_woken_for(row):
    later = outbox.put(KIND, {"invitation": 2}, at=NOW)

    assert claim(only=later.pk) == [later]


def test_it_leaves_rows_that_it_cannot_deliver_to_others(row):
    assert outbox.claim(of=[kinds.EMAIL_CHANGED], at=NOW) == []


def test_it_writes_nothing_when_the_change_is_undone(db):
    with transaction.atomic():
        outbox.put(KIND, {"invitation": 1}, at=NOW)
        transaction.set_rollback(True)

    assert not OutboxRow.objects.exists()


def test_it_needs_no_broker(db, monkeypatch, django_capture_on_commit_callbacks):
    def unreachable(*_args, **_options):
        raise OperationalError("connection refused")

    monkeypatch.setattr(current_app, "send_task", unreachable)

    with django_capture_on_commit_callbacks(execute=True) as called:
        row = outbox.put(KIND, {"invitation": 1}, at=NOW)

    assert len(called) == 1
    assert claim() == [row]


@pytest.mark.parametrize("kind", kinds.kinds())
def test_it_wakes_who_delivers_it_with_the_id_alone(
    db, monkeypatch, django_capture_on_commit_callbacks, kind
):
    sent = []
    monkeypatch.setattr(
        current_app, "send_task", lambda name, kwargs, **_: sent.append((name, kwargs))
    )

    with django_capture_on_commit_callbacks(execute=True):
        row = outbox.put(kind, {"invitation": 1}, at=NOW)

    delivery = kinds.delivery_of(kind)
    assert delivery is not None
    relay = delivery.relay
    assert sent == [(relay, {"pk": row.pk})]
    # Its app has a clock for what nobody was woken for.
    app.loader.import_default_modules()
    assert relay in current_app.tasks
    assert relay in {each["task"] for each in app.conf.beat_schedule.values()}


def test_a_kind_is_delivered_by_one_app():
    with pytest.raises(ValueError, match="by pipeline already"):
        kinds.register(KIND, app="crm", label="Again", handler=Other())


@pytest.fixture
def unknown(db):
    return outbox.put("mars.rover.call", {"rover": 1}, at=NOW)


def test_a_kind_that_nobody_delivers_is_kept_and_told(cast, client, unknown, caplog):
    tasks.relay_outbox()
    crm_tasks.relay_outbox()
    unknown.refresh_from_db()
    assert (unknown.attempts, unknown.lease, unknown.done_at) == (0, None, None)

    assert outbox.give_up_unknown(at=after(minutes=59)) == 0
    assert outbox.give_up_unknown(at=after(hours=1)) == 1

    assert "nothing here delivers" in caplog.text
    client.force_login(cast.adele)
    words = client.get("/people/outbox/").content.decode()
    assert "mars.rover.call" in words
    assert "Nothing here delivers this kind." in words


def test_its_clock_tells_of_a_kind_that_nobody_delivers(unknown):
    known = outbox.put(KIND, {"invitation": 0}, at=NOW)
    OutboxRow.objects.filter(pk=known.pk).update(next_at=timezone.now() + dt.timedelta(days=1))
    tasks.relay_outbox()
    assert list(OutboxRow.objects.dead()) == [unknown]


def test_a_release_that_knows_the_kind_delivers_it_after_all(cast, unknown, monkeypatch):
    outbox.give_up_unknown(at=after(hours=1))
    outbox.retry(unknown, by=cast.adele, at=after(hours=2))
    other = Other()
    delivery = kinds.Delivery(app="crm", label="Call", handler=other)
    monkeypatch.setitem(kinds._deliveries, unknown.kind, delivery)
    outbox.relay("crm", now=lambda: after(hours=2))
    assert other.got == [unknown.pk]


def test_rows_of_before_are_of_a_kind_that_is_delivered(db):
    kinds_by_app = import_module("pipeline.migrations.0014_kinds_by_app")
    _column, rename = kinds_by_app.Migration.operations
    before = ("invitation", "email_changed", "process_published", "person_moved")
    for kind in (*before, "process_note", "process_answer"):
        OutboxRow.objects.create(kind=kind, payload={}, created_at=NOW, next_at=NOW)

    rename.database_forwards("pipeline", connection.schema_editor(), None, None)

    since = {kinds.PASSWORD_RESET, kinds.SIGN_IN_CHANGED, MAILED}
    kept = set(OutboxRow.objects.values_list("kind", flat=True))
    assert kept == {*kinds.kinds()} - since


def test_it_gives_a_dead_row_its_attempts_again(cast, row):
    OutboxRow.objects.update(dead_at=NOW, attempts=8, error="poison")

    with pytest.raises(OutboxRow.DoesNotExist):
        outbox.retry(row, by=cast.rosa, at=after(hours=1))
    outbox.retry(row, by=cast.adele, at=after(hours=1))

    (again,) = claim(at=after(hours=1))
    assert again.attempts == 1
    with pytest.raises(Refused):
        outbox.retry(row, by=cast.adele, at=after(hours=1))


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"done_at": NOW, "dead_at": NOW}, "outbox_done_or_dead"),
        ({"lease": uuid.uuid4()}, "outbox_lease_with_its_end"),
    ],
)
def test_it_keeps_what_cannot_be_out_of_the_database(row, fields, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        OutboxRow.objects.update(**fields)


def test_it_finds_what_is_due_by_an_index(row):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = OutboxRow.objects.due(NOW).order_by("next_at", "id").explain()

    assert "outbox_waiting" in plan


def test_it_forgets_what_was_delivered_a_while_ago_and_nothing_else(db):
    old, new, dead, waiting = (outbox.put(KIND, {"invitation": n}, at=NOW) for n in range(4))
    OutboxRow.objects.filter(pk=old.pk).update(done_at=NOW - outbox.KEPT - dt.timedelta(seconds=1))
    OutboxRow.objects.filter(pk=new.pk).update(done_at=NOW - outbox.KEPT)
    OutboxRow.objects.filter(pk=dead.pk).update(dead_at=NOW - dt.timedelta(days=400))

    assert outbox.forget(at=NOW) == 1
    assert set(OutboxRow.objects.all()) == {new, dead, waiting}
