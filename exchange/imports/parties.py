"""Imports products, companies and contacts."""

from functools import partial

from django.utils.translation import gettext as _

from crm.models import Company, Contact, ContactPoint, Product, Relationship
from exchange.imports import bulk, updates
from exchange.imports.judging import NEXT, NOT_IN, THE_ONE, UNDECIDED, Judge
from exchange.imports.kinds import COMPANIES, PEOPLE, RecordKind
from exchange.imports.ledger import TABLES, record_of
from exchange.imports.mapping import LEAVE
from exchange.imports.updatable import COMPANY_TYPED, FIELDS
from pipeline.models import User

_MATCH_PRODUCT = """
    UPDATE {s} AS s SET state = 'matched', record_id = found.id
    FROM (
        SELECT lower(name) AS key, min(id) AS id, count(*) AS many FROM crm_product
        WHERE batch_id IS DISTINCT FROM %(batch)s GROUP BY 1
    ) AS found
    WHERE s.state IS NULL AND lower(s.name) = found.key AND found.many = 1
"""
_NAMED_SO = f"""
    (SELECT {THE_ONE.format(row="c", typed="s.name")} FROM crm_company AS c
     WHERE seven_fold(c.name) = seven_fold(s.name) AND c.batch_id IS DISTINCT FROM %(batch)s)
"""  # noqa: S608  # constants of these modules
_MATCH_COMPANY = """
    UPDATE {s} AS s SET state = 'matched', record_id = found.id
    FROM (SELECT s.no, {named_so} AS id FROM {s} AS s WHERE s.state IS NULL) AS found
    WHERE s.no = found.no AND found.id IS NOT NULL
"""
# Other rows of the same file are looked at as well, so that the order of its rows does not matter.
_PARENT_IN_FILE = """
    UPDATE {s} AS s SET parent_id = p.record_id FROM {s} AS p
    WHERE s.state = 'new' AND s.parent_id IS NULL AND p.state IN ('new', 'known', 'matched', 'differs')
      AND lower(s.parent) = {key} AND NOT p.no = s.no
"""
# Rows that come to themselves again from parent to parent; as above, an id goes before a name.
_RINGS = """
    FROM (
        WITH RECURSIVE child AS (
            SELECT no, lower(parent) AS parent FROM {s} WHERE state IS NULL AND parent_id IS NULL
        ),
        link AS (
            SELECT c.no, p.no AS above FROM child AS c JOIN {s} AS p
              ON lower(p.external_id) = c.parent AND p.state IS NULL
            UNION
            SELECT c.no, p.no FROM child AS c JOIN {s} AS p
              ON lower(p.name) = c.parent AND p.state IS NULL
            WHERE NOT EXISTS (SELECT FROM {s} AS q WHERE lower(q.external_id) = c.parent)
        ),
        walk AS (
            SELECT no, above FROM link
            UNION
            SELECT walk.no, link.above FROM walk JOIN link ON link.no = walk.above
        )
        SELECT no FROM walk WHERE above = no
    ) AS ring
"""
OWNER_BY_ADDRESS = """
    UPDATE {s} AS s SET owner_id = u.id FROM pipeline_user AS u
    WHERE {open} AND u.email = lower(s.owner)
"""
_OWN = "UPDATE {s} SET owner_id = %(owner)s WHERE state IS NULL AND owner_id IS NULL"
# A text that is no number is kept, too, but says nothing about who it is.
KNOWN_BY = {"email": "true", "phone": "key LIKE '+%%'"}
# Whose address or number stands in a row, called as it says if it says so.
CONTACT_BY_POINT = """
    UPDATE {s} AS s SET contact_id = found.id
    FROM (
        SELECT r.no, min(c.id) AS id
        FROM {s} AS r
        CROSS JOIN LATERAL unnest(r.{field}_key) AS key
        JOIN crm_contactpoint AS p ON p.value = key AND p.kind = '{field}' AND {known_by}
        JOIN crm_contact AS c ON c.id = p.contact_id
         AND (r.contact IS NULL OR seven_fold(c.name) = seven_fold(r.contact))
        WHERE r.state IS NULL AND r.contact_id IS NULL
        GROUP BY r.no
    ) AS found
    WHERE s.no = found.no
"""
# Who has the same address and name is the same person; a switchboard's number needs the name too.
_MATCH_PERSON = """
    UPDATE {s} AS s SET state = 'matched', record_id = found.id
    FROM (
        SELECT r.no, min(c.id) AS id
        FROM {s} AS r
        CROSS JOIN LATERAL unnest(r.{field}_key) AS key
        JOIN crm_contactpoint AS p ON p.value = key AND p.kind = '{field}' AND {known_by}
        JOIN crm_contact AS c ON c.id = p.contact_id AND seven_fold(c.name) = seven_fold(r.name)
         AND c.batch_id IS DISTINCT FROM %(batch)s
        WHERE r.state IS NULL
        GROUP BY r.no
    ) AS found
    WHERE s.no = found.no
"""
_MATCH_COLLEAGUE = """
    UPDATE {s} AS s SET state = 'matched', record_id = found.id
    FROM (
        SELECT r.no, (
            SELECT min(c.id) FROM crm_contact AS c
            WHERE c.company_id = r.company_id AND seven_fold(c.name) = seven_fold(r.name)
              AND c.batch_id IS DISTINCT FROM %(batch)s
            GROUP BY c.company_id
        ) AS id
        FROM {s} AS r
        WHERE r.state IS NULL AND r.email IS NULL AND (r.phone_key[1] LIKE '+%%') IS NOT TRUE
    ) AS found
    WHERE s.no = found.no AND found.id IS NOT NULL
"""

