"""What is measured, as whom, and against which limit."""

import queue

from bench.data import PASSWORD
from bench.page import Page, Post
from crm.models import Deal
from pipeline.models import User
from pipeline.stages import Stage

SELLER, MANAGER = "seller0@bench.test", "manager0@bench.test"
LIST, INSERT, SEARCH, FUNNEL = "limit: 50 rows", "limit: insert", "limit: search", "limit: funnel"
TERM = "moulin papier 1"


def people() -> dict[str, tuple[str, str]]:
    return {"seller": (SELLER, PASSWORD), "manager": (MANAGER, PASSWORD)}


def accounts() -> dict[str, User]:
    return {"seller": User.objects.get(email=SELLER), "manager": User.objects.get(email=MANAGER)}


def pages() -> list[Page]:
    """The limit pages first: every other page is a multiple of one of them."""
    seller = accounts()["seller"]
    deal = Deal.objects.filter(owner=seller, stage=Stage.CLOSING).order_by("pk").first()
    assert deal is not None  # noqa: S101  # the filled database has some
    limits = [
        Page(name=LIST, reader="seller", limit=LIST, get=f"/limit/list/?seller={seller.pk}"),
        Page(name=INSERT, reader="seller", limit=INSERT, post=_insert(seller)),
        Page(name=SEARCH, reader="seller", limit=SEARCH, get=f"/limit/search/?q={TERM.split()[0]}"),
        Page(name=FUNNEL, reader="manager", limit=FUNNEL, get="/limit/funnel/"),
    ]
    term = TERM.replace(" ", "+")
    found = [
        *(
            Page(name=f"{name}, {reader}", reader=reader, limit=LIST, goal=3, get=address)
            for reader in ("seller", "manager")
            for name, address in (
                ("leads", "/leads/"),
                ("opportunities", "/opportunities/"),
                ("deals", "/deals/"),
                ("companies", "/companies/"),
                ("contacts", "/contacts/"),
                ("activities", "/activities/"),
            )
        ),
        *(
            Page(name=f"board, {reader}", reader=reader, limit=LIST, goal=6, get="/board/")
            for reader in ("seller", "manager")
        ),
        Page(name="deal", reader="seller", limit=LIST, goal=3, get=f"/deals/{deal.pk}/"),
        Page(
            name="search",
            reader="seller",
            limit=SEARCH,
            goal=6,
            get=f"/search/?q={term}",
            htmx=True,
        ),
        Page(
            name="funnel of a team, 90 days",
            reader="manager",
            limit=FUNNEL,
            goal=5,
            get="/reports/funnel/?span=90d",
        ),
        Page(
            name="log a call", reader="seller", limit=INSERT, goal=4, post=_log(seller), htmx=True
        ),
        Page(name="move", reader="seller", limit=INSERT, goal=4, post=_move(seller), htmx=True),
    ]
    return [*limits, *found]


def _ids(seller: User, stage: Stage) -> list[int]:
    deals = Deal.objects.open().filter(owner=seller, stage=stage)
    return list(deals.order_by("pk").values_list("pk", flat=True))


def _insert(seller: User) -> Post:
    deals = _ids(seller, Stage.QUALIFICATION)
    return lambda turn: ("/limit/insert/", {"deal": str(deals[turn % len(deals)]), "body": "x"})


def _log(seller: User) -> Post:
    deals = _ids(seller, Stage.QUALIFICATION)

    def post(turn: int) -> tuple[str, dict[str, str]]:
        said = {"kind": "call", "result": "reached", "body": "We spoke.", "next": "3d"}
        return f"/deals/{deals[turn % len(deals)]}/log/", {**said, "next_kind": "call"}

    return post


def _move(seller: User) -> Post:
    """Each call takes another lead: forward from the first stage to the second, without a reason."""
    leads = queue.SimpleQueue[int]()
    for pk in _ids(seller, Stage.LEAD_GENERATION):
        leads.put(pk)

    def post(_turn: int) -> tuple[str, dict[str, str]]:
        return f"/deals/{leads.get_nowait()}/move/", {"to": str(int(Stage.PROSPECTING))}

    return post
