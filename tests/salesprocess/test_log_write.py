import logging

from salesprocess.logs import OneLine


def test_it_keeps_a_record_on_one_line():
    record = logging.makeLogRecord({"msg": "name: %s", "args": ("x\n2026 INFO forged\r",)})

    assert OneLine("%(message)s").format(record) == "name: x\\n2026 INFO forged\\r"
