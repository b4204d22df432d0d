"""Which deal, company and person a row belongs to, in files that do not make them."""

from functools import partial

from django.utils.translation import gettext as _

from crm.models import Company, Contact, Deal
from exchange.imports.judging import Judge
from exchange.imports.kinds import COMPANIES, CONTACTS, DEALS
from exchange.imports.parties import CONTACT_BY_POINT, KNOWN_BY, later
from exchange.imports.staging import inform_planner, select

# Deals are many and have no index of names: they are read once for all names of a file. Of several
# with one name, that of the row's company; only those that who imports may change.
_DEAL_BY_NAME = """
    UPDATE {s} AS s SET deal_id = found.id {resolved}
    FROM (
        WITH wanted AS MATERIALIZED (
            SELECT DISTINCT seven_fold({column}) AS key, company_id FROM {s}
            WHERE state IS NULL AND deal_id IS NULL AND {column} IS NOT NULL
        )
        SELECT wanted.key, wanted.company_id,
            CASE WHEN count(*) > 1 THEN -1 ELSE min(d.id) END AS id
        FROM wanted JOIN crm_deal AS d ON seven_fold(d.name) = wanted.key
         AND (wanted.company_id IS NULL OR d.company_id = wanted.company_id)
        WHERE {within_reach}
        GROUP BY 1, 2
    ) AS found
    WHERE s.state IS NULL AND s.deal_id IS NULL AND seven_fold(s.{column}) = found.key
      AND s.company_id IS NOT DISTINCT FROM found.company_id
"""
# As DealQuerySet.editable_by has it.
_WITHIN_REACH = """
    (%(everything)s OR coalesce(d.owner_id = ANY(%(seen)s::bigint[]), false)
     OR d.owner_id IS NULL AND d.team_id = ANY(%(led)s::bigint[]))
"""
_BEYOND_REACH = f"NOT (SELECT {_WITHIN_REACH} FROM crm_deal AS d WHERE d.id = s.deal_id)"  # noqa: S608  # constants
_SOME = "SELECT FROM {s} WHERE state IS NULL AND deal_id IS NULL AND {column} IS NOT NULL LIMIT 1"
# Of several people with one name, the one of the row's company.
_COLLEAGUE = """
    UPDATE {s} AS s SET contact_id = found.id
    FROM (
        SELECT r.no, (
            SELECT min(c.id) FROM crm_contact AS c
            WHERE c.company_id = r.company_id AND seven_fold(c.name) = seven_fold(r.contact)
            GROUP BY c.company_id HAVING count(*) = 1
        ) AS id
        FROM {s} AS r
        WHERE r.state IS NULL AND r.contact_id IS NULL AND r.company_id IS NOT NULL
          AND r.contact IS NOT NULL
    ) AS found
    WHERE s.no = found.no AND found.id IS NOT NULL
"""


def resolve_company(judge: Judge) -> None:
    missing = _("The company “{value}” is not on record.")
    judge.resolve(
        "company", "company_id", of=COMPANIES, model=Company, missing=f"{missing} {later()}"
    )


def resolve_contact(judge: Judge) -> None:
    """By id, by address, by the name that one has in the company, or that only one has."""
    find = partial(judge.resolve, "contact", "contact_id", of=CONTACTS, model=Contact, missing=None)
    find(by_name=False)
    if "email" in judge.mapped.columns:
        judge.execute(CONTACT_BY_POINT, field="email", known_by=KNOWN_BY["email"])
    if "contact" in judge.mapped.columns:
        judge.execute(_COLLEAGUE)
    find()
    missing = _("The person “{value}” is not on record.")
    judge.refuse(
        "coalesce(s.contact, s.email[1]) IS NOT NULL AND s.contact_id IS NULL",
        f"{missing} {later()}",
        field="contact" if "contact" in judge.mapped.columns else "email",
        value="coalesce(s.contact, s.email[1])",
    )


def resolve_deal(judge: Judge) -> None:
    """By id, or by a name that only one has of those that who imports may change."""
    judge.resolve("deal", "deal_id", of=DEALS, model=Deal, missing=None, by_name=False)
    deal_by_name(judge, "deal")
    missing = _("The deal “{value}” is not on record.")
    judge.refuse("s.deal IS NOT NULL AND s.deal_id IS NULL", f"{missing} {later()}", field="deal")


def deal_by_name(judge: Judge, column: str, *, resolved: str = "") -> None:
    """`resolved` is what else is set in the rows whose deal was found."""
    if column not in judge.mapped.columns or not select(_SOME, s=judge.table, column=column):
        return
    inform_planner()
    judge.execute(_DEAL_BY_NAME, column=column, within_reach=_WITHIN_REACH, resolved=resolved)
    judge.refuse("s.deal_id = -1", _("Several deals have the name “{value}”."), field=column)


def refuse_beyond_reach(judge: Judge) -> None:
    """A deal that somebody has brought in may be another's by now, who calls it as he or she likes: only
    what the row calls it is told."""
    judge.refuse(
        _BEYOND_REACH,
        _("The deal “{value}” is out of your reach."),
        value="s.deal",
    )
