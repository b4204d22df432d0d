"""All changes of the settings: who, when, what, from what to what, and the undo of a merge."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from babel.dates import get_month_names
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from crm import events
from crm.commands import reference as commands
from crm.models import CauseKind, Setting, SettingChange, SourceKind
from crm.queries import settings as queries
from crm.shipped import shipped_name
from crm.views.settings import admins_only, page_number, settings_page
from pipeline.models import User
from pipeline.people.events import (
    Added,
    FiscalMonthChanged,
    ReliableFromChanged,
    SecondFactorForChanged,
    WorkingDaysChanged,
)
from pipeline.people.models.people import SecondFactorFor, WorkingDays
from pipeline.process.stages import Initiator
from pipeline.requests import HtmxRequest
from salesprocess.lib.events import Event, RecordRef, Sum, ValueChanged, in_words
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
    page = page_number(request.GET)
    found, more = queries.changes(request.user, of=of, page=page)
    context = {
        "choices": choices,
        "of": of,
        "page": page,
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
        messages.success(request, _("“%(name)s” is back.") % {"name": shipped_name(change.name)})
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
        isinstance(change.event, events.Merged)
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
    if change.setting == Setting.RETENTION:
        return _("Retention")
    if change.setting == Setting.RATE:
        return change.name or _("Rates")
    return shipped_name(change.name) if change.setting != Setting.PRODUCT else change.name


def _text(change: queries.SettingsHistoryRow) -> str:
    words = {
        Added: _("added"),
        events.Retired: _("retired"),
        events.BroughtBack: _("brought back"),
        events.Deleted: _("deleted"),
        events.RatesRebased: _("all rates are in another currency since"),
    }
    match change.event:
        case events.RateChanged() as event:
            return _rate_text(event)
        case events.Merged(into=other):
            return _("merged into %(name)s") % {"name": _value(change, other)}
        case events.Unmerged(out_of=other):
            return _("taken out of %(name)s again") % {"name": _value(change, other)}
        case ValueChanged() as event:
            what = str(event.label)
            old, new = _value(change, event.old), _value(change, event.new)
        case event if type(event) in words:
            return words[type(event)]
        case event:
            what, old, new = in_words(event)
    return f"{what}: {old or '–'} → {new or '–'}"


def _rate_text(event: events.RateChanged) -> str:
    words = {
        "day": full_day(event.on),
        "old": "" if event.old is None else rate(event.old),
        "values": " → ".join(rate(one) for one in (event.old, event.new) if one is not None),
    }
    if event.new is None:
        return _("rate of %(day)s removed: %(old)s") % words
    return _("rate from %(day)s: %(values)s") % words


_CHOICES: dict[type[Event], Mapping[str, Any]] = {
    events.SourceKindChanged: dict(SourceKind.choices),
    events.CauseKindChanged: dict(CauseKind.choices),
    events.CauseInitiatorChanged: dict(Initiator.choices),
    SecondFactorForChanged: dict(SecondFactorFor.choices),
    WorkingDaysChanged: dict(WorkingDays.choices),
}


def _value(change: queries.SettingsHistoryRow, value: Any) -> str:
    """A kept value as people read it."""
    if value is None:
        return ""
    if isinstance(value, Sum):
        return number(value.amount)
    if isinstance(change.event, FiscalMonthChanged):
        return str(get_month_names("wide", locale=locale())[value])
    if isinstance(change.event, ReliableFromChanged):
        return percent(value / 100)
    if choices := _CHOICES.get(type(change.event)):
        return str(choices.get(value, value))
    text = value.name if isinstance(value, RecordRef) else str(value)
    return text if change.setting in (Setting.PRODUCT, queries.ORGANISATION) else shipped_name(text)
