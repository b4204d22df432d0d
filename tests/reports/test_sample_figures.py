"""The figures of the published sample, imported, are those computed from its files alone."""

import datetime as dt
import zoneinfo
from decimal import Decimal
from typing import Any

import pytest

from pipeline.models import Team
from reports.axes import MONTH, PERSON, PRODUCT, QUARTER, STAGE, TEAM
from reports.axis import Axis
from reports.figures import Figure, Period
from reports.metric import WHOLE, figures
from reports.metrics import duration, flow, outcomes, pipeline
from reports.question import Question, team_with_all_below
from tests.published_sample import needs_the_sample
from tests.reports.sample import ZONE, expected

pytestmark = needs_the_sample
METRICS = {
    "won": outcomes.won,
    "lost": outcomes.lost,
    "closed_win_rate": outcomes.closed_win_rate,
    "won_value": outcomes.won_value,
    "average_won_value": outcomes.average_won_value,
    "median_won_value": outcomes.median_won_value,
}


def asked(sample: Any, **narrowed: Any) -> Question:
    period = Period(
        start_on=dt.date(2016, 1, 1),
        end_on=dt.date(2017, 12, 31),
        zone=zoneinfo.ZoneInfo(str(ZONE)),
    )
    return Question(reader=sample.admin, today=period.end_on, period=period, **narrowed)


def told(figure: Figure) -> Any:
    if figure.part is not None:
        return figure.part, figure.n
    value = figure.value
    return None if value is None else round(Decimal(value), 6)


def oracle(axis: str, measure: str) -> dict[Any, Any]:
    """Rounded as the figures are; parts without any closed deal are in no figure."""
    found = {
        key: round(Decimal(value), 6) if isinstance(value, Decimal) else value
        for key, value in expected(axis, measure).items()
    }
    return {key: value for key, value in found.items() if value not in (None, 0, (0, 0))}


def measured(question: Question, by: Axis) -> dict[str, dict[str, Any]]:
    found = figures(question, METRICS.values(), by)
    keys = {key for each in found.values() for key in each}
    names = _keys(by, keys) or by.named(question, keys)
    return {
        measure: {
            names[key]: value
            for key, figure in found[metric.slug].items()
            if (value := told(figure)) not in (None, 0, (0, 0))
        }
        for measure, metric in METRICS.items()
    }


def _keys(by: Axis, keys: set[Any]) -> dict[Any, str]:
    """The names that the oracle has for months, quarters and the managers of teams."""
    if by is MONTH:
        return {key: f"{key:%Y-%m}" for key in keys}
    if by is QUARTER:
        return {key: f"{key.year}-Q{(key.month + 2) // 3}" for key in keys}
    if by is TEAM:
        return {
            team.pk: team.manager.name for team in Team.objects.filter(pk__in=keys) if team.manager
        }
    return {}


@pytest.mark.parametrize(
    ("axis", "by"),
    [
        ("agent", PERSON),
        ("manager", TEAM),
        ("product", PRODUCT),
        ("quarter", QUARTER),
        ("month", MONTH),
    ],
)
def test_the_figures_are_those_of_the_files(sample: Any, axis: str, by: Axis) -> None:
    found = measured(asked(sample), by)
    for measure in METRICS:
        assert found[measure] == oracle(axis, measure), measure


def test_the_figures_of_an_office_are_those_of_its_teams(sample: Any) -> None:
    for name in expected("office", "deals"):
        office = Team.objects.get(name=name)
        found = figures(asked(sample, teams=team_with_all_below(office)), METRICS.values())
        for measure, metric in METRICS.items():
            assert told(found[metric.slug][WHOLE]) == oracle("office", measure)[name], measure


def test_what_is_open_was_begun_and_took_its_time_as_the_files_say(sample: Any) -> None:
    question = asked(sample)
    for axis, by in (("stage", STAGE), ("agent", PERSON)):
        found = pipeline.open_deals.measure(question, by)
        names = {key: key for key in found} if by is STAGE else by.named(question, found)
        stock = {names[key]: figure.value for key, figure in found.items()}
        assert stock == oracle(axis, "open")
    begun = outcomes.created_win_rate.measure(question, QUARTER)
    quarters = _keys(QUARTER, set(begun))
    assert {quarters[key]: told(figure) for key, figure in begun.items()} == expected(
        "engaged_quarter", "created_win_rate"
    )
    entered = flow.entered.measure(question, STAGE)[3].value
    assert entered == expected("all", "entered_qualification")["all"]
    days = duration.median_days.measure(question, QUARTER)
    for quarter, wanted in expected("quarter", "median_days_in_qualification").items():
        figure = next(f for key, f in days.items() if _keys(QUARTER, {key})[key] == quarter)
        assert float(figure.value or 0) == pytest.approx(wanted, abs=0.051)
