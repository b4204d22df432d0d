"""The concerns of a deal, and the library of what was said to others like them."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.commands import concern as commands
from crm.forms.concern import ConcernAnswerForm, ConcernForm, SettleForm
from crm.forms.fields import VerbForm
from crm.models import Concern, ConcernCategory, Deal, Disposition
from crm.queries import answers, deal_records
from crm.queries import offer as offers
from crm.views.verbs import (
    REFUSED,
    Dialog,
    do,
    editable_deal,
    form_of,
    posted_data,
    seen_version,
    stay,
)
from pipeline.requests import HtmxRequest
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render, wants_fragment

SHEET = "crm/deal/records/_sheet_concern.html"


@require_http_methods(["GET", "POST"])
def add(request: HtmxRequest, pk: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    current = offers.current(deal.pk)
    form = form_of(
        request, deal, ConcernForm, priced=current is not None and current.value is not None
    )
    ask = Dialog(
        template=SHEET,
        title=_("A concern: %(deal)s") % {"deal": deal.name},
        said=_("Written down."),
    )
    return do(request, deal, form, ask, commands.add)


@require_http_methods(["GET", "POST"])
def change(request: HtmxRequest, pk: int, concern: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    row = found_or_404(deal_records.concern, deal, concern)
    form = form_of(request, deal, ConcernForm, concern=row)
    ask = Dialog(
        template=SHEET,
        title=_("A concern: %(deal)s") % {"deal": deal.name},
        said=_("Changed."),
        context={"concern": row},
    )
    return do(request, deal, form, ask, commands.change, row)


@require_http_methods(["GET", "POST"])
def settle(request: HtmxRequest, pk: int, concern: int) -> HttpResponse:
    """What became of it, in its place; with what colleagues said to others like it."""
    deal = editable_deal(request, pk)
    row = found_or_404(deal_records.concern, deal, concern)
    form = SettleForm(
        posted_data(request),
        user=request.user,
        deal=deal,
        initial={
            **_begun(request, deal, row),
            "disposition": request.GET.get("as", ""),
            "concession": row.concession,
        },
    )
    ask = Dialog(
        template=_place(request, "_settle"),
        title=_("How was it settled?"),
        said=_("Settled."),
        context=lambda: _with_answers(request, row, form),
        done=stay,
    )
    return do(request, deal, form, ask, commands.settle, row)


@require_http_methods(["GET", "POST"])
def respond(request: HtmxRequest, pk: int, concern: int) -> HttpResponse:
    """What we said, whatever became of it; on a closed deal, too."""
    deal = editable_deal(request, pk)
    row = found_or_404(deal_records.concern, deal, concern)
    form = ConcernAnswerForm(
        posted_data(request), user=request.user, deal=deal, initial=_begun(request, deal, row)
    )
    ask = Dialog(
        template=_place(request, "_respond"),
        title=_("What did we say?"),
        said=_("Written down, for your colleagues, too."),
        context=lambda: _with_answers(request, row, form),
        done=stay,
    )
    return do(request, deal, form, ask, commands.answer, row)


@require_POST
def reopen(request: HtmxRequest, pk: int, concern: int) -> HttpResponse:
    deal = editable_deal(request, pk)
    row = found_or_404(deal_records.concern, deal, concern)
    form = VerbForm(request.POST, user=request.user, deal=deal)
    ask = Dialog(
        template=REFUSED,
        title=row.words,
        said=_("Open again."),
        done=stay,
    )
    return do(request, deal, form, ask, commands.reopen, row)


@require_GET
def library(request: HtmxRequest) -> HttpResponse:
    """What colleagues said to concerns, by words and by what they are about."""
    words, category, after = (request.GET.get(name, "") for name in ("q", "category", "after"))
    known = category if category in ConcernCategory else ""
    number = int(after) if after.isdecimal() and len(after) < 7 else 0
    found, more = answers.find(request.user, words=words, category=known, after=number)
    return render(
        request,
        page="crm/concern/answers.html",
        fragment="crm/concern/_answers.html",
        context={
            "answers": found,
            "words": words,
            "category": known,
            "categories": ConcernCategory.choices,
            "labels": dict(ConcernCategory.choices),
            "after": number + answers.PAGE if more else None,
        },
    )


def _place(request: HtmxRequest, name: str) -> str:
    """In the place of the concern; without a script a page of its own."""
    return f"crm/deal/records/{name}{'' if wants_fragment(request) else '_sheet'}.html"


def _begun(request: HtmxRequest, deal: Deal, row: Concern) -> dict[str, object]:
    """What we said begins with the answer that was chosen, or with what was said already."""
    pk = request.GET.get("used", "")
    used = answers.usable_answer(request.user, int(pk)) if pk.isdecimal() and len(pk) < 19 else None
    return {
        "version": seen_version(request, deal),
        "response": used.response if used else row.response,
        "used": used.pk if used else row.used_id,
    }


def _with_answers(request: HtmxRequest, row: Concern, form: ConcernAnswerForm) -> dict[str, object]:
    return {
        "concern": row,
        "answers": answers.similar_answers(row, request.user),
        "is_conceded": form["disposition"].value() == Disposition.CONCEDED
        if "disposition" in form.fields
        else False,
    }
