"""What a report's page needs to know before it asks for any figure, by one query: what there is to
choose from, the names of it, and whether anything is undated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from crm.models import Method, Product, Source, StopCause
from crm.shipped import shipped_name
from pipeline.models import Team, User, Version
from reports.question import Question

# Names of lists and teams are common knowledge; people to choose are those whose records one may see.
_SQL = """
    SELECT 'person', id, name, team_id FROM pipeline_user WHERE %(everything)s OR id = ANY(%(owners)s)
    UNION ALL SELECT 'team', id, name, parent_id FROM pipeline_team
    UNION ALL SELECT 'source', id, name, NULL FROM crm_source
    UNION ALL SELECT 'method', id, name, NULL FROM crm_method
    UNION ALL SELECT 'cause', id, name, NULL FROM crm_stopcause
    UNION ALL SELECT 'version', version.id, team.name || ' ' || version.number, NULL
    FROM pipeline_version version
    JOIN pipeline_layer layer ON layer.id = version.layer_id
    JOIN pipeline_team team ON team.id = layer.team_id
    UNION ALL (SELECT 'product', id, name, NULL FROM crm_product ORDER BY id LIMIT %(most)s)
    UNION ALL SELECT 'undated', count(*), '', NULL FROM (
        SELECT 1 FROM crm_stagevisit
        WHERE entered_at IS NULL OR left_how IS NOT NULL AND left_at IS NULL LIMIT 1
    ) AS found
"""
# More products than a list can hold are found by their name, not chosen here.
MOST_PRODUCTS = 500
MODELS: Mapping[str, Any] = {
    "person": User,
    "team": Team,
    "source": Source,
    "method": Method,
    "cause": StopCause,
    "product": Product,
    "version": Version,
}


@dataclass(frozen=True, kw_only=True)
class Askable:
    """Names by kind and id; the team of each person and the parent of each team; whether there are
    visits that no period can place."""

    names: Mapping[str, Mapping[int, str]]
    above: Mapping[tuple[str, int], int | None] = field(default_factory=dict)
    has_undated: bool = False

    def choices(self, kind: str, ids: Sequence[int] | None = None) -> list[tuple[int, str]]:
        """Id and name, from A to Z."""
        found = [(pk, name) for pk, name in self.names[kind].items() if ids is None or pk in ids]
        return sorted(found, key=lambda one: (one[1].casefold(), one[0]))

    def tell(self, question: Question) -> Question:
        """Let the question know it, so that nothing of it is asked again."""
        for kind, names in self.names.items():
            question.once_for_all(("names", MODELS[kind]), lambda names=names: dict(names))  # type: ignore[misc]
        question.once_for_all("undated", lambda: self.has_undated)
        return question


def askable(reader: User) -> Askable:
    """One query."""
    scope = reader.scope
    params: dict[str, Any] = {
        "everything": scope.everything,
        "owners": sorted(scope.owner_ids),
        "most": MOST_PRODUCTS,
    }
    names: dict[str, dict[int, str]] = {kind: {} for kind in MODELS}
    above: dict[tuple[str, int], int | None] = {}
    has_undated = False
    with connection.cursor() as cursor:
        cursor.execute(_SQL, params)
        for kind, pk, name, parent in cursor.fetchall():
            if kind == "undated":
                has_undated = bool(pk)
                continue
            told = name if kind in ("person", "team", "product", "version") else shipped_name(name)
            names[kind][pk] = told
            above[kind, pk] = parent
    return Askable(names=names, above=above, has_undated=has_undated)
