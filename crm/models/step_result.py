from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from crm.models.activity import Activity
from crm.models.contact import Contact
from crm.models.deal import Deal
from crm.models.evidence import EvidenceFile
from pipeline.models import User
from pipeline.process.gates import Reason
from pipeline.process.stages import Stage


class StepState(models.TextChoices):
    DONE = "done"
    OVERRIDDEN = "overridden"


class StepResultQuerySet(models.QuerySet["StepResult"]):
    def visible_to(self, user: User) -> Self:
        """Those of visible deals; what belongs to somebody's private step is private."""
        if not user.is_active:
            return self.none()
        of_deals = user.scope.owned_filter(prefix="deal__")
        return self.filter(of_deals, Q(private_to=None) | Q(private_to=user.scope.user_id))

    def editable_by(self, user: User) -> Self:
        return self.visible_to(user).filter(deal__in=Deal.objects.editable_by(user))

    def current(self) -> Self:
        return self.filter(replaced_at=None)


StepResultManager = models.Manager.from_queryset(StepResultQuerySet)


class StepResult(models.Model):
    """What somebody recorded against a step, by (stage, key): never against a row of a layer, so
    that it outlives the step (ARCHITECTURE 4).

    A change replaces the row by a new one; the old one stays with `replaced_at`. Undone is a
    replaced row without a successor. `value` is the answer as JSON (text; number and money as a
    string of digits, money with `currency`; date as ISO; choice as text); a person is `contact`.
    """

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="step_results")
    stage = models.PositiveSmallIntegerField(choices=Stage)
    key = models.SlugField(max_length=60)
    # The step's words when it was done: they may be reworded or gone later.
    label = models.CharField(max_length=160)
    state = models.CharField(max_length=10, choices=StepState)
    value = models.JSONField(null=True, blank=True)
    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    activity = models.ForeignKey(
        Activity, on_delete=models.PROTECT, null=True, blank=True, related_name="step_results"
    )
    file = models.ForeignKey(
        EvidenceFile, on_delete=models.PROTECT, null=True, blank=True, related_name="step_results"
    )
    link = models.URLField(max_length=500, blank=True)
    note = models.TextField(blank=True)
    reason = models.CharField(max_length=20, choices=Reason, blank=True)
    # The published versions in force, from the framework down.
    version_ids = models.JSONField(default=list)
    # Somebody's own step: nobody else sees it, and no figure counts it.
    private_to = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    # The step that it answered before a "move now" mapped it to this one.
    mapped_from = models.CharField(max_length=70, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    replaced_at = models.DateTimeField(null=True, blank=True)
    replaced_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = StepResultManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["deal", "stage", "key"],
                condition=Q(replaced_at=None, private_to=None),
                name="step_result_current_once",
            ),
            models.UniqueConstraint(
                fields=["deal", "private_to", "stage", "key"],
                condition=Q(replaced_at=None, private_to__isnull=False),
                name="step_result_private_current_once",
            ),
            models.CheckConstraint(condition=Q(stage__range=(1, 7)), name="step_result_stage"),
            models.CheckConstraint(
                condition=~Q(state=StepState.OVERRIDDEN) | ~Q(reason=""),
                name="step_result_overridden_with_a_reason",
            ),
        ]
        indexes: ClassVar = [
            # Serves the use of a step: how often it was done and overridden.
            models.Index(fields=["stage", "key", "state"], name="step_result_use"),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} {Stage(self.stage).key}/{self.key} {self.state}"
