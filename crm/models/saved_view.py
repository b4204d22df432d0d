from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from pipeline.models import ShareableQuerySet, Team, User


class ListKind(models.TextChoices):
    """The lists that there are."""

    LEADS = "leads", _("Leads")
    OPPORTUNITIES = "opportunities", _("Opportunities")
    DEALS = "deals", _("Deals")
    COMPANIES = "companies", _("Companies")
    CONTACTS = "contacts", _("Contacts")
    ACTIVITIES = "activities", _("Activities")

    @property
    def path(self) -> str:
        """Where it is: `/leads/` itself is the inbox."""
        return "leads/list" if self == ListKind.LEADS else self.value


class SavedViewQuerySet(ShareableQuerySet["SavedView"]):
    pass


SavedViewManager = models.Manager.from_queryset(SavedViewQuerySet)


class SavedView(models.Model):
    """A list with its filters and order under a name: nothing but an address.

    What it shows is always what its reader may see; sharing it shares the question, not the rows.
    """

    kind = models.CharField(max_length=13, choices=ListKind)
    name = models.CharField(_("Name"), max_length=60)
    query = models.CharField(max_length=2000, blank=True)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="saved_views")
    # Null keeps it to its owner; else it stands above the list of everybody in that team and below.
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="saved_views"
    )
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = SavedViewManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(name=""), name="saved_view_has_a_name"),
            models.UniqueConstraint(
                "owner", "kind", Lower("name"), name="saved_view_name_once_a_person"
            ),
        ]

    def __str__(self) -> str:
        return self.name
