"""Reads the board's HTML as a person would: which deals stand in which column, and what they say."""

import re

from django.http import HttpResponse


def columns(response: HttpResponse) -> dict[int, list[int]]:
    """Deal ids by stage, from the top of each column."""
    text = response.content.decode()
    lists = re.findall(r'<ul data-stage="(\d)"(.*?)</ul>', text, re.DOTALL)
    return {int(stage): deals(cards) for stage, cards in lists}


def deals(text: str) -> list[int]:
    return [int(pk) for pk in re.findall(r'<li class="deal[^>]*id="d(\d+)"', text)]


def card(response: HttpResponse, pk: int) -> str:
    """One card's words, without its markup."""
    text = response.content.decode()
    found = re.search(rf'<li class="deal[^>]*id="d{pk}".*?</li>', text, re.DOTALL)
    assert found, f"deal {pk} is not on the board"
    return " ".join(re.sub(r"<[^>]+>", " ", found.group()).split())


def head(response: HttpResponse, stage: int) -> str:
    """A column's head: its number, name, count, value and norm."""
    found = re.search(
        rf'<section class="col s{stage}[ "].*?</header>', response.content.decode(), re.DOTALL
    )
    assert found
    return " ".join(re.sub(r"<[^>]+>", " ", found.group()).split())


def version(response: HttpResponse) -> str:
    found = re.search(r'id="board-version" value="(\w+)"', response.content.decode())
    assert found
    return found.group(1)


def more_link(text: str) -> str:
    found = re.search(r'hx-get="([^"]+)"', text)
    return found.group(1).replace("&amp;", "&") if found else ""
