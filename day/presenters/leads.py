"""The lead inbox for people to read: who, from where, and how long the lead has waited."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from crm.attention import ANSWER_WITHIN
from crm.models import Activity, Company, Dealing, LeadAssignment, Relationship
from crm.presenters.viewer import Viewer, labels
from crm.shipped import shipped_name
from crm.target_fit import Fit
from day.queries.leads import LeadRow
from salesprocess.lib.format import number
from salesprocess.lib.translation import gettext as _
from salesprocess.lib.working_hours import WorkingHours

# The same aim as on My Day, here of working hours.
AIM_HOURS = ANSWER_WITHIN // dt.timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """How long a lead has waited: `tone` is over, today or done; `words` say it with its measure."""

    tone: str
    icon: str
    words: str
    long_words: str


def clock(
    viewer: Viewer,
    hours: WorkingHours,
    *,
    came_at: dt.datetime,
    touched_at: dt.datetime | None,
    parked_until: dt.date | None = None,
) -> Clock:
    """The working time since a lead came in, against the aim, in the organisation's hours."""
    if parked_until is not None and parked_until > viewer.today:
        words = _("returns %(day)s") % {"day": viewer.date(parked_until)}
        return Clock(tone="", icon="moon", words=words, long_words=words)
    if touched_at is not None and touched_at >= came_at:
        words = _("answered")
        return Clock(tone="done", icon="check", words=words, long_words=words)
    zone = viewer.user.organisation.zone
    waited = hours.minutes_between(came_at.astimezone(zone), viewer.at.astimezone(zone))
    left = AIM_HOURS * 60 - waited
    if left >= 0:
        words = _("%(time)s left") % {"time": duration(left)}
        return Clock(
            tone="today",
            icon="clock",
            words=words,
            long_words=_("%(time)s left of the %(aim)s h aim")
            % {"time": duration(left), "aim": AIM_HOURS},
        )
    late = duration(-left)
    return Clock(
        tone="over",
        icon="alert-circle",
        words=_("%(time)s late") % {"time": late},
        long_words=_("%(time)s past the %(aim)s h aim") % {"time": late, "aim": AIM_HOURS},
    )


def duration(minutes: int) -> str:
    """Working time as people say it: minutes below an hour, whole hours from ten on."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(n)s min") % {"n": rest}
    if hours >= 10 or not rest:
        return _("%(n)s h") % {"n": number(hours)}
    return _("%(hours)s h %(minutes)s") % {"hours": hours, "minutes": f"{rest:02}"}


@dataclass(frozen=True, kw_only=True)
class LeadLine:
    """A line of the inbox. `chip` is what to know before it is opened, with its tone and icon."""

    id: int
    who: str
    company: str
    whence: str
    clock: Clock
    chip: str
    chip_tone: str
    chip_icon: str
    is_pool: bool
    is_sample: bool


def lead_line(viewer: Viewer, row: LeadRow, hours: WorkingHours) -> LeadLine:
    company = row.company or ""
    who = row.person or row.name
    detail = row.source_detail or (row.name if row.name not in (who, company) else "")
    chip, tone, icon = _chip(viewer, row)
    return LeadLine(
        id=row.id,
        who=who,
        company=company if company != who else "",
        whence=" · ".join(filter(None, [shipped_name(row.source), detail])),
        clock=clock(
            viewer,
            hours,
            came_at=row.created_at,
            touched_at=row.touched_at,
            parked_until=row.parked_until,
        ),
        chip=chip,
        chip_tone=tone,
        chip_icon=icon,
        is_pool=row.owner_id is None,
        is_sample=viewer.is_sample(row.batch_id),
    )


def _chip(viewer: Viewer, row: LeadRow) -> tuple[str, str, str]:
    if row.has_other:
        return _("same as?"), "warn", "copy"
    if row.relationship == Relationship.CUSTOMER:
        return _("customer"), "acc", "building"
    fit = viewer.target.fit_of(
        industry=row.industry or "", country=row.country or "", employees=row.employees
    )
    if fit == Fit.FITS:
        return _("fits"), "ok", "check"
    if fit == Fit.NOT:
        return _("does not fit"), "", "x"
    return "", "", ""


def fit_words(viewer: Viewer, company: Company | None) -> str:
    """Whether it is one of those whom the organisation wants; nothing where nobody has said whom."""
    if company is None:
        return ""
    fit = viewer.target.fit_of(
        industry=company.industry, country=company.country, employees=company.employees
    )
    return str(fit.label) if fit else ""


@dataclass(frozen=True, kw_only=True)
class Said:
    text: str
    by: str


def said_lines(viewer: Viewer, rows: Iterable[Activity]) -> list[Said]:
    return [
        Said(
            text=row.body,
            by=f"{row.owner.name}, {viewer.day_and_time(row.done_at)}",
        )
        for row in rows
        if row.done_at is not None
    ]


@dataclass(frozen=True, kw_only=True)
class AssignmentLine:
    """Who got which lead, and why."""

    when: str
    deal_id: int
    deal: str
    to: str
    why: str


def assignment_lines(viewer: Viewer, rows: Iterable[LeadAssignment]) -> list[AssignmentLine]:
    return [
        AssignmentLine(
            when=viewer.day_and_time(row.at),
            deal_id=row.deal_id,
            deal=row.deal.name,
            to=row.to.name if row.to else "",
            why=_why(viewer, row),
        )
        for row in rows
    ]


def _why(viewer: Viewer, row: LeadAssignment) -> str:
    if row.to_id is None:
        return _("%(rule)s: nobody had room, it stayed in the pool") % {"rule": row.rule_name}
    how = labels(Dealing, viewer.language)[row.dealing]
    said = {"rule": row.rule_name, "how": how, "n": row.waiting}
    return _("%(rule)s: %(how)s; had %(n)s to sort") % said
