from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from pipeline.models import User
from pipeline.people.access import HasScope


class PartyKind(models.TextChoices):
    COMPANY = "company", _("Company")
    CONTACT = "contact", _("Person")


class PartyMergeQuerySet(models.QuerySet["PartyMerge"]):
    def visible_to(self, user: HasScope) -> Self:
        """As companies and contacts: where one of them has gone is no secret."""
        return self.filter() if user.is_active else self.none()

    def editable_by(self, user: User) -> Self:
        """Whoever may change what it went into decides (`crm.commands.party_merge`)."""
        return self.visible_to(user)


PartyMergeManager = models.Manager.from_queryset(PartyMergeQuerySet)


class PartyMerge(models.Model):
    """A company or contact that turned out to be another one, and is gone: where to, for whoever comes by
    its old address, and for some weeks what it takes to have it back (`kept`).

    Both are named by their ids alone, as neither need be there any more.
    """

    kind = models.CharField(max_length=7, choices=PartyKind)
    gone_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    into_id = models.BigIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)
    kept = models.JSONField(default=dict)

    objects = PartyMergeManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "gone_id"],
                condition=models.Q(undone_at=None),
                name="party_merge_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name
