"""What people may narrow a list down to. Every choice comes from what they may see anyway."""

from crm.filters.board import ME, NOBODY, BoardFilter, NextState, Teams, saying_me

__all__ = ["ME", "NOBODY", "BoardFilter", "NextState", "Teams", "saying_me"]
