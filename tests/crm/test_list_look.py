"""How a list looks for a person: its columns, how close its rows stand, what they stand together by."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import SavedView
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import make_deal


def heads(page: Any) -> list[str]:
    part = page.content.decode().split("<thead>")[1].split("</thead>")[0]
    return [re.sub(r"<[^>]*>|\s+", " ", one).split("↓")[0].strip() for one in part.split("<th")[1:]]


def groups(page: Any) -> list[tuple[str, str]]:
    text = page.content.decode()
    return re.findall(r'scope="rowgroup".*?<bdi>(.*?)</bdi> <span[^>]*>(.*?)</span>', text)


def rows(page: Any) -> list[str]:
    return re.findall(r'<th scope="row">.*?<bdi>(.*?)</bdi>', page.content.decode(), re.DOTALL)


@pytest.fixture
def deals(cast: Cast) -> None:
    for n, (seller, stage) in enumerate(
        [
            (cast.ben, Stage.PROPOSAL),
            (cast.ana, Stage.PROPOSAL),
            (cast.ana, Stage.QUALIFICATION),
            (cast.ben, Stage.QUALIFICATION),
            (cast.ana, Stage.QUALIFICATION),
        ]
    ):
        make_deal(by=seller, name=f"Line {n}", stage=stage, amount=1000 * (n + 1))


@pytest.mark.usefixtures("deals")
def test_it_keeps_the_columns_of_a_person_and_nobody_else_s(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    look = {"col": ["value", "source"], "density": "compact"}
    answer = client.post("/lists/opportunities/look/", look | {"back": "/opportunities/?min=1"})
    assert answer["Location"] == "/opportunities/?min=1"
    page: Any = client.get("/opportunities/?min=1")
    found = " ".join(heads(page))
    assert "Source" in found
    assert "Stage" not in found
    assert "list compact" in page.content.decode()
    # The address says otherwise, as a saved view does.
    assert "Stage" in " ".join(heads(client.get("/opportunities/?cols=stage&density=standard")))
    client.force_login(cast.mona)
    assert "Stage" in " ".join(heads(client.get("/opportunities/")))


@pytest.mark.usefixtures("deals")
@pytest.mark.parametrize(
    ("group", "found"),
    [
        (
            "owner",
            [("Ana Ruiz", "3 opportunities · €10,000"), ("Ben Okoro", "2 opportunities · €5,000")],
        ),
        (
            "stage",
            [
                ("Qualification", "3 opportunities · €12,000"),
                ("Proposal", "2 opportunities · €3,000"),
            ],
        ),
    ],
)
def test_rows_stand_together_with_what_all_of_a_group_come_to(
    cast: Cast,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    group: str,
    found: list[tuple[str, str]],
) -> None:
    client.force_login(cast.mona)
    with CaptureQueriesContext(connection) as usual:
        client.get("/opportunities/")
    address = f"/opportunities/?group={group}"
    with CaptureQueriesContext(connection) as grouped:
        page = client.get(address)
    assert groups(page) == found
    assert len(grouped) <= len(usual)
    whole = rows(page)
    # A page ends where it does: the sums are those of the whole group.
    monkeypatch.setattr("crm.queries.lists.PAGE", 2)
    seen: list[str] = []
    while address:
        part: Any = client.get(address)
        seen += rows(part)
        assert set(groups(part)) <= set(found)
        link = re.search(r'rel="next" href="([^"]*)"', part.content.decode())
        address = link[1].replace("&amp;", "&") if link else ""
    assert seen == whole


@pytest.mark.usefixtures("deals")
def test_a_saved_view_has_the_look(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    client.post("/lists/opportunities/look/", {"col": ["value"], "group": "stage"})
    page: Any = client.get("/opportunities/?min=1")
    query = re.search(r'views/save/\?list=opportunities&amp;query=([^"]*)"', page.content.decode())
    assert query is not None
    sheet: Any = client.get(f"/views/save/?list=opportunities&query={query[1]}")
    said = re.search(r'name="query" value="([^"]*)"', sheet.content.decode())
    assert said is not None
    saved = {"list": "opportunities", "name": "Mine", "query": said[1].replace("&amp;", "&")}
    client.post("/views/save/", saved)
    assert SavedView.objects.get().query == "min=1&cols=value&group=stage"
