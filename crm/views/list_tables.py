"""What each list shows: its columns, its orders, and its rows as text before a template loops."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from django.utils.translation import gettext_lazy

from crm.filters.lists import ActivityState
from crm.models import (
    ListKind,
)
from crm.models.letters import Fold
from crm.presenters.list_rows import (
    DealListRow,
    activity_line,
    company_line,
    contact_line,
    deal_line,
)
from crm.presenters.viewer import Viewer
from crm.queries import list_fields
from crm.queries.activity import DONE_OR_DUE, stage_now
from crm.queries.board import FIELDS, BoardRow
from crm.queries.reference import ShownName
from pipeline.people.access import Scope
from salesprocess.lib.keyset import SortKey, by_day, by_instant, by_number, by_text


@dataclass(frozen=True, kw_only=True)
class ListColumn:
    """A column's head. `sort` names its order; `down` says that the first press is downwards."""

    label: Any
    sort: str = ""
    down: bool = False
    css: str = ""


@dataclass(frozen=True, kw_only=True)
class ListTable:
    """How one list is shown. `fields` and `row` belong together: values read, and their text. Whose a
    record is comes last."""

    columns: Sequence[ListColumn]
    orders: Mapping[str, SortKey]
    default: str
    template: str
    fields: Callable[[Scope], Sequence[Any]]
    row: Callable[[Viewer, tuple[Any, ...]], Any]
    # Filters: one press each in the line above the list; what needs typing stands behind "More".
    selects: Sequence[str]
    more: Sequence[str]


def _deals(*more: str) -> tuple[Sequence[str], Callable[[Viewer, tuple[Any, ...]], DealListRow]]:
    """The fields of a list of deals, and how their values become its lines."""
    fields = (*list_fields.OF_DEAL, *more, "owner_id")
    # The values in the order of a BoardRow; what is not read is the None behind the last.
    ordered = itemgetter(*(fields.index(f) if f in fields else len(fields) for f in FIELDS))
    changed = fields.index("changed_at") if "changed_at" in fields else None

    def line(viewer: Viewer, values: tuple[Any, ...]) -> DealListRow:
        row = BoardRow._make(ordered((*values, None)))
        return deal_line(
            viewer, row, changed="" if changed is None else viewer.day(values[changed])
        )

    return fields, line


_DEAL_ORDERS = {
    "name": by_text(Fold("name"), never_null=True),
    "company": by_text(Fold("company__name")),
    "stage": by_number("stage", never_null=True),
    "value": by_number("value"),
    "next": by_instant("attention_at", nulls_first_upwards=True),
    "closes": by_day("expected_close_on"),
    "since": by_instant("stage_entered_at"),
    "source": by_text(Fold(ShownName("source__name"))),
    "owner": by_text(Fold("owner__name")),
    "opened": by_instant("created_at", never_null=True),
    "closed": by_instant("closed_at"),
    "changed": by_instant("changed_at", never_null=True),
}
_NAME = ListColumn(label=gettext_lazy("Name"), sort="name")
_STAGE = ListColumn(label=gettext_lazy("Stage"), sort="stage", css="p2")
_VALUE = ListColumn(label=gettext_lazy("Value"), sort="value", down=True, css="num")
_NEXT = ListColumn(label=gettext_lazy("What’s next"), sort="next")
_CLOSES = ListColumn(label=gettext_lazy("Closes"), sort="closes", css="p3")
_SINCE = ListColumn(label=gettext_lazy("In stage"), sort="since", css="num p3")
_SOURCE = ListColumn(label=gettext_lazy("Source"), sort="source", css="p4")
_OWNER = ListColumn(label=gettext_lazy("Owner"), sort="owner", css="p2")
_CHANGED = ListColumn(label=gettext_lazy("Changed"), sort="changed", down=True, css="p3")


def _deal_table(columns: Sequence[ListColumn], default: str, *read: str) -> ListTable:
    selects = ["person", "team", "next", "source"]
    fields, line = _deals(*read)
    return ListTable(
        columns=columns,
        orders=_DEAL_ORDERS,
        default=default,
        template="crm/list/_deals.html",
        fields=lambda _scope: fields,
        row=line,
        selects=[*selects[:2], "outcome", *selects[2:]],
        more=(
            "min",
            "max",
            "opened_from",
            "opened_to",
            "expected_from",
            "expected_to",
            "closed_from",
            "closed_to",
        ),
    )


