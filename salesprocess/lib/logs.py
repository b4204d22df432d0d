import logging
import re
import time

# Tokens in the paths of mailed links: Django logs the path of each response above 399, for example
# of a link to which a mail program has added a full stop.
_TOKEN = re.compile(r"(/invitations/|/password/reset/key/)(?!accept/|done/)[^\s'\"]+")


class OneLine(logging.Formatter):
    """Writes each record on one line, so that text from users cannot forge records, and cuts the
    tokens out of mailed links. Times are in UTC and say so."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record).replace("\r", "\\r").replace("\n", "\\n")
        return _TOKEN.sub(r"\1…", line)
