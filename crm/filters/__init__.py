"""What people may narrow a list down to. Every choice comes from what they may see anyway."""

from crm.filters.board import NOBODY, BoardFilter, NextState, Teams

__all__ = ["NOBODY", "BoardFilter", "NextState", "Teams"]