_BY_OWNER = by_text(Fold("owner__name"))
TABLES: Mapping[ListKind, ListTable] = {
    ListKind.LEADS: _deal_table(
        [_NAME, _STAGE, _NEXT, _SINCE, _VALUE, _SOURCE, _OWNER],
        "next",
        *list_fields.IN_STAGE,
        "source__name",
    ),
    ListKind.OPPORTUNITIES: _deal_table(
        [_NAME, _STAGE, _VALUE, _NEXT, _SINCE, _CLOSES, _OWNER],
        "next",
        *list_fields.IN_STAGE,
        "expected_close_on",
    ),
    ListKind.DEALS: _deal_table(
        # By what they are sorted to begin with stays to be seen; the others do while there is room.
        [_NAME, _STAGE, _VALUE, _NEXT, replace(_CLOSES, css="p4"), _CHANGED, _OWNER],
        "-changed",
        "expected_close_on",
        "changed_at",
    ),
    ListKind.COMPANIES: ListTable(
        columns=[
            _NAME,
            ListColumn(label=gettext_lazy("Relationship"), sort="relationship"),
            ListColumn(label=gettext_lazy("Open deals"), css="num"),
            ListColumn(label=gettext_lazy("Country"), sort="country", css="p3"),
            ListColumn(label=gettext_lazy("Employees"), sort="employees", down=True, css="num p4"),
            _OWNER,
        ],
        orders={
            "name": by_text(Fold("name"), never_null=True),
            "relationship": by_text("relationship", never_null=True),
            "country": by_text(Fold("country"), never_null=True),
            "employees": by_number("employees"),
            "owner": _BY_OWNER,
            "changed": by_instant("changed_at", never_null=True),
        },
        default="name",
        template="crm/list/_companies.html",
        fields=list_fields.of_company,
        row=company_line,
        selects=("relationship", "deals", "fit", "person"),
        more=("industry", "country"),
    ),
    ListKind.CONTACTS: ListTable(
        columns=[
            _NAME,
            ListColumn(label=gettext_lazy("Company"), sort="company", css="wide"),
            ListColumn(label=gettext_lazy("E-mail"), css="p2 wide"),
            ListColumn(label=gettext_lazy("Phone"), css="p3"),
            ListColumn(label=gettext_lazy("Open deals"), css="num p3"),
            _OWNER,
        ],
        orders={
            "name": by_text(Fold("name"), never_null=True),
            "company": by_text(Fold("company__name")),
            "owner": _BY_OWNER,
            "changed": by_instant("changed_at", never_null=True),
        },
        default="name",
        template="crm/list/_contacts.html",
        fields=list_fields.of_contact,
        row=contact_line,
        selects=("reach", "person"),
        more=(),
    ),
    ListKind.ACTIVITIES: ListTable(
        columns=[
            ListColumn(label=gettext_lazy("What")),
            ListColumn(label=gettext_lazy("About"), css="wide"),
            ListColumn(label=gettext_lazy("When"), sort="when"),
            ListColumn(label=gettext_lazy("Result"), css="p3"),
            ListColumn(label=gettext_lazy("Stage"), sort="stage", css="p3"),
            ListColumn(label=gettext_lazy("Person"), sort="owner", css="p2"),
        ],
        orders={
            "when": by_instant("due_by", never_null=True),
            "stage": by_number(stage_now()),
            "owner": _BY_OWNER,
        },
        default="when",
        template="crm/list/_activities.html",
        fields=lambda _scope: list_fields.OF_ACTIVITY,
        row=activity_line,
        selects=("state", "person", "team", "kind", "result", "phase"),
        more=("day_from", "day_to"),
    ),
}


# The columns that a list of deals can have besides the name, in their order, with what is read for each
# beyond what every row has.
_CHOICE: Mapping[str, tuple[ListColumn, Sequence[str]]] = {
    "stage": (_STAGE, ()),
    "value": (_VALUE, ()),
    "next": (_NEXT, ()),
    "since": (_SINCE, list_fields.IN_STAGE),
    "closes": (_CLOSES, ("expected_close_on",)),
    "source": (_SOURCE, ("source__name",)),
    "changed": (_CHANGED, ("changed_at",)),
    "owner": (_OWNER, ()),
}
DEAL_COLUMNS: Mapping[ListKind, Sequence[str]] = dict.fromkeys(
    (ListKind.LEADS, ListKind.OPPORTUNITIES, ListKind.DEALS), tuple(_CHOICE)
)
# What the rows of a list can stand together by.
_BY_DEAL = {"owner": _OWNER.label, "stage": _STAGE.label}
GROUPS: Mapping[ListKind, Mapping[str, Any]] = {
    **dict.fromkeys(DEAL_COLUMNS, _BY_DEAL),
    ListKind.COMPANIES: {"owner": _OWNER.label},
    ListKind.CONTACTS: {"owner": _OWNER.label},
}


def label_of(column: str) -> Any:
    return _CHOICE[column][0].label


def table_of(kind: ListKind, columns: Sequence[str]) -> ListTable:
    """The table of a list, with these columns of a deal instead of its usual ones, if any."""
    table = TABLES[kind]
    if not columns:
        return table
    read = dict.fromkeys(field for key in columns for field in _CHOICE[key][1])
    # What somebody has chosen stays in sight while there is room for it at all.
    shown = [
        replace(_CHOICE[key][0], css=_CHOICE[key][0].css.replace("p4", "p3")) for key in columns
    ]
    return _deal_table([_NAME, *shown], table.default, *read)


def order_by_group(kind: ListKind, group: str) -> SortKey:
    """Group by group, and in each what asks for somebody first."""
    return by_text(list_fields.by_group(group, deals=kind in DEAL_COLUMNS), never_null=True)


def order_of(kind: ListKind, name: str, state: str) -> SortKey | None:
    """The order that a name stands for; None for one that is none.

    When an activity was depends on what is listed: when it is due, or when it was done.
    """
    if kind == ListKind.ACTIVITIES and name == "when":
        if state == ActivityState.DONE:
            return by_instant("done_at", never_null=True)
        if state == "any":
            return DONE_OR_DUE
    return TABLES[kind].orders.get(name)


def default_sort(kind: ListKind, state: str) -> str:
    """What was done is told backwards, what is to be done forwards."""
    if kind == ListKind.ACTIVITIES and state in (ActivityState.DONE, "any"):
        return "-when"
    return TABLES[kind].default
