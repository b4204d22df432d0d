"""A concern of the other side, and what becomes of it."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.writers.concern import ConcernInput, DispositionInput
from crm.forms.deal_people import PersonField, of_deal
from crm.forms.fields import VerbForm
from crm.models import Concern, ConcernCategory, Deal, Disposition
from crm.queries import answers
from salesprocess.lib.text_area import TextArea

BEFORE, AFTER = "before", "after"


class ConcernForm(VerbForm):
    words = forms.CharField(
        max_length=2000,
        label=gettext_lazy("What they ask or have against it, in their words"),
        widget=TextArea(attrs={"rows": 3}),
    )
    category = forms.ChoiceField(
        choices=ConcernCategory.choices, label=gettext_lazy("What it is about")
    )
    price = forms.ChoiceField(
        choices=[
            (BEFORE, gettext_lazy("Before the price: a question")),
            (AFTER, gettext_lazy("After the price: an objection")),
        ],
        label=gettext_lazy("When it came up"),
    )
    raised_by = PersonField(label=gettext_lazy("Who of them said it"))
    raised_by_us = forms.BooleanField(
        required=False, label=gettext_lazy("We raised it ourselves, before they did")
    )

    def __init__(
        self, *args: Any, concern: Concern | None = None, priced: bool = False, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        of_deal(self, self.deal)
        self.concern = concern
        self.needs_version = concern is not None
        after = priced
        if concern is not None:
            after = concern.after_price
            for name in ("words", "category", "raised_by", "raised_by_us"):
                self.initial.setdefault(name, getattr(concern, name))
        self.initial.setdefault("price", AFTER if after else BEFORE)

    def command_arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        return self.arguments_with(
            ConcernInput,
            category=ConcernCategory(data["category"]),
            after_price=data["price"] == AFTER,
        )

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        now = deal.concerns.filter(pk=self.concern.pk).first() if self.concern else None
        return [(_("Concern"), now.words, self.cleaned_data.get("words", ""))] if now else []


class ConcernAnswerForm(VerbForm):
    """What we said; `used` is the answer of a colleague that it began with."""

    response = forms.CharField(
        required=False,
        max_length=4000,
        label=gettext_lazy("What we said"),
        widget=TextArea(attrs={"rows": 3}),
    )
    used = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean_used(self) -> Concern | None:
        """One that is not there any more was of no use."""
        pk = self.cleaned_data["used"]
        return answers.usable_answer(self.user, pk) if pk and 0 < pk < 2**63 else None


class SettleForm(ConcernAnswerForm):
    disposition = forms.ChoiceField(
        choices=[choice for choice in Disposition.choices if choice[0] != Disposition.OPEN],
        label=gettext_lazy("How it was settled"),
    )
    concession = forms.CharField(
        required=False,
        max_length=300,
        label=gettext_lazy("What we gave"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def command_arguments(self) -> dict[str, Any]:
        disposition = Disposition(self.cleaned_data["disposition"])
        return self.arguments_with(DispositionInput, disposition=disposition)
