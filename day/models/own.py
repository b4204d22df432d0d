"""What is somebody's alone: nobody else is ever shown it on a page."""

from typing import Any, Self

from django.db import models

from pipeline.models import User


class OwnQuerySet(models.QuerySet[Any]):
    """Rows with an `owner`."""

    def visible_to(self, user: User) -> Self:
        """One's own, and nobody else's: neither a manager nor an admin sees those of others."""
        return self.filter(owner=user) if user.is_active else self.none()

    def editable_by(self, user: User) -> Self:
        return self.visible_to(user)


OwnManager = models.Manager.from_queryset(OwnQuerySet)
