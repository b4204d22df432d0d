from pipeline.models.batch import Batch, BatchKind
from pipeline.models.people import Role, SellingStyle, Team, Theme, User

__all__ = ["Batch", "BatchKind", "Role", "SellingStyle", "Team", "Theme", "User"]
