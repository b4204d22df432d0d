import logging
import re

# What lets somebody in stands in the address of a mailed link, and Django logs the path of every
# answer above 399: of a link to which a mail program has added a full stop, for instance.
_TOKEN = re.compile(r"(/invitations/|/password/reset/key/)(?!accept/|done/)[^\s'\"]+")


class OneLine(logging.Formatter):
    """One record, one line: a traceback's line ends are written as `\\n`, so that no text that
    somebody sends can pass for a record of its own. Links that let somebody in are cut short."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record).replace("\r", "\\r").replace("\n", "\\n")
        return _TOKEN.sub(r"\1…", line)
