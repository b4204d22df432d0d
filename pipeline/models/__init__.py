from pipeline.models.batch import Batch, BatchKind
from pipeline.models.first_run import FirstRun
from pipeline.models.invitation import Invitation
from pipeline.models.outbox import OutboxKind, OutboxRow
from pipeline.models.people import Language, Role, SellingStyle, Team, Theme, User
from pipeline.models.people_change import PeopleChange
from pipeline.models.process import (
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
    "Batch",
    "BatchKind",
    "Choice",
    "Collision",
    "FirstRun",
    "Invitation",
    "Language",
    "Layer",
    "OutboxKind",
    "OutboxRow",
    "PeopleChange",
    "Role",
    "SellingStyle",
    "StageWording",
    "Step",
    "StepVote",
    "Team",
    "Theme",
    "User",
    "Version",
    "Vote",
]
