"""Imports people and their teams: the organisation, below it offices, below them the managers'
teams."""

from django.utils.translation import gettext as _

from exchange.imports import bulk
from exchange.imports.judging import Judge
from exchange.imports.staging import TEAMS, select
from pipeline.models import Role, Team, User
from salesprocess.lib.names import with_name

# An address is one person's, so it decides before the name does.
_MATCH = """
    UPDATE {s} AS s SET state = 'matched', record_id = u.id FROM pipeline_user AS u
    WHERE s.state IS NULL AND u.email = lower(s.email_key[1])
"""
_MATCH_BY_NAME = """
    UPDATE {s} AS s SET state = 'matched', record_id = u.id FROM pipeline_user AS u
    WHERE s.state IS NULL AND s.email IS NULL AND lower(u.name) = lower(s.name)
"""
_NO_MANAGER = "lower(u.name) = lower(s.manager) AND u.role = 'salesperson'"
_SAME_NAME = """
    FROM (SELECT lower(name) AS key FROM pipeline_user GROUP BY 1 HAVING count(*) > 1) AS several
"""
_SET_TEAM = """
    UPDATE {s} AS s SET team_id = t.team_id FROM import_teams AS t
    WHERE s.state = 'new' AND coalesce(lower(s.office), '') = t.office
      AND coalesce(lower(s.manager), '') = t.manager
"""
_LED = """
    (SELECT min(t.team_id) FROM import_teams t WHERE t.manager = lower(s.name))
"""


def import_people(judge: Judge) -> None:
    """Judge and write the staged people. They get no password, and an e-mail address only if the
    file has it; whoever is named as a manager leads a team."""
    judge.identify()
    judge.refuse(
        "several.key = lower(s.name) AND s.email IS NULL",
        _("Several people have the name “{value}”."),
        field="name",
        source=_SAME_NAME,
    )
    judge.refuse(
        _NO_MANAGER,
        _("“{value}” is on record as a salesperson. Make this person a manager first."),
        field="manager",
        source="FROM pipeline_user AS u",
    )
    judge.execute(_MATCH)
    judge.execute(_MATCH_BY_NAME)
    judge.number(User)
    _make_teams(judge)
    judge.execute(_SET_TEAM)
    bulk.insert_select(
        User,
        {
            "id": "s.record_id",
            "name": "s.name",
            "email": "lower(s.email_key[1])",
            "password": "'!'",  # as Django marks one that nobody can type
            "role": f"CASE WHEN {_LED} IS NULL THEN 'salesperson' ELSE 'manager' END",
            "team_id": f"coalesce(s.team_id, {_LED}, %(root)s)",
            "hired_on": "s.hired_on",
            "is_active": "coalesce(s.active, true)",
            "batch_id": "%(batch)s",
        },
        f"{judge.table} AS s WHERE s.state = 'new'",
        judge.arguments,
    )


def _make_teams(judge: Judge) -> None:
    """Create the teams that new people need, one for each office and manager, identified by name
    below their parent."""
    pairs = select(
        "SELECT coalesce(lower(office), ''), coalesce(lower(manager), ''), min(office), min(manager)"
        " FROM {s} WHERE state = 'new' AND coalesce(office, manager) IS NOT NULL"
        " GROUP BY 1, 2 ORDER BY 1, 2",
        s=judge.table,
    )
    leaders = _Leaders(judge)
    rows = []
    for office_key, manager_key, office, manager in pairs:
        team = judge.run.root
        if office:
            team = _team(judge, office, parent=team)
        if manager:
            name = _("Team %(manager)s") % {"manager": manager}
            team = _team(judge, name, parent=team, manager_id=leaders.id_of(manager_key))
        rows.append((office_key, manager_key, team.pk))
        leaders.leads(manager_key, manager, team)
    bulk.copy(TEAMS, ("office", "manager", "team_id"), rows)
    bulk.write(User, leaders.made)


class _Leaders:
    """Who leads the teams: people of the file, people on record, and people made for it."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._ids: dict[str, int] = {}
        self._made_ids: set[int] = set()
        self.made: list[User] = []

    def id_of(self, key: str) -> int:
        if key not in self._ids:
            found = select(
                "SELECT min(id) FROM ("
                " SELECT record_id FROM {s} WHERE state IN ('new', 'known', 'matched')"
                "  AND lower(name) = %(key)s"
                " UNION SELECT id FROM pipeline_user WHERE lower(name) = %(key)s) AS found (id)",
                {"key": key},
                s=self._judge.table,
            )[0][0]
            self._ids[key] = found or bulk.next_ids(User, 1)[0]
            if found is None:
                self._made_ids.add(self._ids[key])
        return self._ids[key]

    def leads(self, key: str, name: str, team: Team) -> None:
        """A manager who is nowhere else on record belongs to the first team that he or she leads."""
        pk = self._ids.get(key)
        if pk in self._made_ids:
            self._made_ids.discard(pk)
            self.made.append(
                User(
                    pk=pk,
                    name=name,
                    role=Role.MANAGER,
                    team=team,
                    password="!",  # noqa: S106  # none that anybody can type
                    batch=self._judge.run.batch,
                )
            )


def _team(judge: Judge, name: str, *, parent: Team, manager_id: int | None = None) -> Team:
    name = name[:120]
    found = with_name(Team.objects.filter(parent=parent), name).first()
    if found is None:
        found = Team(name=name, parent=parent, manager_id=manager_id, batch=judge.run.batch)
        bulk.write(Team, [found])
    return found
