"""The quick log: one line, or a form, from wherever one is; a page of its own without a script."""

from http import HTTPStatus
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from crm.commands.writers.activity import About
from crm.forms.activity import KINDS
from crm.forms.quick_log import QuickLogForm
from crm.models import Activity, ActivityKind, ActivityResult, Deal
from crm.models.activity import is_attempt
from crm.presenters import quick_chips, quick_marks
from crm.presenters.quick_look import QuickLook
from crm.queries import quick_log as queries
from crm.signature import read_mail
from crm.views import activity as activity_views
from crm.views.verbs import Dialog, answer, attempt, now, undo_button
from pipeline.requests import HtmxRequest
from salesprocess.lib.htmx import render, trigger, wants_fragment
from salesprocess.lib.idempotency import may_come_late

# What may say where it was opened.
_PLACES = ("deal", "company", "contact")


@may_come_late
@require_http_methods(["GET", "POST"])
def page(request: HtmxRequest) -> HttpResponse:
    """GET shows it, with what the address says of the place and the line; POST logs it.

    With something to choose it is not saved: 422, and the cursor goes there.
    """
    look = _look(request)
    if request.method == "GET":
        return _show(request, look, look.form(bound=False))
    form = look.form(bound=True)
    # Without a script nobody has seen yet what a new line is understood as.
    if not look.is_sure or (look.is_new_line and not wants_fragment(request)):
        form.is_valid()
        return _show(request, look, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if look.deal is None:
        return _touch(request, look, form)
    return _log(request, look, look.deal, form)


@require_GET
def understand(request: HtmxRequest) -> HttpResponse:
    """What is understood of the line so far: the chips, and the form beside them."""
    look = _look(request)
    return render(
        request,
        page="components/sheet_page.html",
        fragment="crm/log/_read.html",
        context=_context(look, look.form(bound=False)) | _page(),
    )


def _look(request: HtmxRequest) -> QuickLook:
    said = request.POST if request.method == "POST" else request.GET
    place = QueryDict(mutable=True)
    for name in _PLACES:
        place[name] = said.get(f"at_{name}") or request.GET.get(f"at_{name}", "")
    return QuickLook(request.user, said=said, place=place, at=now())


def of_mail(request: HtmxRequest, pasted: str) -> HttpResponse | None:
    """A pasted mail as a log with whoever wrote it, or to whom it went, to be looked at before it is
    saved. None for what is no mail, or of nobody on record.

    On which deal is asked where there are several; the one where it is pasted, if it is theirs.
    """
    mail = read_mail(pasted)
    if mail is None:
        return None
    person = queries.reached_by(mail.of(request.user.email or ""), reader=request.user)
    if person is None:
        return None
    longest = QuickLogForm.base_fields["body"].max_length  # type: ignore[attr-defined]  # a CharField
    said = QueryDict(mutable=True)
    said.update(
        {
            "line": "",
            "read": "",
            "fixed": "kind,who,body",
            "kind": ActivityKind.EMAIL.value,
            "who": f"{person.kind}:{person.id}",
            "body": "\n".join(filter(None, (mail.subject, mail.words)))[:longest],
        }
    )
    at, here = now(), request.POST.get("at_deal", "")
    look = QuickLook(request.user, said=said, place=QueryDict(), at=at)
    if here in {str(deal.id) for deal in look.deals}:
        look = QuickLook(request.user, said=said, place=QueryDict(f"deal={here}"), at=at)
    return _show(request, look, look.form(bound=False))


def _context(look: QuickLook, form: QuickLogForm) -> dict[str, Any]:
    chips = quick_chips.chips(look)
    return {
        "look": look,
        "form": form,
        "chips": chips,
        "marks": quick_marks.marks(look, chips),
        "effect": quick_chips.effect(look),
        "who": quick_chips.who_value(look),
        "deal_chosen": quick_chips.deal_value(look),
        "parties": quick_chips.parties_offered(look),
        "deals": quick_chips.deals_offered(look),
        "kinds": KINDS,
        "moves": look.standing is not None,
        # Whether something was to be chosen when it was sent: the cursor goes there.
        "stuck": False,
    }


def _page() -> dict[str, Any]:
    """What it needs to be a page of its own."""
    return {
        "sheet_title": _("Log"),
        "sheet_template": "crm/log/_sheet.html",
        "sheet_action": reverse("crm:log"),
        "sheet_back": reverse("crm:board"),
    }


def _show(
    request: HtmxRequest,
    look: QuickLook,
    form: QuickLogForm,
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    context = _context(look, form) | {"stuck": status != HTTPStatus.OK}
    return render(
        request,
        page="components/sheet_page.html",
        fragment="crm/log/_sheet.html",
        context=context | _page(),
        status=status,
    )


def _log(request: HtmxRequest, look: QuickLook, deal: Deal, form: QuickLogForm) -> HttpResponse:
    """On a deal: with the plan that it was, the move, and what comes next, in one gesture."""
    gate = activity_views.gate_of(request, deal)
    if not gate.is_valid():
        return activity_views.ask_gap(request, deal, gate)
    effect = activity_views.LogEffect(deal, request.user, look.standing)

    def run() -> None:
        said = form.cleaned_data
        about = About(deal=deal, contact=said["contact"])
        given = {"from_stage": said["from_stage"], **gate.gated()}
        activity_views.log_or_close(form, about, by=request.user, at=look.at, **given)

    ask = Dialog(
        template="crm/log/_sheet.html",
        title=_("Log"),
        said=lambda: effect.said(look.kind, look.result),
        verb="log",
        context=lambda: _context(look, form) | _page(),
        gate=gate,
        gap=lambda: activity_views.ask_gap(request, deal, gate),
    )
    return answer(request, deal, form, ask, run)


def _touch(request: HtmxRequest, look: QuickLook, form: QuickLogForm) -> HttpResponse:
    """Without a deal: with a company or a person."""
    if look.result == ActivityResult.MOVED_FORWARD:
        form.is_valid()
        form.add_error("result", _("There is no deal that could move forward."))
        return _show(request, look, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)

    made: list[Activity] = []

    def run() -> None:
        company, contact = look.about()
        about = About(company=company, contact=contact)
        made.append(activity_views.log_or_close(form, about, by=request.user, at=look.at))

    return attempt(
        request,
        form,
        run,
        show=lambda status=HTTPStatus.OK, conflict=None: _show(request, look, form, status=status),
        done=lambda: _touched(request, look, form, made[0]),
    )


def _touched(
    request: HtmxRequest, look: QuickLook, form: QuickLogForm, touch: Activity
) -> HttpResponse:
    """It may be taken back where that takes all of it back: nothing was planned with it."""
    party = look.party
    assert party is not None  # noqa: S101  # the form asks for it
    home = f"/{'companies' if party.kind == 'company' else 'contacts'}/{party.id}/"
    if not wants_fragment(request):
        return redirect(home)
    is_try = is_attempt(look.kind, look.result)
    text = _("Logged as an attempt.") if is_try else _("Logged.")
    response = trigger(HttpResponse(), "party-changed", {"id": party.id})
    if form.planned() is not None:
        return trigger(response, "toast", {"text": text})
    values = {"version": touch.version}
    undo = undo_button(f"/activities/{touch.pk}/remove/", values, _("Undo"))
    return trigger(response, "toast", {"text": text, "undo": undo})
