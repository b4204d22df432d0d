"""The rows of the lists, as text before a template loops over them."""

import datetime as dt
from typing import Any, NamedTuple

from crm.attention import is_past
from crm.models import ActivityResult, Relationship
from crm.models.due import Due, DueState
from crm.presenters.cards import (
    days_in_stage,
    how_it_ended,
    may_change,
    path_of,
    what_next,
)
from crm.presenters.viewer import Viewer, labels
from crm.queries.board import BoardRow
from crm.shipped import shipped_name
from crm.target_fit import Fit
from pipeline.models import User
from pipeline.people.models.people import initials_of
from pipeline.process.stages import Outcome
from salesprocess.lib.format import money, number
from salesprocess.lib.translation import gettext as _


class DealListRow(NamedTuple):
    id: int
    version: int
    may_change: bool  # its verbs are the viewer's to use: it is open, and in reach
    name: str
    company: str
    stage: int
    stage_name: str
    value: str
    next_class: str
    next: str
    days: str
    is_late: bool
    closes: str
    is_past: bool
    owner: str
    initials: str
    source: str
    changed: str
    is_sample: bool


def deal_line(viewer: Viewer, row: BoardRow, *, changed: str = "") -> DealListRow:
    is_open = row.outcome == Outcome.OPEN
    if is_open:
        next_class, next_words = what_next(viewer, row)
        days, is_late = days_in_stage(viewer, row)
    else:
        next_class, next_words = how_it_ended(viewer, row)
        days, is_late = shipped_name(row.cause), False
    closes = row.expected_close_on
    return DealListRow(
        id=row.id,
        version=row.version,
        may_change=is_open and may_change(viewer, row),
        name=row.name,
        company=row.company or "",
        stage=row.stage,
        stage_name=viewer.stage_names[row.stage],
        value=money(row.amount, row.currency),
        next_class=next_class,
        next=next_words,
        days=days,
        is_late=is_late,
        closes=viewer.date(closes),
        is_past=is_open and is_past(closes, today=viewer.today),
        owner=row.owner or "",
        initials=initials_of(row.owner) if row.owner else "",
        source=shipped_name(row.source),
        changed=changed,
        is_sample=viewer.is_sample(row.batch_id),
    )


class ActivityLine(NamedTuple):
    id: int
    verb: str  # the one that the viewer may: complete, correct, or none
    verb_href: str
    icon: str
    title: str
    body: str
    href: str
    about: str
    company: str
    stage: int
    stage_name: str
    when_class: str
    when: str
    result: str
    owner: str
    initials: str
    is_sample: bool


def activity_line(viewer: Viewer, values: tuple[Any, ...]) -> ActivityLine:
    (pk, kind, subject, body, deal, deal_name, company, company_name) = values[:8]
    (contact, contact_name, owner, due_on, due_at, done_at, cancelled_at, result) = values[8:16]
    stage, outcome, holder, team, batch, owner_id = values[16:]
    label = viewer.kinds[kind]
    if deal:
        href, about = f"/deals/{deal}/", deal_name
    elif contact:
        href, about = f"/contacts/{contact}/", contact_name
    else:
        href, about = f"/companies/{company}/", company_name
    with_whom = [name for name in (company_name, contact_name) if name and name != about]
    when_class, when = _when(viewer, due_on, due_at, done_at, cancelled_at)
    verb = ""
    if _may_edit(viewer.user, holder, team):
        verb = _verb(done_at, cancelled_at, owner_id == viewer.user.pk)
    path = path_of(pk, deal) if done_at is None else f"/activities/{pk}/"
    return ActivityLine(
        id=pk,
        verb=verb,
        verb_href=f"{path}{verb}/",
        icon=kind,
        title=f"{label}: {subject}" if subject else label,
        body=body,
        href=href,
        about=about,
        company=" · ".join(with_whom),
        stage=stage or 0,
        stage_name=viewer.stage_names[stage] if stage else _no_stage(outcome),
        when_class=when_class,
        when=when,
        result=str(ActivityResult(result).label) if result else "",
        owner=owner,
        initials=initials_of(owner),
        is_sample=viewer.is_sample(batch),
    )


def _may_edit(user: User, holder: int | None, team: int | None) -> bool:
    """Whether something planned is in the reach of a person: as `Activity.editable_by`."""
    scope = user.scope
    if scope.everything or holder in scope.owner_ids:
        return True
    return holder is None and team in scope.managed_team_ids


def _verb(done_at: dt.datetime | None, cancelled_at: dt.datetime | None, is_own: bool) -> str:
    """What is to be done can be done; what was done its author corrects."""
    if done_at is not None:
        return "correct" if is_own else ""
    return "complete" if cancelled_at is None else ""


def _no_stage(outcome: str) -> str:
    """Why work counts for no stage."""
    return _("Hand-off") if outcome == Outcome.WON else _("After the stop")


def _when(
    viewer: Viewer,
    due_on: dt.date | None,
    due_at: dt.datetime | None,
    done_at: dt.datetime | None,
    cancelled_at: dt.datetime | None,
) -> tuple[str, str]:
    if done_at is not None:
        return "", viewer.day_and_time(done_at)
    due = Due(on=due_on, at=due_at)
    day = viewer.due_day(due)
    if cancelled_at is not None:
        return "t3", _("Cancelled · %(day)s") % {"day": day}
    state = due.state(at=viewer.at, zone=viewer.zone)
    if state == DueState.OVER:
        return "nx over", _("Overdue · %(day)s") % {"day": day}
    return ("acc", viewer.today_at(due)) if state == DueState.TODAY else ("", day)


class CompanyLine(NamedTuple):
    id: int
    name: str
    industry: str
    fit: str
    fits: bool
    relationship: str
    is_customer: bool
    country: str
    employees: str
    deals: int
    owner: str
    initials: str
    is_sample: bool


def company_line(viewer: Viewer, values: tuple[Any, ...]) -> CompanyLine:
    pk, name, industry, relationship, country, employees, deals, owner, batch = values[:-1]
    fit = viewer.target.fit_of(industry=industry, country=country, employees=employees)
    return CompanyLine(
        id=pk,
        name=name,
        industry=industry,
        fit=labels(Fit, viewer.language)[fit] if fit and fit != Fit.UNKNOWN else "",
        fits=fit == Fit.FITS,
        relationship=str(Relationship(relationship).label),
        is_customer=relationship == Relationship.CUSTOMER,
        country=country,
        employees="" if employees is None else number(employees),
        deals=deals or 0,
        owner=owner or "",
        initials=initials_of(owner) if owner else "",
        is_sample=viewer.is_sample(batch),
    )


class ContactLine(NamedTuple):
    id: int
    name: str
    job_title: str
    company_id: int | None
    company: str
    email: str
    phone: str
    phone_href: str
    deals: int
    owner: str
    initials: str
    is_sample: bool


def contact_line(viewer: Viewer, values: tuple[Any, ...]) -> ContactLine:
    pk, name, job_title, company_id, company, email, phone, deals, owner, batch = values[:-1]
    return ContactLine(
        id=pk,
        name=name,
        job_title=job_title,
        company_id=company_id,
        company=company or "",
        email=email or "",
        phone=phone or "",
        phone_href="".join((phone or "").split()),
        deals=deals or 0,
        owner=owner or "",
        initials=initials_of(owner) if owner else "",
        is_sample=viewer.is_sample(batch),
    )
