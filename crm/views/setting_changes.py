"""All changes of the settings: who, when, what, from what to what, and the undo of a merge."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from babel.dates import get_month_names
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from crm.commands import reference as commands
from crm.models import CauseKind, Setting, SettingChange, SettingVerb, SourceKind
from crm.queries import settings as queries
from crm.shipped import shown
from crm.views.settings import admins_only, settings_page
from pipeline.models import User
from pipeline.process.stages import Initiator
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import day, full_day, locale, number, percent, rate
from salesprocess.lib.found import found_or_404
from salesprocess.lib.refused import Refused


class SettingChangeLine(NamedTuple):
    """A change in words; `undo` is its address while it can be undone."""

    what: str
    text: str
    at: str
    by: str
    undo: str
    is_undone: bool


@require_GET
@admins_only
def changes(request: HtmxRequest) -> HttpResponse:
    of = request.GET.get("of", "")
    choices = [("", _("Everything")), (queries.ORGANISATION, _("Organisation")), *_settings()]
    of = of if of in dict(choices) else ""
    page = request.GET.get("page", "1")
    number_of = int(page) if page.isdecimal() and 0 < len(page) < 7 else 1
    found, more = queries.changes(request.user, of=of, page=max(number_of, 1))
    context = {
        "choices": choices,
        "of": of,
        "page": number_of,
        "more": more,
        "lines": [tell(change, user=request.user) for change in found],
    }
    return settings_page(request, "changes", "crm/settings/changes.html", context)


@require_POST
@admins_only
def undo(request: HtmxRequest, pk: int) -> HttpResponse:
    """Undo a merge."""
    change = found_or_404(queries.merge_to_undo, request.user, pk)
    try:
        left = commands.unmerge(change, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.error(request, refused.message)
    except SettingChange.DoesNotExist:
        messages.error(request, _("That was undone already."))
    else:
        messages.success(request, _("“%(name)s” is back.") % {"name": shown(change.name)})
        if left:
            said = ngettext(
                "%(n)s record was changed meanwhile and stays as it is.",
                "%(n)s records were changed meanwhile and stay as they are.",
                left,
            )
            messages.success(request, said % {"n": number(left)})
    return HttpResponseRedirect(reverse("crm:settings_changes"))


def _settings() -> list[tuple[str, str]]:
    return [(one.value, str(one.label)) for one in Setting]


def tell(change: queries.SettingsHistoryRow | None, *, user: User) -> SettingChangeLine | None:
    """A change in the words and the language of its reader."""
    if change is None:
        return None
    at = change.at.astimezone(user.zone)
    today = timezone.now().astimezone(user.zone).date()
    may_undo = (
        change.verb == SettingVerb.MERGED
        and not change.is_undone
        and timezone.now() - change.at <= commands.UNDO
    )
    return SettingChangeLine(
        what=_what(change),
        text=_text(change),
        at=f"{day(at.date(), today)}, {at:%H:%M}",
        by=change.by,
        undo=reverse("crm:settings_undo", args=[change.id]) if may_undo else "",
        is_undone=change.is_undone,
    )


def _what(change: queries.SettingsHistoryRow) -> str:
    if change.setting == queries.ORGANISATION:
        return _("Organisation")
    if change.setting == Setting.RATE:
        return change.name or _("Rates")
    return shown(change.name) if change.setting != Setting.PRODUCT else change.name


def _text(change: queries.SettingsHistoryRow) -> str:
    old, new = _value(change, change.old), _value(change, change.new)
    if change.setting == Setting.RATE:
        return _rate_text(change)
    if change.verb == SettingVerb.MERGED:
        return _("merged into %(name)s") % {"name": new}
    if change.verb == SettingVerb.UNMERGED:
        return _("taken out of %(name)s again") % {"name": old}
    if change.verb == SettingVerb.CHANGED:
        return f"{_field(change.field)}: {old or '–'} → {new or '–'}"
    words = {
        SettingVerb.ADDED: _("added"),
        SettingVerb.RETIRED: _("retired"),
        SettingVerb.BROUGHT_BACK: _("brought back"),
        SettingVerb.DELETED: _("deleted"),
    }
    return words[SettingVerb(change.verb)]


def _rate_text(change: queries.SettingsHistoryRow) -> str:
    if change.field == "all":
        return _("all rates are in another currency since")
    if not change.new:
        words = {
            "day": full_day(dt.date.fromisoformat(change.field)),
            "old": rate(Decimal(change.old)),
        }
        return _("rate of %(day)s removed: %(old)s") % words
    values = " → ".join(rate(Decimal(text)) for text in (change.old, change.new) if text)
    return _("rate from %(day)s: %(values)s") % {
        "day": full_day(dt.date.fromisoformat(change.field)),
        "values": values,
    }


def _field(field: str) -> str:
    words = {
        "name": _("Name"),
        "series": _("Series"),
        "price": _("Price"),
        "currency": _("Currency"),
        "kind": _("Kind"),
        "initiator": _("Who decided"),
        "time_zone": _("Time zone"),
        "country": _("Country"),
        "fiscal_month": _("The year begins in"),
        "reliable_from": _("Reliable from"),
        "process_owner": _("Process owner"),
    }
    return words.get(field, field)


_WRITTEN: dict[str, Callable[[str], str]] = {
    "process_owner": lambda text: text.partition(" ")[2],
    "fiscal_month": lambda text: str(get_month_names("wide", locale=locale())[int(text)]),
    "reliable_from": lambda text: percent(int(text) / 100),
    "price": lambda text: number(Decimal(text)),
}


def _value(change: queries.SettingsHistoryRow, text: str) -> str:
    """A kept value as people read it."""
    if not text:
        return ""
    if write := _WRITTEN.get(change.field):
        return write(text)
    labels: dict[str, str] = {}
    if change.field == "kind":
        kinds = CauseKind.choices if change.setting == Setting.STOP_CAUSE else SourceKind.choices
        labels = {value: str(label) for value, label in kinds}
    elif change.field == "initiator":
        labels = {value: str(label) for value, label in Initiator.choices}
    elif change.setting not in (Setting.PRODUCT, queries.ORGANISATION):
        return shown(text)
    return labels.get(text, text)
