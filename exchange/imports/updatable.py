"""The fields of records on file that a later file of the same system can change.

Not among them is an agreement between people here: whose deal it is, and which company belongs to which.
Another owner is a hand-over, which only those make who may. Where a deal stands is its history
(exchange.imports.moved).
"""

from dataclasses import dataclass, replace

from crm.models.activity import TOUCHES
from exchange.imports.kinds import ACTIVITIES, COMPANIES, CONTACTS, DEALS, PRODUCTS
from exchange.imports.mapping import KindMapping
from exchange.imports.stood import STOOD

# Of the text of a value: enough to tell two apart, and nobody reads a value out of it.
_DIGEST = "left(encode(sha256(convert_to({value}, 'UTF8')), 'hex'), 16)"


@dataclass(frozen=True, kw_only=True)
class UpdatableField:
    """SQL for one field: `theirs` and `ours` are texts of the staged row `s` and of the record `t`, equal
    where nothing differs, and null where there is nothing; `now` and `was` are the same as an event
    keeps them. `sets` writes the staged value, `back` that of the change `c`. `changeable` is the
    condition on `t` on which anybody may change the field, `allowed` that on `s` on which who imports may
    write what it says there, `restorable` that on `c` on which there is something to go back to. `says`
    is the condition on `s` and `t` on which the row says anything of it, `people_s` that on `t` on
    which a value that no file wrote is people's, `untouched` that on `t` and `c` on which nobody went on
    with what the file did, `fits` that on which there can be again what was before, `entered` what the ledger keeps of the row.
    """

    name: str
    theirs: str
    ours: str
    now: str
    was: str
    sets: str
    back: str
    changeable: str = "true"
    allowed: str = "true"
    restorable: str = "true"
    says: str = "true"
    people_s: str = "false"
    untouched: str = "true"
    fits: str = "true"
    entered: str = ""

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
# Of what is kept of a deal's former owner, what no event tells.
_KEPT_OF_OWNER = "{team,kept,plans,had_left}"
# What an event keeps of a change `c`.
TOLD_BEFORE = (
    "CASE WHEN c.field <> 'owner' THEN c.was"
    f" WHEN c.was ->> 'id' IS NOT NULL THEN c.was - '{_KEPT_OF_OWNER}'::text[] END"
)
_MAY_HAVE_IT = "u.is_active AND (%(everything)s OR u.id = ANY(%(assignable)s::bigint[]))"


def _owner(
    *, more: str, sets: str = "", back: str = "", may: str = "", stays: str = ""
) -> UpdatableField:
    return UpdatableField(
        name="owner",
        theirs="s.owner_id::text",
        ours="t.owner_id::text",
        now=(
            "(SELECT jsonb_build_object('kind', 'user', 'id', u.id, 'name', u.name)"
            " FROM pipeline_user AS u WHERE u.id = s.owner_id)"
        ),
        was=(
            "(SELECT jsonb_build_object('kind', 'user', 'id', u.id, 'name', coalesce(u.name, '–'),"  # noqa: S608  # constants
            f" 'had_left', NOT u.is_active{more})"
            " FROM (SELECT) AS one LEFT JOIN pipeline_user AS u ON u.id = t.owner_id)"
        ),
        sets=f"owner_id = s.owner_id{sets}",
        back=f"owner_id = (c.was ->> 'id')::bigint{back}",
        allowed=(
            "EXISTS (SELECT FROM pipeline_user AS u WHERE u.id = s.owner_id"
            f" AND {_MAY_HAVE_IT}{may})"
        ),
        restorable=(
            "(c.was ->> 'id' IS NULL OR (c.was ->> 'had_left')::boolean OR EXISTS ("
            f" SELECT FROM pipeline_user AS u WHERE u.id = (c.was ->> 'id')::bigint AND u.is_active)){stays}"
        ),
    )


