"""Forms of the process pages that speak of deals: publishing, notes, and the first beginning."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.commands.process import Flight, takes_over
from crm.models import NoteKind, Place
from crm.queries.process import RemovedStep
from pipeline.process.layer_diff import LayerChange
from pipeline.process.playbook import Playbook
from pipeline.process.stages import Stage
from salesprocess.lib.attempt import CommandForm, SeenForm
from salesprocess.lib.text_area import TextArea


class PublishForm(SeenForm):
    flight = forms.TypedChoiceField(
        label=_("Open deals"), choices=Flight.choices, coerce=Flight, initial=Flight.ADOPT
    )
    note = forms.CharField(
        label=_("Note to the team"),
        max_length=2000,
        required=False,
        widget=TextArea(attrs={"rows": 3}),
        help_text=_("What changes, and what it gives them."),
    )

    # The page lets one choose; whoever sends nothing of that publishes the whole draft.
    choosing = forms.BooleanField(required=False, initial=True, widget=forms.HiddenInput)
    changes = forms.MultipleChoiceField(label=_("What changes"), required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        changes: Iterable[LayerChange],
        gone: tuple[RemovedStep, ...],
        after: Mapping[int, Playbook],
        **kw: Any,
    ) -> None:
        super().__init__(data, **kw)
        ids = list(dict.fromkeys(change.id for change in changes))
        self.fields["changes"].choices = [(each, each) for each in ids]  # type: ignore[attr-defined]
        self.initial["changes"] = ids
        self.gone = gone
        for each in gone:
            steps = {
                step.key: step.label
                for book in after.values()
                for step in book.steps(each.stage)
                if takes_over(step)
            }
            self.fields[each.name] = forms.ChoiceField(
                label=each.label,
                choices=[("", _("nothing takes its place")), *steps.items()],
                required=False,
            )

    def clean_changes(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["changes"]
        if self.cleaned_data.get("choosing") and not chosen:
            raise forms.ValidationError(_("Choose what is to be published."))
        return chosen

    @property
    def only(self) -> list[str] | None:
        """The changes that go, where some are left in the draft."""
        chosen: list[str] = self.cleaned_data["changes"]
        everything = not chosen or set(chosen) == set(self.initial["changes"])
        return None if everything else chosen

    @property
    def maps(self) -> list[tuple[RemovedStep, forms.BoundField]]:
        return [(each, self[each.name]) for each in self.gone]

    def mapping(self) -> dict[tuple[Stage, str], str]:
        return {
            each.place: self.cleaned_data[each.name]
            for each in self.gone
            if self.cleaned_data.get(each.name)
        }


class NoteForm(CommandForm):
    """It does not fit: where digging leads, and in one's own words (METHOD, edge rule 4)."""

    kind = forms.TypedChoiceField(choices=NoteKind.choices, coerce=NoteKind, required=False)
    words = forms.CharField(
        label=_("What it is"), max_length=4000, widget=TextArea(attrs={"rows": 4})
    )
    place = forms.TypedChoiceField(
        label=_("What is it for?"), choices=Place.choices, coerce=Place, required=False
    )
    stage = forms.TypedChoiceField(
        label=_("Stage"),
        choices=[("", _("no stage in particular")), *((s.value, s.label) for s in Stage)],
        coerce=lambda value: Stage(int(value)),
        empty_value=None,
        required=False,
    )
    step = forms.SlugField(max_length=60, required=False, widget=forms.HiddenInput)
    deal = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)


class NoteAnswerForm(CommandForm):
    answer = forms.CharField(label=_("Answer"), max_length=4000, widget=TextArea(attrs={"rows": 2}))
    place = forms.TypedChoiceField(
        label=_("Where it belongs"), choices=Place.choices, coerce=Place, required=False
    )