_NAMED_BEFORE = """
    UPDATE {s} AS s SET company_typed = company, company = NULL
    WHERE state IS NULL AND company IS NOT NULL AND before_said ->> 'company_typed' = {typed}
"""
_NAME_NONE = """
    UPDATE {s} SET company_typed = company, company = NULL
    WHERE state IS NULL AND company_id IS NULL AND company IS NOT NULL AND {condition}
"""
_NUMBER_COMPANIES = """
    WITH made AS MATERIALIZED (
        SELECT key, {next} AS id
        FROM (
            SELECT DISTINCT {key} AS key FROM {s} AS s
            WHERE state IS NULL AND company_id IS NULL AND company IS NOT NULL
        ) AS once
    )
    UPDATE {s} AS s SET company_id = made.id, company_made = true FROM made
    WHERE s.state IS NULL AND s.company_id IS NULL AND {key} = made.key
"""
# Two of one name that have other numbers there are two.
_COMPANY_BY = "seven_fold(s.company) || coalesce('|' || lower(s.company_key), '')"
# What a number there stands for is known from now on: the file that has it is joined by it.
_ENTER_KEYS = """
    INSERT INTO crm_importedrow
        (owner_id, system, kind, external_id, digest, record_id, created, batch_id, said)
    SELECT DISTINCT ON (s.{key}) %(ledger)s, %(system)s, '{kind}', s.{key}, '', s.{into},
        coalesce(s.{made}, false), %(batch)s, '{{}}'::jsonb
    FROM {s} AS s
    WHERE s.state IS NULL AND s.{key} IS NOT NULL AND s.{into} IS NOT NULL AND {record} IS NULL
    ORDER BY s.{key}, s.no
    ON CONFLICT (system, kind, external_id, owner_id) DO NOTHING
"""
_MADE_COMPANIES = """
    (
        SELECT DISTINCT ON (company_id) * FROM {s}
        WHERE state IS NULL AND company_made ORDER BY company_id, no
    ) AS s
"""
_POINTS = """
    (
        SELECT DISTINCT ON (1, 2) {contact}, point.value, point.typed
        FROM {s} AS s CROSS JOIN LATERAL unnest(s.{field}_key, s.{field}) AS point (value, typed)
        WHERE {condition} ORDER BY 1, 2, 3
    ) AS found (contact_id, value, typed)
"""


def import_products(judge: Judge) -> None:
    judge.identify()
    refuse_currencies(judge)
    judge.execute(_MATCH_PRODUCT)
    judge.number(Product)
    bulk.insert_select(
        Product,
        {
            "id": "s.record_id",
            "name": "s.name",
            "series": "coalesce(s.series, '')",
            "price": "s.price",
            "currency": "coalesce(s.currency, %(currency)s)",
            "retired": "s.active IS FALSE",
            "batch_id": "%(batch)s",
        },
        f"{judge.table} AS s WHERE s.state = 'new'",
        judge.arguments,
    )
    updates.apply(judge, resolve=_say_other_names)


def _say_other_names(judge: Judge) -> None:
    """Of products that came in before: a name is what offers call them by, and changed by people."""
    named = "(SELECT t.name FROM crm_product AS t WHERE t.id = s.before_id)"
    judge.remark(
        f"{UNDECIDED} AND lower(s.name) <> lower({named})",
        _("The product has another name in the file now. Rename it on its list."),
        field="name",
        value="s.name",
    )


