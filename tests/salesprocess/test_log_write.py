import logging

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
