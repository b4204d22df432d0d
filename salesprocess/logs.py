import logging


class OneLine(logging.Formatter):
    """One record, one line: a traceback's line ends are written as `\\n`, so that no text that
    somebody sends can pass for a record of its own."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("\r", "\\r").replace("\n", "\\n")
