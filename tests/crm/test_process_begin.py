"""What is typed at the first beginning, by whoever types it."""

from django.test import Client

from pipeline.models import Step
from tests.conftest import Cast


def test_it_refuses_what_no_database_holds(client: Client, cast: Cast):
    client.force_login(cast.ana)
    told = {"did-1": "sent\0 pictures", "place-1-0": "4", "keep": ["4 sent pictures"]}

    answer = client.post("/process/begin/", {**told, "do": "keep"})

    assert answer.status_code == 400
    assert not Step.objects.filter(layer__user=cast.ana).exists()
