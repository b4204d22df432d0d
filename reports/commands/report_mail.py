"""Commands on who gets a saved report by mail, and the clock that lets the mails be sent."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline.models import User
from pipeline.outbox import commands as outbox
from reports.models import ReportSubscription, SavedReport, WhyEnded
from reports.rhythm import Rhythm, next_mail, period_of
from salesprocess.lib.refused import Refused

# A kind of the outbox; its payload is the subscription, and the period as an ordinal day.
MAILED = "reports.report.mail"
# So many people get one report, and so many reports one person, at most.
MAX_RECEIVERS = 50
MAX_MAILS = 20
# Taken at once by the clock; the rest has its turn some minutes later.
BATCH = 200


def subscribe(
    report: SavedReport,
    *,
    person: User,
    rhythm: Rhythm,
    weekday: int,
    hour: int,
    by: User,
    at: dt.datetime,
) -> ReportSubscription:
    """Let somebody get a report by mail, or at another time than so far: oneself, or for who saved
    the report anybody who has it. `hour` is of the person's own clock, `weekday` 0 for Monday.

    Raises SavedReport.DoesNotExist out of the reach of `by`, Refused for somebody who does not have the
    report or cannot sign in, for whom nobody but the person decides, and for too many.
    """
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=person.pk)
        reports = SavedReport.objects
        reach = reports.visible_to(by) if by.pk == person.pk else reports.editable_by(by)
        held = reach.select_for_update(of=("self",)).get(pk=report.pk)
        row = ReportSubscription.objects.filter(report=held, person=person).first()
        if row is None or row.ended_at is not None:
            _check_new(held, person=person, by=by, row=row)
        if row is None:
            row = ReportSubscription(report=held, person=person)
        elif row.ended_at is None and by.pk != person.pk:
            return row  # the time is the receiver's own choice
        if row.ended_at is not None or row.pk is None:
            row.added_by, row.added_at = by, at
        row.rhythm, row.weekday, row.hour = rhythm, weekday, hour
        row.ended_at, row.ended_why = None, ""
        row.next_at = _next_of(row, person, at=at)
        row.save()
    return row


def stop(row: ReportSubscription, *, by: User, at: dt.datetime) -> None:
    """No more mails of it, for oneself or for whom one had put on it.

    Raises ReportSubscription.DoesNotExist for others.
    """
    with transaction.atomic():
        rows = ReportSubscription.objects.editable_by(by).select_for_update(of=("self",))
        found = rows.get(pk=row.pk)
        why = WhyEnded.STOPPED if found.person_id == by.pk else WhyEnded.TAKEN_OFF
        _end(found, why, at=at)


def stop_by_link(pk: int, *, at: dt.datetime) -> bool:
    """The same by the link of a mail, whose bearer is its receiver; whether there is such a mail."""
    with transaction.atomic():
        row = ReportSubscription.objects.select_for_update().filter(pk=pk).first()
        if row is None:
            return False
        _end(row, WhyEnded.STOPPED, at=at)
    return True


def put_due(*, at: dt.datetime) -> int:
    """Leave in the outbox what is due, of each period once, and end what is for nobody any more; how
    many mails. It may run any number of times, in any number of workers.

    What fell due several times while no worker was there is one mail.
    """
    with transaction.atomic():
        due = ReportSubscription.objects.running().filter(next_at__lte=at).order_by("next_at", "pk")
        due = due.select_related("report", "person").select_for_update(
            of=("self",), skip_locked=True
        )
        put = [row for row in due[:BATCH] if _put(row, at=at)]
        payloads = [
            {"subscription": row.pk, "period": row.put_for.toordinal()}
            for row in put
            if row.put_for is not None
        ]
        outbox.put_all(MAILED, payloads, at=at)
    return len(payloads)


def _put(row: ReportSubscription, *, at: dt.datetime) -> bool:
    """Note that the mail of the present period is on its way, if it is; ends what nobody may read."""
    if why := why_not(row):
        _end(row, why, at=at)
        return False
    period = period_of(Rhythm(row.rhythm), at.astimezone(row.person.zone).date())
    is_new = row.put_for is None or period > row.put_for
    if is_new:
        row.put_for = period
    row.next_at = _next_of(row, row.person, at=at)
    row.save(update_fields=["put_for", "next_at"])
    return is_new


def why_not(row: ReportSubscription) -> WhyEnded | None:
    """Why somebody gets a report no more; None while he or she does."""
    if not User.objects.able_to_sign_in().filter(pk=row.person_id).exists():
        return WhyEnded.LEFT
    if not SavedReport.objects.visible_to(row.person).filter(pk=row.report_id).exists():
        return WhyEnded.OUT_OF_REACH
    return None


def note_sent(row: ReportSubscription, *, period: dt.date, at: dt.datetime) -> None:
    """That the mail of a period went."""
    ReportSubscription.objects.filter(pk=row.pk).update(sent_for=period, sent_at=at)


def _check_new(
    report: SavedReport, *, person: User, by: User, row: ReportSubscription | None
) -> None:
    probe = row or ReportSubscription(report=report, person=person)
    if why_not(probe) == WhyEnded.LEFT:
        raise Refused(
            _("%(name)s cannot sign in, so that no mail is sent.") % {"name": person.name}
        )
    if why_not(probe):
        words = _("%(name)s does not have this report: share it first with the team.")
        raise Refused(words % {"name": person.name}, field="person")
    if row is not None and row.ended_why == WhyEnded.STOPPED and by.pk != person.pk:
        words = _("%(name)s has stopped this mail, and alone can start it again.")
        raise Refused(words % {"name": person.name}, field="person")
    running = ReportSubscription.objects.running()
    if running.filter(report=report).count() >= MAX_RECEIVERS:
        raise Refused(_("%(n)s people get this report, which is the most.") % {"n": MAX_RECEIVERS})
    if running.filter(person=person).count() >= MAX_MAILS:
        words = _("%(name)s gets %(n)s reports by mail, which is the most.")
        raise Refused(words % {"name": person.name, "n": MAX_MAILS})


def _next_of(row: ReportSubscription, person: User, *, at: dt.datetime) -> dt.datetime:
    return next_mail(
        Rhythm(row.rhythm),
        weekday=row.weekday,
        hour=row.hour,
        zone=person.zone,
        after=at,
        done=row.put_for,
    )


def _end(row: ReportSubscription, why: WhyEnded, *, at: dt.datetime) -> None:
    if row.ended_at is not None:
        return
    row.ended_at, row.ended_why, row.next_at = at, why, None
    row.save(update_fields=["ended_at", "ended_why", "next_at"])