def import_companies(judge: Judge) -> None:
    judge.identify()
    judge.refuse(
        f"{_NAMED_SO} = -1",
        _("Several companies on record have the name “{value}”."),
        field="name",
    )
    judge.execute(_MATCH_COMPANY, named_so=_NAMED_SO)
    resolve_owner(judge)
    assign_importer(judge)
    judge.refuse(
        "lower(s.parent) IN (s.external_id, lower(s.name))",
        _("“{value}” is named as its own parent."),
        field="parent",
    )
    _refuse_orphans(judge)
    judge.number(Company)
    if "parent" in judge.mapped.columns:
        judge.execute(_PARENT_IN_FILE, key="lower(p.external_id)")
        judge.execute(_PARENT_IN_FILE, key="lower(p.name)")
    bulk.insert_select(
        Company,
        {
            "id": "s.record_id",
            "name": "s.name",
            "industry": "coalesce(s.industry, '')",
            "employees": "s.employees",
            "country": "coalesce(s.country, '')",
            "website": "coalesce(s.website, '')",
            "relationship": f"coalesce(s.relationship, '{Relationship.NEVER_BOUGHT}')",
            "parent_id": "s.parent_id",
            "owner_id": "s.owner_id",
            **provenance(),
        },
        f"{judge.table} AS s WHERE s.state = 'new'",
        judge.arguments,
    )
    updates.apply(judge, resolve=resolve_other_owner)


def _refuse_orphans(judge: Judge) -> None:
    """A parent is on record, or another row that comes in and stands above for good; a refused one
    takes its children along."""
    if "parent" not in judge.mapped.columns:
        return
    judge.resolve("parent", "parent_id", of=COMPANIES, model=Company, missing=None)
    judge.refuse(
        "ring.no = s.no",
        _("“{value}” is named as the parent, and belongs to this company itself by other rows."),
        field="parent",
        source=_RINGS,
    )
    orphan = (
        "s.parent IS NOT NULL AND s.parent_id IS NULL AND NOT EXISTS ("
        " SELECT FROM {s} AS p WHERE coalesce(p.state, '') NOT IN ('refused', 'unread')"
        " AND lower(s.parent) IN (lower(p.external_id), lower(p.name)))"
    )
    reason = _("The parent company “{value}” is neither on record nor comes in with these files.")
    while judge.refuse(orphan, reason, field="parent"):
        pass


def import_contacts(judge: Judge) -> None:
    judge.identify()
    resolve_company(judge)
    resolve_owner(judge)
    assign_importer(judge)
    for field, known_by in KNOWN_BY.items():
        judge.execute(_MATCH_PERSON, field=field, known_by=known_by)
    judge.execute(_MATCH_COLLEAGUE)
    if "company" in judge.mapped.make:
        make_companies(judge)
    judge.number(Contact)
    bulk.insert_select(
        Contact,
        {
            "id": "s.record_id",
            "name": "s.name",
            "job_title": "coalesce(s.job_title, '')",
            "company_id": "s.company_id",
            "owner_id": "s.owner_id",
            **provenance(),
        },
        f"{judge.table} AS s WHERE s.state = 'new'",
        judge.arguments,
    )
    write_points(judge, "s.record_id", "s.state = 'new'")
    updates.apply(judge, resolve=_resolve_or_make_company)


def _resolve_or_make_company(judge: Judge) -> None:
    """Of contacts that came in before: find the company of a row that names another one now.

    One that is not on record is made only where it is known that the row named another before: it may
    be the same, under another name or merged.
    """
    resolve_other_owner(judge)
    if "company" not in judge.mapped.columns:
        return
    judge.execute(_NAMED_BEFORE, typed=COMPANY_TYPED)
    resolve_company(judge)
    if "company" in judge.mapped.make:
        # What a check makes is gone again, and shows what there is to be left.
        is_left = judge.mapped.update.get("company") == LEAVE and not judge.run.is_trial
        judge.execute(
            _NAME_NONE, condition="true" if is_left else "NOT before_said ? 'company_typed'"
        )
        make_companies(judge)


def refuse_currencies(judge: Judge) -> None:
    """A sum in a currency without a rate could not be counted."""
    judge.refuse(
        "NOT coalesce(s.currency, %(currency)s) = ANY(%(currencies)s)",
        _("There is no rate for the currency “{value}”."),
        field="currency" if "currency" in judge.mapped.columns else judge.kind.sum_field,
        value="coalesce(s.currency, %(currency)s)",
        among=NOT_IN,
    )


def write_points(judge: Judge, contact_id: str, condition: str) -> None:
    """Create the addresses and numbers of new contacts, each once."""
    for field in ("email", "phone"):
        if field not in judge.mapped.columns:
            continue
        bulk.insert_select(
            ContactPoint,
            {
                "contact_id": "found.contact_id",
                "kind": f"'{field}'",
                "value": "found.value",
                "typed": "found.typed",
            },
            _POINTS.format(s=judge.table, contact=contact_id, field=field, condition=condition),
            {},
        )


