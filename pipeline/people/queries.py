"""What the people pages show: the tree of teams with who is in them, and where it has gaps."""

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pipeline.models import (
    Invitation,
    Language,
    PeopleChange,
    Role,
    SellingStyle,
    Team,
    Theme,
    User,
)
from pipeline.people import events
from pipeline.people.devices import device_in_words
from pipeline.people.models.people import SecondFactorFor, WorkingDays, initials_of
from salesprocess.lib.events import Event, RecordRef, ValueChanged, in_words


@dataclass(frozen=True, kw_only=True)
class Member:
    """A person as a row of the tree. `state` is said only where it is not the normal one."""

    id: int
    name: str
    initials: str
    role: str
    style: str
    state: str
    tone: str
    is_active: bool
    sells: bool
    is_manager: bool
    has_joined: bool
    in_reach: bool


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A team with its members and the teams below it."""

    id: int
    name: str
    manager: Member | None
    editable: bool
    members: list[Member] = field(default_factory=list)
    below: list["Branch"] = field(default_factory=list)

    @property
    def is_led(self) -> bool:
        return self.manager is not None and self.manager.is_active


@dataclass(frozen=True, kw_only=True)
class TeamGap:
    """Something that is missing in the tree, in words, and where to mend it."""

    text: str
    team_id: int | None = None
    person_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class PeopleTree:
    root: Branch
    outside: list[Member]  # people without a team
    gaps: list[TeamGap]


def tree(user: User, *, at: dt.datetime) -> PeopleTree:
    """Everybody, team by team; three queries, however many there are.

    Gaps are told to those who can mend them, so only about teams that `user` may change.
    """
    members = _members(user, at=at)
    placed: dict[int | None, list[Member]] = {}
    for team_id, member in members.values():
        placed.setdefault(team_id, []).append(member)
    reach = user.scope
    branches: dict[int, Branch] = {}
    parents: dict[int, int | None] = {}
    for team in Team.objects.visible_to(user).order_by(Lower("name")):
        manager = members.get(team.manager_id) if team.manager_id else None
        branches[team.pk] = Branch(
            id=team.pk,
            name=team.name,
            manager=manager[1] if manager else None,
            editable=reach.everything or team.pk in reach.managed_team_ids,
            members=placed.get(team.pk, []),
        )
        parents[team.pk] = team.parent_id
    for pk, branch in branches.items():
        if (above := parents[pk]) is not None:
            branches[above].below.append(branch)
    root = next(branches[pk] for pk, above in parents.items() if above is None)
    outside = placed.get(None, [])
    gaps = [*_team_gaps(root, above=None), *_people_gaps(user, root, members)]
    return PeopleTree(root=root, outside=outside, gaps=gaps)


def _members(user: User, *, at: dt.datetime) -> dict[int, tuple[int | None, Member]]:
    invited = dict(Invitation.objects.open().values_list("person_id", "expires_at"))
    roles, styles = dict(Role.choices), dict(SellingStyle.choices)
    reach = user.scope
    people = User.objects.visible_to(user).order_by("-is_active", Lower("name"), "pk")
    found: dict[int, tuple[int | None, Member]] = {}
    for person in people:
        state, tone = _state(person, invited.get(person.pk), at=at)
        found[person.pk] = (
            person.team_id,
            Member(
                id=person.pk,
                name=person.name,
                initials=initials_of(person.name),
                role=str(roles[person.role]),
                style=str(styles[person.style]) if person.role == Role.SALESPERSON else "",
                state=state,
                tone=tone,
                is_active=person.is_active,
                sells=person.role == Role.SALESPERSON,
                is_manager=person.role == Role.MANAGER,
                has_joined=person.has_joined,
                in_reach=reach.everything or person.pk in reach.owner_ids,
            ),
        )
    return found


def state(person: User, *, at: dt.datetime) -> tuple[str, str]:
    """How it stands with a person's access, in words, and the tone to say it in."""
    expires_at = (
        Invitation.objects.filter(person=person).open().values_list("expires_at", flat=True).first()
    )
    return _state(person, expires_at, at=at)


def _state(person: User, expires_at: dt.datetime | None, *, at: dt.datetime) -> tuple[str, str]:
    if not person.is_active:
        return _("Deactivated"), ""
    if person.has_joined:
        return "", ""
    if expires_at is None:
        return _("Not invited"), "ghost"
    return (_("Invited"), "acc") if expires_at > at else (_("Invitation expired"), "warn")


