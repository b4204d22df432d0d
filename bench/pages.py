"""What is measured, as whom, and against which limit."""

from collections.abc import Iterator
from functools import cache, partial

from bench.page import Asks, MeasuredPage
from crm.models import Deal
from pipeline.models import Role, User
from pipeline.process.stages import Stage

LIST, INSERT, SEARCH = "limit: 50 rows", "limit: insert", "limit: search"
DAY = "limit: my day, {reader}"
TERM = "moulin papier 1"
READERS = 40
_OF_ALL = (
    "overview",
    "pipeline",
    "funnel",
    "time",
    "wins",
    "sources",
    "process",
    "consistency",
    "ask",
)
# The pages of the reports that each reader has.
REPORTS = {
    "seller": (*_OF_ALL, "person"),
    "manager": (*_OF_ALL, "people"),
    "organisation": (*_OF_ALL, "people", "teams"),
}


def readers() -> dict[str, list[User]]:
    """READERS in all: each manager, and so many sellers; besides them the one admin."""
    managers = list(User.objects.filter(role=Role.MANAGER).order_by("pk"))
    sellers = User.objects.filter(role=Role.SALESPERSON).order_by("pk")
    return {
        "seller": list(sellers[: READERS - len(managers)]),
        "manager": managers,
        "organisation": list(User.objects.filter(role=Role.ADMIN)),
    }


def pages() -> list[MeasuredPage]:
    """The limit pages first: every other page is a multiple of one of them."""
    limits = [
        MeasuredPage(
            name=LIST,
            reader="seller",
            limit=LIST,
            asks=lambda user, _turn: (f"/limit/list/?seller={user.pk}", None),
        ),
        MeasuredPage(name=INSERT, reader="seller", limit=INSERT, asks=_insert),
        MeasuredPage(
            name=SEARCH,
            reader="seller",
            limit=SEARCH,
            asks=_get(f"/limit/search/?q={TERM.split()[0]}"),
        ),
    ]
    limits += [
        MeasuredPage(
            name=DAY.format(reader=reader),
            reader=reader,
            limit=DAY.format(reader=reader),
            asks=_get("/limit/day/"),
        )
        for reader in ("seller", "manager")
    ]
    found = [
        *(
            MeasuredPage(
                name=f"my day, {reader}",
                reader=reader,
                limit=DAY.format(reader=reader),
                goal=4,
                asks=_get("/day/"),
            )
            for reader in ("seller", "manager")
        ),
        *(
            MeasuredPage(
                name=f"{name}, {reader}", reader=reader, limit=LIST, goal=3, asks=_get(address)
            )
            for reader in ("seller", "manager")
            for name, address in (
                ("leads", "/leads/list/"),
                ("opportunities", "/opportunities/"),
                ("deals", "/deals/"),
                ("companies", "/companies/"),
                ("contacts", "/contacts/"),
                ("activities", "/activities/"),
            )
        ),
        *(
            MeasuredPage(
                name=f"{name}, {reader}", reader=reader, limit=LIST, goal=3, asks=_get(address)
            )
            for reader, name, address in (
                ("seller", "opportunities by stage", "/opportunities/?group=stage"),
                ("manager", "opportunities by stage", "/opportunities/?group=stage"),
                ("manager", "opportunities by owner", "/opportunities/?group=owner"),
                ("manager", "deals by owner", "/deals/?group=owner"),
                ("manager", "companies by owner", "/companies/?group=owner"),
            )
        ),
        *(
            MeasuredPage(
                name=f"board, {reader}", reader=reader, limit=LIST, goal=6, asks=_get("/board/")
            )
            for reader in ("seller", "manager")
        ),
        MeasuredPage(name="deal", reader="seller", limit=LIST, goal=3, asks=_deal),
        MeasuredPage(
            name="search",
            reader="seller",
            limit=SEARCH,
            goal=6,
            asks=_get(f"/search/?q={TERM.replace(' ', '+')}"),
            htmx=True,
        ),
        MeasuredPage(
            name="understand a log",
            reader="seller",
            limit=SEARCH,
            goal=8,
            asks=_get(f"/log/understand/?line={TERM.replace(' ', '+')}+reached+%3E+offer+fri"),
            htmx=True,
        ),
        MeasuredPage(
            name="log a call", reader="seller", limit=INSERT, goal=4, asks=_log, htmx=True
        ),
        MeasuredPage(name="move", reader="seller", limit=INSERT, goal=4, asks=_move, htmx=True),
    ]
    return [*limits, *found, *_reports()]


def _reports() -> Iterator[MeasuredPage]:
    """Each page of the reports beside its limit, for somebody who sells, a manager of nine and the
    whole organisation; of the last no goal is set: what it costs is to be said."""
    for reader, keys in REPORTS.items():
        for span, days in (("90d", 90), ("all", 3_650)):
            for key in keys:
                name = f"reports: {key}, {reader}, {'all time' if span == 'all' else '90 days'}"
                limit = f"limit: {name}"
                asked = f"/limit/reports/{key}/?days={days}"
                yield MeasuredPage(
                    name=limit, reader=reader, limit=limit, asks=_get(asked), is_report=True
                )
                yield MeasuredPage(
                    name=name,
                    reader=reader,
                    limit=limit,
                    goal=None if reader == "organisation" else 5,
                    asks=partial(_report, key, span),
                    is_report=True,
                )


def _report(key: str, span: str, user: User, _turn: int) -> tuple[str, None]:
    within = {"overview": "", "person": f"people/{user.pk}/"}.get(key, f"{key}/")
    return f"/reports/{within}?span={span}", None


def _get(path: str) -> Asks:
    return lambda _user, _turn: (path, None)


@cache
def open_deals(seller: int, stage: Stage) -> list[int]:
    deals = Deal.objects.open().filter(owner=seller, stage=stage)
    return list(deals.order_by("pk").values_list("pk", flat=True))


def _deal(user: User, _turn: int) -> tuple[str, None]:
    return f"/deals/{open_deals(user.pk, Stage.CLOSING)[0]}/", None


def _insert(user: User, turn: int) -> tuple[str, dict[str, str]]:
    deals = open_deals(user.pk, Stage.QUALIFICATION)
    return "/limit/insert/", {"deal": str(deals[turn % len(deals)]), "body": "x"}


def _log(user: User, turn: int) -> tuple[str, dict[str, str]]:
    deals = open_deals(user.pk, Stage.QUALIFICATION)
    said = {"kind": "call", "result": "reached", "body": "We spoke.", "next": "3d"}
    return f"/deals/{deals[turn % len(deals)]}/log/", {**said, "next_kind": "call"}


def _move(user: User, _turn: int) -> tuple[str, dict[str, str]]:
    """Each call takes another lead: forward from the first stage to the second, without a reason."""
    pk, version = _leads(user.pk).pop()
    to = {"to": str(int(Stage.PROSPECTING)), "version": str(version)}
    return f"/deals/{pk}/move/", to


@cache
def _leads(seller: int) -> list[tuple[int, int]]:
    """In their first stage, with the version that a page would have shown."""
    leads = Deal.objects.open().filter(owner=seller, stage=Stage.LEAD_GENERATION)
    return list(leads.order_by("pk").values_list("pk", "version"))
