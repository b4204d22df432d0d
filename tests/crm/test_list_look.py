"""How a list looks for a person: its columns, how close its rows stand, what they stand together by."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import Rate, SavedView
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import make_company, make_contact, make_deal


def heads(page: Any) -> list[str]:
    part = page.content.decode().split("<thead>")[1].split("</thead>")[0]
    return [re.sub(r"<[^>]*>|\s+", " ", one).split("↓")[0].strip() for one in part.split("<th")[1:]]


def groups(page: Any) -> list[tuple[str, str]]:
    text = page.content.decode()
    head = r'scope="rowgroup".*?<bdi>(.*?)</bdi></a>\s*<span[^>]*>(.*?)</span>'
    return re.findall(head, text, re.DOTALL)


def fold_of(page: Any, name: str) -> str:
    """Where the head of a group leads, which folds it or opens it again."""
    heads = re.findall(
        r'id="group-\d+" href="([^"]*)".*?<bdi>(.*?)</bdi>', page.content.decode(), re.DOTALL
    )
    return next(str(href).replace("&amp;", "&") for href, said in heads if said == name)


def link_to(page: Any, rel: str) -> str:
    link = re.search(rf'rel="{rel}" href="([^"]*)"', page.content.decode())
    return link[1].replace("&amp;", "&") if link else ""


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
    fold = fold_of(page, found[0][0])
    with CaptureQueriesContext(connection) as folded:
        assert groups(client.get(fold)) == found
    assert max(len(grouped), len(folded)) <= len(usual)
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


@pytest.mark.parametrize("folded", [[0], [1], [3], [1, 2], [0, 3], [0, 1, 2, 3]])
def test_a_group_is_folded_by_its_head_and_stands_where_it_did_on_whatever_page(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch, folded: list[int]
) -> None:
    monkeypatch.setattr("crm.queries.lists.PAGE", 2)
    stages = [Stage.QUALIFICATION, Stage.NEEDS_ANALYSIS, Stage.PROPOSAL, Stage.OBJECTIONS]
    for stage in stages:
        for n in range(3):
            make_deal(by=cast.ana, name=f"{stage.short} {n}", stage=stage, amount=100)
    client.force_login(cast.ana)
    names = [str(stage.short) for stage in stages]

    def shown_of(part: Any) -> list[int]:
        return [names.index(name) for name, _said in groups(part)]

    page: Any = client.get("/opportunities/?group=stage")
    for n in folded:
        # On whichever page it stands.
        while names[n] not in dict(groups(page)):
            page = client.get(link_to(page, "next"))
        page = client.get(fold_of(page, names[n]))
    left = [f"{name} {n}" for i, name in enumerate(names) if i not in folded for n in range(3)]
    for way in ("next", "prev"):
        parts = [page]
        while address := link_to(page, way):
            page = client.get(address)
            parts.append(page)
        assert sorted(row for part in parts for row in rows(part)) == sorted(left), way
        told = [shown_of(part) for part in parts]
        assert all(part == sorted(part) for part in told)
        assert {n for part in told for n in part} == {0, 1, 2, 3}
        # A folded one has no rows that go on: its head stands once.
        assert all(sum(part.count(n) for part in told) == 1 for n in folded), (way, told)
        assert {said for part in parts for _name, said in groups(part)} == {
            "3 opportunities · €300"
        }
    # What is folded is opened by the same press.
    head = fold_of(next(part for part in parts if folded[0] in shown_of(part)), names[folded[0]])
    assert f"fold=stage-{stages[folded[0]].value}" not in head


def test_what_is_folded_goes_into_a_file_and_counts(cast: Cast, client: Client) -> None:
    Rate.objects.create(currency="CHF", on=dt.date(2020, 1, 1), value=Decimal("1.1"))
    make_deal(by=cast.ana, name="Line 1", stage=Stage.PROPOSAL, amount=1000)
    make_deal(by=cast.mona, name="Line 2", stage=Stage.PROPOSAL, amount=10, currency="CHF")
    make_deal(by=cast.mona, name="Pool", stage=Stage.PROPOSAL, owner=None, team=cast.north)
    client.force_login(cast.mona)
    address = f"/opportunities/?group=owner&fold=owner-{cast.ana.pk}&fold=owner-0"
    page: Any = client.get(address)
    assert rows(page) == ["Line 2"]
    assert [name for name, _said in groups(page)] == ["Ana Ruiz", "Mona Reyes", "no owner"]
    assert "€11 · in other currencies: CHF10" in dict(groups(page))["Mona Reyes"]
    assert "3 opportunities" in page.content.decode()
    # A filter keeps the fold; another grouping knows nothing of it.
    assert f'name="fold" value="owner-{cast.ana.pk}" form="filters"' in page.content.decode()
    assert len(rows(client.get(address.replace("group=owner", "group=stage")))) == 3
    export = re.search(r'href="(/lists/opportunities.csv[^"]*)"', page.content.decode())
    assert export is not None
    assert "fold" not in export[1]


@pytest.mark.parametrize("kind", ["companies", "contacts"])
def test_companies_and_people_stand_together_by_owner(
    cast: Cast, client: Client, kind: str
) -> None:
    make = make_company if kind == "companies" else make_contact
    for person in (cast.ben, cast.ana, cast.ben):
        make(by=person, owner=person, name=f"Of {person.name}")
    client.force_login(cast.mona)
    page: Any = client.get(f"/{kind}/?group=owner")
    words = ("1 company", "2 companies") if kind == "companies" else ("1 person", "2 people")
    assert groups(page) == [("Ana Ruiz", words[0]), ("Ben Okoro", words[1])]
    folded = client.get(fold_of(page, "Ben Okoro"))
    assert rows(folded) == ["Of Ana Ruiz"]
    assert groups(folded) == groups(page)
