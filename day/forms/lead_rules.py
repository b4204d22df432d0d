"""The form of a rule by which leads of a pool are given away."""

from typing import Any

from django import forms
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.lead_rule import LeadRuleInput
from crm.models import Dealing, LeadRule, Source
from pipeline.models import Team, User
from salesprocess.lib.attempt import SeenForm


class LeadRuleForm(SeenForm):
    """What a rule says; `rule` is the one that is changed, None for a new one."""

    name = forms.CharField(max_length=80, label=gettext_lazy("Name"))
    people = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(),
        label=gettext_lazy("Who gets leads by it"),
        widget=forms.CheckboxSelectMultiple,
    )
    source = forms.ModelChoiceField(
        queryset=Source.objects.none(), required=False, label=gettext_lazy("From which source")
    )
    region = forms.CharField(
        required=False, max_length=80, label=gettext_lazy("From which country")
    )
    dealing = forms.ChoiceField(
        choices=Dealing, initial=Dealing.IN_TURN, label=gettext_lazy("How it chooses")
    )
    capacity = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=999,
        label=gettext_lazy("At most so many to sort at a time"),
    )

    def __init__(
        self, data: Any = None, *, user: User, team: Team, rule: LeadRule | None = None
    ) -> None:
        super().__init__(data, initial=_as_it_stands(rule), auto_id="rule-%s")
        self.needs_version = rule is not None
        people: Any = self.fields["people"]
        people.queryset = (
            User.objects.assignable_by(user).filter(team__isnull=False).order_by(Lower("name"))
        )
        if rule is None:
            self.initial["people"] = list(
                team.members.filter(is_active=True).values_list("pk", flat=True)
            )
        source: Any = self.fields["source"]
        source.empty_label = _("any")
        source.queryset = Source.objects.visible_to(user).active().order_by("id")

    def said(self) -> LeadRuleInput:
        data = self.cleaned_data
        return LeadRuleInput(
            name=data["name"],
            people=tuple(data["people"]),
            source=data["source"],
            region=data["region"],
            dealing=Dealing(data["dealing"]),
            capacity=data["capacity"],
        )


class SwitchForm(SeenForm):
    """Whether a rule is asked."""

    is_on = forms.BooleanField(required=False)


class UpForm(SeenForm):
    """Nothing but the version that was seen."""


def _as_it_stands(rule: LeadRule | None) -> dict[str, Any]:
    if rule is None:
        return {}
    return {
        "seen": rule.version,
        "name": rule.name,
        "people": list(rule.takers.values_list("person_id", flat=True)),
        "source": rule.source_id,
        "region": rule.region,
        "dealing": rule.dealing,
        "capacity": rule.capacity,
    }
