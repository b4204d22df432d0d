"""The lists that a new organisation starts with. Rows are added by name and never changed again,
so that what an organisation made of them stays."""

from collections.abc import Sequence

from django.db import models

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
    return sum(
        (
            _add(Source, "name", [Source(name=name, kind=kind) for name, kind in SOURCES]),
            _add(Method, "name", [Method(name=name) for name in METHODS]),
            _add(
                StopCause,
                "key",
                [
                    StopCause(key=key, name=name, kind=kind, initiator=initiator)
                    for key, name, kind, initiator in STOP_CAUSES
                ],
            ),
        )
    )


def _add(model: type[models.Model], by: str, rows: Sequence[models.Model]) -> int:
    """Insert the rows whose `by` is not there yet, in two statements however many there are."""
    known = set(model._default_manager.values_list(by, flat=True))
    missing = [row for row in rows if getattr(row, by) not in known]
    model._default_manager.bulk_create(missing, ignore_conflicts=True)
    return len(missing)
