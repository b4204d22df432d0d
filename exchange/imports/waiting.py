"""Rows of other files that stayed out because what they name was not there yet, and came in since."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from exchange.imports.staging import select
from exchange.models import ImportJob, ImportState
from pipeline.models import User

# Where a row names another record, by id or by name.
_NAMING = (
    *("deal", "company", "company_key", "contact", "contact_key"),
    *("about", "people", "product", "parent"),
)
_MOST = 5
_ROWS = """
    SELECT count(DISTINCT f.line) FROM crm_importfault AS f
    WHERE f.job_id = %(job)s AND NOT f.comes_in AND f."column" = ANY(%(columns)s) AND (
        f.value IN (SELECT l.external_id FROM crm_importedrow AS l WHERE l.batch_id = %(batch)s)
        OR seven_fold(f.value) IN (
            SELECT seven_fold(t.name) FROM crm_deal AS t WHERE t.batch_id = %(batch)s
            UNION ALL SELECT seven_fold(t.name) FROM crm_company AS t WHERE t.batch_id = %(batch)s
            UNION ALL SELECT seven_fold(t.name) FROM crm_contact AS t WHERE t.batch_id = %(batch)s
            UNION ALL SELECT seven_fold(t.name) FROM crm_product AS t WHERE t.batch_id = %(batch)s
        )
    )
"""


@dataclass(frozen=True, kw_only=True)
class WaitingFile:
    """A file, and how many of its rows that stayed out name what came in with another."""

    id: int
    name: str
    kind: str
    rows: int


def waiting_files(job: ImportJob, *, by: User) -> list[WaitingFile]:
    """The latest files of the same system and person whose rows could come in now that `job` has. One
    query, and one for each."""
    if job.state != ImportState.DONE or job.batch_id is None or job.is_by_command:
        return []
    others = ImportJob.objects.visible_to(by).filter(
        owner=job.owner_id,
        state__in=(ImportState.CHECKED, ImportState.DONE),
        answers__system=job.answers["system"],
        counts__refused__gt=0,
    )
    further = ImportJob.objects.further(OuterRef("file"), OuterRef("pk"))
    others = others.exclude(file="").exclude(Exists(further))
    found = [
        WaitingFile(
            id=other.pk, name=other.name, kind=other.get_kind_display(), rows=_rows(other, job)
        )
        for other in others.exclude(pk=job.pk).order_by("-pk")[:_MOST]
    ]
    return [each for each in found if each.rows]


def _rows(other: ImportJob, job: ImportJob) -> int:
    named = other.answers.get("columns", {})
    columns = [column for field in _NAMING for column in named.get(field, ())[:1]]
    ((rows,),) = select(_ROWS, {"job": other.pk, "columns": columns, "batch": job.batch_id})
    return int(rows)
