"""The process as it is kept: layers with their differences, and what was published of them.

Where layers meet, and what may differ, is decided by `pipeline.process.playbook` alone.
"""

from typing import ClassVar, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pipeline.people.models.people import Team, User
from pipeline.process.playbook import (
    AnswerKind,
    Applies,
    Clash,
    Fact,
    Importance,
    Proof,
    Side,
    StepKind,
    WorkKind,
)
from pipeline.process.stages import Stage


class LayerQuerySet(models.QuerySet["Layer"]):
    def visible_to(self, user: User) -> Self:
        """Everybody may read why each rule exists; what somebody made for himself is private."""
        return self.filter(Q(user=None) | Q(user=user)) if user.is_active else self.none()

    def editable_by(self, user: User) -> Self:
        """Admins edit the framework and any team, managers their subtree, everybody one's own."""
        if not user.is_active:
            return self.none()
        scope = user.scope
        teams = Q(user=None) if scope.everything else Q(team__in=sorted(scope.managed_team_ids))
        return self.filter(Q(user=user) | teams)


LayerManager = models.Manager.from_queryset(LayerQuerySet)


class Layer(models.Model):
    """What the organisation (the root team), a team or one person says of the process.

    Its `Step` and `StageWording` rows are the working state: a draft on a team's layer, in force
    at once on a person's own. `current` is the published version of a team's layer.
    """

    team = models.OneToOneField(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="layer"
    )
    user = models.OneToOneField(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="layer"
    )
    current = models.ForeignKey(
        "Version", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # The earlier version that the draft brings back; the next version says so.
    restores = models.ForeignKey(
        "Version", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # How much the advisory gates ask for, by gate; on the organisation's layer.
    strengths = models.JSONField(default=dict, blank=True)
    # Counts the changes of the working state, so that two who edit it notice each other.
    revision = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = LayerManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(team=None, user__isnull=False) | Q(team__isnull=False, user=None),
                name="layer_of_a_team_or_a_person",
            ),
            models.CheckConstraint(
                condition=Q(user=None) | Q(current=None), name="layer_of_a_person_has_no_versions"
            ),
        ]

    def __str__(self) -> str:
        return str(self.team or self.user)


class OfLayerQuerySet(models.QuerySet):  # type: ignore[type-arg]  # shared by several models
    def visible_to(self, user: User) -> Self:
        return self.filter(layer__in=Layer.objects.visible_to(user))

    def editable_by(self, user: User) -> Self:
        return self.filter(layer__in=Layer.objects.editable_by(user))


OfLayerManager = models.Manager.from_queryset(OfLayerQuerySet)


class Step(models.Model):
    """A difference on a layer, by (stage, key). Null means: as inherited."""

    layer = models.ForeignKey(Layer, on_delete=models.CASCADE, related_name="steps")
    stage = models.PositiveSmallIntegerField(choices=Stage)
    key = models.SlugField(max_length=60)
    adds = models.BooleanField(default=False)
    label = models.CharField(_("Name"), max_length=160, null=True, blank=True)  # noqa: DJ001
    kind = models.CharField(  # noqa: DJ001
        _("Kind"), max_length=10, choices=StepKind, null=True, blank=True
    )
    answer = models.CharField(  # noqa: DJ001
        _("Answer"), max_length=10, choices=AnswerKind, null=True, blank=True
    )
    choices = models.JSONField(_("Choices"), null=True, blank=True)
    proof = models.CharField(  # noqa: DJ001
        _("Evidence"), max_length=10, choices=Proof, null=True, blank=True
    )
    doing = models.CharField(  # noqa: DJ001
        _("Activity"), max_length=10, choices=WorkKind, null=True, blank=True
    )
    importance = models.PositiveSmallIntegerField(
        _("Importance"), choices=Importance, null=True, blank=True
    )
    applies = models.CharField(  # noqa: DJ001
        _("For"), max_length=10, choices=Applies, null=True, blank=True
    )
    side = models.CharField(  # noqa: DJ001
        _("Criterion"), max_length=10, choices=Side, null=True, blank=True
    )
    fact = models.CharField(  # noqa: DJ001
        _("Done by"), max_length=20, choices=Fact, null=True, blank=True
    )
    gives_you = models.CharField(  # noqa: DJ001
        _("Gives you"), max_length=300, null=True, blank=True
    )
    gives_managers = models.CharField(  # noqa: DJ001
        _("Gives the team"), max_length=300, null=True, blank=True
    )
    help = models.TextField(_("Help or script"), null=True, blank=True)  # noqa: DJ001
    position = models.FloatField(null=True, blank=True)
    hidden = models.BooleanField(null=True, blank=True)
    locked = models.BooleanField(_("Locked for those below"), null=True, blank=True)
    reason = models.CharField(_("Reason"), max_length=300, blank=True)
    author = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField()

    objects = OfLayerManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["layer", "stage", "key"], name="step_once_on_a_layer"),
            models.CheckConstraint(condition=Q(stage__range=(1, 7)), name="step_stage_of_seven"),
            models.CheckConstraint(
                condition=Q(adds=False)
                | Q(label__isnull=False, kind__isnull=False, importance__isnull=False)
                & ~Q(label=""),
                name="step_that_begins_here_is_whole",
            ),
            # CHECKLIST E21: an override without a reason is refused.
            models.CheckConstraint(
                condition=Q(adds=True) | ~Q(reason=""), name="step_override_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{Stage(self.stage).key}/{self.key}"


class StageWording(models.Model):
    """What a layer calls a stage, and how long a visit in it usually takes there."""

    layer = models.ForeignKey(Layer, on_delete=models.CASCADE, related_name="wordings")
    stage = models.PositiveSmallIntegerField(choices=Stage)
    label = models.CharField(_("Name"), max_length=60, blank=True)
    norm_days = models.PositiveSmallIntegerField(
        _("Usual days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
    )

    objects = OfLayerManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["layer", "stage"], name="wording_once_on_a_layer"),
            models.CheckConstraint(condition=Q(stage__range=(1, 7)), name="wording_stage_of_seven"),
        ]

    def __str__(self) -> str:
        return f"{Stage(self.stage).key}: {self.label}"


