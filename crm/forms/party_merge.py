"""Which of two records' values stay when they become one."""

from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.party_merge import FIELDS, kind_of
from crm.forms.fields import VerbForm
from crm.models import Company, Contact, Relationship

# What somebody is goes before what is not known of the other one.
_RANK = [
    Relationship.CUSTOMER,
    Relationship.FORMER,
    Relationship.INACTIVE,
    Relationship.NEVER_BOUGHT,
]
STAYS, COMES = "stays", "comes"
LABELS = {
    "name": gettext_lazy("Name"),
    "relationship": gettext_lazy("Relationship"),
    "parent": gettext_lazy("Belongs to"),
    "website": gettext_lazy("Website"),
    "industry": gettext_lazy("Industry"),
    "employees": gettext_lazy("Employees"),
    "country": gettext_lazy("Country"),
    "job_title": gettext_lazy("Position"),
    "company": gettext_lazy("Company"),
}


class MergeForm(VerbForm):
    """`of` stays, `other` goes; of what differs, one value is chosen."""

    other = forms.IntegerField(widget=forms.HiddenInput)
    other_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any = None,
        *,
        of: Company | Contact,
        other: Company | Contact,
        **options: Any,
    ) -> None:
        super().__init__(data, **options)
        self.of, self.gone = of, other
        self.initial["version"], self.initial["other_version"] = of.version, other.version
        self.initial["other"] = other.pk
        self.differing = [
            name for name in FIELDS[kind_of(of)] if getattr(of, name) != getattr(other, name)
        ]
        for name in self.differing:
            self.fields[name] = forms.ChoiceField(
                label=LABELS[name],
                choices=[(STAYS, self.shown(of, name)), (COMES, self.shown(other, name))],
                widget=forms.RadioSelect,
                required=False,
            )
            self.initial[name] = COMES if self._comes(name) else STAYS

    def _comes(self, name: str) -> bool:
        """Whether the value of the one that goes is the better one, as it seems."""
        ours, theirs = getattr(self.of, name), getattr(self.gone, name)
        if name == "relationship":
            return _RANK.index(Relationship(theirs)) < _RANK.index(Relationship(ours))
        return ours in (None, "") and theirs not in (None, "")

    @staticmethod
    def shown(party: Company | Contact, name: str) -> str:
        value = getattr(party, name)
        if name == "relationship":
            return str(Relationship(value).label)
        return _("not known") if value in (None, "") else str(value)

    def rows(self) -> list[BoundField]:
        """What is chosen between."""
        return [self[name] for name in self.differing]

    def command_arguments(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "take": [name for name in self.differing if said.get(name) == COMES],
            "version": said["version"],
            "gone_version": said["other_version"],
        }
