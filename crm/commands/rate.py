"""Exchange rates."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from babel.numbers import list_currencies
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.commands import deleted, values
from crm.events import RateChanged, RatesRebased
from crm.models import DeletedKind, Rate, Setting, SettingChange
from crm.queries.rate import is_in_use
from pipeline.models import Team, User
from salesprocess.lib.events import event_columns
from salesprocess.lib.refused import Refused

# Any number, but no other lock's: one change of the rates at a time.
RATES_LOCK = 77_023


@contextmanager
def rates_locked() -> Iterator[None]:
    """A transaction in which nobody else changes rates."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [RATES_LOCK])
        yield


def check_currency(code: str, *, field: str) -> str:
    """The currency code, normalised. Raises Refused for what is no currency of ISO 4217."""
    code = code.strip().upper()
    if code not in list_currencies():
        raise Refused(
            _("“%(code)s” is no currency: write three letters such as CHF.") % {"code": code},
            field=field,
        )
    return code


def set_rate(
    *,
    currency: str,
    on: dt.date,
    value: Decimal,
    by: User | None = None,
    at: dt.datetime | None = None,
) -> Rate:
    """Say what one unit of `currency` (ISO 4217) is worth in the organisation's, from `on` on.

    A rate of that day is replaced. Amounts in the currency can be entered from then on. `by` None is
    somebody at the machine itself, who is in no history.

    Raises Refused for the organisation's own currency and for what is none, ValidationError for a
    rate that is none, and Refused for whoever is no admin.
    """
    currency = check_currency(currency, field="currency")
    with rates_locked():
        _check_admin(by)
        if currency == Team.objects.root().currency:
            raise Refused(_("That is the organisation's own currency."), field="currency")
        rate = Rate(currency=currency, on=on, value=value)
        values.check(rate)
        before = Rate.objects.filter(currency=currency, on=on).first()
        made, _new = Rate.objects.update_or_create(
            currency=currency, on=on, defaults={"value": value}
        )
        if before is None or before.value != made.value:
            _note(made, old=before, new=made, by=by, at=at)
    return made


def remove_rate(rate: Rate, *, by: User | None, at: dt.datetime) -> None:
    """Delete the rate of a day, so that the one before it is in force again. `by` None is somebody at the
    machine itself, who is in no history.

    Raises Rate.DoesNotExist if it is gone already, Refused for the first rate of a currency that is
    in use, because its amounts could not be converted any more.
    """
    with rates_locked():
        _check_admin(by)
        now = Rate.objects.get(pk=rate.pk)
        others = Rate.objects.filter(currency=now.currency).exclude(pk=now.pk)
        today = timezone.localdate(at, Team.objects.root().zone)
        if is_in_use(now.currency) and not others.filter(on__lte=min(now.on, today)).exists():
            raise Refused(
                _("Amounts in %(currency)s are counted by this rate: enter another one instead.")
                % {"currency": now.currency}
            )
        _note(now, old=now, new=None, by=by, at=at)
        named = f"{now.currency} {now.on.isoformat()}"
        if by is not None:
            deleted.keep(DeletedKind.RATE, now, name=named, by=by, at=at)
        now.delete()


def note_brought_back(rate: Rate, *, deleted_at: dt.datetime, by: User, at: dt.datetime) -> None:
    """Part of the command that has put a deleted rate back, under the lock of rates.

    Raises Refused for whoever is no admin, and if the organisation counts in another currency since,
    in which the rate would be another one.
    """
    _check_admin(by)
    rebased = SettingChange.objects.filter(kind=RatesRebased.kind, at__gte=deleted_at)
    if rebased.exists():
        raise Refused(_("The organisation counts in another currency since: enter the rate anew."))
    _note(rate, old=None, new=rate, by=by, at=at)


def _check_admin(by: User | None) -> None:
    if by is not None and not User.objects.get(pk=by.pk).scope.everything:
        raise Refused(_("Only an admin changes this."))


def _note(
    rate: Rate, *, old: Rate | None, new: Rate | None, by: User | None, at: dt.datetime | None
) -> None:
    if by is not None and at is not None:
        event = RateChanged(
            on=rate.on,
            old=old.value.normalize() if old else None,
            new=new.value.normalize() if new else None,
        )
        SettingChange.objects.create(
            setting=Setting.RATE, name=rate.currency, by=by, at=at, **event_columns(event)
        )