class Version(models.Model):
    """What was published of a team's layer: never changed, never deleted (a trigger sees to it).

    `content` is `playbook.LayerContent` as JSON. Visits name the versions in force by id.
    """

    # A part of its layer, which only the undo of a batch may take away: the trigger sees to that.
    layer = models.ForeignKey(Layer, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    note = models.TextField(_("Note to the team"), blank=True)
    published_at = models.DateTimeField()
    # Null for the framework as it was shipped.
    published_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    restores = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = OfLayerManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["layer", "number"], name="version_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.layer} v{self.number}"


class Choice(models.TextChoices):
    """What a team decides when the framework changed under one of its own differences."""

    KEEP = "keep", _("Keep ours")
    TAKE = "take", _("Take theirs")


class Collision(models.Model):
    """A change above that meets a difference of a team: the team decides, nothing is overwritten.

    `was` and `now` are the step above before and after the change, as JSON; null where it was not
    there or is gone.
    """

    layer = models.ForeignKey(Layer, on_delete=models.CASCADE, related_name="collisions")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="collisions")
    stage = models.PositiveSmallIntegerField(choices=Stage)
    key = models.SlugField(max_length=60)
    clash = models.CharField(max_length=10, choices=Clash, blank=True)
    was = models.JSONField(null=True)
    now = models.JSONField(null=True)
    at = models.DateTimeField()
    choice = models.CharField(max_length=4, choices=Choice, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = OfLayerManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["layer", "version", "stage", "key"], name="collision_once"
            ),
            models.CheckConstraint(
                condition=Q(choice="", decided_at=None)
                | ~Q(choice="") & Q(decided_at__isnull=False),
                name="collision_decided_with_its_choice",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["layer"], condition=Q(choice=""), name="collision_undecided"),
        ]

    def __str__(self) -> str:
        return f"{self.layer}: {Stage(self.stage).key}/{self.key}"


class Vote(models.TextChoices):
    HELPS = "helps", _("Helps")
    DOESNT_HELP = "doesnt_help", _("Doesn’t help")


class StepVoteQuerySet(models.QuerySet["StepVote"]):
    def visible_to(self, user: User) -> Self:
        """Votes are counted for everybody; whose they are is for oneself alone."""
        return self.filter(user=user) if user.is_active else self.none()

    def editable_by(self, user: User) -> Self:
        return self.visible_to(user)


StepVoteManager = models.Manager.from_queryset(StepVoteQuerySet)


class StepVote(models.Model):
    """What one person says about the use of a step (CHECKLIST A5)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="step_votes")
    stage = models.PositiveSmallIntegerField(choices=Stage)
    key = models.SlugField(max_length=60)
    vote = models.CharField(max_length=12, choices=Vote)
    at = models.DateTimeField()

    objects = StepVoteManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "stage", "key"], name="step_vote_once"),
            models.CheckConstraint(condition=Q(stage__range=(1, 7)), name="step_vote_stage"),
        ]
        indexes: ClassVar = [models.Index(fields=["stage", "key"], name="step_votes_of_a_step")]

    def __str__(self) -> str:
        return f"{self.key}: {self.vote}"
