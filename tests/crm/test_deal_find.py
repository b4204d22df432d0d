import pytest

from crm.models import Deal
from crm.queries import deal as queries
from tests.conftest import Cast
from tests.factories import make_deal


@pytest.mark.parametrize("kept", [None, [], [7, 9]])
@pytest.mark.parametrize("lock", [False, True])
def test_it_reads_a_deal_as_its_model_does(cast: Cast, kept: list[int] | None, lock: bool):
    deal = make_deal(by=cast.ana, amount=5)
    deal.kept_version_ids = kept
    deal.save(update_fields=["kept_version_ids"])
    found = queries.editable(cast.ana, deal.pk, lock=lock)

    for field in Deal._meta.concrete_fields:
        assert getattr(found, field.attname) == getattr(deal, field.attname), field.name
