"""What is to be done and what was done, with whom, and when it counts as a touch."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.models.company import Company
from crm.models.contact import Contact
from crm.models.deal import Deal
from crm.models.due import Due
from crm.models.reference import Method
from pipeline.models import Batch, Team, User
from pipeline.people.access import HasScope
from pipeline.process.stages import Stage


class ActivityKind(models.TextChoices):
    CALL = "call", _("Call")
    EMAIL = "email", _("E-mail")
    MEETING = "meeting", _("Meeting")
    NOTE = "note", _("Note")
    TASK = "task", _("Task")


# Kinds that speak to the other side; notes and tasks are ours alone.
TOUCHES = (ActivityKind.CALL, ActivityKind.EMAIL, ActivityKind.MEETING)
# A note says what is; it cannot be planned.
PLANNABLE = (ActivityKind.CALL, ActivityKind.EMAIL, ActivityKind.MEETING, ActivityKind.TASK)


class ActivityResult(models.TextChoices):
    REACHED = "reached", _("Reached")
    NO_ANSWER = "no_answer", _("No answer")
    MEETING_SET = "meeting_set", _("Meeting set")
    MOVED_FORWARD = "moved_forward", _("Moved forward")


# What says that a conversation was held, by kind (METHOD, G2). Without a result nobody knows if
# they spoke; a call in which only a meeting was set agreed to a conversation and is none yet; of a
# mail that moved the deal on nobody knows if it was answered.
HELD = {
    ActivityKind.CALL: (ActivityResult.REACHED, ActivityResult.MOVED_FORWARD),
    ActivityKind.EMAIL: (ActivityResult.REACHED,),
    ActivityKind.MEETING: (
        ActivityResult.REACHED,
        ActivityResult.MEETING_SET,
        ActivityResult.MOVED_FORWARD,
    ),
}


def is_conversation(kind: str, result: str | None) -> bool:
    """Whether something done was a conversation: both sides spoke, and not only about a date (G2)."""
    return result in HELD.get(ActivityKind(kind), ())


def is_attempt(kind: str, result: str | None) -> bool:
    """Whether something done may have reached nobody: no answer, or a call or meeting without a
    result."""
    spoken = kind in (ActivityKind.CALL, ActivityKind.MEETING)
    return result == ActivityResult.NO_ANSWER or (spoken and not result)


class ActivityQuerySet(models.QuerySet["Activity"]):
    def visible_to(self, user: HasScope) -> Self:
        """Activities of visible deals; without a deal, one's own and one's people's."""
        if not user.is_active:
            return self.none()
        scope = user.scope
        if scope.everything:
            return self.filter()
        return self.filter(scope.owned_filter(owner="holder", team="holder_team"))

    def editable_by(self, user: User) -> Self:
        """Planned ones in one's reach; completed ones only by who did them."""
        if not user.is_active:
            return self.none()
        scope = user.scope
        if scope.everything:
            reach = Q()
        else:
            owners = sorted(scope.owner_ids)
            reach = Q(deal__owner_id__in=owners) | Q(deal=None, owner_id__in=owners)
            reach |= Q(
                deal__owner_id__isnull=True, deal__team_id__in=sorted(scope.managed_team_ids)
            )
        return self.filter(reach & (Q(done_at=None) | Q(owner_id=user.pk)))

    def planned(self) -> Self:
        return self.filter(done_at=None, cancelled_at=None)

    def done(self) -> Self:
        return self.filter(done_at__isnull=False)

    def without_result(self, deal: Deal, *, by: User) -> Self:
        """Possible conversations of `by` on the deal without a result, latest first."""
        done = self.done().filter(deal=deal, owner=by, result="", kind__in=list(HELD))
        return done.order_by("-done_at", "-id")

    def for_timeline(self) -> Self:
        return self.done().select_related("owner", "contact").order_by("-done_at", "-id")


ActivityManager = models.Manager.from_queryset(ActivityQuerySet)


