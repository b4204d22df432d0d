"""Forms for bringing in a file: the upload, its columns, and what only a person knows about it."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.imports import guessing
from crm.imports.answers import kind_of
from crm.imports.job import REASON
from crm.imports.kinds import Field
from crm.models import ImportJob, ImportKind, StopCause
from pipeline.models import Role, User
from pipeline.stages import Initiator, Outcome, Stage

LABELS = {
    "id": gettext_lazy("Their number or id"),
    "name": gettext_lazy("Name"),
    "company": gettext_lazy("Company"),
    "contact": gettext_lazy("Contact person"),
    "job_title": gettext_lazy("Job title"),
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Phone"),
    "product": gettext_lazy("Product"),
    "owner": gettext_lazy("Owner"),
    "team": gettext_lazy("Team"),
    "source": gettext_lazy("Source"),
    "source_detail": gettext_lazy("Source in detail"),
    "amount": gettext_lazy("Value"),
    "currency": gettext_lazy("Currency"),
    "stage": gettext_lazy("Stage"),
    "created_on": gettext_lazy("First on record"),
    "entered_on": gettext_lazy("In this stage since"),
    "closed_on": gettext_lazy("Closed on"),
    "expected_close_on": gettext_lazy("Expected to close"),
    "industry": gettext_lazy("Industry"),
    "employees": gettext_lazy("Employees"),
    "country": gettext_lazy("Country"),
    "website": gettext_lazy("Website"),
    "parent": gettext_lazy("Parent company"),
    "manager": gettext_lazy("Manager"),
    "office": gettext_lazy("Office"),
    "hired_on": gettext_lazy("Hired on"),
}
# One of these must be there, or nothing would name a deal.
_NAMING = ("name", "company", "contact", "email", "phone", "product")


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("What is in it"), choices=ImportKind.choices)
    file = forms.FileField(
        label=gettext_lazy("File"),
        allow_empty_file=True,
        error_messages={"required": gettext_lazy("Choose a file.")},
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
    )

    def __init__(self, *args: Any, by: User, **options: Any) -> None:
        super().__init__(*args, **options)
        if by.role != Role.ADMIN:
            kinds = [choice for choice in ImportKind.choices if choice[0] != ImportKind.PEOPLE]
            self.fields["kind"].choices = kinds  # type: ignore[attr-defined]  # of a ChoiceField


class ColumnsForm(forms.Form):
    """A select for each field, with the file's columns; two for fields that may have several."""

    system = forms.CharField(
        label=gettext_lazy("Where does the file come from?"),
        max_length=60,
        help_text=gettext_lazy(
            "A short name, such as the old system’s. What you say here is remembered by it, and "
            "their ids are known again."
        ),
    )

    def __init__(
        self, data: Any = None, *, job: ImportJob, said: Mapping[str, Any], **options: Any
    ) -> None:
        super().__init__(data, **options)
        self.job = job
        self.kind = kind_of(job.kind)
        self.initial["system"] = said.get("system", "")
        choices = [("", "–")]
        choices += [
            (str(place), column)
            for place, column in enumerate(job.columns)
            if column and column != REASON
        ]
        places = {column: str(place) for place, column in enumerate(job.columns)}
        for part in self.kind.fields:
            chosen = [places.get(column, "") for column in said["columns"].get(part.name, [])]
            for number, name in enumerate(self._inputs(part)):
                self.fields[name] = forms.ChoiceField(
                    label=_label(part, number),
                    choices=choices,
                    required=part.required and not number,
                )
                self.fields[name].error_messages["required"] = _("Choose the column that has it.")
                self.initial[name] = chosen[number] if number < len(chosen) else ""

    @staticmethod
    def _inputs(part: Field) -> list[str]:
        return [part.name, f"{part.name}-2"] if part.form.is_list else [part.name]

    def selects(self) -> list[BoundField]:
        return [self[name] for part in self.kind.fields for name in self._inputs(part)]

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if self.job.kind == ImportKind.DEALS and not any(said.get(name) for name in _NAMING):
            self.add_error(None, _("Name a column for the deal’s name, its company or its person."))
        used: dict[str, str] = {}
        for bound in self.selects():
            place = said.get(bound.name)
            if bound.name == "expected_close_on" and place == said.get("closed_on"):
                continue  # one column for the closed ones and the open ones
            if place and place in used:
                column = self.job.columns[int(place)]
                words = _("“%(column)s” is given to “%(other)s” already.")
                self.add_error(bound.name, words % {"column": column, "other": used[place]})
            elif place:
                used[place] = str(bound.label)
        return said

    def columns(self) -> dict[str, list[str]]:
        said, found = self.cleaned_data, {}
        for part in self.kind.fields:
            places = [said[name] for name in self._inputs(part) if said[name]]
            if places:
                found[part.name] = [self.job.columns[int(place)] for place in places]
        return found