_OWNER_OF_PARTY = _owner(more="")
_TEAM_OF_OWNER = "(SELECT u.team_id FROM pipeline_user AS u WHERE u.id = s.owner_id)"
# As a hand-over by hand has it: the team is the new owner's, and so is its process.
_OWNER_OF_DEAL = _owner(
    more=(
        ", 'team', t.team_id, 'kept', t.kept_version_ids, 'plans', ("
        "SELECT jsonb_object_agg(a.id::text, a.owner_id) FROM crm_activity AS a"
        " WHERE a.deal_id = t.id AND a.done_at IS NULL AND a.cancelled_at IS NULL)"
    ),
    sets=(
        f", team_id = {_TEAM_OF_OWNER}, kept_version_ids ="
        f" CASE WHEN t.team_id = {_TEAM_OF_OWNER} THEN t.kept_version_ids END"
    ),
    back=(
        ", team_id = (c.was ->> 'team')::bigint,"
        " kept_version_ids = nullif(c.was -> 'kept', 'null'::jsonb)"
    ),
    may=" AND u.team_id IS NOT NULL",
    stays=(" AND EXISTS (SELECT FROM pipeline_team AS m WHERE m.id = (c.was ->> 'team')::bigint)"),
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
_PRICE = UpdatableField(
    name="price",
    theirs=f"s.price::text || ' ' || {_CURRENCY}",
    ours="t.price::text || ' ' || t.currency",
    now=f"CASE WHEN s.price IS NOT NULL THEN {_sum('s.price', _CURRENCY)} END",
    was=f"CASE WHEN t.price IS NOT NULL THEN {_sum('t.price', 't.currency')} END",
    sets=f"price = s.price, currency = {_CURRENCY}",
    back="price = (c.was ->> 'amount')::numeric, currency = coalesce(c.was ->> 'currency', t.currency)",
    allowed=f"{_CURRENCY} = ANY(%(currencies)s)",
)
_ACTIVE = UpdatableField(
    name="active",
    theirs="s.active::text",
    ours="(NOT t.retired)::text",
    now="jsonb_build_object('active', s.active)",
    was="jsonb_build_object('active', NOT t.retired)",
    sets="retired = NOT s.active",
    back="retired = NOT (c.was ->> 'active')::boolean",
)


def _words(name: str, staged: str) -> UpdatableField:
    ours = f"nullif(t.{name}, '')"
    return UpdatableField(
        name=name,
        theirs=f"nullif(s.{staged}, '')",
        ours=ours,
        now=f"to_jsonb(s.{staged})",
        was=f"to_jsonb({ours})",
        sets=f"{name} = s.{staged}",
        back=f"{name} = coalesce(c.was #>> '{{}}', '')",
    )


# An empty cell changes nothing: neither the subject of a note that stood for its text, nor a file
# with fewer columns, may take away what was said.
_BODY = replace(
    _words("body", "words"),
    theirs=(
        "CASE WHEN s.tells AND coalesce((s.before_said ->> 'body_typed')::jsonb <@ s.texts::jsonb, true)"
        " THEN nullif(s.words, '') END"
    ),
)
_TEXTS = f"CASE WHEN s.before_said IS NULL OR {_BODY.theirs} IS NOT NULL THEN s.texts END"
_TOUCHES = ", ".join(f"'{kind}'" for kind in TOUCHES)
_STOOD = (
    "CASE WHEN t.deal_id IS NULL THEN 1 ELSE ("  # noqa: S608  # constants
    f"SELECT coalesce({STOOD.format(at='s.done_moment')}, CASE WHEN t.kind IN ({_TOUCHES}) THEN 1 END)"
    " FROM crm_deal AS d WHERE d.id = t.deal_id) END"
)
# Whether it was done, and what came of it: a plan is done by a later file, and never planned again.
_THEIR_RESULT = (
    "CASE WHEN s.done_moment IS NOT NULL THEN coalesce(nullif(s.came_of_it, ''), 'done') END"
)
_WAS_DONE = "(c.was ->> 'done' IS NOT NULL)"
_WAS_ENDED = f"{_WAS_DONE} OR c.was ->> 'cancelled' IS NOT NULL"
_CANCELLED = digest("'cancelled'")
# Deals that are stopped or parked cancel plans without a word of who did it.
_RESULT = UpdatableField(
    name="result",
    theirs=_THEIR_RESULT,
    ours=(
        "CASE WHEN t.done_at IS NOT NULL THEN coalesce(nullif(t.result, ''), 'done')"
        " WHEN t.cancelled_at IS NOT NULL THEN 'cancelled' END"
    ),
    now="jsonb_build_object('result', s.came_of_it, 'done', s.done_moment)",
    was=(
        "jsonb_build_object('result', t.result, 'done', t.done_at, 'stage', t.stage,"
        " 'cancelled', t.cancelled_at)"
    ),
    sets=(
        f"result = s.came_of_it, stage = CASE WHEN t.done_at IS NULL THEN {_STOOD} ELSE t.stage END,"
        " done_at = coalesce(t.done_at, s.done_moment), cancelled_at = NULL"
    ),
    back=(
        f"result = coalesce(c.was ->> 'result', ''), stage = CASE WHEN {_WAS_DONE} THEN t.stage END,"
        f" done_at = CASE WHEN {_WAS_DONE} THEN t.done_at END,"
        f" cancelled_at = CASE WHEN NOT {_WAS_DONE} THEN (c.was ->> 'cancelled')::timestamptz END"
    ),
    # Whoever corrects the day, the kind or with whom it was, says that it was done.
    untouched=f"({_WAS_DONE} OR t.changed_at = %(came_at)s)",
    fits=(
        f"({_WAS_ENDED} OR t.deal_id IS NULL OR EXISTS ("
        "SELECT FROM crm_deal AS d WHERE d.id = t.deal_id AND d.outcome = 'open' AND d.parked_until IS NULL))"
    ),
    restorable=(
        f"({_WAS_ENDED} OR EXISTS ("
        "SELECT FROM pipeline_user AS u WHERE u.id = t.owner_id AND u.is_active))"
    ),
    # An empty cell changes nothing, nor does it take away what an earlier one said.
    says="(s.came_of_it <> '' OR t.done_at IS NULL)",
    people_s="t.cancelled_at IS NOT NULL",
    entered=(
        "CASE WHEN s.before_said IS NULL AND s.cancelled_moment IS NOT NULL THEN"
        f" {_CANCELLED} WHEN s.came_of_it = '' AND s.before_said ->> 'result' <> {_CANCELLED} THEN NULL"
        f" ELSE {digest(_THEIR_RESULT)} END"
    ),
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
        _OWNER_OF_PARTY,
    ),
    CONTACTS.name: (
        _text("name"),
        _text("job_title"),
        _reference("company", "crm_company"),
        _OWNER_OF_PARTY,
    ),
    DEALS.name: (
        _text("name"),
        _AMOUNT,
        _plain("expected_close_on", "date"),
        _reference("source", "crm_source"),
        _text("source_detail"),
        _reference("method", "crm_method"),
        _OWNER_OF_DEAL,
    ),
    PRODUCTS.name: (_text("series"), _PRICE, _ACTIVE),
    ACTIVITIES.name: (_words("subject", "title"), _BODY, _RESULT),
}
# Where a file says that a deal stands.
STAGE = digest("s.deal_stage::text || ' ' || s.outcome")
# What a file calls a contact's company: which one that is, may be another by now.
COMPANY_TYPED = digest("seven_fold(coalesce(s.company, s.company_typed))")
# Addresses and numbers of a contact are only ever added, as is what is kept as a note.
POINTS = ("email", "phone")
NOTE = "more"
# By kind of record: the column of an activity by which a note is on it.
NOTED_BY = {COMPANIES.name: "company_id", CONTACTS.name: "contact_id", DEALS.name: "deal_id"}


