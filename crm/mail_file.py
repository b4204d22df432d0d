"""A mail as mail programs save it (.eml), told as it would be pasted: who wrote it to whom, and its words.
Pure."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

# Such a line stands in the head of every mail that was sent, and in none that somebody pastes.
_SENT = re.compile(r"^(?:message-id|mime-version|received):", re.IGNORECASE | re.MULTILINE)
_HEADERS = ("From", "To", "Subject")
# What the parser of the standard library raises of heads and parts that break the rules.
_BROKEN = (LookupError, ValueError, AttributeError, TypeError)


def as_pasted(text: str) -> str:
    """A mail file as the text that its reader would copy of it; any other text as it is.

    It may be cut off at its end: what comes first is read. Attachments are left out.
    """
    head = re.split(r"\r?\n\r?\n", text.lstrip(), maxsplit=1)[0]
    if not _SENT.search(head):
        return text
    mail = message_from_bytes(text.lstrip().encode(), policy=policy.default)
    lines = [f"{name}: {value}" for name in _HEADERS if (value := _header(mail, name))]
    return "\n".join([*lines, "", _words(mail)])


def _header(mail: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(mail[name] or "").split())
    except _BROKEN:
        return ""


def _words(mail: EmailMessage) -> str:
    """The first part that says something: as plain text, else as a page."""
    for kind in ("plain", "html"):
        for part in mail.walk():
            if part.get_content_type() == f"text/{kind}" and (words := _text(part)):
                return words if kind == "plain" else _TextOfHtml.of(words)
    return ""


def _text(part: EmailMessage) -> str:
    try:
        return "" if part.is_attachment() else str(part.get_content()).strip()
    except _BROKEN:
        return ""


class _TextOfHtml(HTMLParser):
    """The words of a page of HTML, a line for each block of it."""

    _BLOCKS = frozenset(("br", "p", "div", "tr", "li", "h1", "h2", "h3", "blockquote"))
    _UNSEEN = frozenset(("style", "script", "head", "title"))

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.unseen = 0

    @classmethod
    def of(cls, page: str) -> str:
        parser = cls()
        parser.feed(page)
        parser.close()
        return "\n".join(parser.lines()).strip()

    def lines(self) -> Iterator[str]:
        for line in "".join(self.parts).split("\n"):
            yield " ".join(line.split())

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.unseen += tag in self._UNSEEN
        if tag in self._BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.unseen -= self.unseen > 0 and tag in self._UNSEEN

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.parts.append(" ".join(data.split("\n")))
