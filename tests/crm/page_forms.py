"""Forms of a page as a browser has them: what it would send if nobody touched anything."""

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

# What a press of a button would add, and what a browser keeps back.
UNSENT = frozenset({"submit", "button", "reset", "image", "file"})


class PageForms(HTMLParser):
    """`found` are the fields of each form by the path that it is sent to, in their order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.found: dict[str, list[tuple[str, str]]] = {}
        self._fields: list[tuple[str, str]] | None = None
        self._templates = 0
        self._text: tuple[str, list[str]] | None = None
        self._select: tuple[str, list[tuple[str, bool]]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # What a template holds is no form until a script takes it out.
        self._templates += tag == "template"
        if not self._templates:
            self._take(tag, dict(attrs))

    def _take(self, tag: str, said: dict[str, Any]) -> None:
        name = said.get("name")
        if tag == "form":
            self._fields = self.found.setdefault(urlsplit(said.get("action") or self.page).path, [])
        elif self._fields is None:
            return
        elif tag == "input" and name and said.get("type", "text") not in UNSENT:
            self._take_input(name, said)
        elif tag == "textarea" and name:
            self._text = (name, [])
        elif tag == "select" and name:
            self._select = (name, [])
        elif tag == "option" and self._select is not None:
            self._select[1].append((said.get("value", ""), "selected" in said))

    def _take_input(self, name: str, said: dict[str, Any]) -> None:
        assert self._fields is not None
        if said.get("type") not in ("checkbox", "radio"):
            self._fields.append((name, said.get("value") or ""))
        elif "checked" in said:
            self._fields.append((name, said.get("value", "on")))

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        self._templates -= tag == "template"
        if tag == "form":
            self._fields = None
        if self._fields is None:
            return
        if tag == "textarea" and self._text is not None:
            name, parts = self._text
            # Its first line ends where it begins, and lines are sent with a carriage return.
            text = "".join(parts).removeprefix("\n")
            self._fields.append((name, text.replace("\r\n", "\n").replace("\n", "\r\n")))
            self._text = None
        elif tag == "select" and self._select is not None:
            name, options = self._select
            chosen = [value for value, is_chosen in options if is_chosen]
            if chosen or options:
                self._fields.append((name, chosen[0] if chosen else options[0][0]))
            self._select = None


def untouched(page: str, path: str) -> dict[str, list[str]]:
    """What the form of a page that is sent to `path` would send; without an address it is sent to
    the page itself, taken for `path`."""
    forms = PageForms(path)
    forms.feed(page)
    assert path in forms.found, f"no form for {path}, but for {sorted(forms.found)}"
    sent: dict[str, list[str]] = {}
    for name, value in forms.found[path]:
        sent.setdefault(name, []).append(value)
    return sent


def without_templates(page: str) -> str:
    """What of a page is shown; the rest waits for a script."""
    return re.sub(r"<template\b.*?</template>", "", page, flags=re.DOTALL)