def resolve_company(judge: Judge) -> None:
    """Find the companies that rows name; refuse unknown ones, unless they are to be created."""
    missing = _("The company “{value}” is neither on record nor comes in with these files.")
    find = partial(judge.resolve, into="company_id", of=COMPANIES, model=Company)
    find("company_key", missing=None, by_name=False)
    find("company", missing=None if "company" in judge.mapped.make else missing)
    refuse_unknown_key(judge, "company", _("The company “{value}” is not on record."))


def refuse_unknown_key(judge: Judge, name: str, missing: str) -> None:
    """A number of theirs that stands for nothing here says no name: nobody is made of it."""
    if f"{name}_key" not in judge.mapped.columns:
        return
    judge.refuse(
        f"s.{name}_key IS NOT NULL AND s.{name}_id IS NULL AND s.{name} IS NULL",
        f"{missing} {later()}",
        field=f"{name}_key",
    )


def later() -> str:
    """What to do about a row that names what is not there yet."""
    return _(
        "Bring in the file that has it first, under the same name of the system, then this one again."
    )


def make_companies(judge: Judge) -> None:
    """Create the unknown companies that undecided rows name, each once."""
    judge.execute(_NUMBER_COMPANIES, next=NEXT.format(table="crm_company"), key=_COMPANY_BY)
    bulk.insert_select(
        Company,
        {"id": "s.company_id", "name": "s.company", "owner_id": "s.owner_id", **provenance()},
        _MADE_COMPANIES.format(s=judge.table),
        judge.arguments,
    )
    enter_key(judge, COMPANIES, "company")


def enter_key(judge: Judge, kind: RecordKind, name: str) -> None:
    """Note for which company or person a number of theirs stands that no file has brought in."""
    if f"{name}_key" not in judge.mapped.columns:
        return
    judge.execute(
        _ENTER_KEYS,
        kind=kind.name,
        key=f"{name}_key",
        into=f"{name}_id",
        made=f"{name}_made",
        record=record_of(kind, f"s.{name}_key"),
    )


def assign_importer(judge: Judge) -> None:
    """Rows without an owner become those of the person who imports on a page."""
    if judge.run.reach is not None:
        judge.execute(_OWN)


def resolve_owner(judge: Judge) -> None:
    if "owner" in judge.mapped.columns:
        judge.execute(OWNER_BY_ADDRESS, open=NOT_IN)
    judge.resolve(
        "owner",
        "owner_id",
        of=PEOPLE,
        model=User,
        missing=_("“{value}” is not on record as one of our people."),
    )
    if judge.run.reach is not None:
        judge.refuse(
            "NOT s.owner_id = ANY(%(assignable)s::bigint[])",
            _("You cannot give records to “{value}”, who is out of your reach."),
            field="owner",
            among=NOT_IN,
        )


def resolve_other_owner(judge: Judge) -> None:
    """Of rows that came in before: to whom the file gives the record now. Who is nobody here, or may not
    have it, is told of, and the owner stays."""
    if "owner" not in judge.mapped.columns:
        return
    judge.execute(OWNER_BY_ADDRESS, open=UNDECIDED)
    judge.resolve("owner", "owner_id", of=PEOPLE, model=User, missing=None)
    judge.remark(
        f"{UNDECIDED} AND s.owner IS NOT NULL AND s.owner_id IS NULL",
        _("This person is not on record as one of ours: the owner stays."),
        field="owner",
        value="s.owner",
    )
    (owner,) = (each for each in FIELDS[judge.kind.name] if each.name == "owner")
    held = f"(SELECT t.owner_id FROM {TABLES[judge.kind.name]} AS t WHERE t.id = s.before_id)"  # noqa: S608  # constants
    judge.remark(
        f"{UNDECIDED} AND NOT {owner.allowed} AND {owner.mark} IS DISTINCT FROM s.before_said ->> 'owner'"
        f" AND s.owner_id IS NOT NULL AND s.owner_id IS DISTINCT FROM {held}",
        _("You cannot hand it over to this person: the owner stays."),
        field="owner",
        value="s.owner",
    )


def provenance() -> dict[str, str]:
    """When and with which batch a record was imported. `changed_at` is the batch's instant, so that
    the undo knows which records were not changed since."""
    return {
        "created_at": "%(now)s",
        "changed_at": "%(now)s",
        "changed_by_id": "%(by)s",
        "batch_id": "%(batch)s",
    }
