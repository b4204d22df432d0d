"""The composer proposes what comes next, and what is saved is what was shown; each log says which step
it moved."""

import datetime as dt
import json
import re

import pytest

from crm.models import Activity, ActivityKind, DealChange
from pipeline.process.stages import Stage
from tests.factories import make_company, make_deal

HX = {"HX-Request": "true"}


@pytest.fixture
def deal(cast):
    return make_deal(by=cast.ana, stage=Stage.PROSPECTING)


@pytest.fixture
def ana(client, cast):
    client.force_login(cast.ana)
    return client


def proposed(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="proposed_(\w+)" value="([^"]*)"', page))


def log(client, deal, **said):
    given = {"kind": "call", **said}
    return client.post(f"/deals/{deal.pk}/log/", given, headers=HX)


def toast(response) -> str:
    return str(json.loads(response["HX-Trigger"])["toast"]["text"])


def test_what_was_shown_as_proposed_is_planned_even_if_another_would_be_proposed_by_now(
    ana, deal, clock
):
    shown = proposed(ana.get(f"/deals/{deal.pk}/").content.decode())
    assert set(shown) == {"plain", "email", "reached", "no_answer", "meeting_set", "moved_forward"}
    fields = {f"proposed_{of}": value for of, value in shown.items()}
    clock.shift(dt.timedelta(hours=4))
    assert log(ana, deal, result="no_answer", next="proposed", **fields).status_code == 200
    plan = Activity.objects.planned().get(deal=deal)
    # Shown in the forenoon of a Wednesday: the afternoon of Thursday.
    assert plan.due_at is not None
    local = plan.due_at.astimezone(deal.owner.zone)
    assert (plan.kind, local.strftime("%a %H:%M")) == (ActivityKind.CALL, "Thu 15:00")


@pytest.mark.parametrize(
    "value", ["", "note 2026-03-16 -", "call 2026-03-02 -", "call x -", "call"]
)
def test_no_proposal_that_no_page_shows_is_planned(ana, deal, value):
    response = log(ana, deal, result="reached", next="proposed", proposed_reached=value)
    assert response.status_code == 422
    assert (
        not Activity.objects.filter(deal=deal)
        .exclude(done_at=None)
        .filter(result="reached")
        .exists()
    )


def test_nothing_next_needs_a_reason_which_the_history_keeps(ana, deal):
    assert log(ana, deal, result="reached", next="none").status_code == 422
    assert log(ana, deal, result="reached", next="none", because="their_turn").status_code == 200
    change = DealChange.objects.get(deal=deal, kind="nothing_planned")
    assert change.data["why"] == "their_turn"
    assert "They come back to us" in ana.get(f"/deals/{deal.pk}/").content.decode()


def test_a_log_says_which_step_it_moved_and_an_attempt_moves_none(ana, deal):
    assert toast(log(ana, deal, result="no_answer")) == "Logged as an attempt."
    said = toast(log(ana, deal, result="reached"))
    assert said.startswith("Logged. Step done: “")
    assert re.search(r"\(\d of \d\)\.$", said)
    assert toast(log(ana, deal, kind="note", body="x")) == "Logged."
    moved = toast(log(ana, deal, result="moved_forward"))
    assert moved == "Logged. Moved to Qualification."


def test_without_a_deal_what_is_proposed_is_offered_and_nothing_is_chosen_by_itself(ana, cast):
    company = make_company(by=cast.ana)
    page = ana.get(f"/companies/{company.pk}/").content.decode()
    shown = proposed(page)
    assert "moved_forward" not in shown
    assert re.search(r'name="next" value="" checked', page)
    assert 'value="none"' not in page
    said = {"kind": "call", "result": "no_answer", "next": "proposed"}
    said |= {f"proposed_{of}": value for of, value in shown.items()}
    assert ana.post(f"/companies/{company.pk}/log/", said, headers=HX).status_code == 200
    assert Activity.objects.planned().get(company=company).due_at is not None
