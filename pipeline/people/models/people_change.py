from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from pipeline.people.models.people import Team, User
from salesprocess.lib.events import EventRow


class PeopleChangeQuerySet(models.QuerySet["PeopleChange"]):
    def visible_to(self, user: User) -> Self:
        """One's own history, and that of the people and teams that one may change."""
        if not user.is_active:
            return self.none()
        if user.scope.everything:
            return self.filter()
        return self.filter(
            Q(person=user)
            | Q(person__in=User.objects.manageable_by(user))
            | Q(team__in=Team.objects.editable_by(user))
        )

    def editable_by(self, user: User) -> Self:
        """History is not edited; only the undo of an import removes it, with what it is about."""
        return self.filter() if user.scope.everything else self.none()


PeopleChangeManager = models.Manager.from_queryset(PeopleChangeQuerySet)


class PeopleChange(EventRow):
    """What happened to a person or a team (`pipeline.people.events`): who may see what hangs on these, so
    that each change can be traced."""

    person = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="changes"
    )
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="changes"
    )
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = PeopleChangeManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(person=None, team__isnull=False) | Q(person__isnull=False, team=None),
                name="people_change_of_one_thing",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "-at"], name="people_change_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.person_id or self.team_id}"
