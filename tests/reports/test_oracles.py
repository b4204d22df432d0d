"""What the figures are held against must hold itself, and be what the product has on file."""

import statistics
from collections import Counter
from decimal import Decimal

from django.db.models import Count, Q, Sum

from crm.models import Deal, StageVisit
from pipeline.process.stages import Outcome
from tests.published_sample import needs_the_sample
from tests.reports.sample import AXES, MEASURES, expected
from tests.reports.worked import LINES, OPEN_VALUE, STRICT_FUNNEL, on_day, stays


def test_the_stays_of_the_ten_deals_are_those_of_the_text():
    for stage, line in LINES.items():
        here = [stay for stay in stays() if stay.stage == stage]
        ways = Counter(stay.way for stay in here)
        assert len(here) == line.visits == ways.total()
        assert (ways["advanced"], ways["back"], ways["stopped"], ways["won"], ways["still"]) == (
            line.advanced,
            line.back,
            line.stopped,
            line.won,
            line.still,
        )
        over = [stay.left - stay.entered for stay in here if stay.left is not None]
        assert Decimal(str(statistics.median(over))) == line.median_days
        came = {stay.deal for stay in stays() if stay.stage >= stage}
        late = {deal for deal in came if _first(deal) > stage}
        assert len(came) == line.reached
        assert late == set(line.created_late)
        assert came - late - {stay.deal for stay in here} == set(line.skipped)
    assert sum(stay.amount for stay in stays() if stay.way == "still") == OPEN_VALUE
    in_order = [list(range(1, stage + 1)) for stage in LINES]
    assert tuple(sum(_firsts(deal)[: len(o)] == o for deal in _deals()) for o in in_order) == (
        STRICT_FUNNEL
    )


def _deals() -> set[str]:
    return {stay.deal for stay in stays()}


def _first(deal: str) -> int:
    return next(stay.stage for stay in stays() if stay.deal == deal)


def _firsts(deal: str) -> list[int]:
    """The stages of a deal in the order in which it first came to each."""
    return list(dict.fromkeys(stay.stage for stay in stays() if stay.deal == deal))


def test_the_ten_deals_on_file_are_those_told(worked_cast):
    on_file = StageVisit.objects.values_list("deal__name", "stage", "entered_at", "left_at")
    assert sorted(on_file.order_by(), key=str) == sorted(
        (
            (
                stay.deal,
                stay.stage,
                on_day(stay.entered),
                None if stay.left is None else on_day(stay.left),
            )
            for stay in stays()
        ),
        key=str,
    )


@needs_the_sample
def test_every_figure_of_the_sample_is_told_on_every_axis():
    for measure in MEASURES:
        for axis in AXES:
            assert expected(axis, measure), (axis, measure)
    # As the sample's own description says.
    assert expected("all", "closed_win_rate") == {"all": (4_238, 6_711)}
    assert expected("all", "won_value") == {"all": Decimal(10_005_534)}
    assert {stage: n for stage, n in expected("stage", "open").items() if n} == {2: 500, 3: 1_589}
    for axis in ("quarter", "month", "office", "manager", "agent", "product"):
        parts = expected(axis, "closed_win_rate").values()
        assert (sum(won for won, _ in parts), sum(n for _, n in parts)) == (4_238, 6_711)


@needs_the_sample
def test_the_sample_on_file_has_its_rows_where_the_oracle_has_them(sample):
    won = Q(outcome=Outcome.WON)
    for axis, field in {
        "office": "team__parent__name",
        "manager": "team__manager__name",
        "agent": "owner__name",
        "product": "lines__product__name",
    }.items():
        deals, wins, value = (expected(axis, name) for name in ("deals", "won", "won_value"))
        on_file = (
            Deal.objects.visible_to(sample.admin)
            .values_list(field)
            .annotate(n=Count("pk"), won=Count("pk", filter=won), value=Sum("amount", filter=won))
            .order_by()
        )
        assert sorted(on_file) == sorted((key, deals[key], wins[key], value[key]) for key in deals)
