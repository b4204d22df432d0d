"""The published sample, whole: every figure that it must come to."""

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path

import pytest
from django.db.models import Sum
from django.utils import timezone

from crm import reference
from crm.imports import mapping, run
from crm.models import Company, Deal, Product, StageVisit
from pipeline import moves
from pipeline.commands.people import found_organisation
from pipeline.models import Role, Team, User
from pipeline.moves import EnteredHow, LeftHow
from pipeline.stages import Initiator, Outcome, Stage

HERE = Path(__file__).resolve().parent.parent
MAPPING = HERE / "data" / "crm_sales_opportunities.toml"
SAMPLE = Path(
    os.environ.get("SEVEN_SAMPLE", HERE.parent.parent / "shared/data/crm-sales-opportunities")
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        not (SAMPLE / "sales_pipeline.csv").is_file(),
        reason="the published sample is not here: name its folder in SEVEN_SAMPLE",
    ),
]


def bring_in(*, commit: bool = True) -> run.Result:
    return run.run(mapping.load(MAPPING), [SAMPLE], at=timezone.now(), commit=commit)


@pytest.fixture
def _organisation(db: None) -> Team:
    reference.seed()
    return found_organisation(
        name="Hardware Inc", currency="USD", time_zone="America/New_York", country="US"
    )


@pytest.mark.usefixtures("_organisation")
def test_it_comes_in_whole_with_each_figure():
    result = bring_in()

    assert result.refused == 0
    assert result.unread == ["README.md", "data_dictionary.csv"]
    assert {name: counts.new for name, counts in result.counts.items()} == {
        "people": 35,
        "products": 7,
        "companies": 85,
        "deals": 8_800,
    }
    people = User.objects.all()
    assert people.filter(role=Role.SALESPERSON).count() == 35
    assert people.filter(role=Role.MANAGER).count() == 6
    assert not people.exclude(email=None).exists()
    root = Team.objects.root()
    offices = Team.objects.filter(parent=root)
    assert sorted(offices.values_list("name", flat=True)) == ["Central", "East", "West"]
    assert Team.objects.filter(parent__in=offices, manager__role=Role.MANAGER).count() == 6
    assert people.get(name="Moses Frase").team.manager.name == "Dustin Brinkmann"
    assert people.get(name="Moses Frase").team.parent.name == "Central"

    assert sorted(Product.objects.values_list("name", flat=True)) == [
        "GTK 500",
        "GTX Basic",
        "GTX Plus Basic",
        "GTX Plus Pro",
        "GTX Pro",
        "MG Advanced",
        "MG Special",
    ]
    assert Product.objects.get(name="GTX Pro").lines.count() == 1_480

    deals = Deal.objects.all()
    open_deals, won, lost = deals.open(), deals.filter(outcome=Outcome.WON), deals.lost()
    assert open_deals.filter(stage=Stage.PROSPECTING).count() == 500
    assert open_deals.filter(stage=Stage.QUALIFICATION).count() == 1_589
    assert open_deals.count() == 500 + 1_589
    assert won.filter(stage=Stage.CLOSING).count() == 4_238
    assert lost.filter(stage=Stage.QUALIFICATION, cause__key="unknown").count() == 2_473
    assert won.aggregate(Sum("amount"))["amount__sum"] == Decimal(10_005_534)
    # K4, closed: won ÷ (won + lost).
    assert round(100 * won.count() / (won.count() + lost.count()), 2) == 63.15
    assert deals.filter(company=None).count() == 1_425
    assert deals.filter(company=None, outcome=Outcome.OPEN).count() == 1_425
    assert not open_deals.exclude(amount=None).exists()
    assert not deals.filter(owner=None).exists()

    assert Company.objects.exclude(parent=None).count() == 15
    assert Company.objects.get(name="Bluth Company").relationship == "customer"
    assert not Company.objects.filter(industry="technolgy").exists()


@pytest.mark.usefixtures("_organisation")
def test_it_tells_each_history_no_further_than_the_rows_do():
    bring_in()

    visits = StageVisit.objects.all()
    undated = visits.filter(stage=Stage.PROSPECTING)
    assert undated.filter(entered_at=None, entered_how=EnteredHow.IMPORTED).count() == 500
    assert not visits.filter(entered_at=None).exclude(stage=Stage.PROSPECTING).exists()
    won = Deal.objects.get(
        company__name="Cancity", lines__product__name="GTX Plus Basic", amount=1054,
        closed_at__date="2017-03-01",
    )  # fmt: skip
    first, last = won.visits.order_by("sequence")
    # Noon in New York: daylight saving ends between the two.
    assert first.entered_at == dt.datetime(2016, 10, 20, 16, tzinfo=dt.UTC)
    assert first.left_at == dt.datetime(2017, 3, 1, 17, tzinfo=dt.UTC)
    assert (first.stage, first.left_how) == (Stage.QUALIFICATION, LeftHow.ADVANCED)
    assert (last.stage, last.left_how, last.reason) == (Stage.CLOSING, LeftHow.WON, "imported")
    assert (won.name, str(won.owner)) == ("Cancity · GTX Plus Basic", "Moses Frase")
    lost = Deal.objects.lost().first()
    assert lost is not None
    assert lost.initiator == Initiator.CUSTOMER
    assert lost.visits.get().left_how == LeftHow.STOPPED

    chains: dict[int, list[moves.Stay]] = {}
    for visit in visits.order_by("deal", "sequence").iterator():
        chains.setdefault(visit.deal_id, []).append(visit.stay)
    assert len(chains) == 8_800
    assert [faults for stays in chains.values() if (faults := moves.broken_links(stays))] == []
    for pk, stage, since, closed, outcome in Deal.objects.values_list(
        "id", "stage", "stage_entered_at", "closed_at", "outcome"
    ).iterator():
        last_stay = chains[pk][-1]
        assert (stage, since, closed) == (last_stay.stage, last_stay.entered_at, last_stay.left_at)
        assert outcome == moves.outcome_of(last_stay)


@pytest.mark.usefixtures("_organisation")
def test_it_changes_nothing_in_a_dry_run_and_in_a_second_run():
    assert bring_in(commit=False).batch is None
    assert not Deal.objects.exists()
    assert not User.objects.exists()

    first = bring_in()
    second = bring_in()
    assert first.batch is not None
    assert second.batch is None
    assert {name: counts.known for name, counts in second.counts.items()} == {
        "people": 35,
        "products": 7,
        "companies": 85,
        "deals": 8_800,
    }
    assert second.refused == 0
    assert Deal.objects.count() == 8_800
