"""Forms for the steps of a deal: an answer by the step's kind, a reason to go without, one's own."""

from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy

from crm.commands.gate import GoAhead
from crm.commands.writers.step_result import StepResultInput
from crm.forms.fields import DayField, VerbForm
from crm.forms.gate import GateForm
from crm.forms.gate_part import LINE, step_field, step_part
from crm.models import Deal, StepResult
from crm.queries.facts import AGREEMENT_STEP
from pipeline.process.commands import StepWording
from pipeline.process.gates import Reason
from pipeline.process.playbook import Importance, PlaybookStep, StepKind
from pipeline.process.stages import Stage
from salesprocess.lib.attempt import CommandForm

AGREEMENT = (Stage.PROSPECTING, AGREEMENT_STEP)
_AGREED = f"step_{Stage.PROSPECTING.value}_{AGREEMENT_STEP}"


class StepForm(GateForm):
    """The answer to one step; `seen` is the id of what stood against it when it was shown."""

    named = GateForm.named | {f"{_AGREED}_to": _AGREED}

    version_input = "seen"
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, step: PlaybookStep, **options: Any) -> None:
        super().__init__(*args, auto_id="%s", **options)
        self.step = step
        self.name = step_field(step)
        if step.place == AGREEMENT:
            self.fields[self.name] = forms.CharField(required=False, max_length=200, widget=LINE)
            self.fields[f"{self.name}_on"] = DayField(required=False)
        else:
            self.part = self.ask(step_part(self, step))

    def given(self) -> StepResultInput:
        if self.step.place == AGREEMENT:
            return StepResultInput(value=self.cleaned_data[self.name])
        return self.part.value(self.cleaned_data) or StepResultInput()

    def command_arguments(self) -> dict[str, Any]:
        seen = self.cleaned_data["seen"]
        on = self.cleaned_data.get(f"{self.name}_on")
        return {"given": self.given(), "seen": seen, "place": self.step.place, "agreed_on": on}

    def rebase(self, version: int) -> None:
        super().rebase(version)
        data = MultiValueDict(self.data)
        now = self._now()
        data["seen"] = str(now.pk if now else 0)
        self.data = data

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        now = self._now()
        theirs = str(now.contact or now.link or now.value or now.note or "✓") if now else ""
        yours = self.cleaned_data.get(self.name) or self.cleaned_data.get(f"{self.name}_link")
        return [(self.step.label, theirs, "✓" if yours in (None, False) else str(yours))]

    def _now(self) -> StepResult | None:
        mine = self.user if self.step.is_mine else None
        stage, key = self.step.place
        results = StepResult.objects.visible_to(self.user).current()
        return results.filter(deal=self.deal, stage=stage, key=key, private_to=mine).first()


class StepUndoForm(VerbForm):
    """`seen` is the id of what stands against the step, and is to do so no longer."""

    version_input = "seen"
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def command_arguments(self) -> dict[str, Any]:
        return {"seen": self.cleaned_data["seen"]}


class AsideForm(VerbForm):
    """Why one goes on without a step."""

    go_reason = forms.ChoiceField(
        choices=Reason.choosable,
        label=gettext_lazy("Reason"),
        error_messages={"required": gettext_lazy("Choose why you go ahead.")},
    )
    go_words = forms.CharField(
        required=False,
        max_length=2000,
        label=gettext_lazy("In your words: “the process is wrong” goes to its owner"),
        widget=LINE,
    )

    def command_arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "said": GoAhead(reason=Reason(data["go_reason"]), words=data["go_words"]),
            "version": data["version"],
        }


class OwnStepForm(CommandForm):
    """A step for nobody but oneself."""

    label = forms.CharField(max_length=160, label=gettext_lazy("What do you want to remember?"))
    kind = forms.TypedChoiceField(
        choices=[
            (StepKind.CHECK.value, gettext_lazy("To tick")),
            (StepKind.QUESTION.value, gettext_lazy("To answer")),
            (StepKind.HINT.value, gettext_lazy("A hint")),
        ],
        coerce=StepKind,
        initial=StepKind.CHECK.value,
        label=gettext_lazy("Kind"),
    )
    help = forms.CharField(
        required=False, max_length=4000, label=gettext_lazy("Help or script, if you like")
    )

    def said(self) -> StepWording:
        data = self.cleaned_data
        hint = data["kind"] == StepKind.HINT
        return {
            "label": data["label"],
            "kind": data["kind"],
            "help": data["help"] or None,
            "importance": Importance.HINT if hint else Importance.EXPECTED,
        }
