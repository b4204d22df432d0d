"""The lists that a new organisation starts with. Rows are added by name and never changed again,
so that what an organisation made of them stays."""

from crm.models import CauseKind, Method, Source, SourceKind, StopCause
from pipeline.stages import Initiator

SOURCES = [
    ("Existing customer", SourceKind.EXISTING_CUSTOMER),
    ("Referral by a customer", SourceKind.REFERRAL),
    ("Referral by somebody else", SourceKind.REFERRAL),
    ("Website", SourceKind.INBOUND),
    ("Incoming call", SourceKind.INBOUND),
    ("Own research", SourceKind.OUTBOUND),
    ("Trade fair", SourceKind.EVENT),
    ("Partner", SourceKind.PARTNER),
    ("Other", SourceKind.OTHER),
]

METHODS = ["Phone", "E-mail", "Visit", "Letter", "Social network", "Introduction", "Event"]

CUSTOMER, US = Initiator.CUSTOMER, Initiator.US

# METHOD, Words: an outcome "stopped" has an initiator and a cause; the kind decides in which win
# rate it counts (METRICS, K4).
STOP_CAUSES = [
    ("competitor", "Chose a competitor", CauseKind.TO_SOMEONE, CUSTOMER),
    ("price", "Price", CauseKind.TO_SOMEONE, CUSTOMER),
    ("no_decision", "Decided not to buy", CauseKind.NO_DECISION, CUSTOMER),
    ("no_response", "No response", CauseKind.NO_DECISION, ""),
    ("bad_timing", "Bad timing", CauseKind.NO_DECISION, ""),
    ("disqualified", "Disqualified", CauseKind.OURS, US),
    ("withdrawn", "We withdrew", CauseKind.OURS, US),
    ("duplicate", "Duplicate", CauseKind.OURS, US),
    ("unknown", "Unknown", CauseKind.UNKNOWN, ""),
]


def seed() -> int:
    """Add what is missing; the number of rows that were added."""
    added = 0
    for name, source_kind in SOURCES:
        added += Source.objects.get_or_create(name=name, defaults={"kind": source_kind})[1]
    for name in METHODS:
        added += Method.objects.get_or_create(name=name)[1]
    for key, name, kind, initiator in STOP_CAUSES:
        added += StopCause.objects.get_or_create(
            key=key, defaults={"name": name, "kind": kind, "initiator": initiator}
        )[1]
    return added
