"""How the installation is, in an admin's words."""

from collections.abc import Sequence
from typing import NamedTuple

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline.models import Heartbeat, Incident, User
from pipeline.operations.models import IncidentKind, Part
from pipeline.operations.queries import Installation
from salesprocess.lib.format import full_moment, number

# A mail that waits longer than this for its turn is late.
LATE_SECONDS = 60


class PartLine(NamedTuple):
    """`tone` is ok, warn or bad; `state` one or two words, `text` what to know or do."""

    name: str
    state: str
    tone: str
    text: str


class IncidentLine(NamedTuple):
    kind: str
    where: str
    error: str
    times: str
    slowest: str
    last: str


def part_lines(found: Installation, processes: Sequence[Heartbeat], user: User) -> list[PartLine]:
    return [
        _database(found),
        _broker(found),
        *(_sign(part, found, processes, user) for part in (Part.WORKER, Part.CLOCK)),
        _outbox(found),
        _sign(Part.BACKUP, found, processes, user),
    ]


def incident_lines(incidents: Sequence[Incident], user: User) -> list[IncidentLine]:
    return [
        IncidentLine(
            kind=str(IncidentKind(one.kind).label),
            where=one.where,
            error=one.error,
            times=number(one.count),
            slowest=_("%(n)s s") % {"n": number(round(one.worst_seconds, 1))}
            if one.worst_seconds
            else "",
            last=full_moment(one.last_at, user.zone),
        )
        for one in incidents
    ]


def _database(found: Installation) -> PartLine:
    connected = ngettext("%(n)s connection", "%(n)s connections", found.connections)
    size = filesizeformat(found.database_bytes)
    text = f"{size} · {connected % {'n': number(found.connections)}}"
    if found.migrations:
        missing = _("Run manage.py migrate: %(names)s.") % {"names": ", ".join(found.migrations)}
        return PartLine(_("Database"), _("Behind"), "bad", missing)
    return PartLine(_("Database"), _("Works"), "ok", text)


def _broker(found: Installation) -> PartLine:
    if not found.broker:
        text = _("Pages work without it; mails and imports are later, and none is lost.")
        return PartLine(_("Broker"), _("Away"), "bad", text)
    waiting = ngettext("%(n)s task waits", "%(n)s tasks wait", found.queue or 0)
    return PartLine(_("Broker"), _("Works"), "ok", waiting % {"n": number(found.queue or 0)})


def _sign(part: Part, found: Installation, processes: Sequence[Heartbeat], user: User) -> PartLine:
    label, silent = str(part.label), found.is_silent(part)
    last = found.last_seen.get(part)
    if last is None:
        return PartLine(label, _("Never seen"), "warn", _NEVER[part]())
    names = ", ".join(one.name for one in processes if one.part == part)
    text = f"{full_moment(last, user.zone)} · {names}"
    if part == Part.BACKUP:
        return PartLine(label, _("Due") if silent else _("Made"), "warn" if silent else "ok", text)
    return PartLine(label, _("Silent") if silent else _("Alive"), "bad" if silent else "ok", text)


def _no_worker() -> str:
    return _("Mails and imports wait until a worker runs.")


def _no_clock() -> str:
    return _("What failed is not tried again by itself until the clock runs.")


def _no_backup() -> str:
    return _("Run manage.py backup every day, and keep what it makes elsewhere.")


_NEVER = {Part.WORKER: _no_worker, Part.CLOCK: _no_clock, Part.BACKUP: _no_backup}


def _outbox(found: Installation) -> PartLine:
    waiting = ngettext("%(n)s waits", "%(n)s wait", found.outbox_waiting)
    text = waiting % {"n": number(found.outbox_waiting)}
    if found.outbox_dead:
        given_up = ngettext("%(n)s given up", "%(n)s given up", found.outbox_dead)
        text += " · " + given_up % {"n": number(found.outbox_dead)}
        return PartLine(_("Mails and notices"), _("Look"), "bad", text)
    late = found.outbox_lag > LATE_SECONDS
    return PartLine(
        _("Mails and notices"), _("Late") if late else _("On time"), "warn" if late else "ok", text
    )


def version_words(found: Installation) -> list[str]:
    return [f"{name} {version}" for name, version in found.versions.items()]
