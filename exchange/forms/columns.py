"""Which of the columns of a file goes where."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import ActivityKind
from exchange.imports import guessing
from exchange.imports.answers import REASON, headings, kind_of, steps_for
from exchange.imports.encodings import name_of
from exchange.imports.kinds import CellType, ImportField
from exchange.models import VISITS, ImportJob, ImportKind
from pipeline.process.stages import Stage
from salesprocess.lib.attempt import CommandForm

LABELS = {
    "id": gettext_lazy("Their number or id"),
    "name": gettext_lazy("Name"),
    "company": gettext_lazy("Company"),
    "company_key": gettext_lazy("The company’s number or id"),
    "contact": gettext_lazy("Contact person"),
    "contact_key": gettext_lazy("The contact person’s number or id"),
    "is_company": gettext_lazy("Says whether it is a company or a person"),
    "active": gettext_lazy("Still active"),
    "gone": gettext_lazy("Columns that say that a row is deleted or converted: then it stays out"),
    "job_title": gettext_lazy("Job title"),
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Phone"),
    "product": gettext_lazy("Product"),
    "owner": gettext_lazy("Owner"),
    "team": gettext_lazy("Team"),
    "source": gettext_lazy("Source"),
    "source_detail": gettext_lazy("Source in detail"),
    "method": gettext_lazy("Method"),
    "amount": gettext_lazy("Value"),
    "currency": gettext_lazy("Currency"),
    "stage": gettext_lazy("Stage"),
    "to_stage": gettext_lazy("The stage that it came to"),
    "from_stage": gettext_lazy("The stage that it left"),
    "field": gettext_lazy("What changed (only rows about the stage count)"),
    "stop_cause": gettext_lazy("Why it was stopped"),
    "created_on": gettext_lazy("First on record"),
    "entered_on": gettext_lazy("In this stage since"),
    "closed_on": gettext_lazy("Closed on"),
    "expected_close_on": gettext_lazy("Expected to close"),
    "industry": gettext_lazy("Industry"),
    "employees": gettext_lazy("Employees"),
    "country": gettext_lazy("Country"),
    "website": gettext_lazy("Website"),
    "parent": gettext_lazy("Parent company"),
    "relationship": gettext_lazy("Relationship (customer, prospect …)"),
    "manager": gettext_lazy("Manager"),
    "office": gettext_lazy("Office"),
    "hired_on": gettext_lazy("Hired on"),
    "entered_stages": gettext_lazy("Columns that say when it entered a stage, one for each stage"),
    "series": gettext_lazy("Series"),
    "price": gettext_lazy("Price"),
    "quantity": gettext_lazy("Quantity"),
    "day": gettext_lazy("From this day on"),
    "value": gettext_lazy("What one of theirs is worth in our currency"),
    "units": gettext_lazy("How many of theirs are one of our currency"),
    "people": gettext_lazy("People (several with a semicolon between them)"),
    "role": gettext_lazy("Role"),
    "kind": gettext_lazy("Kind"),
    "status": gettext_lazy("Done or to do"),
    "result": gettext_lazy("What came of it"),
    "subject": gettext_lazy("Subject"),
    "body": gettext_lazy("Text"),
    "deal": gettext_lazy("Deal"),
    "about": gettext_lazy("Belongs to (deal, company or person)"),
    "happened_on": gettext_lazy("When"),
    "sent_on": gettext_lazy("Sent on"),
    "decision_on": gettext_lazy("Decision expected, or valid until"),
    "answered_on": gettext_lazy("Answered on (without one, now)"),
    "answers": gettext_lazy("Which step each column answers"),
    "due_on": gettext_lazy("Due"),
    "done_on": gettext_lazy("Done on"),
    "more": gettext_lazy("Columns that are kept as a note on it"),
}
# What a file changed, in words: a field that is asked for, or what came of several rows.
CHANGED_LABELS = {
    **LABELS,
    VISITS: gettext_lazy("Stages that it went through"),
    "more": gettext_lazy("Note"),
}
# Where a kind of record has its own word for a field.
_LABELS_OF = {
    (ImportKind.ACTIVITIES, "more"): gettext_lazy("Columns that are kept in the text"),
    (ImportKind.ACTIVITIES, "owner"): gettext_lazy("Who did it or is to do it"),
    (ImportKind.ACTIVITIES, "created_on"): gettext_lazy("Entered on"),
    (ImportKind.HISTORY, "owner"): gettext_lazy("Who moved it"),
    (ImportKind.OFFERS, "subject"): gettext_lazy("What it says, or what changed"),
    (ImportKind.ACTIVITIES, "email"): gettext_lazy("E-mail of the contact person"),
}
# One of these must be there, or nothing would name a deal.
_NAMING = ("name", "company", "contact", "email", "phone", "product")
# One of these, or an activity would belong to nobody.
_BELONGING = ("deal", "company", "contact", "about", "email")
_STEP = "step-"


class ColumnsForm(CommandForm):
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
        self._add_encoding()
        new = set(said.get("new", ()))
        choices = [("", "–")]
        choices += [
            (str(place), column)
            for place, column in enumerate(job.columns)
            if column and column != REASON
        ]
        places = {column: str(place) for place, column in enumerate(job.columns)}
        self._add_otherwise(said)
        for field in self.kind.fields:
            if field.cell_type is CellType.ANSWERS:
                self._add_steps(choices[1:], said.get("steps", {}))
                continue
            if field.is_any_number:
                self._add_any(field, choices[1:], places, said)
                continue
            chosen = [places.get(column, "") for column in said["columns"].get(field.name, [])]
            for number, name in enumerate(self._inputs(field)):
                self.fields[name] = forms.ChoiceField(
                    label=_label(self.job, field, number),
                    choices=choices,
                    required=field.required and not number,
                )
                self.fields[name].error_messages["required"] = _("Choose the column that has it.")
                self.initial[name] = chosen[number] if number < len(chosen) else ""
                if self.initial[name] and job.columns[int(self.initial[name])] in new:
                    self.fields[name].help_text = _("New in this file: guessed.")

    def _add_encoding(self) -> None:
        """Where the letters do not show it themselves; asked where they could be many."""
        found = self.job.letters
        if not found.get("samples"):
            return
        self.fields["encoding"] = forms.ChoiceField(
            label=_("How are the letters to be read?"),
            choices=[(each, f"{name_of(each)}: {words}") for each, words in found["samples"]],
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose what is meant.")},
        )
        if not found["is_asked"]:
            self.initial["encoding"] = self.job.encoding

    def _add_any(
        self,
        field: ImportField,
        choices: list[tuple[str, str]],
        places: Mapping[str, str],
        said: Mapping[str, Any],
    ) -> None:
        self.fields[field.name] = forms.MultipleChoiceField(
            label=_label(self.job, field, 0),
            choices=choices,
            widget=forms.CheckboxSelectMultiple,
            required=False,
        )
        named = said["columns"].get(field.name, [])
        self.initial[field.name] = [places[column] for column in named if column in places]

    def _add_steps(self, columns: list[tuple[str, str]], said: Mapping[str, str]) -> None:
        """A select for each column: which step of the process it answers."""
        by_stage: dict[Stage, list[tuple[str, str]]] = {}
        for name, step in steps_for(self.job.owner).items():
            by_stage.setdefault(step.stage, []).append((name, step.label))
        steps: list[tuple[str, Any]] = [("", "–")]
        steps += [(f"{stage.value} {stage.short}", some) for stage, some in by_stage.items()]
        known = {name for some in by_stage.values() for name, _label in some}
        for place, column in columns:
            self.fields[f"{_STEP}{place}"] = forms.ChoiceField(
                label=column, choices=steps, required=False
            )
            self.initial[f"{_STEP}{place}"] = said[column] if said.get(column) in known else ""

    def step_columns(self) -> list[BoundField]:
        return [self[name] for name in self.fields if name.startswith(_STEP)]

    def steps(self) -> dict[str, str]:
        """The name of the step that each column answers."""
        said = {name: self.cleaned_data.get(name) for name in self.fields if name.startswith(_STEP)}
        return {
            self.job.columns[int(name.removeprefix(_STEP))]: step
            for name, step in said.items()
            if step
        }

    def _add_otherwise(self, said: Mapping[str, Any]) -> None:
        """What rows are that no column says the kind of."""
        if self.job.kind != ImportKind.ACTIVITIES:
            return
        self.fields["otherwise"] = forms.ChoiceField(
            label=_("What a row is that names no kind"),
            choices=[("", "–"), *ActivityKind.choices],
            required=False,
        )
        self.initial["otherwise"] = said.get("otherwise") or guessing.activity(
            self.job.name, headings(self.job.columns)
        )

    def otherwise(self) -> BoundField | None:
        return self["otherwise"] if "otherwise" in self.fields else None

    def any_number(self) -> list[BoundField]:
        """Fields that take as many columns as one likes."""
        return [
            self[field.name]
            for field in self.kind.fields
            if field.name in self.fields and field.is_any_number
        ]

    def encoding(self) -> BoundField | None:
        return self["encoding"] if "encoding" in self.fields else None

    @staticmethod
    def _inputs(field: ImportField) -> list[str]:
        more = field.has_several and not field.is_any_number
        return [field.name, f"{field.name}-2"] if more else [field.name]

    def selects(self) -> list[BoundField]:
        return [
            self[name]
            for field in self.kind.fields
            if not field.is_any_number
            for name in self._inputs(field)
        ]

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if self.job.kind == ImportKind.DEALS and not any(said.get(name) for name in _NAMING):
            self.add_error(None, _("Name a column for the deal’s name, its company or its person."))
        if self.job.kind == ImportKind.ACTIVITIES:
            self._check_activities(said)
        if self.job.kind == ImportKind.RATES:
            self._check_rates(said)
        if self.job.kind == ImportKind.ANSWERS:
            self._check_steps()
        self._check_shared(said)
        return said

    def _check_shared(self, said: dict[str, Any]) -> None:
        """One column may say several things, such as the number and the name; but not the same thing
        twice, nor a number and a day."""
        used: dict[str, list[BoundField]] = {}
        for bound in self.selects():
            place = said.get(bound.name)
            if not place:
                continue
            for other in used.setdefault(place, []):
                if self._clash(bound, other):
                    column = self.job.columns[int(place)]
                    words = _("“%(column)s” is given to “%(other)s” already.")
                    self.add_error(bound.name, words % {"column": column, "other": other.label})
                    break
            used[place].append(bound)

    def _clash(self, one: BoundField, other: BoundField) -> bool:
        first, second = (self.kind.field(each.name.removesuffix("-2")) for each in (one, other))
        types = (first.cell_type, second.cell_type)
        numbers, dates = (
            [getattr(each, name) for each in types] for name in ("is_number", "is_date")
        )
        return first is second or (any(numbers) and any(dates))

    def _check_steps(self) -> None:
        steps = self.steps()
        if not steps:
            self.add_error(None, _("Say of one column at least which step it answers."))
        taken: dict[str, str] = {}
        for column, step in steps.items():
            other = taken.setdefault(step, column)
            if other != column:
                words = _("“%(other)s” answers this step already.") % {"other": other}
                self.add_error(f"{_STEP}{self.job.columns.index(column)}", words)

    def _check_rates(self, said: dict[str, Any]) -> None:
        if bool(said.get("value")) == bool(said.get("units")):
            words = _("Say of one column which way round it says the rate: that cannot be guessed.")
            self.add_error("value", words)

    def _check_activities(self, said: dict[str, Any]) -> None:
        if not any(said.get(name) for name in _BELONGING):
            words = _("Name a column for the deal, the company or the person that it belongs to.")
            self.add_error(None, words)
        if not said.get("kind") and not said.get("otherwise"):
            words = _("Say what these rows are, or name the column that says it.")
            self.add_error("otherwise", words)

    def columns(self) -> dict[str, list[str]]:
        said, found = self.cleaned_data, {}
        for field in self.kind.fields:
            if field.cell_type is CellType.ANSWERS:
                found[field.name] = list(self.steps())
                continue
            inputs = [said[name] for name in self._inputs(field)]
            places = said[field.name] if field.is_any_number else [each for each in inputs if each]
            if places:
                found[field.name] = [self.job.columns[int(place)] for place in places]
        return found


def label_of(kind: str, name: str) -> str:
    """Of a field; a column that answers a step is called as in the file."""
    own = _LABELS_OF.get((ImportKind(kind), name))
    return str(own or LABELS[name]) if own or name in LABELS else name


def _label(job: ImportJob, field: ImportField, number: int) -> str:
    label = label_of(job.kind, field.name)
    if number and field.cell_type.is_date:
        return _("%(field)s, hour if apart") % {"field": label}
    if number and field.name == "stage":
        return _("%(field)s, status if apart") % {"field": label}
    if number and field.joins and field.is_person:
        return _("%(field)s, last name if apart") % {"field": label}
    return _("%(field)s, another") % {"field": label} if number else label
