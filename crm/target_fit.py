"""Whom the organisation wants as customers, and whether a company is one of these (METHOD, stage 1;
CHECKLIST C11). The same in Python, for what a page shows, and in SQL, for what it filters by."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Case, IntegerField, Q, Value, When
from django.utils.translation import gettext_lazy as _

from crm.models.letters import Fold
from pipeline.models import Team
from salesprocess.lib.folding import fold


class Fit(models.TextChoices):
    FITS = "fits", _("Fits whom we want")
    PARTLY = "partly", _("Fits in part")
    NOT = "not", _("Does not fit")
    UNKNOWN = "unknown", _("Nobody knows whether it fits")


class Target(NamedTuple):
    """What is asked of a company; what is empty is not asked. Words as people wrote them."""

    industries: Sequence[str] = ()
    countries: Sequence[str] = ()
    employees_from: int | None = None
    employees_to: int | None = None

    @classmethod
    def of(cls, organisation: Team) -> "Target":
        return cls(
            industries=_parts(organisation.target_industries),
            countries=_parts(organisation.target_countries),
            employees_from=organisation.target_employees_from,
            employees_to=organisation.target_employees_to,
        )

    def __bool__(self) -> bool:
        return any(part not in ((), [], None) for part in self)

    @property
    def _asks_size(self) -> bool:
        return self.employees_from is not None or self.employees_to is not None

    def judged(
        self, *, industry: str, country: str, employees: int | None
    ) -> Sequence[bool | None]:
        """Each of what is asked: whether it is so; None where nobody knows."""
        said: list[bool | None] = []
        for wanted, value in ((self.industries, industry), (self.countries, country)):
            if wanted:
                said.append(fold(value.strip()) in map(fold, wanted) if value.strip() else None)
        if self._asks_size:
            low, high = self.employees_from or 0, self.employees_to
            said.append(
                None
                if employees is None
                else employees >= low and (high is None or employees <= high)
            )
        return said

    def fit_of(self, *, industry: str, country: str, employees: int | None) -> Fit | None:
        """None where nobody has said whom the organisation wants."""
        said = self.judged(industry=industry, country=country, employees=employees)
        if not said:
            return None
        if all(said):
            return Fit.FITS
        if any(said):
            return Fit.PARTLY
        return Fit.NOT if False in said else Fit.UNKNOWN

    def where(self, fit: Fit) -> tuple[Mapping[str, Any], Q]:
        """What companies have to be annotated with, and the condition for those of this fit."""
        so: Any = Value(0, IntegerField())
        known: Any = Value(0, IntegerField())
        asked = 0
        for name, wanted in (("industry", self.industries), ("country", self.countries)):
            if wanted:
                asked += 1
                is_so = Q(**{f"folded_{name}__in": [fold(one) for one in wanted]})
                so, known = so + _one(is_so), known + _one(~Q(**{name: ""}))
        if self._asks_size:
            asked += 1
            is_so = Q(employees__gte=self.employees_from or 0)
            if self.employees_to is not None:
                is_so &= Q(employees__lte=self.employees_to)
            so, known = so + _one(is_so), known + _one(Q(employees__isnull=False))
        columns = {
            "folded_industry": Fold("industry"),
            "folded_country": Fold("country"),
            "so": so,
            "known": known,
        }
        conditions = {
            Fit.FITS: Q(so=asked),
            Fit.PARTLY: Q(so__gt=0, so__lt=asked),
            Fit.NOT: Q(so=0, known__gt=0),
            Fit.UNKNOWN: Q(so=0, known=0),
        }
        return columns, conditions[fit] if asked else Q(pk=None)


def _one(condition: Q) -> Case:
    return Case(When(condition, then=Value(1)), default=Value(0), output_field=IntegerField())


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
