"""Exchange rates come in by the rules of their page, whichever way round a file says them."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from crm.commands import rate as rate_commands
from crm.models import Rate, SettingChange
from exchange.imports import answers
from exchange.models import ImportJob
from pipeline.models import User
from tests.conftest import Cast
from tests.exchange.test_import_activities import faults
from tests.exchange.test_import_parts import suggested, undone
from tests.exchange.uploads import by_command, columns, loaded, uploaded, worked
from tests.factories import NOW, make_deal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

DATED = (
    '"Id","IsoCode","StartDate","ConversionRate"\n'
    '"r1","CHF","2026-01-01","0.8"\n'
    '"r2","USD","2026-01-01","1.25"\n'
    '"r3","USD","2026-02-01","2"\n'
    '"r4","EUR","2026-01-01","1"\n'
    '"r5","XQX","2026-01-01","1.5"\n'
    '"r6","usd","2026-02-01","4"\n'
)


def rates() -> list[tuple[str, str, Decimal]]:
    found = Rate.objects.order_by("currency", "on").values_list("currency", "on", "value")
    return [(code, f"{on:%d.%m.}", value.normalize()) for code, on, value in found]


def test_dated_rates_of_salesforce(cast: Cast, tmp_path: Path):
    rate_commands.set_rate(currency="CHF", on=dt.date(2026, 1, 1), value=Decimal("1.25"))
    before = rates()
    job = loaded(cast.adele, suggested(cast.adele, DATED, kind="rates"))
    expected = [
        ("CHF", "01.01.", Decimal("1.25")),
        ("USD", "01.01.", Decimal("0.8")),
        ("USD", "01.02.", Decimal("0.5")),
    ]
    assert rates() == expected
    assert (job.counts["new"], job.counts["matched"]) == (2, 1)
    assert faults(job) == [
        (5, "That is the organisation's own currency."),
        (6, "“XQX” is no currency: write three letters such as CHF."),
        (7, "The same record stands above already: 4."),
    ]
    assert SettingChange.objects.filter(by=cast.adele, name="USD").count() == 2
    undone(cast.adele, job)
    assert rates() == before
    by_command(tmp_path / "in", DATED, job.answers["columns"], kind="rates")
    assert rates() == expected


def test_a_rate_that_stands_here_otherwise_stays(cast: Cast):
    rate_commands.set_rate(currency="USD", on=dt.date(2026, 2, 1), value=Decimal(3))
    job = loaded(cast.adele, suggested(cast.adele, DATED, kind="rates"))
    words = "There is another rate of that day: change it under Settings."
    assert (4, words) in faults(job)
    assert ("USD", "01.02.", Decimal(3)) in rates()


def test_what_sums_are_counted_by_and_what_was_changed_is_kept(cast: Cast):
    job = loaded(cast.adele, suggested(cast.adele, DATED, kind="rates"))
    make_deal(by=cast.ana, amount=5, currency="CHF")
    rate_commands.set_rate(
        currency="USD", on=dt.date(2026, 2, 1), value=Decimal(3), by=cast.adele, at=NOW
    )
    undone(cast.adele, job)
    assert {(name, why) for _kind, _pk, name, why in job.kept} == {
        ("CHF 2026-01-01", "used by a record that stays"),
        ("USD 2026-02-01", "changed since"),
    }
    assert [code for code, _on, _value in rates()] == ["CHF", "USD"]


def named(user: User, **fields: str) -> tuple[int, ImportJob]:
    job = uploaded(user, "Currency,Date,Rate\nUSD,2026-01-01,0.8\n", kind="rates")
    assert answers.suggested_columns(job)["columns"].keys() == {"currency", "day"}
    response = columns(user, job, currency="Currency", day="Date", **fields)
    return response.status_code, job


def test_which_way_round_is_never_guessed(cast: Cast):
    status, _job = named(cast.adele)
    assert status == 422
    status, job = named(cast.adele, value="Rate")
    assert status == 302
    loaded(cast.adele, worked(job))
    assert rates() == [("USD", "01.01.", Decimal("0.8"))]
