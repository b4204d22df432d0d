from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models

from pipeline.people.models.people import Team, User


class FirstRunQuerySet(models.QuerySet["FirstRun"]):
    def visible_to(self, user: User) -> Self:
        """To begin is the business of admins."""
        return self.filter() if user.scope.everything else self.none()

    def editable_by(self, user: User) -> Self:
        return self.visible_to(user)


FirstRunManager = models.Manager.from_queryset(FirstRunQuerySet)


class FirstRun(models.Model):
    """What an organisation's records cannot tell of its beginning; the rest is read from them.

    There is one from the founding on. Until it is put away, or all is done, it is where admins
    start.
    """

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="first_run")
    put_away_at = models.DateTimeField(null=True, blank=True)
    put_away_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # The keys of what somebody wants to do later.
    put_off = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    process_seen_at = models.DateTimeField(null=True, blank=True)
    recalled_at = models.DateTimeField(null=True, blank=True)
    import_begun_at = models.DateTimeField(null=True, blank=True)

    objects = FirstRunManager()

    def __str__(self) -> str:
        return f"first run of {self.team_id}"