def _team_gaps(branch: Branch, *, above: Member | None) -> Iterator[TeamGap]:
    leader = branch.manager if branch.is_led else above
    active = [member for member in branch.members if member.is_active]
    selling = [member for member in active if member.sells]
    if branch.editable:
        is_root = branch.manager is None and above is None and not selling
        if not branch.is_led and not is_root:
            yield TeamGap(text=_unled(branch, len(selling), above), team_id=branch.id)
        if active and not any(member.has_joined for member in active):
            text = _("Nobody of %(team)s can sign in yet.") % {"team": branch.name}
            yield TeamGap(text=text, team_id=branch.id)
    for below in branch.below:
        yield from _team_gaps(below, above=leader)


def _unled(branch: Branch, selling: int, above: Member | None) -> str:
    names = {"team": branch.name, "n": selling, "above": above.name if above else ""}
    if branch.manager:
        names["left"] = branch.manager.name
        start = _("%(team)s is led by %(left)s, who is deactivated") % names
    else:
        start = _("%(team)s has no manager") % names
    if not selling:
        return f"{start}."
    if above:
        rest = ngettext(
            "%(n)s salesperson there answers to %(above)s",
            "%(n)s salespeople there answer to %(above)s",
            selling,
        )
    else:
        rest = ngettext(
            "nobody but admins sees the work of %(n)s salesperson there",
            "nobody but admins sees the work of %(n)s salespeople there",
            selling,
        )
    return f"{start}: {rest % names}."


def _people_gaps(
    user: User, root: Branch, members: dict[int, tuple[int | None, Member]]
) -> Iterator[TeamGap]:
    leaders = {branch.manager.id for branch in _walk(root) if branch.manager}
    for team_id, member in members.values():
        idle = member.is_manager and member.is_active and member.id not in leaders
        may = user.scope.everything or team_id in user.scope.managed_team_ids
        if idle and may and member.id != user.pk:
            text = _("%(name)s is a manager and leads no team.") % {"name": member.name}
            yield TeamGap(text=text, person_id=member.id)


def _walk(branch: Branch) -> Iterator[Branch]:
    yield branch
    for below in branch.below:
        yield from _walk(below)


def team_choices(user: User) -> list[tuple[int, str]]:
    """The teams that `user` may change, as a tree for a pick list."""
    teams = list(Team.objects.visible_to(user).order_by(Lower("name")))
    mine = set(Team.objects.editable_by(user).values_list("pk", flat=True))
    below: dict[int | None, list[Team]] = {}
    for team in teams:
        below.setdefault(team.parent_id, []).append(team)

    def walk(parent: int | None, depth: int) -> Iterator[tuple[int, str]]:
        for team in below.get(parent, ()):
            shown = team.pk in mine
            if shown:
                yield team.pk, "\N{EM SPACE}" * depth + team.name
            yield from walk(team.pk, depth + shown)

    return list(walk(None, 0))


def leader_choices(user: User) -> list[tuple[int, str]]:
    """The managers whom `user` may let lead a team: those decided about, and oneself."""
    people = User.objects.manageable_by(user) | User.objects.filter(pk=user.pk)
    found = people.active().exclude(role=Role.SALESPERSON).order_by(Lower("name"))
    return [(person.pk, person.name) for person in found]


def time_zones() -> list[str]:
    """Those that carry a place in their name; the rest are aliases and fixed offsets."""
    places = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/")
    names = zoneinfo.available_timezones()
    return sorted(name for name in names if name.startswith((*places, "Pacific/")))


@dataclass(frozen=True, kw_only=True)
class PersonHistoryRow:
    """A line of a person's history: when, by whom, what, from what to what."""

    at: dt.datetime
    by: str
    what: str
    old: str
    new: str


def history(changes: Iterable[PeopleChange], *, zone: zoneinfo.ZoneInfo) -> list[PersonHistoryRow]:
    lines = []
    for change in changes:
        what, old, new = _told(change.event)
        at, by = change.at.astimezone(zone), change.by.name if change.by else ""
        lines.append(PersonHistoryRow(at=at, by=by, what=what, old=old, new=new))
    return lines


def _told(event: Event) -> tuple[str, str, str]:
    """What, from what and to what, for people to read."""
    match event:
        case events.AccessChanged(new=lets_in):
            return _("Reactivated") if lets_in else _("Deactivated"), "", ""
        case events.Added() | events.SignedOutEverywhere() | events.SecondFactorsRemoved():
            return str(event.label), "", ""
        case events.SessionEnded(agent=agent):
            return str(event.label), "", device_in_words(agent)
        case events.SignInChanged(what=what):
            return str(event.label), "", str(SIGN_IN_CHANGES[what])
        case events.Invited(email=email) | events.Joined(email=email):
            return str(event.label), "", email
        case ValueChanged():
            choices = _CHOICES.get(type(event), {})
            old, new = _value(event.old, choices), _value(event.new, choices)
            return str(event.label), old, new
    return in_words(event)


