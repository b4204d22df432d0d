"""Why a deal was stopped may stand in a column of its own, in any language, by page and by command."""

from pathlib import Path

import pytest

from crm.models import Deal
from pipeline.process.stages import Initiator
from tests.conftest import Cast
from tests.exchange.uploads import by_command, checked, loaded, uploaded

pytestmark = pytest.mark.django_db

TEXT = (
    "Deal,Stage,Reason For Loss\n"
    "a,Closed Lost,Price\nb,Closed Lost,\nc,Closed Lost,Preis\nd,Closed Lost,We withdrew\n"
    "e,New,Price\nf,Closed Lost,Bad karma\n"
)
NAMED = {"name": "Deal", "stage": "Stage", "stop_cause": "Reason For Loss"}
EXPECTED = {
    "a": ("customer", "price"),
    "b": ("customer", "unknown"),
    "c": ("customer", "price"),
    "d": ("us", "withdrawn"),
    "e": ("", None),
}


def found() -> dict[str, tuple[str, str | None]]:
    deals = Deal.objects.exclude(name="old").select_related("cause")
    return {deal.name: (deal.initiator, deal.cause.key if deal.cause else None) for deal in deals}


def test_a_column_of_causes_goes_before_what_the_stage_says(cast: Cast, tmp_path: Path):
    job = loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, TEXT), **NAMED))
    assert found() == EXPECTED
    assert Initiator.US in {deal.initiator for deal in Deal.objects.all()}
    refused = [(fault.line, fault.reason) for fault in job.faults.all()]
    assert refused == [(7, "The cause “Bad karma” is not on the list of causes.")]
    Deal.objects.update(name="old")
    result = by_command(tmp_path / "in", TEXT, NAMED, stages=job.answers["stages"])
    assert (found(), [fault.line for fault in result.faults]) == (EXPECTED, [7])
