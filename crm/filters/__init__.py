"""What people may narrow a list down to. Every choice comes from what they may see anyway."""

from crm.filters.board import NOBODY, BoardFilter, NextState, Teams, saying_me
from pipeline.people.access import ME

__all__ = ["ME", "NOBODY", "BoardFilter", "NextState", "Teams", "saying_me"]
