"""The beginning of an organisation: what admins say of it, and what they have done for it that
leaves no record elsewhere."""

import datetime as dt

from pipeline.models import FirstRun, Team, User
from pipeline.people.models.first_run import FirstRunQuerySet


def begin(team: Team) -> FirstRun:
    """Make it the start page of admins; part of founding an organisation."""
    return FirstRun.objects.create(team=team)


def put_away(*, by: User, at: dt.datetime) -> None:
    """Let it be the start page no longer; nothing happens where it is put away already."""
    _row(by).filter(put_away_at=None).update(put_away_at=at, put_away_by=by)


def take_out(*, by: User) -> None:
    """Make it the start page of admins again."""
    _row(by).update(put_away_at=None, put_away_by=None)


def put_off(key: str, *, by: User) -> None:
    """Say that something is to be done later; saying it again changes nothing."""
    run, _made = FirstRun.objects.get_or_create(team=by.organisation)
    if key not in run.put_off:
        _row(by).update(put_off=[*run.put_off, key])


def see_process(*, by: User, at: dt.datetime) -> None:
    """Remember that an admin has looked at the process; the first time counts."""
    if by.scope.everything:  # nobody else's look costs a query
        FirstRun.objects.filter(process_seen_at=None).update(process_seen_at=at)


def mark_stages_recalled(*, by: User, at: dt.datetime) -> None:
    """Remember that an admin found the stages in the last deals; the first time counts."""
    if by.scope.everything:
        FirstRun.objects.filter(recalled_at=None).update(recalled_at=at)


def begin_import(*, at: dt.datetime) -> None:
    """Remember that somebody has brought a file to be imported; the first one counts."""
    FirstRun.objects.filter(import_begun_at=None).update(import_begun_at=at)


def _row(by: User) -> FirstRunQuerySet:
    """The one that there is; an organisation from before there was any gets it now."""
    FirstRun.objects.get_or_create(team=by.organisation)
    found: FirstRunQuerySet = FirstRun.objects.editable_by(by).filter(team=by.organisation)
    return found
