"""The mails that the pipeline sends, written at the moment of sending from ids."""

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from pipeline.models import Invitation, OutboxRow, PeopleChange, Team, User, Version
from pipeline.people.devices import device_in_words
from pipeline.people.events import (
    EmailChanged,
    SecondFactorsRemoved,
    SessionEnded,
    SignedOutEverywhere,
    SignInChanged,
)
from pipeline.people.queries import SIGN_IN_CHANGES
from pipeline.process.layer_diff import diff
from pipeline.process.merging import merge
from pipeline.process.playbook import LayerContent
from pipeline.process.queries.in_force import inherited_layers
from salesprocess.lib.format import format_day

_kept: ContextVar[BaseEmailBackend | None] = ContextVar("kept", default=None)


def invitation(row: OutboxRow) -> None:
    """The link to join with; nothing if it was revoked, accepted or ran out meanwhile."""
    found = Invitation.objects.select_related("person", "created_by").get(
        pk=row.payload["invitation"]
    )
    now = timezone.now()
    if not found.works_at(now):
        return
    organisation = Team.objects.root()
    path = reverse("pipeline:invitation", args=[found.token()])
    with translation.override(found.person.language):
        _invite(row, found, organisation, link=f"{settings.SITE_URL}{path}")
    Invitation.objects.filter(pk=found.pk).update(sent_at=now)


def _invite(row: OutboxRow, found: Invitation, organisation: Team, *, link: str) -> None:
    until = timezone.localtime(found.expires_at, found.person.zone)
    context = {
        "name": found.person.name,
        "inviter": found.created_by.name,
        "organisation": organisation.name,
        "link": link,
        "day": _day(until),
        "time": f"{until:%H:%M}",
    }
    subject = _("%(name)s invites you to Seven") % {"name": found.created_by.name}
    template = "pipeline/mail/invitation.txt"
    send(row, to=found.email, subject=subject, template=template, context=context)


def password_reset(row: OutboxRow) -> None:
    """The link to choose a new password with; nothing to nobody, nor to who joins by an invitation."""
    person = User.objects.filter(pk=row.payload["person"], is_active=True).first()
    if person is None or person.email is None or not person.has_usable_password():
        return
    uid, key = user_pk_to_url_str(person), default_token_generator.make_token(person)
    context = {"name": person.name, "link": address("account_reset_password_from_key", uid, key)}
    with translation.override(person.language):
        subject = _("Choose a new password for Seven")
        template = "pipeline/mail/password_reset.txt"
        send(row, to=person.email, subject=subject, template=template, context=context)


def email_changed(row: OutboxRow) -> None:
    """To the old address: if somebody else has changed it, this is how its owner learns of it."""
    change = PeopleChange.objects.select_related("person", "by").get(pk=row.payload["change"])
    event = change.event
    if change.person is None or not isinstance(event, EmailChanged) or not event.old:
        return
    with translation.override(change.person.language):
        _tell_of_change(row, change, change.person, old=event.old)


def _tell_of_change(row: OutboxRow, change: PeopleChange, person: User, *, old: str) -> None:
    at = timezone.localtime(change.at, person.zone)
    context = {
        "name": person.name,
        "by": change.by.name if change.by and change.by_id != change.person_id else "",
        "old": old,
        "day": _day(at),
        "time": f"{at:%H:%M}",
        "site": settings.SITE_URL,
    }
    subject = _("Your e-mail address for Seven was changed")
    template = "pipeline/mail/email_changed.txt"
    send(row, to=old, subject=subject, template=template, context=context)


