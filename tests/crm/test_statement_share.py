"""What a connection keeps prepared does for every reader."""

from tests.conftest import Cast
from tests.factories import make_deal
from tests.statements import forget, prepared

PAGES = (
    "/board/",
    "/leads/list/",
    "/opportunities/",
    "/deals/",
    "/companies/",
    "/contacts/",
    "/activities/",
    "/deals/{deal}/",
    "/deals/{deal}/timeline/?before=[[%222026-03-11T10:00:00%2B00:00%22,%222%22],{deal}]",
)


def test_another_reader_of_the_same_shape_needs_no_statement_more(client, cast: Cast):
    def read(person):
        client.force_login(person)
        deal = make_deal(by=person).pk
        for page in PAGES:
            assert client.get(page.format(deal=deal)).status_code == 200

    forget()
    for person in (cast.ana, cast.mona, cast.adele):
        read(person)
    kept = prepared()
    # Else the connection forgets some of them, and prepares them anew the next time.
    assert 20 < len(kept) < 100
    for person in (cast.ben, cast.carl, cast.nora, cast.rosa):
        read(person)
    assert prepared() - kept == set()
