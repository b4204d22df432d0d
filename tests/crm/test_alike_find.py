"""The search for those on record already, while somebody types."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.queries import alike
from tests.factories import make_company


def test_it_looks_for_no_more_of_a_text_than_a_name_can_be(cast):
    norte = make_company(by=cast.ana, name="Norte SA")

    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = alike.companies(f"Norte SA{' ' * 300}{'x' * 1_000_000}", user=cast.ana)
        alike.contacts("y" * 1_000_000, user=cast.ana)
        alike.products("z" * 1_000_000, user=cast.ana)

    assert [company.id for company in found] == [norte.pk]
    assert max(len(query["sql"]) for query in asked) < 10_000
