"""What a foreign file probably means: the first suggestion on the pages, never a decision; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crm.imports.kinds import DEALS, Kind
from pipeline.stages import Initiator, Outcome, Stage

# Headers as other systems write them, letters and digits only; the more telling ones first.
_HEADERS: dict[str, tuple[str, ...]] = {
    "id": ("id", "recordid", "externalid", "opportunityid", "dealid", "accountid", "contactid"),
    "name": ("name", "title", "dealname", "opportunityname", "deal", "opportunity", "fullname"),
    "company": ("company", "companyname", "account", "accountname", "organisation", "organization"),
    "contact": ("contact", "contactname", "person", "contactperson", "primarycontact"),
    "job_title": ("jobtitle", "position", "function", "role"),
    "email": ("email", "emailaddress", "mail"),
    "phone": ("phone", "phonenumber", "telephone", "mobile", "tel", "mobilephone"),
    "product": ("product", "productname"),
    "owner": ("owner", "dealowner", "accountowner", "contactowner", "salesagent", "salesperson"),
    "team": ("team", "salesteam"),
    "source": ("source", "leadsource", "origin"),
    "source_detail": ("sourcedetail", "campaign"),
    "amount": ("amount", "value", "dealvalue", "closevalue", "revenue", "dealamount"),
    "currency": ("currency", "currencycode"),
    "stage": ("stage", "dealstage", "stagename", "phase", "status", "pipelinestage"),
    "created_on": ("createdon", "created", "createdate", "datecreated", "createdat"),
    "entered_on": ("enteredon", "engagedate", "stagesince", "since", "stageentered"),
    "closed_on": ("closedon", "closedate", "closed", "closeddate", "woncloseddate"),
    "expected_close_on": ("expectedclose", "expectedcloseon", "expectedclosedate", "forecastdate"),
    "industry": ("industry", "sector", "branch"),
    "employees": ("employees", "numberofemployees", "staff", "headcount"),
    "country": ("country", "countryregion", "officelocation", "location"),
    "website": ("website", "url", "web", "domain", "companydomainname"),
    "parent": ("parent", "parentcompany", "parentaccount", "subsidiaryof"),
    "manager": ("manager", "teamlead", "reportsto"),
    "office": ("office", "regionaloffice", "region", "branchoffice"),
    "hired_on": ("hiredon", "hired", "startdate", "hiredate"),
}
# Of one kind only: whose name the column "company" is in a file of companies.
_OWN_NAMES = {
    "deals": ("deal", "opportunity", "dealname", "opportunityname", "title", "name"),
    "companies": ("company", "companyname", "account", "accountname", "name"),
    "contacts": ("contact", "contactname", "fullname", "name", "person"),
    "people": ("salesagent", "salesperson", "person", "employee", "fullname", "name"),
}
_STAGES: tuple[tuple[str, Stage], ...] = (
    (r"negotiat|objection|verhandl", Stage.OBJECTIONS),
    (r"propos|quot|offer|angebot", Stage.PROPOSAL),
    (r"need|discover|demo|analys|bedarf", Stage.NEEDS_ANALYSIS),
    (r"prospect|contacted|attempt|outreach", Stage.PROSPECTING),
    (r"qualif|engag|meeting|appointment", Stage.QUALIFICATION),
    (r"clos|contract|decision|commit|abschluss", Stage.CLOSING),
    (r"lead|new|neu|open", Stage.LEAD_GENERATION),
)
_WON = re.compile(r"\bwon\b|gewonnen|customer|signed", re.IGNORECASE)
_LOST = re.compile(r"lost|verloren|dead|declined|reject", re.IGNORECASE)
_OURS = re.compile(r"unqualif|disqualif|junk|spam|abandon", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Guess:
    """`cause` is the key of a cause."""

    stage: Stage
    outcome: Outcome = Outcome.OPEN
    initiator: Initiator | None = None
    cause: str = ""


def columns(kind: Kind, header: Sequence[str]) -> dict[str, list[str]]:
    """Which column each field is probably in; but for the closing date, no column twice."""
    left = {_key(column): column for column in reversed(header) if column}
    found: dict[str, list[str]] = {}
    for part in kind.fields:
        known = _OWN_NAMES[kind.name] if part.name == "name" else _HEADERS[part.name]
        for key in (part.name.replace("_", ""), *known):
            if column := left.pop(key, None):
                found.setdefault(part.name, []).append(column)
                if not part.form.is_list or len(found[part.name]) == 2:
                    break
    # Elsewhere one column often says when a closed deal was closed, and an open one may be.
    if kind is DEALS and "closed_on" in found and "expected_close_on" not in found:
        found["expected_close_on"] = list(found["closed_on"])
    return found


def stage(word: str) -> Guess:
    """What a foreign stage probably is; a win in the last stage, a loss where the sale began."""
    if _OURS.search(word):
        stage = Stage.QUALIFICATION
        return Guess(
            stage=stage, outcome=Outcome.STOPPED, initiator=Initiator.US, cause="disqualified"
        )
    if _LOST.search(word):
        return Guess(
            stage=Stage.QUALIFICATION,
            outcome=Outcome.STOPPED,
            initiator=Initiator.CUSTOMER,
            cause="unknown",
        )
    if _WON.search(word):
        return Guess(stage=Stage.CLOSING, outcome=Outcome.WON)
    for pattern, stage in _STAGES:
        if re.search(pattern, word, re.IGNORECASE):
            return Guess(stage=stage)
    return Guess(stage=Stage.LEAD_GENERATION)


def _key(column: str) -> str:
    return re.sub(r"[^a-z0-9]", "", column.lower())
