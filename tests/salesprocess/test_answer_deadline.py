"""What somebody waits for comes in time or not at all: statements, and the work on their rows."""

from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection

from salesprocess.lib.deadline import AnswerDeadline, answered_by, check_deadline, in_time
from salesprocess.lib.trouble import Trouble, trouble_of


class Clock:
    """Stands until somebody moves it on."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limit() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return str(cursor.fetchone()[0])


def test_each_statement_gets_what_is_left(clock: Clock, db: None) -> None:
    with answered_by(AnswerDeadline(5, clock=clock)):
        assert limit() == "5s"
        clock.now += 4.25
        assert limit() == "750ms"


def test_a_statement_that_goes_on_past_it_is_ended(clock: Clock, db: None) -> None:
    deadline = AnswerDeadline(0.05, clock=clock)
    raises = pytest.raises(OperationalError)
    with answered_by(deadline), connection.cursor() as cursor, raises as raised:
        cursor.execute("SELECT pg_sleep(60)")
    assert trouble_of(raised.value) is Trouble.SLOW


def test_none_begins_after_it(clock: Clock, db: None) -> None:
    with answered_by(AnswerDeadline(5, clock=clock)):
        clock.now += 5
        with pytest.raises(OperationalError) as raised:
            limit()
    assert trouble_of(raised.value) is Trouble.SLOW


def test_a_connection_that_ends_them_sooner_by_itself_is_asked_nothing_more(
    clock: Clock, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "PATIENCE", 5)  # as with 4 s for each
    before = limit()
    with answered_by(AnswerDeadline(4.5, clock=clock)):
        assert limit() == before
        clock.now += 1
        assert limit() == "3500ms"


@pytest.mark.django_db(transaction=True)
def test_the_limit_ends_with_its_statement(clock: Clock) -> None:
    before = limit()
    patience = connection.connection.patience
    with answered_by(AnswerDeadline(2, clock=clock)):
        assert limit() == "2s"
    assert (limit(), connection.connection.patience) == (before, patience)


def test_work_on_rows_ends_with_it(clock: Clock) -> None:
    def rows() -> Iterator[int]:
        for row in range(10_000):
            clock.now += 0.001
            yield row

    deadline = AnswerDeadline(5, clock=clock)
    with answered_by(deadline), pytest.raises(OperationalError) as raised:
        list(in_time(rows()))
    assert trouble_of(raised.value) is Trouble.SLOW
    assert -1 < deadline.left <= 0
    with answered_by(deadline), pytest.raises(OperationalError):
        check_deadline()


def test_where_nobody_waits_there_is_none() -> None:
    check_deadline()
    assert list(in_time(range(1200))) == list(range(1200))
    with answered_by(AnswerDeadline(-1)):
        pass
    check_deadline()
