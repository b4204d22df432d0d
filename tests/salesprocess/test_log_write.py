import logging
import time

import pytest

from salesprocess.lib.logs import OneLine


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