def _label(part: Field, number: int) -> str:
    label = str(LABELS[part.name])
    return _("%(field)s, another") % {"field": label} if number else label


class AnswersForm(forms.Form):
    """What a column that can be read in two ways means, and which of ours a foreign stage is."""

    NO_ANSWER: ClassVar = gettext_lazy("Choose what is meant.")

    def __init__(self, data: Any = None, *, job: ImportJob, **options: Any) -> None:
        super().__init__(data, **options)
        self._formats = list(job.questions.get("formats", {}).items())
        self._stages: list[str] = job.questions.get("stages", [])
        for number, (column, question) in enumerate(self._formats):
            self.fields[f"format-{number}"] = forms.ChoiceField(
                label=column,
                choices=[(way, words) for way, words in question["ways"]],
                widget=forms.RadioSelect,
                error_messages={"required": self.NO_ANSWER},
            )
        outcomes = _outcomes() if self._stages else []
        known = job.answers.get("stages", {})
        for number, word in enumerate(self._stages):
            stage, outcome = _first(known.get(word), guessing.stage(word))
            self.fields[f"stage-{number}"] = forms.ChoiceField(
                label=_("Stage"),
                choices=[(each.key, f"{each.value} {each.about.short}") for each in Stage],
            )
            self.fields[f"outcome-{number}"] = forms.ChoiceField(
                label=_("Outcome"), choices=outcomes
            )
            self.initial[f"stage-{number}"], self.initial[f"outcome-{number}"] = stage, outcome

    def asked_formats(self) -> Iterator[tuple[BoundField, dict[str, Any]]]:
        for number, (_column, question) in enumerate(self._formats):
            yield self[f"format-{number}"], question

    def asked_stages(self) -> Iterator[tuple[str, BoundField, BoundField]]:
        for number, word in enumerate(self._stages):
            yield word, self[f"stage-{number}"], self[f"outcome-{number}"]

    def formats(self) -> dict[str, str]:
        return {
            column: self.cleaned_data[f"format-{number}"]
            for number, (column, _question) in enumerate(self._formats)
        }

    def stages(self) -> dict[str, dict[str, str]]:
        found = {}
        for number, word in enumerate(self._stages):
            outcome, _sign, rest = self.cleaned_data[f"outcome-{number}"].partition(":")
            initiator, _sign, cause = rest.partition(":")
            meaning = {"stage": self.cleaned_data[f"stage-{number}"], "outcome": outcome}
            if outcome == Outcome.STOPPED:
                meaning |= {"initiator": initiator, "cause": cause}
            found[word] = meaning
        return found


def _outcomes() -> list[tuple[str, Any]]:
    """Open, won, and each way to be stopped, by whose decision it was."""
    causes = list(StopCause.objects.offered().order_by("pk"))
    stops = [
        (
            str(initiator.label),
            [
                (
                    f"{Outcome.STOPPED}:{initiator}:{cause.key}",
                    _("Stopped: %(why)s") % {"why": cause},
                )
                for cause in causes
                if cause.initiator in ("", initiator)
            ],
        )
        for initiator in Initiator
    ]
    return [
        (Outcome.OPEN.value, Outcome.OPEN.label),
        (Outcome.WON.value, Outcome.WON.label),
        *stops,
    ]


def _first(known: Mapping[str, str] | None, guess: guessing.Guess) -> tuple[str, str]:
    if known is None:
        known = {"stage": guess.stage.key, "outcome": guess.outcome.value, "cause": guess.cause}
        known = {**known, "initiator": guess.initiator or ""}
    if known.get("outcome") != Outcome.STOPPED:
        return known["stage"], known.get("outcome") or Outcome.OPEN.value
    return known["stage"], f"{Outcome.STOPPED}:{known['initiator']}:{known['cause']}"
