"""Which records leave when a batch is taken back, with what belongs to them, and in which order."""

from dataclasses import dataclass

from django.db import models

from crm.models import (
    Activity,
    Company,
    Contact,
    Deal,
    ProcessNote,
    Product,
    SearchKind,
)
from pipeline.models import Team, User

# The label of a model, and the path that leads from its rows to the record that they belong to.
Part = tuple[str, str]


def _parts(app: str, path: str, names: str) -> tuple[Part, ...]:
    return tuple((f"{app}.{name}", path) for name in names.split())


@dataclass(frozen=True, kw_only=True)
class Undoable:
    """A model whose records leave with their batch.

    They stay if they were changed: those that do not say when, by the fields `watched`. `parts`
    belong to a record and go with it, parts of parts first; whatever else refers to it keeps it.
    `kind` is what an ImportedRow calls it. `only` is a condition on `t`: what does not meet it leaves
    with what it is a part of.
    """

    model: type[models.Model]
    parts: tuple[Part, ...] = ()
    watched: tuple[str, ...] = ()
    kind: str = ""
    search: SearchKind | None = None
    only: str = "true"


_OF_LAYERS = "Step StageWording Collision Version"

# What refers to another comes before it; what refers to each other, goes or stays together.
UNDOABLE = (
    (Undoable(model=ProcessNote, watched=("words", "answer")),),
    (
        Undoable(
            model=Activity,
            kind="activities",
            only=(
                "NOT EXISTS (SELECT FROM crm_deal AS d"
                " WHERE d.id = t.deal_id AND d.batch_id = t.batch_id)"
            ),
        ),
    ),
    (
        Undoable(
            model=Deal,
            kind="deals",
            search=SearchKind.DEAL,
            parts=(
                *_parts("crm", "offer__deal", "OfferLine OfferRecipient"),
                *_parts("crm", "deal", "ClosingAttempt Concern Offer Need Judgement StageVisit"),
                *_parts(
                    "crm",
                    "deal",
                    "StepResult EvidenceFile DecisionPath HandOff Retrospective Verdict",
                ),
                *_parts("crm", "deal", "DealChange DealContact DealLine Activity UndoableAct"),
                *_parts("crm", "deal", "LeadAssignment"),
            ),
        ),
    ),
    (
        Undoable(
            model=Contact,
            kind="contacts",
            search=SearchKind.CONTACT,
            parts=(
                *_parts("crm", "contact", "ContactPoint PartyChange UndoableAct"),
                *_parts("privacy", "contact", "ErasureNotice"),
            ),
        ),
    ),
    (
        Undoable(
            model=Company,
            kind="companies",
            search=SearchKind.COMPANY,
            parts=_parts("crm", "company", "PartyChange TouchPlan UndoableAct"),
        ),
    ),
    (
        Undoable(
            model=Product,
            kind="products",
            watched=("name", "series", "price", "currency", "retired"),
        ),
    ),
    (
        Undoable(
            model=User,
            kind="people",
            parts=(
                *_parts("pipeline", "layer__user", _OF_LAYERS),
                *_parts("pipeline", "user", "IdempotencyKey Layer StepVote"),
                *_parts("pipeline", "person", "PeopleChange"),
                *_parts("account", "email_address__user", "EmailConfirmation"),
                *_parts("account", "user", "EmailAddress"),
                *_parts("mfa", "user", "Authenticator"),
                *_parts("usersessions", "user", "UserSession"),
                *_parts("socialaccount", "account__user", "SocialToken"),
                *_parts("socialaccount", "user", "SocialAccount"),
                *_parts("crm", "owner", "SearchEntry"),
                *_parts("crm", "private_to", "StepResult"),
                *_parts("crm", "by", "UndoableAct"),
                *_parts("crm", "person", "LeadTaker"),
                *_parts("day", "person", "OutsideTime"),
                *_parts("exchange", "owner", "ImportMapping"),
                *_parts("reports", "person", "FormTime"),
                *_parts("day", "owner", "DayOrder ProtectedTime Snooze"),
                *_parts("reports", "person", "ReportPin ReportSubscription"),
            ),
            watched=(
                *("name", "email", "password", "role", "style", "team_id", "hired_on"),
                *("is_active", "layer__revision"),
            ),
        ),
        Undoable(
            model=Team,
            parts=(
                *_parts("pipeline", "layer__team", _OF_LAYERS),
                *_parts("pipeline", "team", "Layer PeopleChange FirstRun"),
                *_parts("crm", "team", "SearchEntry"),
                *_parts("crm", "rule__team", "LeadTaker"),
                *_parts("crm", "team", "LeadAssignment LeadRule"),
                *_parts("reports", "team", "DayNote"),
            ),
            watched=(
                *("name", "parent_id", "manager_id", "currency", "time_zone", "country"),
                *("fiscal_month", "reliable_from", "process_owner_id", "layer__revision"),
                *("working_days", "working_from", "working_until"),
                *("target_industries", "target_countries"),
                *("target_employees_from", "target_employees_to"),
            ),
        ),
    ),
)
