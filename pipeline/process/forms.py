"""Forms about steps and stages. What a level may not say of an inherited step is told at the field;
the commands judge again, under their lock."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline.process.commands import StepWording
from pipeline.process.merging import clashes, least_importance, settable_fields
from pipeline.process.playbook import (
    AnswerKind,
    Applies,
    Clash,
    Importance,
    Level,
    PlaybookStep,
    Proof,
    Side,
    StepKind,
    StepRow,
    Strength,
    WorkKind,
    fields_of_others,
)
from pipeline.process.stages import Stage
from salesprocess.lib.attempt import SeenForm
from salesprocess.lib.text_area import TextArea

# What one may say of an inherited step for oneself alone; of a locked one only how much it asks.
OWN = ("label", "help")
TIGHTER = ("importance", "reason")
# What a layer of a team says that one's own cannot.
OF_TEAMS = ("gives_managers", "locked", "reason")


class StepChangeForm(SeenForm):
    # The name of which it was told that another step has it; sent once more, it is meant.
    told = forms.CharField(required=False, max_length=160, widget=forms.HiddenInput)
    label = forms.CharField(label=gettext_lazy("Step"), max_length=160)
    kind = forms.TypedChoiceField(
        label=gettext_lazy("Kind"), choices=StepKind.choices, coerce=StepKind
    )
    answer = forms.TypedChoiceField(
        label=gettext_lazy("Answer"), choices=AnswerKind.choices, coerce=AnswerKind, required=False
    )
    choices = forms.CharField(
        label=gettext_lazy("Choices"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("One a line."),
        widget=TextArea(attrs={"rows": 3}),
    )
    proof = forms.TypedChoiceField(
        label=gettext_lazy("Evidence"), choices=Proof.choices, coerce=Proof, required=False
    )
    doing = forms.TypedChoiceField(
        label=gettext_lazy("Activity"), choices=WorkKind.choices, coerce=WorkKind, required=False
    )
    importance = forms.TypedChoiceField(
        label=gettext_lazy("Importance"),
        choices=Importance.choices,
        coerce=lambda value: Importance(int(value)),
    )
    gives_you = forms.CharField(
        label=gettext_lazy("Gives you"),
        max_length=300,
        help_text=gettext_lazy("What the salesperson gets from it. Nobody works for nothing."),
        widget=TextArea(attrs={"rows": 2}),
    )
    gives_managers = forms.CharField(
        label=gettext_lazy("Gives the team"),
        max_length=300,
        required=False,
        widget=TextArea(attrs={"rows": 2}),
    )
    help = forms.CharField(
        label=gettext_lazy("Help or script"),
        max_length=4000,
        required=False,
        widget=TextArea(attrs={"rows": 3}),
    )
    applies = forms.TypedChoiceField(
        label=gettext_lazy("For"), choices=Applies.choices, coerce=Applies
    )
    side = forms.TypedChoiceField(
        label=gettext_lazy("Whose confidence"),
        choices=[("", gettext_lazy("Not a criterion")), *Side.choices],
        coerce=Side,
        empty_value=None,
        required=False,
    )
    locked = forms.BooleanField(
        label=gettext_lazy("Locked: those below can move or tighten it only"), required=False
    )
    reason = forms.CharField(
        label=gettext_lazy("Why it is done differently here"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Those below will read it."),
        widget=TextArea(attrs={"rows": 2}),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        level: Level,
        stage: Stage,
        step: PlaybookStep | None = None,
        above: PlaybookStep | None = None,
        **kw: Any,
    ) -> None:
        """`step` is what is changed, as it stands; `above` the same as inherited from above."""
        self.level, self.stage, self.step, self.above = level, stage, step, above
        if step is not None:
            kw["initial"] = {**_initial(step), **kw.get("initial", {})}
        kw.setdefault("initial", {}).setdefault("importance", Importance.EXPECTED)
        super().__init__(data, **kw)
        for name in set(self.fields) - {"seen", "told"} - self._offered():
            del self.fields[name]
        if "importance" in self.fields and level == Level.MINE:
            _choice(self, "importance").choices = Importance.choices[:2]
        elif "importance" in self.fields and above is not None:
            field, least = _choice(self, "importance"), least_importance(above)
            field.choices = [(each.value, each.label) for each in Importance if each >= least]
            clash = Clash.LOCKED if above.locked else Clash.WEAKENS
            field.error_messages["invalid_choice"] = clash.label
        if level == Level.MINE and "gives_you" in self.fields:
            self.fields["gives_you"].required = False

    def _offered(self) -> set[str]:
        names = set(self.fields)
        if self.stage != Stage.QUALIFICATION:
            names.discard("side")
        if self.level == Level.MINE:
            if self.above:
                return names & set(OWN) & settable_fields(self.above, self.level)
            return names - set(OF_TEAMS)
        if self.above is None:
            names.discard("reason")
        elif self.above.locked:
            return names & set(TIGHTER)
        return names

    @property
    def asks(self) -> bool:
        """Whether the name is to be asked about if another step has it."""
        return str(self.cleaned_data["told"]) != str(self.cleaned_data["label"])

    def tell(self) -> None:
        """The next answer is to what was told of this name."""
        told = self.cleaned_data["label"]
        self.data = {**{name: self.data.get(name) for name in self.data}, "told": told}

    def clean_choices(self) -> list[str] | None:
        typed = self.cleaned_data["choices"].splitlines()
        return list(dict.fromkeys(line.strip() for line in typed if line.strip())) or None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.above is not None:
            for name, clash in self._clashes(cleaned, self.above):
                self.add_error(name, str(clash.label))
        return cleaned

    def _clashes(self, cleaned: dict[str, Any], above: PlaybookStep) -> list[tuple[str, Clash]]:
        """Each field by itself against what is above, so that the words stand where they belong."""
        found = []
        for name, value in self.said(cleaned).items():
            if name == "choices":
                value = tuple(cast(list[str], value or ()))
            said: dict[str, Any] = {name: value}
            row = StepRow(stage=self.stage, key=above.key, **said)
            clash = next(iter(clashes(row, above=above, level=self.level)), None)
            if clash is not None:
                found.append((name, clash))
        return found

    def said(self, cleaned: dict[str, Any] | None = None) -> StepWording:
        """What the commands take. What belongs to another kind of step is not said."""
        cleaned = self.cleaned_data if cleaned is None else cleaned
        kind = cleaned.get("kind", self.step.kind if self.step else StepKind.CHECK)
        names = set(self.fields) - {"seen", "told", "reason"} - fields_of_others(kind)
        if cleaned.get("answer") != AnswerKind.CHOICE:
            names.discard("choices")
        return cast(
            StepWording,
            {
                name: (cleaned[name] if cleaned[name] != "" else None)
                for name in names
                if name in cleaned
            },
        )


def _initial(step: PlaybookStep) -> dict[str, Any]:
    initial = {
        name: getattr(step, name)
        for name in [
            "label",
            "kind",
            "answer",
            "proof",
            "doing",
            "importance",
            "gives_you",
            "gives_managers",
            "help",
            "applies",
            "side",
            "locked",
        ]
    }
    return initial | {"choices": "\n".join(step.choices), "reason": ""}


def _choice(form: forms.Form, name: str) -> forms.ChoiceField:
    return cast(forms.ChoiceField, form.fields[name])


class StageForm(SeenForm):
    """What a stage is called here, and how long a visit usually takes."""

    label = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Empty: as inherited."),
    )
    norm_days = forms.IntegerField(
        label=gettext_lazy("Usual days"),
        min_value=1,
        max_value=1000,
        required=False,
        help_text=gettext_lazy("Empty: as inherited."),
    )

    def __init__(self, data: Any = None, *, level: Level, **kw: Any) -> None:
        super().__init__(data, **kw)
        if level == Level.MINE:
            del self.fields["norm_days"]


class StepReasonForm(SeenForm):
    """A verb that needs a reason where several people work by its result."""

    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300, required=False)


class StrengthForm(SeenForm):
    gate = forms.ChoiceField(choices=[("G4", "G4"), ("G5", "G5")])
    strength = forms.ChoiceField(choices=Strength.choices)


class StepMoveForm(SeenForm):
    """Where a step goes in its stage: one place up or down, or after another one."""

    way = forms.ChoiceField(choices=[("up", "up"), ("down", "down")], required=False)
    after = forms.SlugField(max_length=60, required=False, allow_unicode=False)
    first = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not any(cleaned.get(name) for name in ("way", "after", "first")):
            raise forms.ValidationError(_("Say where the step is to go."))
        return cleaned
