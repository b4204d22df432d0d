from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from pipeline.people.models.people import Team, User


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


class PeopleChange(models.Model):
    """One fact of a person or a team that changed: who may see what hangs on these, so that each
    change can be traced. Values are text, people and teams by id and name, readable for ever."""

    person = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="changes"
    )
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="changes"
    )
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    field = models.CharField(max_length=20)
    old = models.CharField(max_length=300, blank=True)
    new = models.CharField(max_length=300, blank=True)

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
        return f"{self.field}: {self.old} → {self.new}"
