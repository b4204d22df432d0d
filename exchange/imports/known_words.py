"""What the words of other systems say of an activity (its kind, how far it is, what came of it), of a
person on a deal, and of what a company is to us; pure.

Only words that mean one thing are read without asking.
"""

import unicodedata

from django.utils.translation import gettext as _

from crm.models import ActivityKind, ActivityResult, DealRole, Relationship
from exchange.imports.faults import BadValue

DONE, PLANNED, CANCELLED = "done", "planned", "cancelled"
STATES = (DONE, PLANNED, CANCELLED)
# As the big products write them, in English and German, by letters and digits alone.
_SAID: dict[str, dict[str, str]] = {
    "kind": {
        ActivityKind.CALL: (
            "call calls phonecall logacall loggedcall phone inboundcall outboundcall anruf telefonat"
            " telefon"
        ),
        ActivityKind.EMAIL: (
            "email emails mail listemail incomingemail outgoingemail forwardedemail loggedemail"
            " sentemail"
        ),
        ActivityKind.MEETING: "meeting meetings event events appointment treffen termin besprechung",
        ActivityKind.NOTE: (
            "note notes comment comments discussions notification systemnotification usernotification"
            " notiz notizen kommentar"
        ),
        ActivityKind.TASK: "task tasks todo todos deadline reminder"
        " uploaddocument requestsignature aufgabe aufgaben dokumenthochladen",
    },
    "status": {
        DONE: (
            "done completed complete closed held finished true yes 1 x sent logged erledigt ja"
            " abgeschlossen wahr stattgefunden"
        ),
        PLANNED: (
            "todo planned open notstarted inprogress waiting waitingonsomeoneelse waitingforinput"
            " deferred scheduled pending started notdone false no 0 overdue today offen geplant nein"
            " falsch rescheduled"
        ),
        CANCELLED: "cancelled canceled notheld noshow abgesagt storniert nichtstattgefunden",
    },
    "field": {"stage": "stage stagename dealstage stageid phase pipelinestage salesstage"},
    "result": {
        ActivityResult.REACHED: (
            "reached connected answered interested notinterested requestedmoreinfo"
            " requestedcallback held erreicht"
        ),
        ActivityResult.NO_ANSWER: (
            "noanswer busy leftvoicemail leftlivemessage voicemail noresponse noresponsebusy"
            " wrongnumber invalidnumber notreached nichterreicht keineantwort besetzt"
        ),
        ActivityResult.MEETING_SET: "meetingset meetingscheduled terminvereinbart",
    },
    "role": {
        DealRole.DECIDES: (
            "decisionmaker economicbuyer economicdecisionmaker budgetholder decider entscheider"
        ),
        DealRole.INFLUENCES: (
            "influencer evaluator technicalbuyer legalcompliance legalandcompliance beeinflusser"
        ),
        DealRole.FOR_US: "champion executivesponsor sponsor coach",
        DealRole.AGAINST_US: "blocker",
        DealRole.USES: "enduser businessuser user anwender",
        DealRole.UNKNOWN: "other unknown sonstige",
    },
    "relationship": {
        Relationship.CUSTOMER: (
            "customer customers customerdirect customerchannel existingcustomer currentcustomer"
            " activecustomer client evangelist kunde bestandskunde stammkunde"
        ),
        Relationship.FORMER: (
            "former formercustomer pastcustomer excustomer formerclient churned churnedcustomer"
            " lostcustomer fruhererkunde ehemaligerkunde exkunde"
        ),
        Relationship.INACTIVE: "inactive dormant inaktiv",
        Relationship.NEVER_BOUGHT: (
            "neverbought prospect potentialcustomer lead subscriber marketingqualifiedlead"
            " salesqualifiedlead opportunity niegekauft interessent"
        ),
    },
}
_FLAGS = {
    True: (
        "yes true 1 x y ja wahr on active aktiv enabled verified company organisation organization"
        " firma unternehmen"
    ),
    False: (
        "no false 0 n nein falsch off inactive inaktiv disabled deleted closed person individual"
        " privatperson einzelperson"
    ),
}
_IS_YES = {word: is_yes for is_yes, words in _FLAGS.items() for word in words.split()}
# Where a guess is all that can be made of a word.
_PROBABLE = {
    "kind": (("lunch", "meeting"), ("visit", "meeting"), ("demo", "meeting"), ("mail", "email"),
             ("call", "call"), ("note", "note"), ("besuch", "meeting")),
    "status": (("cancel", CANCELLED), ("complet", DONE), ("done", DONE), ("wait", PLANNED)),
    "role": (("deci", DealRole.DECIDES), ("buyer", DealRole.DECIDES), ("user", DealRole.USES),
             ("eval", DealRole.INFLUENCES)),
    "relationship": (("former", Relationship.FORMER), ("ehemalig", Relationship.FORMER),
                     ("churn", Relationship.FORMER), ("inactiv", Relationship.INACTIVE),
                     ("prospect", Relationship.NEVER_BOUGHT), ("lead", Relationship.NEVER_BOUGHT),
                     ("customer", Relationship.CUSTOMER), ("client", Relationship.CUSTOMER),
                     ("kunde", Relationship.CUSTOMER)),
    "result": (("voice", "no_answer"), ("busy", "no_answer"), ("reach", "reached")),
}  # fmt: skip
_KNOWN = {
    field: {word: str(ours) for ours, words in said.items() for word in words.split()}
    for field, said in _SAID.items()
}


def read(field: str, text: str) -> str:
    """What a word of theirs is here: the value of an ActivityKind, one of STATES, or the value of an
    ActivityResult, a DealRole or a Relationship. `field` is that of exchange.imports.kinds.

    Raises BadValue for a word that nobody here knows.
    """
    found = _KNOWN[field].get(_letters(text))
    if found is None:
        raise BadValue(
            {
                "kind": _("“{value}” is no kind of activity here."),
                "status": _("“{value}” does not say whether it was done."),
                "result": _("“{value}” is no result of an activity here."),
                "role": _("“{value}” is no role of a person on a deal here."),
                "relationship": _("“{value}” does not say here what a company is to us."),
                "field": _("This row tells of “{value}”, and not of the stage."),
            }[field].replace("{value}", text)
        )
    return found


def is_yes(text: str) -> bool:
    """Raises BadValue for what says neither yes nor no."""
    found = _IS_YES.get(_letters(text))
    if found is None:
        raise BadValue(_("“{value}” says neither yes nor no.").replace("{value}", text))
    return found


def probable(field: str, text: str) -> str:
    """What a word of theirs that `read` does not know may be; empty where nobody could say."""
    letters = _letters(text)
    return next((ours for part, ours in _PROBABLE[field] if part in letters), "")


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if sign.isalnum() and sign.isascii())


_OURS = {
    "kind": frozenset(ActivityKind.values),
    "status": frozenset(STATES),
    "role": frozenset(DealRole.values),
    "relationship": frozenset(Relationship.values),
    "result": frozenset(ActivityResult.values) - {ActivityResult.MOVED_FORWARD},
}
for _field, _values in _OURS.items():
    _KNOWN[_field].update({_letters(value): value for value in _values})
