"""Companies, and people of the other side, that are on record twice as it seems: found for a person who may
put them together."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from crm.models import PartyKind
from pipeline.models import User

# As many as one looks through in one sitting.
MOST_PAIRS = 50
_MINE = "(%(everything)s OR t.owner_id IS NULL OR t.owner_id = ANY(%(owners)s::bigint[]))"
# Each name by the keys that leave out legal form, signs and spelling; a key that many have is no help.
_SAME_NAMES = """
    SELECT unnest(e.keys) AS key, t.id
    FROM crm_searchentry AS e JOIN {table} AS t ON t.id = e.record_id
    WHERE e.kind = '{kind}' AND {mine}
"""
_SAME_POINTS = """
    SELECT p.value AS key, t.id
    FROM crm_contactpoint AS p JOIN crm_contact AS t ON t.id = p.contact_id
    WHERE t.erased_at IS NULL AND (p.kind = 'email' OR p.value LIKE '+%%') AND {mine}
"""
_PAIRS = """
    WITH same AS ({same}),
    alike AS (
        SELECT min(id) AS first, max(id) AS second, count(DISTINCT id) AS many, '{why}' AS why
        FROM same GROUP BY key HAVING count(DISTINCT id) BETWEEN 2 AND 6
    )
    SELECT DISTINCT ON (alike.first, alike.second)
        alike.first, one.name, alike.second, other.name, alike.many, alike.why
    FROM alike JOIN {table} AS one ON one.id = alike.first JOIN {table} AS other ON other.id = alike.second
    ORDER BY alike.first DESC, alike.second LIMIT {most}
"""


@dataclass(frozen=True, kw_only=True)
class SamePair:
    """`one` was there first; `more` are called or reached so besides these two. `why` is "name" or
    "point"."""

    one: int
    one_name: str
    other: int
    other_name: str
    more: int
    why: str


def same_pairs(user: User, kind: PartyKind) -> list[SamePair]:
    """The latest MOST_PAIRS pairs of which `user` may change both. One query for companies, two for
    people, who may be reached alike, too."""
    table = "crm_company" if kind == PartyKind.COMPANY else "crm_contact"
    names = {"table": table, "kind": kind.value, "mine": _MINE}
    asked = [("name", _SAME_NAMES.format(**names))]
    if kind == PartyKind.CONTACT:
        asked.append(("point", _SAME_POINTS.format(mine=_MINE)))
    found: dict[tuple[int, int], SamePair] = {}
    for why, same in asked:
        for one, one_name, other, other_name, many, _why in _run(user, table, why, same):
            pair = SamePair(
                one=one,
                one_name=one_name,
                other=other,
                other_name=other_name,
                more=many - 2,
                why=why,
            )
            found.setdefault((one, other), pair)
    return list(found.values())[:MOST_PAIRS]


def _run(user: User, table: str, why: str, same: str) -> list[Any]:
    scope = user.scope
    if not user.is_active:
        return []
    arguments: dict[str, Any] = {"everything": scope.everything, "owners": sorted(scope.owner_ids)}
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS.format(same=same, table=table, why=why, most=MOST_PAIRS), arguments)
        return list(cursor.fetchall())