def sign_in_changed(row: OutboxRow) -> None:
    """To whose sign-in it is, whoever changed it; nothing to somebody who has no address any more."""
    change = PeopleChange.objects.select_related("person", "by").get(pk=row.payload["change"])
    person, event = change.person, change.event
    if person is None or not person.email:
        return
    with translation.override(person.language):
        by = change.by.name if change.by and change.by_id != change.person_id else ""
        if isinstance(event, SignInChanged):
            what = str(SIGN_IN_CHANGES[event.what])
        elif isinstance(event, SecondFactorsRemoved):
            what = _("%(by)s has removed your second factors.") % {"by": by}
        elif isinstance(event, SignedOutEverywhere):
            what = _("%(by)s has signed you out everywhere.") % {"by": by}
        elif isinstance(event, SessionEnded):
            device = device_in_words(event.agent)
            what = _("%(by)s has signed you out of %(device)s.") % {"by": by, "device": device}
        else:
            return
        at = timezone.localtime(change.at, person.zone)
        context = {
            "name": person.name,
            "what": what,
            "day": _day(at),
            "time": f"{at:%H:%M}",
            "profile": f"{address('pipeline:profile')}#sign-in",
        }
        subject = _("How you sign in to Seven was changed")
        template = "pipeline/mail/sign_in_changed.txt"
        send(row, to=person.email, subject=subject, template=template, context=context)


def _day(at: dt.datetime) -> str:
    return format_day(at.date(), "d MMMM y", translation.get_language() or "en")


def process_published(row: OutboxRow) -> None:
    """What is in force from now on; nothing to somebody who left meanwhile, or wants no such mail."""
    versions = Version.objects.select_related("layer__team", "published_by")
    version = versions.filter(pk=row.payload["version"]).first()
    person = User.objects.notified_of_process().filter(pk=row.payload["person"]).first()
    if version is None or person is None:
        return
    with translation.override(person.language):
        _tell_of_version(row, version, person)


# So many changes are told one by one; the page that the link leads to has all.
TOLD = 10


def _tell_of_version(row: OutboxRow, version: Version, person: User) -> None:
    team = version.layer.team
    if team is None:
        return
    before = version.layer.versions.filter(number__lt=version.number).order_by("-number").first()
    was = LayerContent.from_json(before.content) if before else LayerContent()
    now = LayerContent.from_json(version.content)
    changes = diff(was, now, above=merge(inherited_layers(version.layer)))
    name = team.name if team.parent_id else _("Framework")
    context = {
        "name": person.name,
        "by": version.published_by.name if version.published_by else "",
        "of": name,
        "number": version.number,
        "note": version.note,
        "changes": [change.words for change in changes[:TOLD]],
        "more": max(len(changes) - TOLD, 0),
        "link": address("pipeline:process_history", team.pk),
        "profile": address("pipeline:profile"),
    }
    said = {"name": name, "number": version.number}
    subject = _("The process has changed: %(name)s v%(number)s") % said
    template = "pipeline/mail/process_published.txt"
    send(row, to=person.email or "", subject=subject, template=template, context=context)


def address(name: str, *args: object) -> str:
    """A page of this installation, from the beginning, as a mail has to say it."""
    return f"{settings.SITE_URL}{reverse(name, args=args)}"


def send(
    row: OutboxRow,
    *,
    to: str,
    subject: str,
    template: str = "",
    context: Mapping[str, Any] | None = None,
    body: str = "",
    html: str = "",
    headers: Mapping[str, str] | None = None,
) -> None:
    """Send what a template makes of its context, or a `body` that is written already; with `html`
    the same once more, for programs that show it. `headers` come besides those of every mail."""
    # From the row alone, so that a mail sent again after a crash is known as the same one.
    message_id = f"<outbox.{row.pk}.{row.created_at:%Y%m%d%H%M%S}@{settings.SITE_HOST}>"
    connection = _kept.get()
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=body or render_to_string(template, dict(context or {})),
        to=[to],
        headers={"Message-ID": message_id, **(headers or {})},
        connection=connection,
    )
    if html:
        message.attach_alternative(html, "text/html")
    try:
        if connection is not None:
            connection.open()
        message.send()
    except Exception:
        if connection is not None:  # the next mail begins with a new one
            with contextlib.suppress(OSError):
                connection.close()
        raise


@contextlib.contextmanager
def kept_connection() -> Iterator[None]:
    """What is sent within this goes over one connection to the mail server, from the first mail on."""
    connection = get_connection()
    before = _kept.set(connection)
    try:
        yield
    finally:
        _kept.reset(before)
        with contextlib.suppress(OSError):
            connection.close()
