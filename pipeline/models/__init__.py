from pipeline.models.batch import Batch, BatchKind
from pipeline.models.invitation import Invitation
from pipeline.models.outbox import OutboxKind, OutboxRow
from pipeline.models.people import Role, SellingStyle, Team, Theme, User
from pipeline.models.people_change import PeopleChange

__all__ = [
    "Batch",
    "BatchKind",
    "Invitation",
    "OutboxKind",
    "OutboxRow",
    "PeopleChange",
    "Role",
    "SellingStyle",
    "Team",
    "Theme",
    "User",
]
