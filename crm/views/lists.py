"""The lists: a page of rows, its neighbours, its total, and the same rows as a file."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from crm.filters import saying_me
from crm.filters.lists import (
    ActivityFilter,
    CompanyFilter,
    ContactFilter,
    DealFilter,
    ListFilter,
    problems,
)
from crm.models import ListKind
from crm.presenters.viewer import Viewer
from crm.queries import lists as queries
from crm.queries.list_groups import Group, Grouping
from crm.queries.lists import FilterChoices, Page, Total, View
from crm.queries.rate import rates_on
from crm.target_fit import Target
from crm.views.list_groups import FOLD, GroupHead, heads
from crm.views.list_look import DENSITIES, LOOK, look_of
from crm.views.list_tables import (
    DEAL_COLUMNS,
    GROUPS,
    TABLES,
    ListColumn,
    default_sort,
    label_of,
    order_by_group,
    order_of,
    table_of,
)
from crm.worth import Rates
from pipeline.audit.commands import record_view
from pipeline.models import User
from pipeline.people.access import Scope
from pipeline.process.stages import Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import join_list, money, number
from salesprocess.lib.htmx import render
from salesprocess.lib.jinja import url
from salesprocess.lib.keyset import Cursor, Ordering

DEALS = (ListKind.LEADS, ListKind.OPPORTUNITIES, ListKind.DEALS)


@require_GET
def page(request: HtmxRequest, kind: ListKind) -> HttpResponse:
    asked = ListQuestion(kind, request.GET, request.user)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if asked.problems else HTTPStatus.OK
    context = {**asked.head(), **asked.body()}
    response = render(
        request,
        page="crm/list/page.html",
        fragment="crm/list/_list.html",
        context=context,
        status=status,
    )
    record_view(
        asked.owners,
        what=kind,
        asked=request.GET.urlencode(),
        rows=len(context["lines"]),
        by=request.user,
        at=asked.viewer.at,
    )
    if request.htmx.trigger == "filters":
        # The address takes only what was asked for, not each empty field of the form.
        response["HX-Push-Url"] = asked.address()
    return response


class ListQuestion:
    """One person's question to one list, as an address puts it.

    `problems` says in words what of it is no question; then there are no rows. `owners` are those of
    the rows that `body` shows.
    """

    def __init__(self, kind: ListKind, query: QueryDict, user: User) -> None:
        self.kind = kind
        self.query = saying_me(query, user)
        self.user = user
        self.viewer = Viewer(user, at=timezone.now())
        self.look = look_of(query, user, kind)
        self.table = table_of(kind, self.look.columns)
        self.grouping = Grouping(self.look.group, query.getlist(FOLD)) if self.look.group else None
        self.choices: FilterChoices = queries.filter_choices(user, kind)
        self.rates: Rates | None = None
        self.owners: list[int | None] = []
        self.filter = self._filter()
        self.problems = problems(self.filter.form)
        self.sort = query.get("sort") or default_sort(kind, self._state)
        self.ordering = self._ordering()
        self.after, self.before = self._cursor("after"), self._cursor("before")

    @property
    def rows(self) -> Any:
        """What is asked for within the person's reach; nothing while there are problems."""
        return self._rows(self.user.scope)

    def _rows(self, scope: Scope) -> Any:
        return self.filter.queryset.none() if self.problems else self.filter.rows(scope)

    def _shown(self, scope: Scope) -> Any:
        rows = self._rows(scope)
        return self.grouping.without_folded(rows) if self._folds and self.grouping else rows

    @property
    def _key(self) -> Hashable:
        """What the queries of a list depend on as it opens, besides the scope; None where anything is
        asked."""
        narrowed = self._pairs or self._folds or self.problems or self.after or self.before
        if narrowed or self.user.scope.is_wide:
            return None
        return self.kind, self.rates, self.look.columns, self.look.group

    def _filter(self) -> Any:
        at, user, choices = self.viewer.at, self.user, self.choices
        if self.kind in DEALS:
            self.rates = rates_on(self.viewer.today)
            return DealFilter(
                self.query, kind=self.kind, user=user, choices=choices, rates=self.rates, at=at
            )
        filters: dict[ListKind, type[ListFilter]] = {
            ListKind.COMPANIES: CompanyFilter,
            ListKind.CONTACTS: ContactFilter,
            ListKind.ACTIVITIES: ActivityFilter,
        }
        return filters[self.kind](self.query, user=user, choices=choices, at=at)

    @property
    def _state(self) -> str:
        return self.filter.shown if isinstance(self.filter, ActivityFilter) else ""

    def _ordering(self) -> Ordering:
        if self.look.group:
            return Ordering(sort_key=order_by_group(self.kind, self.look.group))
        order = order_of(self.kind, self.sort.removeprefix("-"), self._state)
        if order is None:
            self.problems.append(_("There is no such order of this list."))
            self.sort = default_sort(self.kind, self._state)
            order = order_of(self.kind, self.sort.removeprefix("-"), self._state)
            assert order is not None  # noqa: S101  # the table's own
        return Ordering(sort_key=order, descending=self.sort.startswith("-"))

    def _cursor(self, name: str) -> Cursor | None:
        text = self.query.get(name, "")
        if not text:
            return None
        try:
            return Cursor.parse(text, self.ordering.sort_key)
        except ValueError:
            self.problems.append(_("There is no such place in this list: go to its beginning."))
            return None

    # addresses -----------------------------------------------------------------------------------

    @cached_property
    def asked_for(self) -> str:
        """The filters and the order, always in the same words: what a saved view keeps."""
        return urlencode(self._pairs)

    @cached_property
    def _pairs(self) -> list[tuple[str, str]]:
        names = [*self.filter.filters, "sort", *LOOK]
        return [
            (name, value) for name in names for value in self.query.getlist(name) if value.strip()
        ]

    @cached_property
    def _folds(self) -> list[str]:
        return self.grouping.said(self.grouping.folded) if self.grouping else []

    def address(self, **changed: object) -> str:
        """The list's address with its filters, and some of it changed; None takes a part
        out, a list says it as often as it is long."""
        folds = [(FOLD, one) for one in self._folds]
        pairs = [(name, value) for name, value in [*self._pairs, *folds] if name not in changed]
        for name, value in changed.items():
            values = value if isinstance(value, list) else [value]
            pairs += [(name, str(one)) for one in values if one is not None]
        path = url(f"crm:{self.kind}")
        return f"{path}?{urlencode(pairs)}" if pairs else path

    # what is shown -------------------------------------------------------------------------------

    def body(self) -> dict[str, Any]:
        """The rows with their total and neighbours. Two queries."""
        same: Any = {"scope": self.user.scope, "key": self._key}
        found = queries.page(
            self._shown,
            self.ordering,
            self.table.fields,
            after=self.after,
            before=self.before,
            **same,
        )
        self.owners = [row[-1] for row in found.rows]
        valued = self.kind in DEALS
        owned = valued or self.kind == ListKind.ACTIVITIES
        group = (self.grouping.field, self.grouping.names) if self.grouping else ()
        total = queries.total(self._rows, owned=owned, valued=valued, group=group, **same)
        lines = [self.table.row(self.viewer, row) for row in found.rows]
        group_heads, last_heads = self._group_heads(found, lines, total)
        return {
            "kind": self.kind,
            "lines": lines,
            "look": self.look,
            "look_choices": self._look_choices(),
            "group_heads": group_heads,
            "last_heads": last_heads,
            "folds": self._folds,
            "saved_query": "&".join(filter(None, [self.asked_for, self._look_query])),
            "rows_template": self.table.template,
            "columns": [self._column(column) for column in self.table.columns],
            "labels": ListKind,
            "problems": self.problems,
            "total": self._total(total),
            "count": total.count,
            "is_narrowed": self.is_narrowed,
            "sort": self.query.get("sort", ""),
            "asked_for": self.asked_for,
            "start": self.address(),
            "previous": self.address(before=found.before) if found.before else "",
            "next": self.address(after=found.after) if found.after else "",
            "views": [self._view(view) for view in self.choices.views],
            "can_save": bool(self.asked_for) and not self.problems,
            "bulk": BULK.get(self.kind),
            "is_of_deals": valued,
            "is_refined": bool(self.after or self.before),
        }

    @property
    def _look_query(self) -> str:
        """How the list looks, where its address does not say it."""
        return "" if any(name in self.query for name in LOOK) else self.look.query

    def _look_choices(self) -> dict[str, Any]:
        shown = self.look.columns or [column.sort for column in TABLES[self.kind].columns[1:]]
        return {
            "columns": [
                (key, str(label_of(key)), key in shown) for key in DEAL_COLUMNS.get(self.kind, ())
            ],
            "densities": DENSITIES,
            "groups": [(key, str(label)) for key, label in GROUPS.get(self.kind, {}).items()],
            # Without what the address says of it, which would come before what is kept.
            "back": self.address(**dict.fromkeys((*LOOK, FOLD))),
        }

    def _group_heads(
        self, found: Page, lines: Sequence[Any], total: Total
    ) -> tuple[dict[int, list[GroupHead]], list[GroupHead]]:
        grouping = self.grouping
        if grouping is None:
            return {}, []
        by_stage = grouping.by == "stage"

        def head(group: Group, name: str, part: Total | None) -> GroupHead:
            return GroupHead(
                id=f"group-{group or 0}",
                name=name,
                said="" if part is None else self._total(part),
                href=self.address(**{FOLD: grouping.toggled(group)}),
                is_folded=group in grouping.folded,
            )

        def name_of(group: Group, name: str) -> str:
            return self.viewer.stage_names[group or 0] if by_stage else (name or _("no owner"))

        people: dict[Group, str] = {pk: name for pk, name, _here in self.choices.people}
        known: dict[Group, str] = dict.fromkeys(Stage, "") if by_stage else people
        return heads(grouping, found, lines, total, name_of=name_of, head=head, known=known)

    def head(self) -> dict[str, Any]:
        return {
            "find": self.query.get("q", ""),
            "find_label": self.filter.filters["q"].label,
            "selects": self.filter.controls(*self._selects),
            "more": self.filter.controls(*self.table.more),
            "company": self.query.get("company", "") if "company" in self.filter.filters else "",
            "stages": self._stages,
            "asked_stages": self.query.getlist("stage"),
            "deals": [(kind, url(f"crm:{kind}"), kind.label) for kind in DEALS],
            "csv": reverse("crm:list_export", args=[self.kind]),
            "here": ListKind.DEALS if self.kind == ListKind.OPPORTUNITIES else self.kind,
            "clear": url(f"crm:{self.kind}"),
        }

    @property
    def is_narrowed(self) -> bool:
        return any(self.query.get(name) for name in self.filter.filters)

    @property
    def _selects(self) -> list[str]:
        teams = bool(self.filter.teams.choices)
        hidden = {"team"} if not teams else set()
        if not Target.of(self.user.organisation):
            hidden.add("fit")
        return [name for name in self.table.selects if name not in hidden]

    @property
    def _stages(self) -> list[tuple[int, str]]:
        if "stage" not in self.filter.filters:
            return []
        choices = self.filter.filters["stage"].extra["choices"]
        return [(value, str(Stage(value).short)) for value, _label in choices() if value]

    def _column(self, column: ListColumn) -> "Head":
        direction = ""
        if column.sort and not self.look.group and self.sort.removeprefix("-") == column.sort:
            direction = "descending" if self.ordering.descending else "ascending"
        down = column.down if not direction else direction == "ascending"
        return Head(
            key=column.sort,
            label=str(column.label),
            css=column.css,
            direction=direction,
            # Rows that stand together have an order of their own.
            href=self.address(sort=f"{'-' if down else ''}{column.sort}")
            if column.sort and not self.look.group
            else "",
        )

    def _total(self, total: Total) -> str:
        if total.count is None:
            return _("more than %(n)s") % {"n": number(queries.CAP)}
        words = _counted(self.kind, total.count)
        if self.rates is None:
            return words
        worth, rates = total.worth, self.rates
        left_out = self.filter.left_out() if isinstance(self.filter, DealFilter) else ""
        others = join_list(money(value, code) for code, value in sorted(total.foreign.items()))
        if others:
            others = _("in other currencies: %(sums)s") % {"sums": others}
        said = (words, worth.as_text(rates), others, rates.earlier(worth.foreign), left_out)
        return " · ".join(filter(None, said))

    def _view(self, view: View) -> "ViewTab":
        path = url(f"crm:{self.kind}")
        return ViewTab(
            id=view.id,
            name=view.name,
            href=f"{path}?{view.query}" if view.query else path,
            is_here=view.query == self.asked_for,
            mine=view.mine,
            shared=view.shared,
        )


# Where the verbs are that can be used on several rows at once.
BULK: dict[str, str] = {
    **dict.fromkeys(DEALS, "crm:deal_bulk"),
    ListKind.COMPANIES: "crm:company_bulk",
    ListKind.CONTACTS: "crm:contact_bulk",
}


@dataclass(frozen=True, kw_only=True)
class Head:
    key: str
    label: str
    css: str
    direction: str
    href: str


@dataclass(frozen=True, kw_only=True)
class ViewTab:
    id: int
    name: str
    href: str
    is_here: bool
    mine: bool
    shared: bool


def _counted(kind: ListKind, count: int) -> str:
    words = {
        ListKind.LEADS: ngettext("%(n)s lead", "%(n)s leads", count),
        ListKind.OPPORTUNITIES: ngettext("%(n)s opportunity", "%(n)s opportunities", count),
        ListKind.DEALS: ngettext("%(n)s deal", "%(n)s deals", count),
        ListKind.COMPANIES: ngettext("%(n)s company", "%(n)s companies", count),
        ListKind.CONTACTS: ngettext("%(n)s person", "%(n)s people", count),
        ListKind.ACTIVITIES: ngettext("%(n)s activity", "%(n)s activities", count),
    }
    return words[kind] % {"n": number(count)}