class Activity(models.Model):
    """Something to do, or done: planned and done are one record.

    What is planned is due on a day (`due_on`) or at an hour of it (`due_at`), as `Due` says; `due_by`
    follows from them and puts it in order. `done_at` is when it happened. `stage` is the one for which it counted when it was
    done, if any (`queries.activity`). `owner` is who is to
    do it and, once done, who did.
    """

    kind = models.CharField(max_length=8, choices=ActivityKind)
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    # Without an index of its own: that of its timeline serves as well.
    deal = models.ForeignKey(
        Deal,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        db_index=False,
        related_name="activities",
    )
    company = models.ForeignKey(
        Company, on_delete=models.PROTECT, null=True, blank=True, related_name="activities"
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="activities"
    )
    method = models.ForeignKey(
        Method, on_delete=models.PROTECT, null=True, blank=True, related_name="activities"
    )
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="activities")
    # In whose reach it lies: its deal's owner and team or, without a deal, its own owner. Repeated
    # here by the database itself (triggers of migration 0012), whoever writes, so that a list of
    # activities need not join each of them to its deal. Nothing to set, and nothing to constrain:
    # what is repeated is constrained where it comes from.
    holder = models.ForeignKey(
        User,
        on_delete=models.DO_NOTHING,
        null=True,
        editable=False,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    holder_team = models.ForeignKey(
        Team,
        on_delete=models.DO_NOTHING,
        null=True,
        editable=False,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    due_on = models.DateField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    due_by = models.DateTimeField(null=True, blank=True, editable=False)
    done_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=16, choices=ActivityResult, blank=True)
    stage = models.PositiveSmallIntegerField(choices=Stage, null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Counts what people do to it: so that of two who have it before them, the second is told.
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(null=True, blank=True)
    # No index: nobody looks for it, and there are as many of these as of nothing else.
    changed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = ActivityManager()

    class Meta:
        verbose_name_plural = "activities"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(due_by__isnull=False) | Q(done_at__isnull=False),
                name="activity_planned_or_done",
            ),
            models.CheckConstraint(
                condition=Q(due_on=None, due_at=None, due_by=None)
                | Q(due_on__isnull=False, due_at=None, due_by__isnull=False)
                | Q(due_on=None, due_at__isnull=False, due_by=F("due_at")),
                name="activity_due_on_a_day_or_at_an_hour",
            ),
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(cancelled_at=None),
                name="activity_done_or_cancelled",
            ),
            models.CheckConstraint(
                condition=~Q(kind=ActivityKind.NOTE) | Q(due_by=None),
                name="activity_note_is_not_planned",
            ),
            models.CheckConstraint(
                condition=Q(deal__isnull=False)
                | Q(company__isnull=False)
                | Q(contact__isnull=False),
                name="activity_with_somebody",
            ),
            models.CheckConstraint(
                condition=Q(stage=None) | Q(stage__range=(1, 7)), name="activity_stage_of_seven"
            ),
        ]
        indexes: ClassVar = [
            # Serves a deal's timeline.
            models.Index(fields=["deal", "-done_at"], name="activity_timeline"),
            # Serves what is next on a deal, and everybody's list of the day.
            models.Index(
                fields=["deal", "due_by"],
                condition=Q(done_at=None, cancelled_at=None),
                name="activity_next_of_deal",
            ),
            models.Index(
                fields=["owner", "due_by"],
                condition=Q(done_at=None, cancelled_at=None),
                name="activity_due_of_owner",
            ),
            # Serves the count of what is to be done by some people.
            models.Index(
                fields=["holder", "due_by", "id"],
                include=["holder_team"],
                condition=Q(done_at=None, cancelled_at=None),
                name="activity_due_of_holder",
            ),
            # Serve the list of everybody's activities: what is due next, and what was done last.
            models.Index(
                fields=["due_by", "id"],
                include=["holder", "holder_team"],
                condition=Q(done_at=None, cancelled_at=None),
                name="activity_due",
            ),
            models.Index(
                fields=["done_at", "id"],
                include=["holder", "holder_team"],
                condition=Q(done_at__isnull=False),
                name="activity_done",
            ),
            # Serves the last touch of each customer, which is looked for among those of its company.
            models.Index(
                fields=["company", "done_at", "id"],
                condition=Q(done_at__isnull=False),
                name="activity_done_of_company",
            ),
            # Serves effort by person and period (METRICS K19).
            models.Index(
                fields=["owner", "done_at"],
                condition=Q(done_at__isnull=False),
                name="activity_done_by_owner",
            ),
            # Serves the reports: what was done in a period in the reach of some people, and all that
            # tells of their deals, planned or cancelled as well.
            models.Index(fields=["holder", "done_at"], name="activity_of_holder"),
        ]

    def __str__(self) -> str:
        return self.subject or self.get_kind_display()

    @property
    def due(self) -> Due | None:
        """When it was planned for; None for what was done without a plan."""
        return None if self.due_by is None else Due(on=self.due_on, at=self.due_at)

    def plan_for(self, due: Due) -> None:
        """Set when it is due; the owner must be known."""
        self.due_on, self.due_at, self.due_by = due.on, due.at, due.by(self.owner.zone)
