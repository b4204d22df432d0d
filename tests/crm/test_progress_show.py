"""How far a deal is in its stage, on its card: by its own team's process, as its page counts it."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.commands import step as commands
from crm.commands.writers.step_result import StepResultInput
from crm.models import Deal, StageVisit
from crm.queries.progress import Progress, progress_of
from pipeline.models import User
from pipeline.process import commands as process
from pipeline.process.playbook import Importance
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.crm import board
from tests.factories import NOW, ago, make_deal

pytestmark = pytest.mark.django_db
HERE = Stage.QUALIFICATION


def deal_of(person: User, **facts: Any) -> Deal:
    return make_deal(by=person, stage=HERE, at=ago(days=1), **facts)


def of(deal: Deal) -> Progress:
    return progress_of([deal.pk])[deal.pk]


def add_step(owner: Any, cast: Cast, **said: Any) -> str:
    by = owner if isinstance(owner, User) else cast.adele
    layer = process.layer_of(owner, by=by, at=ago(days=2))
    words: Any = {"label": "Seen the plant", "gives_you": "Less to remember."} | said
    step = process.add_step(layer, stage=HERE, said=words, by=by, at=ago(days=2))
    if not isinstance(owner, User):
        process.publish(layer, by=cast.adele, at=ago(days=2), note="")
    return step.key


def test_it_counts_what_is_settled_of_what_is_expected(cast: Cast):
    key = add_step(cast.north, cast, importance=Importance.EXPECTED)
    deal = deal_of(cast.ana)
    before = of(deal)
    commands.answer(deal, place=(HERE, key), given=StepResultInput(), by=cast.ana, at=NOW)
    assert of(deal) == Progress(before.settled + 1, before.expected)


def test_it_goes_by_the_process_of_the_deals_own_team(cast: Cast):
    add_step(cast.north, cast, importance=Importance.EXPECTED)
    assert of(deal_of(cast.ana)).expected == of(deal_of(cast.carl)).expected + 1


@pytest.mark.parametrize("owner", ["team", "person"])
def test_neither_hints_nor_steps_of_ones_own_count(cast: Cast, owner: str):
    before = of(deal_of(cast.ana))
    if owner == "team":
        add_step(cast.north, cast, importance=Importance.HINT)
    else:
        add_step(cast.ana, cast)
    assert of(deal_of(cast.ana)) == before


def test_a_stay_that_names_no_process_goes_by_the_current_one(cast: Cast):
    add_step(cast.north, cast, importance=Importance.EXPECTED)
    named, nameless = deal_of(cast.ana), deal_of(cast.ana)
    StageVisit.objects.filter(deal=nameless).update(version_ids=[], playbook="")  # as imports do
    assert of(nameless) == of(named)


def test_the_card_says_it_in_words_as_well(client: Client, cast: Cast):
    key = add_step(cast.north, cast, importance=Importance.EXPECTED)
    deal, lead = deal_of(cast.ana), make_deal(by=cast.ana, stage=Stage.PROSPECTING)
    commands.answer(deal, place=(HERE, key), given=StepResultInput(), by=cast.ana, at=NOW)
    settled, expected = of(deal)
    client.force_login(cast.ana)
    page: Any = client.get("/board/")
    dots = "●" * settled + "○" * (expected - settled)
    assert dots in board.card(page, deal.pk)
    assert f'aria-label="{settled} of {expected} expected steps done"' in page.content.decode()
    assert "○" not in board.card(page, lead.pk)


def test_it_agrees_with_the_page_of_the_deal(client: Client, cast: Cast):
    add_step(cast.north, cast, importance=Importance.EXPECTED)
    deal = deal_of(cast.ana)
    client.force_login(cast.ana)
    settled, expected = of(deal)
    assert (
        f"{settled} of {expected} expected" in client.get(deal.get_absolute_url()).content.decode()
    )


def test_it_costs_one_query_for_all(cast: Cast):
    deals = [deal_of(cast.ana), deal_of(cast.carl), make_deal(by=cast.ana, stage=Stage.PROPOSAL)]
    ids = [deal.pk for deal in deals]
    progress_of(ids)
    with CaptureQueriesContext(connection) as queries:
        assert set(progress_of(ids)) == set(ids)
    assert len(queries) == 1
