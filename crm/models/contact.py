from typing import Any, ClassVar, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.erased import person_name
from crm.models.company import Company
from crm.models.letters import Fold
from pipeline.models import Batch, User
from pipeline.people.access import HasScope


class PersonNameField(models.CharField[str, str]):
    """A name that readers see in their own language once the person was erased."""

    def from_db_value(self, value: str | None, *_of: Any) -> str | None:
        return None if value is None else person_name(value)


class ContactQuerySet(models.QuerySet["Contact"]):
    def visible_to(self, user: HasScope) -> Self:
        """Everybody on record; who was erased stands on deals, and nowhere else."""
        return self.filter(erased_at=None) if user.is_active else self.none()

    def editable_by(self, user: User) -> Self:
        if not user.is_active:
            return self.none()
        return self.filter(Q(owner=None) | user.scope.owned_filter(team=None), erased_at=None)


ContactManager = models.Manager.from_queryset(ContactQuerySet)


class Contact(models.Model):
    """A person on the other side. Several per company; some have none."""

    name = PersonNameField(_("Name"), max_length=200)
    job_title = models.CharField(max_length=120, blank=True)
    company = models.ForeignKey(
        Company, on_delete=models.PROTECT, null=True, blank=True, related_name="contacts"
    )
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="contacts"
    )
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Since when nothing is kept of the person but that there was one (`privacy.commands.erasure`).
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ContactManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(name=""), name="contact_has_a_name"),
        ]
        indexes: ClassVar = [
            GinIndex(OpClass(Fold("name"), name="gin_trgm_ops"), name="contact_name_trigrams"),
            # Serves the list of people, in the order of their names.
            models.Index(Fold("name"), "id", name="contact_name_fold"),
        ]

    def __str__(self) -> str:
        return self.name


class PointKind(models.TextChoices):
    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Phone")


class ContactPointQuerySet(models.QuerySet["ContactPoint"]):
    def visible_to(self, user: HasScope) -> Self:
        return self.filter() if user.is_active else self.none()

    def editable_by(self, user: User) -> Self:
        if not user.is_active:
            return self.none()
        return self.filter(
            Q(contact__owner=None) | user.scope.owned_filter(team=None, prefix="contact__")
        )


ContactPointManager = models.Manager.from_queryset(ContactPointQuerySet)


class ContactPoint(models.Model):
    """An e-mail address or phone number, kept twice: as typed, and normalised for comparison.

    `value` is the address in lower case, or the number in E.164; where a number cannot be read as
    one, its digits (see `crm.normalise`).
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="points")
    kind = models.CharField(max_length=5, choices=PointKind)
    value = models.CharField(max_length=254)
    typed = models.CharField(max_length=254)

    objects = ContactPointManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["contact", "kind", "value"], name="contact_point_once_a_contact"
            ),
        ]
        # Serves the duplicate check; not unique, as people do share an address or a switchboard.
        indexes: ClassVar = [models.Index(fields=["value", "kind"], name="contact_point_value")]

    def __str__(self) -> str:
        return self.typed
