import logging
import re
import time

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from pipeline.models import User
from salesprocess.lib.logs import OneLine, number_requests


def test_it_keeps_a_record_on_one_line():
    record = logging.makeLogRecord({"msg": "name: %s", "args": ("x\n2026 INFO forged\r",)})

    assert OneLine("%(message)s").format(record) == "name: x\\n2026 INFO forged\\r"


@pytest.mark.parametrize(
    "path", ["/invitations/c0ffee/.", "/accounts/password/reset/key/1-abc-c0ffee/"]
)
def test_it_keeps_to_itself_what_a_mailed_link_lets_in_with(path):
    record = logging.makeLogRecord({"msg": "Not Found: %s", "args": (path,)})

    line = OneLine("%(message)s").format(record)

    assert "c0ffee" not in line
    assert line.endswith("/…")


def test_it_says_in_which_request_it_was_and_by_whom(rf: RequestFactory):
    """Also of what Django logs when all middleware is done."""
    lines: list[str] = []

    def note() -> None:
        lines.append(OneLine("%(asked_by)s").format(logging.makeLogRecord({"msg": "x"})))

    def answer(request: HttpRequest) -> HttpResponse:
        request._cached_user = User(pk=7)  # type: ignore[attr-defined]  # as Django keeps it
        note()
        return HttpResponse()

    for request in (rf.get("/"), rf.get("/")):
        number_requests(answer)(request)
        note()
    first, _first_later, second, _second_later = lines
    assert lines == [first, first, second, second]
    assert first != second
    assert re.fullmatch(r"[0-9a-f]{8} 7", first)


def test_it_tells_the_time_in_utc(monkeypatch: pytest.MonkeyPatch):
    """Whatever the clock of the machine shows."""
    record = logging.makeLogRecord({"msg": "x", "created": 1_767_225_600.25, "msecs": 250.0})
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert OneLine("%(asctime)s").format(record) == "2026-01-01T00:00:00.250Z"
    finally:
        monkeypatch.undo()
        time.tzset()
