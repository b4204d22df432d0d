"""What figures are broken down by."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from reports.question import Question

NOT_KNOWN = _("not known")


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Along what figures are broken down. Every row has one value of it (None: not known), so that
    counts along an axis add up to the whole; unless it is no partition, such as the stages that a
    deal reached: along it only measures that are `Unfolded` go.

    `read` gives a value back from its text in an address, or raises ValueError. `names` writes the
    values for a reader. `every` are those that are shown without any row, in their order; `time` is
    the kind of span of an axis of time.
    """

    key: str
    label: StrOrPromise
    read: Callable[[str], Any]
    names: Callable[[Question, Collection[Any]], Mapping[Any, str]]
    every: Sequence[Any] = ()
    time: str = ""
    is_partition: bool = True

    def text(self, value: Any) -> str:
        """A value as an address has it."""
        return "none" if value is None else str(value)

    def value(self, text: str) -> Any:
        """The value that an address names. Raises ValueError for none of this axis."""
        return None if text == "none" else self.read(text)

    def named(self, question: Question, values: Iterable[Any]) -> dict[Any, str]:
        """The values with their names, in the order in which they are shown: that of the axis, else
        from A to Z, what is not known last. Never by size: nothing is ranked."""
        found = set(values)
        names = self.names(question, found - {None})
        if self.every or self.time:
            order = [*self.every, *sorted(found - {None} - set(self.every))]
            names = {**self.names(question, order), **names}
        else:
            order = sorted(found - {None}, key=lambda value: names.get(value, "").casefold())
        told = {value: str(names.get(value, value)) for value in order}
        return {**told, None: str(NOT_KNOWN)} if None in found else told
