"""By which rules the leads of a team's pool are given to its people, and who got which, and why."""

from typing import ClassVar, Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.deal import Deal
from crm.models.reference import Source
from pipeline.models import Team, User
from pipeline.people.access import HasScope


class Dealing(models.TextChoices):
    """How a rule chooses among its people."""

    IN_TURN = "in_turn", _("In turn")
    MOST_ROOM = "most_room", _("Whoever has the fewest to sort")


class LeadRuleQuerySet(models.QuerySet["LeadRule"]):
    def visible_to(self, user: HasScope) -> Self:
        """Those of one's own team, and of the teams that one leads: who gets leads may know why."""
        if not user.is_active:
            return self.none()
        if user.scope.everything:
            return self.filter()
        return self.filter(team_id__any_of=user.scope.pool_team_ids | user.scope.managed_team_ids)

    def editable_by(self, user: User) -> Self:
        """Those of the teams that one leads."""
        if not user.is_active:
            return self.none()
        if user.scope.everything:
            return self.filter()
        return self.filter(team_id__in=sorted(user.scope.managed_team_ids))

    def in_force(self) -> Self:
        """In the order in which they are asked."""
        return self.filter(is_on=True).order_by("position", "pk")


LeadRuleManager = models.Manager.from_queryset(LeadRuleQuerySet)


class LeadRule(models.Model):
    """Which leads of a team's pool it gives away, and to whom. The first that fits decides.

    A rule fits every lead where `source` and `region` (the company's country) say nothing.
    `capacity` is the most leads that somebody may have to sort; None is any number.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="lead_rules")
    name = models.CharField(_("Name"), max_length=80)
    position = models.PositiveSmallIntegerField(default=1)
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    region = models.CharField(_("Country"), max_length=80, blank=True)
    dealing = models.CharField(max_length=10, choices=Dealing, default=Dealing.IN_TURN)
    capacity = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    is_on = models.BooleanField(default=True)
    # How many leads it has given away: the turn of each of its people is counted by it.
    turn = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    objects = LeadRuleManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(name=""), name="lead_rule_has_a_name"),
            models.CheckConstraint(
                condition=Q(capacity=None) | Q(capacity__gte=1), name="lead_rule_has_room"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LeadTakerQuerySet(models.QuerySet["LeadTaker"]):
    def visible_to(self, user: HasScope) -> Self:
        return self.filter(rule__in=LeadRule.objects.visible_to(user))

    def editable_by(self, user: User) -> Self:
        return self.filter(rule__in=LeadRule.objects.editable_by(user))


LeadTakerManager = models.Manager.from_queryset(LeadTakerQuerySet)


class LeadTaker(models.Model):
    """Somebody to whom a rule gives leads, and at which of its turns the last time; 0 is never."""

    rule = models.ForeignKey(LeadRule, on_delete=models.CASCADE, related_name="takers")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="lead_takings")
    last_turn = models.PositiveIntegerField(default=0)

    objects = LeadTakerManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "person"], name="lead_taker_once_a_rule"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} by {self.rule_id}"


class LeadAssignmentQuerySet(models.QuerySet["LeadAssignment"]):
    def visible_to(self, user: HasScope) -> Self:
        """What one got oneself, and all of the teams that one leads."""
        if not user.is_active:
            return self.none()
        if user.scope.everything:
            return self.filter()
        scope = user.scope
        return self.filter(Q(to_id=scope.user_id) | Q(team_id__any_of=scope.managed_team_ids))

    def editable_by(self, user: User) -> Self:
        """It says what happened: nobody changes that."""
        return self.none()


LeadAssignmentManager = models.Manager.from_queryset(LeadAssignmentQuerySet)


class LeadAssignment(models.Model):
    """That a rule gave a lead to somebody, or found nobody with room (`to` is None).

    The rule's name, how it chose and how many leads the person had to sort then are kept as they
    were: rules change. `turn` is which of the rule's turns it took; None for what was given before that
    was kept.
    """

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="lead_assignments")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    rule = models.ForeignKey(
        LeadRule, on_delete=models.SET_NULL, null=True, blank=True, related_name="assignments"
    )
    rule_name = models.CharField(max_length=80)
    dealing = models.CharField(max_length=10, choices=Dealing)
    to = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    waiting = models.PositiveIntegerField(default=0)
    turn = models.PositiveIntegerField(null=True, blank=True)
    at = models.DateTimeField()

    objects = LeadAssignmentManager()

    class Meta:
        indexes: ClassVar = [
            # Serves the log of a team, the latest first.
            models.Index(fields=["team", "-at", "-id"], name="lead_assignment_log"),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} → {self.to_id}"
