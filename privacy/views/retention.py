"""How long what is kept, and who is due; for admins."""

from collections.abc import Callable
from typing import NamedTuple

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from crm.queries import settings as changes
from crm.views.setting_changes import tell
from crm.views.settings import admins_only, page_number, settings_page
from pipeline.people.signing_in import check_confirmed
from pipeline.people.views.posted import posted_data
from pipeline.requests import HtmxRequest
from privacy.commands import retention as commands
from privacy.forms import RetentionForm
from privacy.models import ErasureNotice, Kept
from privacy.queries import retention as queries
from salesprocess.lib.attempt import attempt, status_of
from salesprocess.lib.format import full_day, number
from salesprocess.lib.found import found_or_404


class NoticeLine(NamedTuple):
    """Somebody on the list; `kept` says by whom, and then `href` lets go."""

    name: str
    page: str
    company: str
    why: str
    kept: str
    href: str


@require_http_methods(["GET", "HEAD", "POST"])
@admins_only
def page(request: HtmxRequest) -> HttpResponse:
    form = RetentionForm(
        posted_data(request), rules=queries.rules(), initial={"seen": queries.latest_change()}
    )

    def run() -> None:
        check_confirmed(request)
        commands.set_rules(
            form.months(), by=request.user, at=timezone.now(), seen=form.cleaned_data["seen"]
        )

    if request.method == "POST" and attempt(form, run):
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("privacy:retention"))
    number_of_page = page_number(request.GET)
    found = queries.notices(request.user, page=number_of_page)
    last = changes.latest(request.user, "retention")
    context = {
        "form": form,
        "days": [_due(*one) for one in queries.due_days(request.user)],
        "lines": [_line(one) for one in found.rows],
        "page": number_of_page,
        "more": found.more,
        "last": tell(last, user=request.user),
    }
    shown = "privacy/retention.html"
    return settings_page(request, "retention", shown, context, status=status_of(form))


@require_POST
@admins_only
def keep(request: HtmxRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, commands.keep, _("%(name)s stays."))


@require_POST
@admins_only
def let_go(request: HtmxRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, commands.let_go, _("The rules hold for %(name)s again."))


def _decide(request: HtmxRequest, pk: int, command: Callable[..., None], said: str) -> HttpResponse:
    notice = found_or_404(queries.notice, request.user, pk)
    command(notice, by=request.user, at=timezone.now())
    messages.success(request, said % {"name": notice.contact.name})
    return HttpResponseRedirect(reverse("privacy:retention"))


def _due(day: object, count: int) -> str:
    words = ngettext("%(n)s person is due on %(day)s.", "%(n)s people are due on %(day)s.", count)
    return words % {"n": number(count), "day": full_day(day)}  # type: ignore[arg-type]  # a day


def _line(notice: ErasureNotice) -> NoticeLine:
    contact = notice.contact
    kept = _("kept by %(name)s") % {"name": notice.kept_by.name} if notice.kept_by else ""
    way = "privacy:retention_let_go" if kept else "privacy:retention_keep"
    why = _("%(what)s; due on %(day)s") % {
        "what": Kept(notice.kind).label,
        "day": full_day(notice.due_on),
    }
    return NoticeLine(
        name=contact.name,
        page=reverse("crm:contact", args=[contact.pk]),
        company=contact.company.name if contact.company else "",
        why=why,
        kept=kept,
        href=reverse(way, args=[notice.pk]),
    )
