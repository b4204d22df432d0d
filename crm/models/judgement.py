from typing import ClassVar

from django.db import models
from django.db.models import Q

from crm.models.deal import Deal, PartOfDealManager
from crm.models.stage_visit import StageVisit
from pipeline.models import User
from pipeline.process.gates import Reason, Verb
from pipeline.process.stages import Stage
from salesprocess.lib.events import AppendOnly


class Judgement(AppendOnly):
    """Gates that were passed with something missing: what, why, and by whom (METHOD, "Gates";
    METRICS K20).

    An act with nothing missing leaves no row: its visit is the proof.
    """

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="judgements")
    # The stay that was left, or for a deal that began further on, the one that was entered.
    visit = models.ForeignKey(
        StageVisit, on_delete=models.CASCADE, related_name="judgements", null=True, blank=True
    )
    verb = models.CharField(max_length=6, choices=[(verb.value, verb.value) for verb in Verb])
    from_stage = models.PositiveSmallIntegerField(
        choices=Stage, null=True, blank=True, db_column="frm"
    )
    to = models.PositiveSmallIntegerField(choices=Stage)
    # [{"gate": "G5", "weight": "advisory", "stage": 4, "fact": "problem"} or {… "step": key}]
    findings = models.JSONField()
    reason = models.CharField(max_length=20, choices=Reason, blank=True)
    words = models.TextField(blank=True)
    version_ids = models.JSONField(default=list)
    at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = PartOfDealManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(at__isnull=False) | Q(reason=Reason.IMPORTED),
                name="judgement_undated_only_if_imported",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["at"], name="judgement_of_a_period")]

    def __str__(self) -> str:
        return f"{self.deal_id} {self.verb} {self.reason}"
