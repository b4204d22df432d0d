"""Somebody new, alone and without a script: from how one sells today to a day that says what is next
(CHECKLIST A16)."""

import re

from django.test import Client

from crm.models import Deal
from pipeline.models import Step
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.crm.page_forms import untouched

BEGIN = "/process/begin/"


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def send(client: Client, page: str, path: str, **said: object) -> str:
    answer = client.post(path, {**untouched(page, path), **said}, follow=True)
    assert answer.status_code == 200, (path, answer.status_code)
    return str(answer.content.decode())


def test_who_is_new_makes_the_own_process_alone_and_has_a_day(cast: Cast, client: Client) -> None:
    client.force_login(cast.carl)
    assert "Nothing due." in read(client, "/day/")

    told = read(client, BEGIN)
    mapped = send(client, told, BEGIN, **{"did-1": "called them\nsent plant pictures"})
    # What is understood is placed already; the rest is asked for.
    (name,) = re.findall(r'name="(place-1-1)"', mapped)
    result = send(client, mapped, BEGIN, **{name: "4", "do": "result"})
    assert "You follow 2 of the seven stages already." in result
    send(client, result, BEGIN, do="keep", keep=["4 sent plant pictures"])
    step = Step.objects.get(layer__user=cast.carl)
    assert (step.label, step.stage) == ("sent plant pictures", Stage.NEEDS_ANALYSIS)

    new = read(client, "/deals/new/")
    send(client, new, "/deals/new/", company_name="Corner shop", name="First line")
    deal = Deal.objects.get(owner=cast.carl)
    day = read(client, "/day/")
    assert re.findall(r'data-row="([^"]+)"', day) == [f"deal-{deal.pk}"]
    assert "1 to do" in day
    assert "Corner shop" in day
