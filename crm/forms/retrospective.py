"""Looking back at a deal that ended."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms.fields import VerbForm
from crm.models import Deal, DecidedBy, Retrospective
from pipeline.process.stages import Stage
from salesprocess.lib.text_area import TextArea


class RetrospectiveForm(VerbForm):
    decided_by = forms.ChoiceField(
        required=False, choices=DecidedBy.choices, label=gettext_lazy("What decided it?")
    )
    stage = forms.TypedChoiceField(
        coerce=int,
        required=False,
        empty_value=None,
        label=gettext_lazy("In which stage?"),
    )
    lesson = forms.CharField(
        required=False,
        max_length=4000,
        label=gettext_lazy("What to do again, or otherwise"),
        widget=TextArea(attrs={"rows": 3}),
    )
    declined = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, found: Retrospective | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        stage = self.fields["stage"]
        assert isinstance(stage, forms.TypedChoiceField)  # noqa: S101  # as declared above
        # No later one than it came to.
        last = self.deal.stage if self.deal is not None else Stage.CLOSING
        stage.choices = [
            ("", _("Hard to say")),
            *((one.value, f"{one.value} {one.label}") for one in Stage if one <= last),
        ]
        if found is not None:
            for name in ("decided_by", "stage", "lesson"):
                self.initial.setdefault(name, getattr(found, name))

    def command_arguments(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        decided_by = said.pop("decided_by")
        stage = said.pop("stage")
        return said | {
            "decided_by": DecidedBy(decided_by) if decided_by else None,
            "stage": Stage(stage) if stage else None,
        }

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        now = Retrospective.objects.filter(deal=deal).first()
        names = dict(DecidedBy.choices)
        theirs = names.get(now.decided_by, "") if now else ""
        yours = names.get(self.cleaned_data.get("decided_by", ""), "")
        return [(_("What decided it?"), str(theirs), str(yours))]
