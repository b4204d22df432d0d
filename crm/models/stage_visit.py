"""The stays of deals in stages, of which every report counts."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q

from crm.models.deal import Deal
from pipeline.models import Team, User
from pipeline.people.access import HasScope
from pipeline.process.moves import EnteredHow, LeftHow, Visit
from pipeline.process.stages import Stage

UNDATED = Q(entered_at=None) | Q(left_how__isnull=False, left_at=None)


class StageVisitQuerySet(models.QuerySet["StageVisit"]):
    def visible_to(self, user: HasScope) -> Self:
        """Those of visible deals."""
        if not user.is_active:
            return self.none()
        scope = user.scope
        if scope.everything:
            return self.filter()
        return self.filter(scope.owned_filter(owner="holder", team="holder_team"))

    def editable_by(self, user: User) -> Self:
        """History is written by commands and edited by nobody."""
        return self.none()

    def going_on(self) -> Self:
        return self.filter(left_how=None)

    def dated(self) -> Self:
        """What needs dates leaves undated imported visits out, which lowers its coverage."""
        return self.exclude(entered_at=None)

    def undated(self) -> Self:
        """What no period can place: began, or ended, nobody knows when."""
        return self.filter(UNDATED)


StageVisitManager = models.Manager.from_queryset(StageVisitQuerySet)


class StageVisit(models.Model):
    """One visit of a deal in a stage: the history from which every figure is computed.

    A closed visit is frozen: a trigger in the database refuses its change and deletion (the undo
    of a batch excepted). Owner, team and amount are those at entry and at exit, because reports
    ask who did it then, not who owns it now.
    """

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="visits")
    # In whose reach it lies: its deal's owner and team of today, repeated by the database itself as
    # for activities (triggers of migration 0045), so that the visits of some people are found by an
    # index instead of deal by deal. No part of its history: it follows the deal.
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
    sequence = models.PositiveSmallIntegerField()
    stage = models.PositiveSmallIntegerField(choices=Stage)

    # Undated only where an import did not know.
    entered_at = models.DateTimeField(null=True, blank=True)
    entered_how = models.CharField(max_length=10, choices=EnteredHow)
    entered_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Why it went back, was reopened, or jumped; one reason for all that a jump passed over.
    reason = models.TextField(blank=True)
    entry_owner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    entry_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    entry_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    # The playbook in force: its published versions from the framework down, and one name for the
    # set, by which visits are compared (`playbook.fingerprint`). Only "move now" changes an open one's.
    version_ids = models.JSONField(default=list)
    playbook = models.CharField(max_length=12, blank=True)

    left_at = models.DateTimeField(null=True, blank=True)
    # Null, not "", means that the visit goes on: "" would be a way of leaving.
    left_how = models.CharField(  # noqa: DJ001
        max_length=10, choices=LeftHow, null=True, blank=True
    )
    left_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    exit_owner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    exit_team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    exit_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)

    objects = StageVisitManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["deal", "sequence"], name="visit_sequence_once"),
            models.UniqueConstraint(
                fields=["deal"], condition=Q(left_how=None), name="visit_one_going_on"
            ),
            models.CheckConstraint(condition=Q(stage__range=(1, 7)), name="visit_stage_of_seven"),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="visit_sequence_from_one"),
            models.CheckConstraint(
                condition=Q(left_at=None) | Q(entered_at=None) | Q(left_at__gte=F("entered_at")),
                name="visit_left_after_it_was_entered",
            ),
            models.CheckConstraint(
                condition=Q(left_how=None, left_at=None)
                | Q(left_how__isnull=False, left_at__isnull=False)
                | Q(left_how__isnull=False, entered_how=EnteredHow.IMPORTED),
                name="visit_left_at_with_left_how",
            ),
            models.CheckConstraint(
                condition=Q(entered_at__isnull=False) | Q(entered_how=EnteredHow.IMPORTED),
                name="visit_undated_only_if_imported",
            ),
            models.CheckConstraint(
                condition=~Q(left_how=LeftHow.WON) | Q(stage=Stage.CLOSING),
                name="visit_won_only_in_the_seventh_stage",
            ),
            models.CheckConstraint(
                condition=Q(sequence=1, entered_how__in=[EnteredHow.CREATED, EnteredHow.IMPORTED])
                | Q(
                    sequence__gt=1,
                    entered_how__in=[
                        EnteredHow.FORWARD,
                        EnteredHow.BACK,
                        EnteredHow.REOPENED,
                    ],
                ),
                name="visit_first_one_begins_the_chain",
            ),
            models.CheckConstraint(
                condition=~Q(entered_how__in=[EnteredHow.BACK, EnteredHow.REOPENED])
                | ~Q(reason=""),
                name="visit_return_has_a_reason",
            ),
        ]
        indexes: ClassVar = [
            # Serves the funnel: entries of a period by stage, with how and when they ended.
            models.Index(
                fields=["entered_at"],
                include=["deal", "stage", "left_at", "left_how", "entry_owner", "entry_team"],
                name="visit_entries_of_a_period",
            ),
            # Serves the coverage of every figure that needs dates.
            models.Index(fields=["stage"], condition=UNDATED, name="visit_undated"),
            # Serves the time in stage: the visits that ended in a period.
            models.Index(
                fields=["left_at"],
                include=["deal", "stage", "entered_at", "entry_owner", "entry_team"],
                condition=Q(left_at__isnull=False),
                name="visit_exits_of_a_period",
            ),
            # Serve the same of some people.
            models.Index(fields=["holder", "entered_at"], name="visit_entries_of_holder"),
            models.Index(
                fields=["holder", "left_at"],
                condition=Q(left_at__isnull=False),
                name="visit_exits_of_holder",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}/{self.sequence} {Stage(self.stage).key}"

    @property
    def visit(self) -> Visit:
        return Visit(
            sequence=self.sequence,
            stage=Stage(self.stage),
            entered_how=EnteredHow(self.entered_how),
            entered_at=self.entered_at,
            reason=self.reason,
            left_how=LeftHow(self.left_how) if self.left_how else None,
            left_at=self.left_at,
        )
