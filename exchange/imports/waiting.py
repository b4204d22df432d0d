"""Rows of other files that stayed out because what they name was not there yet, and came in since."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef

from exchange.imports.staging import select
from exchange.models import ImportJob, ImportState
from pipeline.models import User

# Where a row names another record, by id or by name.
_NAMING = (
    *("deal", "company", "company_key", "contact", "contact_key"),
    *("about", "people", "product", "parent"),
)
_LOOKED_AT = (ImportState.CHECKED, ImportState.DONE)
_MOST = 5
# Of all names at once, by one reading of each table: deals are many, and have no index of names. A name
# that something had before says that this is not what the row waited for.
_ROWS = """
    WITH waits AS MATERIALIZED (
        SELECT f.job_id, f.line, f.value, seven_fold(f.value) AS name
        FROM unnest(%(jobs)s::bigint[], %(columns)s::text[]) AS w (job_id, heading)
        JOIN crm_importfault AS f ON f.job_id = w.job_id AND f."column" = w.heading
        WHERE NOT f.comes_in
    ),
    came AS MATERIALIZED (
        SELECT w.name FROM (SELECT DISTINCT name FROM waits) AS w JOIN (
            SELECT 1 AS of, seven_fold(t.name) AS name, t.batch_id FROM crm_deal AS t
            UNION ALL SELECT 2, seven_fold(t.name), t.batch_id FROM crm_company AS t
            UNION ALL SELECT 3, seven_fold(t.name), t.batch_id FROM crm_contact AS t
            UNION ALL SELECT 4, seven_fold(t.name), t.batch_id FROM crm_product AS t
        ) AS t ON t.name = w.name
        GROUP BY t.of, w.name HAVING bool_and(coalesce(t.batch_id = %(batch)s, false))
    )
    SELECT job_id, count(DISTINCT line) FROM waits
    WHERE value IN (SELECT l.external_id FROM crm_importedrow AS l WHERE l.batch_id = %(batch)s)
       OR name IN (SELECT name FROM came)
    GROUP BY 1 ORDER BY 1 DESC
"""


@dataclass(frozen=True, kw_only=True)
class WaitingFile:
    """A file, and how many of its rows that stayed out name what came in with another."""

    id: int
    name: str
    kind: str
    rows: int


def find_waiting(job: ImportJob) -> list[list[Any]]:
    """As the job's counts keep them: the latest files of the same system and person whose rows could come
    in now that `job` has, with how many, and when each was last looked at."""
    if job.is_by_command:
        return []
    others = ImportJob.objects.filter(
        owner=job.owner_id,
        state__in=_LOOKED_AT,
        answers__system=job.answers["system"],
        counts__refused__gt=0,
    )
    changed, waits = {}, []
    for other in others.exclude(pk=job.pk).exclude(file=""):
        named = other.answers.get("columns", {})
        columns = {column for field in _NAMING for column in named.get(field, ())[:1]}
        changed[other.pk] = other.changed_at.isoformat()
        waits += [(other.pk, column) for column in columns]
    if not waits:
        return []
    jobs, headings = zip(*waits, strict=True)
    about = {"jobs": list(jobs), "columns": list(headings), "batch": job.batch_id}
    return [[pk, rows, changed[pk]] for pk, rows in select(_ROWS, about)[:_MOST]]


def waiting_files(job: ImportJob, *, by: User) -> list[WaitingFile]:
    """Those that `find_waiting` found at the end of the load, and that nobody has looked at again. One
    query, where there are any."""
    found = job.counts.get("waiting", ()) if job.state == ImportState.DONE else ()
    if not found:
        return []
    kept = {pk: (rows, dt.datetime.fromisoformat(changed)) for pk, rows, changed in found}
    further = ImportJob.objects.further(OuterRef("file"), OuterRef("pk"))
    others = ImportJob.objects.visible_to(by).filter(pk__in=kept, state__in=_LOOKED_AT)
    others = others.exclude(file="").exclude(Exists(further)).order_by("-pk")
    return [
        WaitingFile(id=other.pk, name=other.name, kind=other.get_kind_display(), rows=rows)
        for other in others
        for rows, changed in [kept[other.pk]]
        if other.changed_at == changed
    ]
