"""The lists that admins keep: products, sources, methods and stop causes, each on one page.

One row is open at a time, by the address: `?edit=5`, `?merge=5` or `?add=1`. So everything works
without a script, and a refused form comes back open in its row.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from itertools import chain
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from crm.commands import reference as commands
from crm.forms.reference import FORMS, RowActForm, RowForm
from crm.models import Product, SourceKind, StopCause
from crm.models.reference import CauseKind, ReferenceRow
from crm.queries import reference as queries
from crm.queries import settings as changes
from crm.queries.rate import currencies
from crm.queries.reference import REFERENCE_LISTS, ReferenceList, Shows
from crm.views.audit import PRICES
from crm.views.setting_changes import tell
from crm.views.settings import admins_only, settings_page
from pipeline.audit.commands import record_export
from pipeline.people.signing_in import download_when_confirmed
from pipeline.process.stages import Initiator
from pipeline.requests import HtmxRequest
from salesprocess.lib import spreadsheet
from salesprocess.lib.attempt import attempt, status_of
from salesprocess.lib.format import money
from salesprocess.lib.refused import Refused

# What a page says of its list: under the title, how a row is added, what its two counts mean.
WORDS: dict[str, dict[str, Any]] = {
    "products": {
        "about": gettext_lazy("What can be put on a deal, and what it costs"),
        "say": gettext_lazy(
            "A new price counts for new lines only; deals and offers keep the price they were made "
            "with. What is in use is retired or merged, never deleted."
        ),
        "one": gettext_lazy("Product"),
        "add": gettext_lazy("Add a product"),
        "now": gettext_lazy("Open deals"),
        "year": gettext_lazy("Sold, 12 months"),
    },
    "sources": {
        "about": gettext_lazy("Where leads come from"),
        "say": gettext_lazy(
            "The kind decides what is asked for: of an existing customer, which one it was. What is "
            "in use is retired or merged, never deleted."
        ),
        "one": gettext_lazy("Source"),
        "add": gettext_lazy("Add a source"),
        "now": gettext_lazy("Open deals"),
        "year": gettext_lazy("New deals, 12 months"),
    },
    "methods": {
        "about": gettext_lazy("How leads are approached"),
        "say": gettext_lazy("What is in use is retired or merged, never deleted."),
        "one": gettext_lazy("Method"),
        "add": gettext_lazy("Add a method"),
        "now": gettext_lazy("Open deals"),
        "year": gettext_lazy("New deals, 12 months"),
    },
    "stop-causes": {
        "about": gettext_lazy("Why deals are stopped"),
        "say": gettext_lazy(
            "What a cause counts as decides in which win rate its deals are. What is in use is "
            "retired or merged, never deleted."
        ),
        "one": gettext_lazy("Cause"),
        "add": gettext_lazy("Add a cause"),
        "now": gettext_lazy("Stopped deals"),
        "year": gettext_lazy("In 12 months"),
    },
}
SELECTABLE = 60
View = Callable[..., HttpResponse]


def _told_if_gone(verb: View) -> View:
    """Says so where somebody was faster: the row, or the one to merge it into, is there no more."""

    @wraps(verb)
    def told(request: HtmxRequest, kind: str, *args: Any, **named: Any) -> HttpResponse:
        try:
            return verb(request, kind, *args, **named)
        except ObjectDoesNotExist:
            messages.error(
                request, _("It is gone: somebody deleted it, or merged it into another.")
            )
            return _list(request, kind, status=HTTPStatus.CONFLICT)

    return told


@require_GET
@admins_only
def page(request: HtmxRequest, kind: str) -> HttpResponse:
    reference_list = _shelf(kind)
    asked = request.GET
    row = _asked_row(request, reference_list, "edit")
    if row is not None:
        return _list(request, kind, form=_form(reference_list, row=row))
    if "add" in asked:
        start = {"currency": request.user.organisation.currency, "name": asked.get("name", "")}
        return _list(request, kind, form=_form(reference_list, initial=start))
    merged = _asked_row(request, reference_list, "merge")
    return _list(request, kind, merge=_Merge(request, reference_list, merged) if merged else None)


@require_POST
@admins_only
def add(request: HtmxRequest, kind: str) -> HttpResponse:
    reference_list = _shelf(kind)
    form = _form(reference_list, request.POST)

    made: list[ReferenceRow] = []

    def run() -> None:
        row = reference_list.model(**form.model_values())
        made.append(commands.add(row, by=request.user, at=timezone.now()))

    if not attempt(form, run):
        return _list(request, kind, form=form, status=status_of(form))
    messages.success(request, _("“%(name)s” was added.") % {"name": made[0]})
    return _back(request, kind)


@require_POST
@admins_only
@_told_if_gone
def edit(request: HtmxRequest, kind: str, pk: int) -> HttpResponse:
    reference_list = _shelf(kind)
    row = _row(request, reference_list, pk)
    form = _form(reference_list, request.POST, row=row)

    def run() -> None:
        version = form.cleaned_data["version"]
        at = timezone.now()
        commands.edit(row, by=request.user, at=at, version=version, **form.changes())

    if not attempt(form, run):
        return _list(request, kind, form=form, status=status_of(form))
    messages.success(request, _("Saved."))
    return _back(request, kind, row=pk)


@require_GET
@admins_only
@download_when_confirmed
def prices(request: HtmxRequest) -> HttpResponseBase:
    """The whole price list, for a spreadsheet."""
    products = queries.products_to_price(request.user)
    try:
        record_export(
            products, owner=None, what=PRICES, asked="", by=request.user, at=timezone.now()
        )
    except Refused as refused:
        messages.error(request, refused.message)
        return HttpResponseRedirect(reverse("crm:settings_list", args=["products"]))
    heads = (_("Id"), _("Name"), _("Series"), _("Price"), _("Currency"), _("Offered"))
    prices = queries.price_list(request.user)
    told = ((*row[:-1], _("no") if row[-1] else _("yes")) for row in prices)
    return spreadsheet.csv_response(spreadsheet.csv_lines(chain([heads], told)), name="products")


_VERBS: dict[str, tuple[Callable[..., None], Any]] = {
    "retire": (commands.retire, gettext_lazy("“%(name)s” is no longer offered.")),
    "bring-back": (commands.bring_back, gettext_lazy("“%(name)s” is offered again.")),
    "delete": (commands.delete, gettext_lazy("“%(name)s” was deleted.")),
}


@require_POST
@admins_only
@_told_if_gone
def act(request: HtmxRequest, kind: str, pk: int, verb: str) -> HttpResponse:
    """Retire, bring back or delete; nothing is asked, because all of it is told in words."""
    row = _row(request, _shelf(kind), pk)
    command, said = _VERBS[verb]
    name, form = str(row), RowActForm(request.POST)
    if attempt(form, lambda: command(row, **form.cleaned_data, by=request.user, at=timezone.now())):
        messages.success(request, said % {"name": name})
    else:
        messages.error(request, form.all_errors())
    return _back(request, kind)


@require_POST
@admins_only
@_told_if_gone
def merge(request: HtmxRequest, kind: str, pk: int) -> HttpResponse:
    reference_list = _shelf(kind)
    row = _row(request, reference_list, pk)
    asked = _Merge(request, reference_list, row)
    if asked.into is None and asked.named:
        raise ObjectDoesNotExist(asked.named)
    if asked.into is None:
        asked.problem = asked.problem or _("Choose what to merge it into.")
    else:
        _run_merge(request, asked, asked.into)
    if asked.problem or asked.into is None:
        return _list(request, kind, merge=asked, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    said = _("“%(old)s” is “%(new)s” now. It can be undone for 30 days under All changes.")
    messages.success(request, said % {"old": asked.name, "new": asked.into})
    return _back(request, kind, row=asked.into.pk)


def _run_merge(request: HtmxRequest, asked: "_Merge", into: ReferenceRow) -> None:
    form = RowActForm(request.POST)

    def run() -> None:
        at = timezone.now()
        commands.merge(asked.row, into=into, **form.cleaned_data, by=request.user, at=at)

    if not attempt(form, run):
        asked.problem = form.all_errors()


class _Merge:
    """What is to be merged into what; `into` None until it was said."""

    def __init__(
        self, request: HtmxRequest, reference_list: ReferenceList, row: ReferenceRow
    ) -> None:
        self.row, self.name = row, str(row)
        self.problem = ""
        said = request.POST if request.method == "POST" else request.GET
        self.choices = queries.others(reference_list, row, most=SELECTABLE)
        self.typed = said.get("into_name", "").replace("\0", "").strip()
        self.into: ReferenceRow | None = None
        # The id of another row that was chosen, whether it is there or not any more.
        self.named = pk if (pk := said.get("into", "")).isdecimal() and len(pk) < 19 else ""
        if self.named:
            self.into = queries.other(reference_list, row, int(self.named))
        elif self.typed:
            self.into = queries.namesake(reference_list, row, self.typed)
            if self.into is None:
                self.problem = _("There is no other row of this name.")
        ids = [row.pk, self.into.pk] if self.into else [row.pk]
        self.uses = reference_list.uses(ids, at=timezone.now())

    def use(self, row: ReferenceRow) -> queries.RowUse:
        return self.uses.get(row.pk, queries.NO_USE)


# What a page shows --------------------------------------------------------------------------------


def _list(
    request: HtmxRequest,
    kind: str,
    *,
    form: RowForm | None = None,
    merge: _Merge | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    reference_list = REFERENCE_LISTS[kind]
    view = _view(request)
    listing = queries.listing(
        reference_list,
        user=request.user,
        shows=view["shows"],
        text=view["q"],
        page=int(view["page"]),
        at=timezone.now(),
    )
    row = form.row if form else merge.row if merge else None
    context = {
        "kind": kind,
        "words": WORDS[kind],
        "listing": listing,
        "view": view,
        "query": _query(view),
        "tabs": _tabs(listing),
        "form": form,
        "merge": merge,
        # Open in its row; above the list, if that is on another page of it.
        "open_id": row.pk if row and row.pk in {one.pk for one in listing.rows} else 0,
        "is_adding": form is not None and form.row is None,
        "money": money,
        "kinds": dict(
            CauseKind.choices if reference_list.model is StopCause else SourceKind.choices
        ),
        "initiators": dict(Initiator.choices),
        "is_priced": reference_list.model is Product,
        "currencies": currencies(timezone.localdate(timezone=request.user.organisation.zone)),
        "last": tell(changes.latest(request.user, reference_list.setting), user=request.user),
        "setting": reference_list.setting,
    }
    return settings_page(request, kind, "crm/settings/list.html", context, status=status)


def _tabs(listing: queries.Listing) -> list[tuple[str, Any, int]]:
    words = {
        Shows.ACTIVE: _("Offered"),
        Shows.RETIRED: _("Retired"),
        Shows.UNUSED: _("Not used for a year"),
    }
    return [(shows, words[shows], listing.counts[shows]) for shows in Shows.ALL]


def _view(request: HtmxRequest) -> dict[str, str]:
    """Which part of the list is looked at, wherever the request says it."""
    said = request.GET
    shows, page = said.get("show", Shows.ACTIVE), said.get("page", "1")
    return {
        "shows": shows if shows in Shows.ALL else Shows.ACTIVE,
        "q": said.get("q", "").replace("\0", "").strip()[:100],
        "page": page if page.isdecimal() and 0 < len(page) < 7 else "1",
    }


def _query(view: dict[str, str]) -> str:
    """What an address says of the view, to be carried along."""
    said = {"show": view["shows"], "q": view["q"], "page": view["page"]}
    usual = {"show": Shows.ACTIVE, "q": "", "page": "1"}
    return urlencode({name: value for name, value in said.items() if value != usual[name]})


def _back(request: HtmxRequest, kind: str, *, row: int | None = None) -> HttpResponse:
    query = _query(_view(request))
    href = reverse("crm:settings_list", args=[kind])
    place = f"#r{row}" if row else ""
    return HttpResponseRedirect(f"{href}{'?' if query else ''}{query}{place}")


def _form(reference_list: ReferenceList, data: Any = None, **options: Any) -> RowForm:
    return FORMS[reference_list.model](data, **options)


def _shelf(kind: str) -> ReferenceList:
    try:
        return REFERENCE_LISTS[kind]
    except KeyError as error:
        raise Http404 from error


def _asked_row(
    request: HtmxRequest, reference_list: ReferenceList, name: str
) -> ReferenceRow | None:
    """The row that the address opens; None where it opens none."""
    pk = request.GET.get(name, "")
    if not (pk.isdecimal() and len(pk) < 19):
        return None
    return queries.row_named(reference_list, request.user, int(pk))


def _row(request: HtmxRequest, reference_list: ReferenceList, pk: int) -> ReferenceRow:
    """Raises DoesNotExist for what is gone, and Http404 for what never was."""
    row = queries.row_named(reference_list, request.user, pk)
    if row is None and changes.was_removed(request.user, reference_list.setting, pk):
        raise reference_list.model.DoesNotExist
    if row is None:
        raise Http404
    return row
