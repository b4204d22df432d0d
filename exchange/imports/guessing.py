"""Guesses what a foreign file means, as the first suggestion on the pages. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from crm.models import ActivityKind
from exchange.imports.headings import is_of_entering
from exchange.imports.kinds import DEALS, CellType, ImportField, RecordKind
from pipeline.process.stages import Initiator, Outcome, Stage

_MANY = 20
# Beside a stage, how it ended.
_STATUS = (
    *(
        "status",
        "dealstatus",
        "opportunitystatus",
        "outcome",
        "wonstatus",
        "iswon",
        "ergebnis",
        "active",
    ),
)
_WHOLE_NAMES = ("name", "fullname", "contactname", "contact", "contactperson", "primarycontact")
_PARTS_OF_NAMES = (
    ("firstname", "lastname"),
    ("firstname", "surname"),
    ("givenname", "familyname"),
    ("givenname", "surname"),
    ("forename", "surname"),
    ("vorname", "nachname"),
    ("vorname", "familienname"),
    ("contactfirstname", "contactlastname"),
)
_STAGES: tuple[tuple[str, Stage], ...] = (
    # Of the products that most files come from, where the words alone would say something else.
    (r"bought.?in", Stage.OBJECTIONS),
    (r"\bnot contacted|nicht kontaktiert|assigned|recycl|contact in future", Stage.LEAD_GENERATION),
    (r"in process|in bearbeitung|working", Stage.PROSPECTING),
    # It became an opportunity.
    (r"(?<!not )(?<!un)converted|konvertiert", Stage.QUALIFICATION),
    (
        r"value proposition|decision.?makers|perception|presentation|prasentation",
        Stage.NEEDS_ANALYSIS,
    ),
    (r"negotiat|objection|verhandl", Stage.OBJECTIONS),
    (r"propos|quot|offer|angebot", Stage.PROPOSAL),
    (r"need|discover|demo|analys|bedarf", Stage.NEEDS_ANALYSIS),
    (r"prospect|contacted|attempt|outreach|kontaktiert|erstkontakt", Stage.PROSPECTING),
    (r"qualif|engag|meeting|appointment|termin", Stage.QUALIFICATION),
    (r"clos|contract|decision|commit|abschluss", Stage.CLOSING),
    (r"lead|\bnew|\bneu|\bopen|offen|anfrage|interessent", Stage.LEAD_GENERATION),
)
# The stages that the big products start with, by letters alone; a test has them as they are written.
_PRODUCTS: dict[str, Stage] = {
    stage_name: stage
    for stage, stage_names in {
        Stage.LEAD_GENERATION: "new neu idea idee lead leadin incoming",
        Stage.PROSPECTING: (
            "appointmentscheduled prospecting contactmade contacted kontakthergestellt"
            " kontaktaufgenommen attemptedtocontact"
        ),
        Stage.QUALIFICATION: "qualifiedtobuy qualification qualified qualifiziert qualify",
        Stage.NEEDS_ANALYSIS: (
            "presentationscheduled needsanalysis valueproposition iddecisionmakers"
            " identifydecisionmakers perceptionanalysis demoscheduled needsdefined demogeplant"
            " bedarfdefiniert develop"
        ),
        Stage.PROPOSAL: (
            "proposalpricequote proposal proposalmade quotation proposition propose angebot"
            " angeboterstellt"
        ),
        Stage.OBJECTIONS: (
            "decisionmakerboughtin negotiationreview negotiation negotiationsstarted"
            " verhandlung verhandlungbegonnen"
        ),
        Stage.CLOSING: "contractsent close",
    }.items()
    for stage_name in stage_names.split()
}
# Before a heading some say whose it is: “Activity - Subject”.
_PREFIXES = {
    "activities": r"activity|note|task|call|meeting|event|email",
    "deals": r"deal|lead",
    "companies": r"organi[sz]ation|company|account",
    "contacts": r"person|contact",
    "products": r"product",
}
# Beside a day, the column of its hour.
_HOURS = {"due_on": ("duetime",), "happened_on": ("time", "uhrzeit", "zeit")}
# What the rows of a file are whose name or headings say so.
_ACTIVITIES: tuple[tuple[str, ActivityKind], ...] = (
    (r"note|notiz|comment", ActivityKind.NOTE),
    (r"call|anruf|telefon", ActivityKind.CALL),
    (r"meeting|event|termin|besprech", ActivityKind.MEETING),
    (r"task|aufgabe|to-?do", ActivityKind.TASK),
    (r"e-?mails?\b", ActivityKind.EMAIL),
)
# Behind the name of a stage some write its pipeline.
_PIPELINE = re.compile(r"\s*\([^()]*\)$")
_CAUSES = (
    (r"compet|konkurren|mitbewerb|wettbewerb", "competitor"),
    (r"price|pricing|budget|expensive|cost|preis|teuer|kosten", "price"),
    (r"no decision|not? (to )?buy|status quo|entscheid", "no_decision"),
    (r"respon|unreach|ghost|silent|antwort|erreich|meldet", "no_response"),
    (r"timing|too (early|late)|postpon|zeitpunkt|verschoben|zu früh|zu spät", "bad_timing"),
    (r"unqualif|disqualif|not a fit|no fit|junk|spam|passt nicht", "disqualified"),
    (r"duplic|doppelt|dublette", "duplicate"),
    (r"withdr|zurückgezogen", "withdrawn"),
    (r"other|unknown|sonstig|anderes|unbekannt", "unknown"),
)
_SOURCES = (
    (r"trade.?show|trade.?fair|messe|exhibition|event", "Trade fair"),
    (r"partner", "Partner"),
    (r"customer referral|kundenempfehlung", "Referral by a customer"),
    (r"referral|empfehlung|word of mouth", "Referral by somebody else"),
    (r"web|direct.?traffic|organic|paid|search|online|seo|sea\b|email.?marketing", "Website"),
    (r"phone inquir|inbound call|incoming call|call in|anruf", "Incoming call"),
    (r"cold|outbound|linkedin|xing|purchased|list|own research|recherche", "Own research"),
    (r"existing|upsell|bestand", "Existing customer"),
    (r"other|sonstig", "Other"),
)
_METHODS = (
    (r"e-?mail|newsletter", "E-mail"),
    (r"call|phone|telefon|anruf", "Phone"),
    (r"linkedin|xing|social|facebook|instagram", "Social network"),
    (r"referr|introduc|empfehl|vorstell", "Introduction"),
    (r"visit|besuch|in person|vor ort|door", "Visit"),
    (r"letter|direct mail|brief|post\b|mailing", "Letter"),
    (r"event|fair|messe|conference|webinar", "Event"),
)
# Where a deal can be lost that says so beside its stage; “closed lost” and “lost lead” say no stage.
_ON_THE_WAY = (Stage.PROSPECTING, Stage.NEEDS_ANALYSIS, Stage.PROPOSAL, Stage.OBJECTIONS)
_WON = re.compile(r"\bwon\b|closedwon|gewonnen|customer|\bsigned", re.IGNORECASE)
_LOST = re.compile(r"lost|verloren|dead|declined|reject", re.IGNORECASE)
_OURS = re.compile(
    r"unqualif|not qualified|disqualif|not converted|junk|spam|abandon", re.IGNORECASE
)
# Beside a stage, whether the deal is still there: what was lost is put away.
_PUT_AWAY = re.compile(r" (?:false|falsch|archived|archiviert)$", re.IGNORECASE)
_STILL_THERE = re.compile(r" (?:true|wahr|pending)$", re.IGNORECASE)
# Of a file that has both columns, the second is the number of the record that the kind is about.
_RATHER = {"products": (("product2id", "id"), ("product2externalid", "externalid"))}


@dataclass(frozen=True, kw_only=True)
class Guess:
    """`cause` is the key of a cause."""

    stage: Stage
    outcome: Outcome = Outcome.OPEN
    initiator: Initiator | None = None
    cause: str = ""


def columns(kind: RecordKind, header: Sequence[str]) -> dict[str, list[str]]:
    """The probable column of each field. No column is used twice, except for the closing date."""
    left = _by_key(kind, header)
    # Beside the names of a person a title is no deal's.
    titles = _titles(kind, left)
    found: dict[str, list[str]] = {}
    for field in kind.fields:
        if field.joins and field.is_person and (both := _first_and_last(field.name, left)):
            found[field.name] = both
            continue
        if columns_of := _take(field, left):
            found[field.name] = columns_of
        if field.name == "name":
            left |= titles
    if "stage" in found and (status := next((left[key] for key in _STATUS if key in left), "")):
        found["stage"].append(status)
    # Elsewhere one column often says when a closed deal was closed, and an open one may be.
    if kind is DEALS and "closed_on" in found and "expected_close_on" not in found:
        found["expected_close_on"] = list(found["closed_on"])
    return found


def _titles(kind: RecordKind, left: dict[str, str]) -> dict[str, str]:
    """The column of a job title, taken from `left` until the name of the deal is found."""
    if kind is not DEALS or not any(
        first in left and last in left for first, last in _PARTS_OF_NAMES
    ):
        return {}
    return {"title": left.pop("title")} if "title" in left else {}


def _by_key(kind: RecordKind, header: Sequence[str]) -> dict[str, str]:
    left = {heading_key(column): column for column in reversed(header) if column}
    if kind.name in _PREFIXES:
        own = re.compile(rf"^(?:{_PREFIXES[kind.name]})\s+-\s+", re.IGNORECASE)
        for column in reversed(header):
            if own.match(column):
                left[heading_key(own.sub("", column))] = left.pop(heading_key(column), column)
    for other, number in _RATHER.get(kind.name, ()):
        if other in left and number in left:
            left[number] = left.pop(other)
    return left


def _take(field: ImportField, left: dict[str, str]) -> list[str]:
    """The columns of a field by their headings, taken from `left`, with that of the hour beside a day."""
    if field.cell_type is CellType.ANSWERS:
        return []  # which step a column answers is a question of the processes here
    if field.cell_type is CellType.ENTRIES:
        entered = [key for key, column in left.items() if is_of_entering(column)]
        return [left.pop(key) for key in reversed(entered)]
    found = []
    for key in (field.name.replace("_", ""), *field.headings.split()):
        if column := left.pop(key, None):
            found.append(column)
            if not field.has_several or len(found) == _most(field):
                break
    if field.cell_type.is_list:
        found += _numbered(field, left)[: _most(field) - len(found)]
    hours = [key for key in _HOURS.get(field.name, ()) if found and key in left]
    return [*found, *(left.pop(key) for key in hours[:1])]


def _numbered(field: ImportField, left: dict[str, str]) -> list[str]:
    """The columns of “Phone 2”, and of a second “Phone”, taken from `left`."""
    heads = {field.name, *field.headings.split()}
    keys = [key for key in left if key.rstrip("0123456789") in heads and key[-1].isdigit()]
    return [left.pop(key) for key in reversed(keys)]


def activity(file: str, header: Sequence[str]) -> str:
    """What the rows of a file of activities are, by its name or by headings such as “Call Title”; empty
    where neither says it."""
    for text in (file, *header):
        if found := next(
            (kind for pattern, kind in _ACTIVITIES if re.search(pattern, text, re.IGNORECASE)), ""
        ):
            return str(found)
    return ""


def _most(field: ImportField) -> int:
    """How many columns are guessed for it."""
    if field.is_any_number:
        return _MANY
    return 1 if field.joins and field.cell_type is not CellType.LONG else 2


def _first_and_last(name: str, left: dict[str, str]) -> list[str]:
    """The columns of a first and a last name, taken from `left`, if no column has both."""
    if any(key in left for key in (name, *_WHOLE_NAMES)):
        return []
    for first, last in _PARTS_OF_NAMES:
        if first in left and last in left:
            return [left.pop(first), left.pop(last)]
    return []


def stage(word: str) -> Guess | None:
    """The probable meaning of a foreign stage; None for an unknown word. A win is in the last
    stage; a loss is where the word says, else where a sale begins; so is an empty stage."""
    word = _STILL_THERE.sub("", word)
    if _OURS.search(word):
        stage = Stage.QUALIFICATION
        return Guess(
            stage=stage, outcome=Outcome.STOPPED, initiator=Initiator.US, cause="disqualified"
        )
    if _LOST.search(word) or _PUT_AWAY.search(word):
        named = _named_stage(_PUT_AWAY.sub("", word))
        return Guess(
            stage=named if named and named in _ON_THE_WAY else Stage.QUALIFICATION,
            outcome=Outcome.STOPPED,
            initiator=Initiator.CUSTOMER,
            cause="competitor" if cause(word) == "competitor" else "unknown",
        )
    if _WON.search(word):
        return Guess(stage=Stage.CLOSING, outcome=Outcome.WON)
    named = _named_stage(word) if word else Stage.LEAD_GENERATION
    return Guess(stage=named) if named else None


def cause(word: str) -> str:
    """The key of the stop cause that a foreign word probably means; empty for an unknown one."""
    return _first_match(word, _CAUSES)


def source(word: str) -> str:
    """The shipped name of the source that a foreign word probably means."""
    return _first_match(re.sub(r"[_-]", " ", word), _SOURCES)


def method(word: str) -> str:
    """The shipped name of the prospecting method that a foreign word probably means."""
    return _first_match(re.sub(r"[_-]", " ", word), _METHODS)


def _first_match(word: str, known: Sequence[tuple[str, str]]) -> str:
    return next((mean for pattern, mean in known if re.search(pattern, word, re.IGNORECASE)), "")


def _named_stage(word: str) -> Stage | None:
    if known := _PRODUCTS.get(heading_key(_PIPELINE.sub("", word))):
        return known
    found = (stage for pattern, stage in _STAGES if re.search(pattern, word, re.IGNORECASE))
    return next(found, None)


def heading_key(column: str) -> str:
    """What headings are compared by."""
    plain = unicodedata.normalize("NFKD", column.lower())
    return re.sub(r"[^a-z0-9]", "", plain)