def updatable_in(mapped: KindMapping) -> list[UpdatableField]:
    """Those that a file has. What an activity says is put together of whatever columns there are."""
    fields = FIELDS.get(mapped.kind.name, ())
    if mapped.kind is ACTIVITIES:
        return list(fields)
    return [each for each in fields if each.name in mapped.columns]


def names_in(mapped: KindMapping) -> list[str]:
    """Their names, and those of what is only added."""
    named = [each.name for each in updatable_in(mapped)]
    if mapped.kind is CONTACTS:
        named += [each for each in POINTS if each in mapped.columns]
    return named + [NOTE] * (mapped.kind.name in NOTED_BY)


def said_of(mapped: KindMapping) -> str:
    """The expression for what the ledger keeps of a staged row, by field."""
    if mapped.kind is ACTIVITIES and "id" not in mapped.columns:
        return "'{}'::jsonb"  # without an id a row that differs is another one
    pairs = [f"'{each.name}', {each.entered or each.mark}" for each in updatable_in(mapped)]
    if mapped.kind is ACTIVITIES:
        pairs.append(f"'body_typed', {_TEXTS}")
    if mapped.kind is DEALS and "stage" in mapped.columns:
        pairs.append(f"'stage', {STAGE}")
    if mapped.kind is CONTACTS and "company" in mapped.columns:
        pairs.append(f"'company_typed', {COMPANY_TYPED}")
    if mapped.kind.name in NOTED_BY:
        pairs.append(f"'{NOTE}', {digest(f's.{NOTE}')}")
    return f"jsonb_strip_nulls(jsonb_build_object({', '.join(pairs)}))"
