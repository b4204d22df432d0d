from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from crm.models.company import Company
from crm.touch_rhythm import RHYTHMS
from pipeline.models import User
from pipeline.people.access import HasScope


class TouchPlanQuerySet(models.QuerySet["TouchPlan"]):
    def visible_to(self, user: HasScope) -> Self:
        """As the company: common knowledge."""
        return self.filter() if user.is_active else self.none()

    def editable_by(self, user: User) -> Self:
        return self.filter(company__in=Company.objects.editable_by(user))


TouchPlanManager = models.Manager.from_queryset(TouchPlanQuerySet)


class TouchPlan(models.Model):
    """How often a customer is to be touched without a deal (METHOD, edge rule 2; CHECKLIST A10, A12).

    A company without one has not been decided about; `months` null is the decision for none.
    """

    company = models.OneToOneField(Company, on_delete=models.CASCADE, related_name="touch_plan")
    months = models.PositiveSmallIntegerField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = TouchPlanManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(months=None) | Q(months__in=RHYTHMS), name="touch_plan_of_a_rhythm"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company_id} every {self.months}"
