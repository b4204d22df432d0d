from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.deal import Deal
from pipeline.models import Batch, Layer, Team, User, Version
from pipeline.process.stages import Stage


class NoteKind(models.TextChoices):
    DOESNT_FIT = "doesnt_fit", _("It does not fit")
    WRONG = "wrong", _("The process is wrong")
    IDEA = "idea", _("Idea")


class Place(models.TextChoices):
    """Where something belongs that did not seem to fit (METHOD, edge rule 4)."""

    STAGE = "stage", _("Towards new business: one of the seven stages")
    RELATIONSHIP = "relationship", _("Keeping a customer warm: lead generation")
    DELIVERY = "delivery", _("Delivering: outside the process")
    UNCLEAR = "unclear", _("Still open")


class ProcessNoteQuerySet(models.QuerySet["ProcessNote"]):
    def visible_to(self, user: User) -> Self:
        """One's own, and those of the teams whose process one owns."""
        if not user.is_active:
            return self.none()
        scope = user.scope
        if scope.everything:
            return self.filter()
        return self.filter(Q(by=user) | Q(team__in=sorted(scope.managed_team_ids)))

    def editable_by(self, user: User) -> Self:
        """Who owns the process answers."""
        scope = user.scope
        if scope.everything:
            return self.filter()
        return self.filter(team__in=sorted(scope.managed_team_ids))


ProcessNoteManager = models.Manager.from_queryset(ProcessNoteQuerySet)


class ProcessNote(models.Model):
    """Something that does not fit, said to the owner of the process, who answers it (A7, A15)."""

    kind = models.CharField(max_length=10, choices=NoteKind)
    words = models.TextField()
    # Whose process it is about; its manager, or an admin, answers.
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="process_notes")
    stage = models.PositiveSmallIntegerField(choices=Stage, null=True, blank=True)
    key = models.SlugField(max_length=60, blank=True)
    deal = models.ForeignKey(
        Deal, on_delete=models.SET_NULL, null=True, blank=True, related_name="process_notes"
    )
    place = models.CharField(max_length=12, choices=Place, default=Place.UNCLEAR)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    # Whose draft it became a change of, at the step of `stage` and `key`, and with which version
    # that went in force.
    layer = models.ForeignKey(
        Layer, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    taken_up_at = models.DateTimeField(null=True, blank=True)
    version = models.ForeignKey(
        Version, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = ProcessNoteManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(words=""), name="process_note_has_words"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None)
                | ~Q(answer="") & Q(answered_at__isnull=False),
                name="process_note_answered_with_its_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["team"], condition=Q(answered_at=None), name="process_note_open"),
        ]

    def __str__(self) -> str:
        return self.words[:80]
