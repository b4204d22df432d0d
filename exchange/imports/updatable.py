"""The fields of records on file that a later file of the same system can change.

Not among them is an agreement between people here: owners, teams, whose deal it is, and which company
belongs to which. Where a deal stands is its history (exchange.imports.moved).
"""

from dataclasses import dataclass

from exchange.imports.kinds import COMPANIES, CONTACTS, DEALS
from exchange.imports.mapping import KindMapping

# Of the text of a value: enough to tell two apart, and nobody reads a value out of it.
_DIGEST = "left(encode(sha256(convert_to({value}, 'UTF8')), 'hex'), 16)"


@dataclass(frozen=True, kw_only=True)
class UpdatableField:
    """SQL for one field: `theirs` and `ours` are texts of the staged row `s` and of the record `t`, equal
    where nothing differs, and null where there is nothing; `now` and `was` are the same as an event
    keeps them. `sets` writes the staged value, `back` that of the change `c`. `changeable` is the
    condition on `t` on which anybody may change the field.
    """

    name: str
    theirs: str
    ours: str
    now: str
    was: str
    sets: str
    back: str
    changeable: str = "true"

    @property
    def mark(self) -> str:
        return digest(self.theirs)

    @property
    def present(self) -> str:
        return digest(self.ours)


def digest(value: str) -> str:
    return _DIGEST.format(value=value)


def _text(name: str) -> UpdatableField:
    ours = f"nullif(t.{name}, '')"
    return UpdatableField(
        name=name,
        theirs=f"s.{name}",
        ours=ours,
        now=f"to_jsonb(s.{name})",
        was=f"to_jsonb({ours})",
        sets=f"{name} = s.{name}",
        back=f"{name} = coalesce(c.was #>> '{{}}', '')",
    )


def _plain(name: str, type_of: str) -> UpdatableField:
    """A number, or a day."""
    return UpdatableField(
        name=name,
        theirs=f"s.{name}::text",
        ours=f"t.{name}::text",
        now=f"to_jsonb(s.{name})",
        was=f"to_jsonb(t.{name})",
        sets=f"{name} = s.{name}",
        back=f"{name} = (c.was #>> '{{}}')::{type_of}",
    )


def _reference(name: str, table: str) -> UpdatableField:
    def told(of: str) -> str:
        return (
            f"(SELECT jsonb_build_object('kind', '{name}', 'id', r.id, 'name', r.name)"  # noqa: S608  # constants
            f" FROM {table} AS r WHERE r.id = {of}.{name}_id)"
        )

    return UpdatableField(
        name=name,
        theirs=f"s.{name}_id::text",
        ours=f"t.{name}_id::text",
        now=told("s"),
        was=told("t"),
        sets=f"{name}_id = s.{name}_id",
        back=f"{name}_id = (c.was ->> 'id')::bigint",
    )


def _sum(amount: str, currency: str) -> str:
    return f"jsonb_build_object('amount', {amount}::text, 'currency', {currency})"


_CURRENCY = "coalesce(s.currency, %(currency)s)"
_AMOUNT = UpdatableField(
    name="amount",
    theirs=f"s.amount::text || ' ' || {_CURRENCY}",
    ours="t.amount::text || ' ' || t.currency",
    now=f"CASE WHEN s.amount IS NOT NULL THEN {_sum('s.amount', _CURRENCY)} END",
    was=f"CASE WHEN t.amount IS NOT NULL THEN {_sum('t.amount', 't.currency')} END",
    sets=f"amount = s.amount, currency = {_CURRENCY}",
    back="amount = (c.was ->> 'amount')::numeric, currency = coalesce(c.was ->> 'currency', t.currency)",
    # What a closed deal is worth is what its last visit says that it was closed for.
    changeable="t.outcome = 'open'",
)
# What is said of it goes before what its wins made of it.
_RELATIONSHIP = UpdatableField(
    name="relationship",
    theirs="s.relationship",
    ours="t.relationship",
    now="jsonb_build_object('relationship', s.relationship)",
    was=(
        "jsonb_build_object('relationship', t.relationship, 'before_win', t.relationship_before_win)"
    ),
    sets="relationship = s.relationship, relationship_before_win = NULL",
    back="relationship = c.was ->> 'relationship', relationship_before_win = c.was ->> 'before_win'",
)
# By the name of the kind, in the order in which they are told.
FIELDS: dict[str, tuple[UpdatableField, ...]] = {
    COMPANIES.name: (
        _text("name"),
        _text("industry"),
        _plain("employees", "integer"),
        _text("country"),
        _text("website"),
        _RELATIONSHIP,
    ),
    CONTACTS.name: (_text("name"), _text("job_title"), _reference("company", "crm_company")),
    DEALS.name: (
        _text("name"),
        _AMOUNT,
        _plain("expected_close_on", "date"),
        _reference("source", "crm_source"),
        _text("source_detail"),
        _reference("method", "crm_method"),
    ),
}
# Where a file says that a deal stands.
STAGE = digest("s.deal_stage::text || ' ' || s.outcome")
# What a file calls a contact's company: which one that is, may be another by now.
COMPANY_TYPED = digest("seven_fold(coalesce(s.company, s.company_typed))")
# Addresses and numbers of a contact are only ever added.
POINTS = ("email", "phone")


def updatable_in(mapped: KindMapping) -> list[UpdatableField]:
    """Those that a file has."""
    return [each for each in FIELDS.get(mapped.kind.name, ()) if each.name in mapped.columns]


def names_in(mapped: KindMapping) -> list[str]:
    """Their names, and those of what is only added."""
    named = [each.name for each in updatable_in(mapped)]
    if mapped.kind is CONTACTS:
        named += [each for each in POINTS if each in mapped.columns]
    return named


def said_of(mapped: KindMapping) -> str:
    """The expression for what the ledger keeps of a staged row, by field."""
    pairs = [f"'{each.name}', {each.mark}" for each in updatable_in(mapped)]
    if mapped.kind is DEALS and "stage" in mapped.columns:
        pairs.append(f"'stage', {STAGE}")
    if mapped.kind is CONTACTS and "company" in mapped.columns:
        pairs.append(f"'company_typed', {COMPANY_TYPED}")
    return f"jsonb_strip_nulls(jsonb_build_object({', '.join(pairs)}))"
