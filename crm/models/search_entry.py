from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pipeline.models import Team, User


class SearchKind(models.TextChoices):
    COMPANY = "company", _("Company")
    CONTACT = "contact", _("Contact")
    DEAL = "deal", _("Deal")


class SearchEntryQuerySet(models.QuerySet["SearchEntry"]):
    def visible_to(self, user: User) -> Self:
        """As the records themselves: companies and contacts are common, deals are scoped."""
        if not user.is_active:
            return self.none()
        return self.filter(~Q(kind=SearchKind.DEAL) | user.scope.owned_filter())

    def editable_by(self, user: User) -> Self:
        """Derived rows: commands write them, nobody edits them."""
        return self.none()


SearchEntryManager = models.Manager.from_queryset(SearchEntryQuerySet)


class SearchEntry(models.Model):
    """What can be found of one record; derived, and rebuilt by `manage.py reindex`.

    `plain` holds what can be searched as `seven_spellings` writes it: each way to write a name
    begins with a new line, what else belongs to the record with a tabulator, every word with a
    space. `keys` is what the record has in common with those that may be the same (CompanyKeys,
    PersonKeys); deals have none.
    """

    kind = models.CharField(max_length=8, choices=SearchKind)
    record_id = models.BigIntegerField()
    title = models.CharField(max_length=200)
    hint = models.CharField(max_length=400, blank=True)
    plain = models.TextField()
    keys = ArrayField(models.TextField(), default=list)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True)
    # Open deals and living parties come before what is over.
    current = models.BooleanField(default=True)

    objects = SearchEntryManager()

    class Meta:
        verbose_name_plural = "search entries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "record_id"], name="search_entry_once"),
        ]
        indexes: ClassVar = [
            # Serves any part of three letters or more of any word, and whole words of two.
            GinIndex(OpClass("plain", name="gin_trgm_ops"), name="search_entry_trigrams"),
            GinIndex(fields=["keys"], condition=~Q(kind=SearchKind.DEAL), name="search_entry_keys"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.title}"
