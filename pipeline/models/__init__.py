from pipeline.audit.models import AuditEntry
from pipeline.idempotency.models import IdempotencyKey
from pipeline.models.batch import Batch, BatchKind
from pipeline.operations.models import Heartbeat, Incident
from pipeline.outbox.models import OutboxRow
from pipeline.people.models.first_run import FirstRun
from pipeline.people.models.invitation import Invitation
from pipeline.people.models.people import Language, Role, SellingStyle, StartPage, Team, Theme, User
from pipeline.people.models.people_change import PeopleChange
from pipeline.people.models.shareable import ShareableQuerySet
from pipeline.people.models.sign_in_attempt import SignInAttempt
from pipeline.process.models import (
    Choice,
    Collision,
    Layer,
    StageWording,
    Step,
    StepVote,
    Version,
    Vote,
)

__all__ = [
    "AuditEntry",
    "Batch",
    "BatchKind",
    "Choice",
    "Collision",
    "FirstRun",
    "Heartbeat",
    "IdempotencyKey",
    "Incident",
    "Invitation",
    "Language",
    "Layer",
    "OutboxRow",
    "PeopleChange",
    "Role",
    "SellingStyle",
    "ShareableQuerySet",
    "SignInAttempt",
    "StageWording",
    "StartPage",
    "Step",
    "StepVote",
    "Team",
    "Theme",
    "User",
    "Version",
    "Vote",
]
