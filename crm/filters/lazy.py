"""Filters that cost what is asked of them, not what they could do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import django_filters
from django import forms
from django.http import QueryDict
from django.utils.functional import Promise, cached_property

# How a filter is typed in, by its class; the first that fits.
_INPUT_TYPES: tuple[tuple[type[django_filters.Filter], str], ...] = (
    (django_filters.ChoiceFilter, "select"),
    (django_filters.MultipleChoiceFilter, "select"),
    (django_filters.NumberFilter, "number"),
    (django_filters.DateFilter, "date"),
    (django_filters.CharFilter, "text"),
)


@dataclass(frozen=True, kw_only=True)
class Control:
    """A filter as a page draws it: its label, what the address says, and what there is to choose.

    `input_type` is that of HTML, or "select".
    """

    label: str | Promise
    input_type: str
    values: Sequence[str]
    # The choices of a select: value, words, whether it is chosen.
    options: Sequence[tuple[str, str | Promise, bool]] = ()

    @property
    def value(self) -> str:
        return self.values[-1] if self.values else ""


class LazyFilterSet(django_filters.FilterSet):  # type: ignore[misc]  # ships no types
    """A filter set whose form has only the fields that the address asks for.

    Django copies each field of a form deeply for each request, validators and all. Measured of the
    filters of deals, to make them and to ask whether they are valid: 14.5 ms with a form of all fields,
    5.7 ms with one of those that are asked for, of which the filter set's own copies of its filters
    take 0.7 ms; choices and validators that are not in `extra` keep that small. What is drawn takes
    no field: see `controls`.
    """

    def __init__(self, data: QueryDict, rows: Any) -> None:
        super().__init__(data, queryset=rows)

    def get_form_class(self) -> type[forms.Form]:
        fields = {name: found.field for name, found in self.filters.items() if name in self.asked}
        return type("AskedForm", (forms.Form,), fields) if fields else forms.Form

    @cached_property
    def asked(self) -> set[str]:
        return {name for name in self.filters if any(self.data.getlist(name))}

    def controls(self, *names: str) -> dict[str, Control]:
        """What the named filters say on the page; a select with its choices."""
        return {
            name: Control(
                label=self.filters[name].label,
                input_type=next(
                    kind for of, kind in _INPUT_TYPES if isinstance(self.filters[name], of)
                ),
                values=self.data.getlist(name),
                options=self._options(self.filters[name], self.data.get(name)),
            )
            for name in names
        }

    @staticmethod
    def _options(found: Any, chosen: str | None) -> list[tuple[str, str | Promise, bool]]:
        choices = found.extra.get("choices", ())
        choices = choices() if callable(choices) else choices
        options = [(str(value), words, str(value) == chosen) for value, words in choices]
        if isinstance(found, django_filters.ChoiceFilter):
            options.insert(0, ("", found.extra.get("empty_label", "---------"), not chosen))
        return options
