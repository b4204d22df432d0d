"""The lists that the organisation shares, as they are asked for."""

from typing import Any

from django.db.models import CharField, Func

from crm.shipped import NAMES, shown


class Shown(Func):
    """A kept name as people read it in the language of the moment: what they expect it sorted by."""

    output_field = CharField()

    def as_sql(  # type: ignore[override]  # without what others may change
        self, compiler: Any, connection: Any, **_options: Any
    ) -> tuple[str, list[Any]]:
        kept, params = compiler.compile(self.get_source_expressions()[0])
        told = [(name, shown(name)) for name in sorted(NAMES) if shown(name) != name]
        if not told:
            return kept, list(params)
        whens = " ".join(["WHEN %s THEN %s"] * len(told))
        values = [text for pair in told for text in pair]
        return f"CASE {kept} {whens} ELSE {kept} END", [*params, *values, *params]
