"""Putting two companies together, or two people of the other side: which they are, what stays, and back."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.commands import party_merge as commands
from crm.forms.fields import PressForm
from crm.forms.party_merge import MergeForm
from crm.models import Company, Contact, PartyKind
from crm.queries import duplicates
from crm.queries import party as queries
from crm.queries.duplicate_pairs import same_pairs
from crm.views import party
from crm.views.party import PartyDialog, PartyPage
from crm.views.verbs import posted_data, undo_button
from pipeline.requests import HtmxRequest
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render

_FIND = {PartyKind.COMPANY: queries.company, PartyKind.CONTACT: queries.contact}
_PATHS = {PartyKind.COMPANY: "companies", PartyKind.CONTACT: "contacts"}


@require_GET
def pairs(request: HtmxRequest, kind: PartyKind) -> HttpResponse:
    """Those that are on record twice, as it seems."""
    context = {
        "pairs": same_pairs(request.user, kind),
        "path": _PATHS[kind],
        "is_company": kind == PartyKind.COMPANY,
    }
    return render(request, page="crm/party/pairs.html", context=context)


@require_http_methods(["GET", "POST"])
def merge(request: HtmxRequest, pk: int, kind: PartyKind) -> HttpResponse:
    """Of two records one stays: first which the other one is, then what of it."""
    look = _editable(request, kind, pk)
    said = request.POST if request.method == "POST" else request.GET
    asked = said.get("other", "")
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 19):
        return _choose(request, look)
    other = _editable(request, kind, int(asked))
    form = MergeForm(posted_data(request), user=request.user, of=look.party, other=other.party)
    ask = PartyDialog(
        template="crm/party/_sheet_merge.html",
        title=_("Merge: %(name)s") % {"name": look.party.name},
        back=look.address,
        said=_("Merged: %(name)s is part of it.") % {"name": other.party.name},
        context={
            **look.common(),
            "other": other.party,
            "moves": _moves(request, other),
            "turned": f"{other.address}merge/?other={look.party.pk}",
        },
        done=HttpResponse,
        undo=lambda: undo_button(f"{other.address}unmerge/", {}, _("Undo")),
    )
    return party.answer(
        request,
        form,
        ask,
        lambda: commands.merge(
            other.party, into=look.party, **form.command_arguments(), by=request.user, at=look.at
        ),
    )


@require_POST
def unmerge(request: HtmxRequest, pk: int, kind: PartyKind) -> HttpResponse:
    """Bring the one of this address back."""
    found = found_or_404(queries.merge_to_undo, request.user, kind, pk)
    into = f"/{_PATHS[kind]}/{found.into_id}/"
    form = PressForm(request.POST, user=request.user)
    left: list[int] = []
    ask = PartyDialog(
        template="crm/party/_sheet_refused.html",
        title=found.name,
        back=into,
        said=_("%(name)s is there again.") % {"name": found.name},
    )
    return party.answer(
        request,
        form,
        ask,
        lambda: left.append(commands.unmerge(found, by=request.user, at=timezone.now())),
    )


def led_on(request: HtmxRequest, kind: PartyKind, pk: int) -> HttpResponse | None:
    """To where a record went that is gone, for who comes by its old address."""
    into = queries.gone_into(request.user, kind, pk)
    return None if into is None else redirect(f"/{_PATHS[kind]}/{into}/")


def _editable(request: HtmxRequest, kind: PartyKind, pk: int) -> PartyPage:
    look = PartyPage(found_or_404(_FIND[kind], request.user, pk), request.user)
    if not look.found.may_edit:
        raise Http404
    return look


def _choose(request: HtmxRequest, look: PartyPage) -> HttpResponse:
    """What it may be the same as, or what was searched for."""
    typed = request.GET.get("q", "")[:100]
    searched = duplicates.is_enough(typed)
    context: Mapping[str, Any] = {
        **look.common(),
        "q": typed,
        "searched": searched,
        "candidates": [
            (row, queries.may_edit_owned(request.user, row.owner_id))
            for row in _candidates(look, typed if searched else "")
            if row.id != look.party.pk
        ],
        "sheet_title": _("Merge: %(name)s") % {"name": look.party.name},
        "sheet_template": "crm/party/_sheet_merge_with.html",
        "sheet_back": look.address,
    }
    return render(
        request,
        page="components/sheet_page.html",
        fragment="crm/party/_sheet_merge_with.html",
        context=dict(context),
    )


def _candidates(look: PartyPage, typed: str) -> list[duplicates.Party]:
    user = look.user
    if isinstance(look.party, Company):
        if typed:
            return duplicates.companies(typed, user=user)
        return duplicates.same_companies(look.party, user=user)
    if typed:
        return duplicates.contacts(typed, user=user)
    return queries.same_contacts(user, look.party, queries.points(look.party))


def _moves(request: HtmxRequest, other: PartyPage) -> list[str]:
    """What belongs to the other one, in words."""
    found = queries.belonging(request.user, other.found)
    told = [
        (found.deals, ngettext("%(n)s deal", "%(n)s deals", found.deals)),
        (found.people, ngettext("%(n)s person", "%(n)s people", found.people)),
        (found.talks, ngettext("%(n)s entry", "%(n)s entries", found.talks)),
        (found.plans, ngettext("%(n)s planned", "%(n)s planned", found.plans)),
    ]
    words = [text % {"n": n} for n, text in told if n]
    if isinstance(other.party, Contact):
        words += [point.typed for point in queries.points(other.party)]
    return words
