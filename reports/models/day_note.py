from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pipeline.models import Team, User


class DayNoteQuerySet(models.QuerySet["DayNote"]):
    def visible_to(self, user: User) -> Self:
        """Those of the teams within reach, and of all teams above the own one: what holds for the
        organisation holds for everybody in it."""
        if not user.is_active:
            return self.none()
        scope = user.scope
        if scope.everything:
            return self.filter()
        teams = set(scope.pool_team_ids)
        parents, above = user.process_now.teams, user.team_id
        while above is not None and above in parents:
            teams.add(above)
            above = parents[above][0]
        return self.filter(team_id__in=sorted(teams))

    def editable_by(self, user: User) -> Self:
        """Whoever leads the team, whosoever wrote it."""
        if not user.is_active:
            return self.none()
        if user.scope.everything:
            return self.filter()
        return self.filter(team_id__in=sorted(user.scope.managed_team_ids))

    def standing(self) -> Self:
        return self.filter(removed_at=None)


DayNoteManager = models.Manager.from_queryset(DayNoteQuerySet)


class DayNote(models.Model):
    """What happened on a day that the figures of a team and those below it may show, in a few words:
    it is pinned to every chart over time. One that is removed can be put back."""

    team = models.ForeignKey(Team, verbose_name=_("For"), on_delete=models.PROTECT)
    # The organisation's day.
    on = models.DateField(_("Day"))
    words = models.CharField(_("What happened"), max_length=120)
    version = models.PositiveIntegerField(default=1)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = DayNoteManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(words=""), name="day_note_has_words"),
        ]
        indexes: ClassVar = [models.Index(fields=["on"], name="day_note_by_day")]

    def __str__(self) -> str:
        return f"{self.on}: {self.words}"
