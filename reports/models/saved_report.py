"""Reports that people keep: a question under a name, who has it on the start, and who gets it by mail."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from pipeline.models import ShareableQuerySet, Team, User
from reports.rhythm import Rhythm, Weekday

MOST_QUERY = 2000


class SavedReportQuerySet(ShareableQuerySet["SavedReport"]):
    pass


SavedReportManager = models.Manager.from_queryset(SavedReportQuerySet)


class SavedReport(models.Model):
    """A page of the reports with what is asked of it, under a name: nothing but an address.

    What it shows is always what its reader may see; sharing it shares the question, not the figures.
    """

    name = models.CharField(_("Name"), max_length=60)
    # The key of a page, which a later release may not have any more.
    page = models.CharField(max_length=20)
    query = models.CharField(max_length=MOST_QUERY, blank=True)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # Null keeps it to its owner; else everybody in that team and below has it.
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = SavedReportManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(name=""), name="saved_report_has_a_name"),
            models.UniqueConstraint("owner", Lower("name"), name="saved_report_name_once_a_person"),
        ]

    def __str__(self) -> str:
        return self.name


class ReportPinQuerySet(models.QuerySet["ReportPin"]):
    def visible_to(self, user: User) -> Self:
        """One's own start is nobody else's matter."""
        if not user.is_active:
            return self.none()
        return self.filter() if user.scope.everything else self.filter(person=user)

    def editable_by(self, user: User) -> Self:
        return self.visible_to(user)


ReportPinManager = models.Manager.from_queryset(ReportPinQuerySet)


class ReportPin(models.Model):
    """A saved report on the start page of somebody's reports."""

    report = models.ForeignKey(SavedReport, on_delete=models.CASCADE, related_name="pins")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()

    objects = ReportPinManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "report"], name="report_pin_once_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.report_id} of {self.person_id}"


class WhyEnded(models.TextChoices):
    STOPPED = "stopped", _("stopped it")
    TAKEN_OFF = "taken_off", _("was taken off")
    LEFT = "left", _("has left")
    OUT_OF_REACH = "reach", _("does not have the report any more")


class ReportSubscriptionQuerySet(models.QuerySet["ReportSubscription"]):
    def visible_to(self, user: User) -> Self:
        """Whoever has a report sees who receives it; and everybody the own mails."""
        if not user.is_active:
            return self.none()
        if user.scope.everything:
            return self.filter()
        reports = SavedReport.objects.visible_to(user)
        return self.filter(Q(person=user) | Q(report__in=reports.values("pk")))

    def editable_by(self, user: User) -> Self:
        """Who receives it, and who saved the report."""
        if not user.is_active:
            return self.none()
        if user.scope.everything:
            return self.filter()
        return self.filter(Q(person=user) | Q(report__owner=user))

    def running(self) -> Self:
        return self.filter(ended_at=None)


ReportSubscriptionManager = models.Manager.from_queryset(ReportSubscriptionQuerySet)


class ReportSubscription(models.Model):
    """That somebody gets a saved report by mail, worked out in his or her own reach.

    `put_for` is the period (`reports.rhythm.period_of`) of which the last mail was left to be sent:
    of each there is one. `sent_for` is that of the last one that went.
    """

    report = models.ForeignKey(SavedReport, on_delete=models.CASCADE, related_name="subscriptions")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    rhythm = models.CharField(max_length=7, choices=Rhythm)
    # On which day of a week; of a month it is the first.
    weekday = models.PositiveSmallIntegerField(choices=Weekday, default=Weekday.MONDAY)
    hour = models.PositiveSmallIntegerField()
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True, blank=True)
    put_for = models.DateField(null=True, blank=True)
    sent_for = models.DateField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = models.CharField(max_length=9, choices=WhyEnded, blank=True)

    objects = ReportSubscriptionManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["report", "person"], name="report_subscription_once_a_person"
            ),
            models.CheckConstraint(
                condition=Q(weekday__lte=6, hour__lte=23), name="report_subscription_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_why="", next_at__isnull=False)
                | Q(ended_at__isnull=False, next_at=None) & ~Q(ended_why=""),
                name="report_subscription_ended_or_due",
            ),
        ]
        indexes: ClassVar = [
            # Serves the clock, every few minutes.
            models.Index(
                fields=["next_at"], condition=Q(ended_at=None), name="report_subscription_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report_id} to {self.person_id}"
