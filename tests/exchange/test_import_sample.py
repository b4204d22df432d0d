"""The published sample, whole: every figure that it must come to; and a small one of its shape,
which is always here."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from django.db.models import Sum

from crm.models import Company, Deal, Product, StageVisit
from pipeline.models import Role, Team, User
from pipeline.process import moves
from pipeline.process.moves import EnteredHow, LeftHow
from pipeline.process.stages import Initiator, Outcome, Stage
from tests.published_sample import Hardware, bring_in, found_hardware_inc, needs_the_sample

pytestmark = pytest.mark.django_db

# As the sample is written, faults included: the product's other name, no account, no dates.
SMALL = {
    "accounts.csv": (
        "account,sector,year_established,revenue,employees,office_location,subsidiary_of\n"
        "Lower Ltd,technolgy,1996,1100.04,2822,Kenya,Upper Ltd\n"
        "Upper Ltd,medical,1999,251.41,495,United States,\n"
    ),
    "products.csv": "product,series,sales_price\nGTX Pro,GTX,4821\nMG Special,MG,55\n",
    "sales_pipeline.csv": (
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        "A1,Una Vale,GTXPro,Lower Ltd,Won,2016-10-20,2017-03-01,4514\n"
        "A2,Una Vale,MG Special,Lower Ltd,Lost,2016-10-25,2017-03-11,0\n"
        "A3,Ivo Rast,MG Special,Upper Ltd,Engaging,2017-01-05,,\n"
        "A4,Ivo Rast,GTX Pro,,Prospecting,,,\n"
    ),
    "sales_teams.csv": (
        "sales_agent,manager,regional_office\nUna Vale,Mara Quist,East\nIvo Rast,Nils Born,East\n"
    ),
}


@pytest.fixture
def _organisation(db: None) -> None:
    found_hardware_inc()


@needs_the_sample
def test_it_comes_in_whole_with_each_figure(sample: Hardware) -> None:
    result = sample.result

    assert result.refused == 0
    assert result.unread == ["README.md", "data_dictionary.csv"]
    assert {name: counts.new for name, counts in result.counts.items()} == {
        "people": 35,
        "products": 7,
        "companies": 85,
        "deals": 8_800,
    }
    people = User.objects.exclude(pk=sample.admin.pk)
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


@needs_the_sample
@pytest.mark.usefixtures("sample")
def test_it_tells_each_history_no_further_than_the_rows_do():
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

    chains: dict[int, list[moves.Visit]] = {}
    for visit in visits.order_by("deal", "sequence").iterator():
        chains.setdefault(visit.deal_id, []).append(visit.visit)
    assert len(chains) == 8_800
    assert [faults for visits in chains.values() if (faults := moves.broken_links(visits))] == []
    for pk, stage, since, closed, outcome in Deal.objects.values_list(
        "id", "stage", "stage_entered_at", "closed_at", "outcome"
    ).iterator():
        last_visit = chains[pk][-1]
        assert (stage, since, closed) == (
            last_visit.stage,
            last_visit.entered_at,
            last_visit.left_at,
        )
        assert outcome == moves.outcome_of(last_visit)


@needs_the_sample
@pytest.mark.usefixtures("sample")
def test_it_changes_nothing_in_a_second_run():
    second = bring_in()
    assert second.batch is None
    assert {name: counts.known for name, counts in second.counts.items()} == {
        "people": 35,
        "products": 7,
        "companies": 85,
        "deals": 8_800,
    }
    assert second.refused == 0
    assert Deal.objects.count() == 8_800


@pytest.mark.usefixtures("_organisation")
def test_it_reads_a_small_file_of_the_same_shape(tmp_path: Path):
    for name, content in SMALL.items():
        (tmp_path / name).write_text(content)
    assert bring_in(tmp_path, commit=False).batch is None
    assert not Deal.objects.exists()
    assert not User.objects.exists()
    result = bring_in(tmp_path)

    assert result.faults == []
    assert {str(user): str(user.team) for user in User.objects.all()} == {
        "Una Vale": "Team Mara Quist",
        "Mara Quist": "Team Mara Quist",
        "Ivo Rast": "Team Nils Born",
        "Nils Born": "Team Nils Born",
    }
    assert Company.objects.get(name="Lower Ltd").parent == Company.objects.get(name="Upper Ltd")
    assert set(Company.objects.values_list("name", "industry", "relationship")) == {
        ("Lower Ltd", "technology", "customer"),
        ("Upper Ltd", "medical", "never_bought"),
    }
    assert set(
        Deal.objects.values_list("name", "owner__name", "stage", "outcome", "amount", "cause__key")
    ) == {
        ("Lower Ltd · GTX Pro", "Una Vale", 7, "won", Decimal(4514), None),
        ("Lower Ltd · MG Special", "Una Vale", 3, "stopped", None, "unknown"),
        ("Upper Ltd · MG Special", "Ivo Rast", 3, "open", None, None),
        ("GTX Pro", "Ivo Rast", 2, "open", None, None),
    }
    assert set(
        StageVisit.objects.values_list("deal__name", "stage", "entered_how", "left_how", "reason")
    ) == {
        ("Lower Ltd · GTX Pro", 3, "imported", "advanced", ""),
        ("Lower Ltd · GTX Pro", 7, "forward", "won", "imported"),
        ("Lower Ltd · MG Special", 3, "imported", "stopped", ""),
        ("Upper Ltd · MG Special", 3, "imported", None, ""),
        ("GTX Pro", 2, "imported", None, ""),
    }
    assert bring_in(tmp_path).batch is None