_CHOICES: dict[type[Event], Mapping[str, Any]] = {
    events.RoleChanged: dict(Role.choices),
    events.StyleChanged: dict(SellingStyle.choices),
    events.ThemeChanged: dict(Theme.choices),
    events.LanguageChanged: dict(Language.choices),
    events.SecondFactorForChanged: dict(SecondFactorFor.choices),
    events.WorkingDaysChanged: dict(WorkingDays.choices),
}


SIGN_IN_CHANGES: Mapping[str, Any] = {
    events.SignInChange.PASSWORD: gettext_lazy("Your password was changed."),
    events.SignInChange.APP_ADDED: gettext_lazy(
        "An app that makes codes was added as a second factor."
    ),
    events.SignInChange.APP_REMOVED: gettext_lazy("The app that makes codes was removed."),
    events.SignInChange.PASSKEY_ADDED: gettext_lazy("A passkey was added."),
    events.SignInChange.PASSKEY_REMOVED: gettext_lazy("A passkey was removed."),
    events.SignInChange.CODES_MADE: gettext_lazy(
        "New recovery codes were made; those of before no longer work."
    ),
    events.SignInChange.SIGN_ON_ADDED: gettext_lazy("An account of single sign-on was connected."),
}


def _value(value: Any, choices: Mapping[str, Any]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value.name if isinstance(value, RecordRef) else str(choices.get(value, value))


def changes_of(subject: User | Team) -> models.QuerySet[PeopleChange]:
    found: models.QuerySet[PeopleChange] = (
        PeopleChange.objects.filter(person=subject)
        if isinstance(subject, User)
        else PeopleChange.objects.filter(team=subject)
    )
    return found


def latest_change(subject: User | Team) -> int:
    """The state that a page shows, as a number: the id of the latest change, or 0."""
    return changes_of(subject).aggregate(latest=models.Max("pk"))["latest"] or 0


def team_to_change(user: User, pk: int) -> Team | None:
    """The team with its manager and the team above, if `user` may change it."""
    teams = Team.objects.editable_by(user).select_related("parent", "manager")
    return teams.filter(pk=pk).first()


def teams_to_change(user: User, *, most: int) -> list[tuple[int, str]]:
    teams = Team.objects.editable_by(user).order_by("parent_id", "name")
    return list(teams.values_list("pk", "name")[:most])


def may_add(user: User) -> bool:
    """Whether there is a team to which `user` may add people and teams."""
    return Team.objects.editable_by(user).exists()


def led_by(person: User) -> list[Team]:
    return list(Team.objects.filter(manager=person))


def person(user: User, pk: int) -> User:
    """Raises User.DoesNotExist."""
    found: User = User.objects.visible_to(user).select_related("team__manager").get(pk=pk)
    return found


def manageable(user: User, pk: int) -> User:
    """Somebody whose place, role and access `user` may change. Raises User.DoesNotExist."""
    found: User = User.objects.manageable_by(user).get(pk=pk)
    return found


def may_manage(user: User, pk: int) -> bool:
    found: bool = User.objects.manageable_by(user).filter(pk=pk).exists()
    return found


def history_of(person: User, *, by: User) -> list[PersonHistoryRow]:
    """The latest changes of a person that `by` may see."""
    changes = PeopleChange.objects.visible_to(by).filter(person=person).select_related("by")
    return history(changes.order_by("-at", "-pk")[:20], zone=by.zone)


def fresh_person(user: User) -> User:
    """As the database has the person now."""
    found: User = User.objects.get(pk=user.pk)
    return found


def invitation_kept(token_hash: str) -> Invitation | None:
    return Invitation.objects.filter(token_hash=token_hash).select_related("person").first()


def is_invitation(token: str) -> bool:
    return Invitation.objects.with_token(token).exists()


def seen_by(user: User, *, most: int) -> list[tuple[int, str]]:
    """Active people whose records `user` may see, by name."""
    people = User.objects.whose_records_are_visible_to(user).active()
    return list(people.order_by("name").values_list("pk", "name")[:most])


def active_in_reach(user: User, pk: int) -> User:
    """One of `seen_by`. Raises User.DoesNotExist."""
    found: User = User.objects.whose_records_are_visible_to(user).active().get(pk=pk)
    return found
