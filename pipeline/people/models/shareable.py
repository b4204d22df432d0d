"""What a person keeps under a name and may share with a team: a list's view, a report's question."""

from typing import Self, TypeVar

from django.db import models
from django.db.models import Q

from pipeline.people.access import HasScope
from pipeline.people.models.people import User

Kept = TypeVar("Kept", bound=models.Model, covariant=True)


class ShareableQuerySet(models.QuerySet[Kept]):
    """Of a model with an `owner`, and with a `team` that is null for what is nobody else's."""

    def visible_to(self, user: HasScope) -> Self:
        """One's own; those shared with one's team, or one above it; a manager's people's shared."""
        return self.filter(user.scope.shared_filter()) if user.is_active else self.none()

    def editable_by(self, user: User) -> Self:
        """Whoever saved it, and nobody else but admins."""
        if not user.is_active:
            return self.none()
        return self.filter() if user.scope.everything else self.filter(owner=user)

    def shown_to(self, user: HasScope) -> Self:
        """What is offered: one's own, and what is shared; not what an admin could see besides."""
        own = Q(owner_id=user.scope.user_id)
        return self.visible_to(user).filter(own | Q(team__isnull=False))
