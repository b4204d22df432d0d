"""The mail of a saved report, written at the moment of sending, in its reader's own reach."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.core import signing
from django.db import OperationalError
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from pipeline.mail import address, send
from pipeline.models import OutboxRow, User
from pipeline.process.queries.stages import names_of
from pipeline.process.stages import use_stage_names
from reports.commands import report_mail as commands
from reports.forms import FIRST_DAY
from reports.models import ReportSubscription, SavedReport
from reports.pages.asked import note_looks
from reports.pages.saved import OpenedReport, opened
from reports.presenters.mailed import MailBox, headlines_in, mail_boxes
from reports.presenters.report import Report
from reports.presenters.saved_reports import when_mailed
from reports.presenters.stamp import stamp_of
from reports.queries import saved_reports as queries
from salesprocess.lib.format import full_day
from salesprocess.lib.time_limits import within
from salesprocess.lib.trouble import Trouble, trouble_of

_SALT = "reports.mail.stop"


class WrittenMail(NamedTuple):
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]


def report_mail(row: OutboxRow) -> None:
    """A report to one of its readers; nothing if that one stopped it, left or lost it meanwhile, or if
    the mail of this period went already."""
    found = queries.mail_of(row.payload["subscription"])
    period = dt.date.fromordinal(row.payload["period"])
    if found is None or found.put_for != period or commands.why_not(found):
        return
    if found.sent_for is not None and found.sent_for >= period:
        return
    now = timezone.now()
    mail = written(found, found.report, found.person, at=now)
    send(
        row,
        to=found.person.email or "",
        subject=mail.subject,
        body=mail.text,
        html=mail.html,
        headers=mail.headers,
    )
    commands.note_sent(found, period=period, at=now)


def written(
    row: ReportSubscription, record: SavedReport, person: User, *, at: dt.datetime
) -> WrittenMail:
    """What somebody gets, in the person's own language, with the stages as he or she calls them."""
    with translation.override(person.language), use_stage_names(lambda: names_of(person)):
        found = opened(record, person)
        context = {
            "name": person.name,
            "report": record.name,
            "by": "" if record.owner_id == person.pk else record.owner.name,
            "title": found.title,
            "link": address("reports:saved_open", record.pk),
            "details": address("reports:saved", record.pk),
            "when": when_mailed(row) if row.pk else "",
            "stop": address("reports:mail_stop", stop_token(row.pk)) if row.pk else "",
            "site": settings.SITE_URL,
            **_told(found, at=at),
        }
        return WrittenMail(
            subject=_("Report: %(name)s") % {"name": record.name},
            text=render_to_string("reports/mail/report.txt", context),
            html=render_to_string("reports/mail/report.html", context),
            headers=_stop_headers(context["stop"]),
        )


def _told(found: OpenedReport, *, at: dt.datetime) -> dict[str, Any]:
    """What the report says: its boxes, or why there are none."""
    told: dict[str, Any] = {"problem": found.problem, "facts": [], "boxes": [], "numbers": []}
    if found.problem or found.page is None or found.report is None:
        return told
    try:
        # Nobody waits for it, and yet it may take no longer than its page, or it would never be seen.
        with within("page"):
            told["boxes"], told["numbers"] = _boxes(found.page.shows(found.report))
            told["facts"] = _facts(found, found.report)
            note_looks(found.report, found.page, at=at)
    except OperationalError as error:
        if trouble_of(error) != Trouble.SLOW:
            raise
        words = _(
            "It takes too long to be worked out: let it ask about less time, or fewer people."
        )
        told |= {"problem": words, "boxes": [], "facts": [], "numbers": []}
    return told


def _boxes(panels: Sequence[Any]) -> tuple[list[MailBox], list[tuple[str, str, str]]]:
    numbers = [
        (str(one.title), one.text, " · ".join(filter(None, one.lines)))
        for one in headlines_in(panels)
    ]
    return mail_boxes(panels), numbers


def _facts(found: OpenedReport, report: Report) -> list[str]:
    """Of which time, of whom, and how complete it is."""
    question = report.question
    period, reader = question.period, question.reader
    start = _("the beginning") if period.start_on <= FIRST_DAY else full_day(period.start_on)
    said = {"start": start, "end": full_day(period.end_on), "zone": period.zone.key}
    scope = found.form.scope_label() if found.form is not None else ""
    if not scope:
        scope = _("all in your reach") if reader.is_manager else _("your own deals")
    stamp = stamp_of(report)
    return [
        _("From %(start)s to %(end)s, %(zone)s.") % said,
        *([_("As of %(day)s.") % {"day": full_day(question.as_of)}] if question.as_of else []),
        _("Of: %(scope)s. The figures are yours: others get theirs.") % {"scope": scope},
        *([stamp.text] if stamp else []),
    ]


# Stopping it -------------------------------------------------------------------------------------


def stop_token(pk: int) -> str:
    """Of a subscription, for the link in its mails: good for as long as there is the subscription."""
    return signing.Signer(salt=_SALT, sep=".").sign(str(pk))


def read_token(token: str) -> int | None:
    """The subscription that a link names; None for what we did not sign."""
    try:
        return int(signing.Signer(salt=_SALT, sep=".").unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def _stop_headers(link: str) -> Mapping[str, str]:
    """RFC 2369 and RFC 8058: programs offer to stop it, and do so by one POST."""
    if not link:
        return {}
    return {
        "List-Unsubscribe": f"<{link}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
