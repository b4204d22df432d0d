import logging
import re
import time
from http import HTTPStatus

# Tokens in the paths of mailed links: Django logs the path of each response above 399, for example
# of a link to which a mail program has added a full stop.
_TOKEN = re.compile(r"(/invitations/|/password/reset/key/)(?!accept/|done/)[^\s'\"]+")


def without_trace(record: logging.LogRecord) -> bool:
    """A filter for Django's requests: what the database cannot do now is no fault of a page, and while
    it lasts, each request would write where it found out."""
    if getattr(record, "status_code", None) == HTTPStatus.SERVICE_UNAVAILABLE and record.exc_info:
        record.msg = f"{record.msg} ({type(record.exc_info[1]).__name__}: %s)"
        record.args = (*(record.args or ()), record.exc_info[1])
        record.exc_info = None
    return True


class OneLine(logging.Formatter):
    """Writes each record on one line, so that text from users cannot forge records, and cuts the
    tokens out of mailed links. Times are in UTC and say so."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record).replace("\r", "\\r").replace("\n", "\\n")
        return _TOKEN.sub(r"\1…", line)
