"""Forms for what was done and what comes next."""

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.writers.activity import Next
from crm.forms.fields import DayField, VerbForm
from crm.models import Activity, ActivityKind, ActivityResult, Contact
from crm.models.activity import PLANNABLE, ActivityQuerySet
from crm.models.due import Due
from crm.proposal import NothingNext
from pipeline.process.stages import Stage
from salesprocess.lib.dates import is_plausible
from salesprocess.lib.natural_dates import NotUnderstoodError, parse
from salesprocess.lib.said_at import said_at
from salesprocess.lib.text_area import TextArea

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

KINDS = [(kind.value, kind.label) for kind in PLANNABLE]
# How far ahead the picks for what's next reach, in days.
AHEAD = {"today": 0, "tomorrow": 1, "3d": 3, "1w": 7}
# Picks that name no day: what was proposed, and nothing for a reason.
PROPOSED, NOTHING = "proposed", "none"


class PlannedForm(VerbForm):
    """A verb on something planned. `of` is that, as the page shows it."""

    # What the verb makes of it, in a word, where it makes no other plan.
    becomes: "StrOrPromise" = gettext_lazy("Not to be done")

    def __init__(self, data: Any = None, *, of: Activity | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        if of is not None:
            self.initial.setdefault("version", of.version)

    def instead(self, now: Activity) -> Next | None:
        """The plan that was asked for in the place of what is planned now, if any."""
        return None


class WhenForm(PlannedForm):
    """A day by pick or by date, and a time if it matters."""

    next = forms.ChoiceField(
        required=False,
        choices=[
            ("", gettext_lazy("Nothing")),
            ("today", gettext_lazy("Today")),
            ("tomorrow", gettext_lazy("Tomorrow")),
            ("3d", gettext_lazy("+3 d")),
            ("1w", gettext_lazy("+1 w")),
            ("on", gettext_lazy("Pick a day")),
        ],
    )
    next_on = DayField(required=False, label=gettext_lazy("Day"))
    next_at = forms.TimeField(
        required=False,
        label=gettext_lazy("Time"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    named = {"due_on": "next_on", "due_at": "next_on"}

    def __init__(self, *args: Any, at: dt.datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self.at = at
        self.today = at.astimezone(self.user.zone).date()

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        if "next" not in self.data and self.cleaned_data.get("next_on"):
            # Enter in the field of the day: no pick was pressed.
            self.cleaned_data["next"] = "on"
        if self.cleaned_data.get("next") == "on" and "next_on" not in self.errors:
            day = self.cleaned_data.get("next_on")
            if day is None:
                self.add_error("next_on", _("Choose a day."))
            elif not self._is_meant(day):
                self.add_error("next_on", _("Choose today or a day ahead."))
        return said

    def due(self) -> Due | None:
        """The day that the writer means, or an hour of it where he or she is; None if nothing was
        chosen."""
        choice = self.cleaned_data["next"]
        if not choice:
            return None
        if choice != "on":
            return Due(on=self.today + dt.timedelta(days=AHEAD[choice]))
        day, time = self.cleaned_data["next_on"], self.cleaned_data["next_at"]
        if time is None:
            return Due(on=day)
        return Due(at=dt.datetime.combine(day, time, tzinfo=self.user.zone))

    def _is_meant(self, day: dt.date) -> bool:
        """Whether something can be planned for that day."""
        return day >= self.today


class NextForm(WhenForm):
    """What's next: chosen in the same gesture as what was done."""

    next_kind = forms.ChoiceField(
        required=False, choices=KINDS, label=gettext_lazy("What"), initial=ActivityKind.CALL
    )
    next_subject = forms.CharField(
        required=False, max_length=200, strip=True, label=gettext_lazy("About")
    )

    def planned(self) -> Next | None:
        due = self.due()
        if due is None:
            return None
        return Next(
            kind=ActivityKind(self.cleaned_data["next_kind"] or ActivityKind.CALL),
            due_on=due.on,
            due_at=due.at,
            subject=self.cleaned_data["next_subject"],
        )


class DoneForm(NextForm):
    """What came of it, in a word and in a text, and when it was, if that is not now."""

    done_when = forms.CharField(
        required=False,
        max_length=60,
        strip=True,
        label=gettext_lazy("When, in words"),
        help_text=gettext_lazy("yesterday 15:00"),
    )
    done_on = DayField(required=False, label=gettext_lazy("Day"))
    done_time = forms.TimeField(
        required=False,
        label=gettext_lazy("Hour"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    body = forms.CharField(
        required=False,
        max_length=20_000,
        strip=True,
        widget=TextArea(attrs={"rows": 2}),
        label=gettext_lazy("What was said"),
    )
    result = forms.ChoiceField(
        required=False, choices=[("", ""), *ActivityResult.choices], label=gettext_lazy("Result")
    )

    becomes = gettext_lazy("Done")

    # The stage that the page showed; "moved forward" goes on from there and from no other.
    from_stage = forms.TypedChoiceField(
        required=False,
        choices=Stage.choices,
        coerce=lambda value: Stage(int(value)),
        empty_value=None,
        widget=forms.HiddenInput,
    )

    named: ClassVar[dict[str, str]] = {**WhenForm.named, "at": "done_when"}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # All that it says of time is meant as of when it was said.
        self.said_at = said_at(self.data, now=self.at)
        if self.said_at is not None:
            self.at = self.said_at
            self.today = self.at.astimezone(self.user.zone).date()

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        try:
            done_at = self.done_at()
        except NotUnderstoodError:
            self.add_error("done_when", _("Write a day and an hour, such as “yesterday 15:00”."))
        else:
            if done_at is not None and done_at > self.at:
                self.add_error("done_when", _("That lies ahead: plan it instead."))
        return said

    def done_at(self) -> dt.datetime | None:
        """When it was, where the writer is: when it was said, unless it says otherwise; None for now. A
        day without an hour is its noon.

        Raises NotUnderstoodError for words that say no time.
        """
        now = self.at.astimezone(self.user.zone)
        if words := self.cleaned_data.get("done_when"):
            return parse(words, now=now)
        day, time = (self.cleaned_data.get(name) for name in ("done_on", "done_time"))
        if day is None and time is None:
            return self.said_at
        if time is None and day == self.today:
            return self.said_at
        return dt.datetime.combine(day or self.today, time or dt.time(12), tzinfo=now.tzinfo)

    def came_of_it(self) -> ActivityResult | None:
        said = self.cleaned_data["result"]
        return ActivityResult(said) if said else None


class LogForm(DoneForm):
    """The composer of the deal page.

    What's next is kept as it is, picked, or taken as `proposed`: the page sends each proposal with
    the result that it is for, so that what is planned is what was shown. Or nothing, `because`.
    """

    needs_version = False

    because = forms.ChoiceField(
        required=False,
        choices=[("", gettext_lazy("Why not?")), *NothingNext.choices],
        label=gettext_lazy("Why nothing"),
    )

    kind = forms.ChoiceField(
        choices=[(kind.value, kind.label) for kind in ActivityKind if kind != ActivityKind.TASK],
        initial=ActivityKind.CALL,
        label=gettext_lazy("What was done"),
    )
    contact = forms.ModelChoiceField(
        queryset=Contact.objects.none(), required=False, label=gettext_lazy("With")
    )
    # What had been planned, and was done by this.
    closes = forms.ModelMultipleChoiceField(
        queryset=Activity.objects.none(), required=False, label=gettext_lazy("It was planned")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["next"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            *self.fields["next"].choices,  # type: ignore[attr-defined]
            (PROPOSED, _("As proposed")),
            (NOTHING, _("Nothing, because …")),
        ]
        if self.data.get("closes"):
            self.fields["closes"].queryset = self._planned()  # type: ignore[attr-defined]  # as declared
        if not self.data.get("contact"):
            return
        people = self.fields["contact"]
        assert isinstance(people, forms.ModelChoiceField)  # noqa: S101  # as declared above
        people.queryset = Contact.objects.visible_to(self.user).filter(deals=self.deal)

    def _planned(self) -> ActivityQuerySet:
        """What may be closed by the way: the plans of the deal that the writer may change."""
        return Activity.objects.planned().editable_by(self.user).filter(deal=self.deal)

    def closed(self) -> Activity | None:
        """The plan that was done by this; one of another kind was ticked before the kind was."""
        kind = self.cleaned_data["kind"]
        return next((plan for plan in self.cleaned_data["closes"] if plan.kind == kind), None)

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        # A note has no result, whatever was pressed before it became one.
        if self.cleaned_data.get("kind") == ActivityKind.NOTE:
            self.cleaned_data["result"] = ""
        chosen = self.cleaned_data.get("next")
        if chosen == PROPOSED and self.proposed() is None:
            self.add_error("next", _("Choose when."))
        if chosen == NOTHING and not self.cleaned_data.get("because"):
            self.add_error("because", _("Say why nothing comes next."))
        return said

    def due(self) -> Due | None:
        if self.cleaned_data["next"] in (PROPOSED, NOTHING):
            return None
        return super().due()

    def planned(self) -> Next | None:
        return self.proposed() if self.cleaned_data["next"] == PROPOSED else super().planned()

    def proposed(self) -> Next | None:
        """What was proposed for the result that was chosen, as the page showed it."""
        of = self.cleaned_data.get("result")
        if not of:
            is_mail = self.cleaned_data.get("kind") == ActivityKind.EMAIL
            of = ActivityKind.EMAIL.value if is_mail else "plain"
        found = read_proposal(self.data.get(f"proposed_{of}", ""), zone=self.user.zone)
        is_meant = found is not None and self._is_meant(found.due.day(self.user.zone))
        return found if is_meant else None

    def nothing_next(self) -> NothingNext | None:
        """Why nothing comes next, where that was chosen."""
        said = self.cleaned_data
        return NothingNext(said["because"]) if said["next"] == NOTHING else None


def read_proposal(text: str, *, zone: dt.tzinfo) -> Next | None:
    """What a page sends as proposed: its kind, day, hour or `-`, and subject; None if it is none."""
    kind, _space, rest = text.partition(" ")
    day, _space, rest = rest.partition(" ")
    hour, _space, subject = rest.partition(" ")
    try:
        on = dt.date.fromisoformat(day)
        if kind not in dict(KINDS) or not is_plausible(on):
            return None
        if hour == "-":
            return Next(kind=ActivityKind(kind), due_on=on, subject=subject)
        at = dt.datetime.combine(on, dt.time.fromisoformat(hour), tzinfo=zone)
        return Next(kind=ActivityKind(kind), due_at=at, subject=subject)
    except ValueError:
        return None


class CorrectForm(PlannedForm):
    """What was logged, as it stands, to be put right."""

    kind = forms.ChoiceField(choices=ActivityKind.choices, label=gettext_lazy("What was done"))
    contact = forms.ModelChoiceField(
        queryset=Contact.objects.none(), required=False, label=gettext_lazy("With")
    )
    body = forms.CharField(
        required=False,
        max_length=20_000,
        strip=True,
        widget=TextArea(attrs={"rows": 4}),
        label=gettext_lazy("What was said"),
    )
    result = forms.ChoiceField(
        required=False,
        choices=[("", gettext_lazy("No result")), *ActivityResult.choices],
        label=gettext_lazy("Result"),
    )
    done_on = DayField(label=gettext_lazy("Day"))
    done_time = forms.TimeField(
        label=gettext_lazy("Hour"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    becomes = gettext_lazy("Corrected")
    named: ClassVar[dict[str, str]] = {"at": "done_on", "done_at": "done_on"}

    def __init__(self, data: Any = None, *, of: Activity, at: dt.datetime, **options: Any) -> None:
        assert of.done_at is not None  # noqa: S101  # only what was done is corrected
        local = of.done_at.astimezone(options["user"].zone)
        self.at, self.was, self.shown = at, of.done_at, (local.date(), _minute(local))
        options["initial"] = {
            "kind": of.kind,
            "contact": of.contact_id,
            "body": of.body,
            "result": of.result,
            "done_on": self.shown[0],
            "done_time": self.shown[1],
        }
        super().__init__(data, of=of, **options)
        people = Contact.objects.visible_to(self.user).filter(activities=of)
        if of.deal is not None:
            people |= Contact.objects.visible_to(self.user).filter(deals=of.deal)
        elif of.company is not None:
            people |= Contact.objects.visible_to(self.user).filter(company=of.company)
        self.fields["contact"].queryset = people.distinct()  # type: ignore[attr-defined]  # as declared
        if of.result != ActivityResult.MOVED_FORWARD:
            # A correction moves nothing.
            self.fields["result"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
                choice
                for choice in self.fields["result"].choices  # type: ignore[attr-defined]
                if choice[0] != ActivityResult.MOVED_FORWARD
            ]

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        if not self.errors and self.done_at() > self.at:
            self.add_error("done_on", _("That lies ahead: plan it instead."))
        return said

    def done_at(self) -> dt.datetime:
        """What is left as it was shown stays what it is, to the second."""
        day, time = self.cleaned_data["done_on"], self.cleaned_data["done_time"]
        if (day, time) == self.shown:
            return self.was
        return dt.datetime.combine(day, time, tzinfo=self.user.zone)

    def command_arguments(self) -> dict[str, Any]:
        said = self.cleaned_data
        result = said["result"]
        return {
            "kind": ActivityKind(said["kind"]),
            "contact": said["contact"],
            "body": said["body"],
            "result": ActivityResult(result) if result else None,
            "done_at": self.done_at(),
            "version": said["version"],
        }


class PlanForm(NextForm):
    needs_version = False

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        if not self.cleaned_data.get("next") and "next" not in self.errors:
            self.add_error("next", _("Choose when."))
        return said


class PostponeForm(WhenForm):
    def instead(self, now: Activity) -> Next | None:
        due = self.due()
        if due is None:
            return None
        kind = ActivityKind(now.kind)
        return Next(kind=kind, subject=now.subject, due_on=due.on, due_at=due.at)

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        if not self.cleaned_data.get("next") and "next" not in self.errors:
            self.add_error("next", _("Choose when."))
        return said


def _minute(moment: dt.datetime) -> dt.time:
    """As the field of a time shows it."""
    return moment.time().replace(second=0, microsecond=0)


class ChangeForm(PlanForm):
    """A planned activity as it stands, to become another."""

    needs_version = True

    def __init__(self, *args: Any, of: Activity, **options: Any) -> None:
        assert of.due is not None  # noqa: S101  # planned ones have it
        zone = options["user"].zone
        self.was = of.due
        self.shown = (of.due.day(zone), of.due.at and _minute(of.due.at.astimezone(zone)))
        options["initial"] = {
            "next": "on",
            "next_on": self.shown[0],
            "next_at": self.shown[1],
            "next_kind": of.kind,
            "next_subject": of.subject,
        }
        super().__init__(*args, of=of, **options)

    def due(self) -> Due | None:
        """What is left as it was shown stays what it is: to the second, in the hour that a clock
        shows twice, and on a day that is past."""
        said = self.cleaned_data["next_on"], self.cleaned_data["next_at"]
        if self.cleaned_data["next"] == "on" and said == self.shown:
            return self.was
        return super().due()

    def _is_meant(self, day: dt.date) -> bool:
        return day == self.shown[0] or super()._is_meant(day)

    def instead(self, now: Activity) -> Next | None:
        return self.planned()
