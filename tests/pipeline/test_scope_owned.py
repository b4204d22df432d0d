from django.db.models import Q

from crm.models import Company
from pipeline.people.access import Scope
from tests.conftest import Cast
from tests.factories import make_company


def test_it_reaches_everything_for_an_admin_beside_another_condition(cast: Cast) -> None:
    make_company(by=cast.ana, owner=cast.ana)
    everything = Scope(user_id=cast.adele.pk, everything=True)
    assert Company.objects.filter(Q(owner=None) | everything.owned_filter(team=None)).count() == 1
    assert Company.objects.editable_by(cast.adele).count() == 1
