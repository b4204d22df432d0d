"""The demo's process: three layers in use, and deals that have come no further than its gates let."""

from collections import Counter
from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from crm.models import (
    Concern,
    Deal,
    HandOff,
    Judgement,
    Need,
    Offer,
    OfferOutcome,
    ProcessNote,
    Retrospective,
    StageVisit,
    StepResult,
    Verdict,
)
from crm.queries.facts import facts_of
from crm.queries.offer import total
from pipeline.models import Collision, Layer, Step, Team, User, Version
from pipeline.process.gates import Act, Verb, Weight, judge
from pipeline.process.layer_diff import diff, differences
from pipeline.process.playbook import LayerContent, Level
from pipeline.process.queries import in_force as queries
from pipeline.process.stages import Outcome, Stage
from tests.demo.filled import filled


@pytest.fixture(scope="module")
def organisation(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), filled(closed=300):
        yield


@pytest.fixture(autouse=True)
def on_board(organisation: None, clock: object, db: None) -> None:
    """Every test here stands in the demo organisation, at the instant for which it was filled."""


def test_it_has_three_layers_in_use():
    vienna = Team.objects.get(name="Vienna")
    mira = User.objects.get(name="Mira Sandoval")
    versions = queries.current_version_ids(vienna.pk)
    playbook = queries.for_person(versions, mira.pk)
    assert len(versions) == 3
    assert {difference.source.level for difference in differences(playbook)} == {
        Level.TEAM,
        Level.MINE,
    }
    assert playbook.label(Stage.NEEDS_ANALYSIS) == "Line survey"
    assert any(step.gates for step in playbook.steps(Stage.NEEDS_ANALYSIS))
    assert playbook.ignored == ()


def test_it_has_two_versions_of_a_team_that_differ():
    first, second = Version.objects.filter(layer__team__name="Vienna").order_by("number")
    found = diff(LayerContent.from_json(first.content), LayerContent.from_json(second.content))
    assert len(found) >= 3
    used = {tuple(ids) for ids in StageVisit.objects.values_list("version_ids", flat=True)}
    assert any(first.pk in ids for ids in used)
    assert any(second.pk in ids for ids in used)


def test_it_names_the_process_in_force_at_every_entry():
    assert not StageVisit.objects.filter(playbook="").exists()
    teams = {layer.pk: layer for layer in Layer.objects.exclude(team=None)}
    published = {version.pk: version for version in Version.objects.all()}
    for visit in StageVisit.objects.all():
        for pk in visit.version_ids:
            assert published[pk].published_at <= visit.entered_at
            assert published[pk].layer_id in teams


def test_it_leaves_something_to_decide_and_to_answer():
    collision = Collision.objects.get()
    team = collision.layer.team
    assert team is not None
    assert (team.name, collision.key, collision.choice) == (
        "Vienna",
        "front-loaded",
        "",
    )
    assert ProcessNote.objects.exclude(answer="").count() == 1
    assert ProcessNote.objects.filter(answer="").count() == 1
    vienna = Layer.objects.get(team__name="Vienna")
    assert diff(queries.published_content(vienna), queries.draft_content(vienna))


def test_it_has_no_deal_that_a_hard_gate_would_have_held():
    deals = Deal.objects.exclude(outcome=Outcome.STOPPED)
    found = facts_of(deals.values_list("pk", flat=True))
    for deal in deals:
        way = Act(verb=Verb.MOVE, from_stage=Stage.LEAD_GENERATION, to=Stage(deal.stage))
        if deal.outcome == Outcome.WON:
            way = Act(verb=Verb.WIN, from_stage=Stage.LEAD_GENERATION, to=Stage.CLOSING)
        findings = judge(found[deal.pk], queries.of_versions(()), way)
        assert [f.label for f in findings if f.weight == Weight.HARD] == [], deal


def test_it_has_an_offer_of_every_deal_that_was_talked_about():
    talked = set(
        StageVisit.objects.filter(stage__gte=Stage.OBJECTIONS).values_list("deal_id", flat=True)
    )
    assert talked <= set(Offer.objects.values_list("deal_id", flat=True))


def test_it_wins_what_was_offered_last():
    won = Deal.objects.filter(outcome=Outcome.WON)
    accepted = {
        offer.deal_id: offer for offer in Offer.objects.filter(outcome=OfferOutcome.ACCEPTED)
    }
    assert accepted.keys() == {deal.pk for deal in won}
    for deal in won:
        offer = accepted[deal.pk]
        assert offer.value == deal.amount
        assert deal.closed_at is not None
        assert offer.sent_at <= deal.closed_at
        assert offer.revision == max(deal.offers.values_list("revision", flat=True))


def test_value_products_and_offer_of_a_deal_say_the_same():
    said = 0
    for deal in Deal.objects.prefetch_related("lines", "offers"):
        offers = sorted(deal.offers.all(), key=lambda offer: -offer.revision)
        values = {deal.amount, total(list(deal.lines.all()))} - {None}
        if offers and deal.amount is not None:
            values.add(offers[0].value)
        assert len(values) <= 1, deal
        said += len(values)
    assert said > 10


def test_it_leaves_no_step_undone_that_the_process_asks_for():
    settled = {
        (row.deal_id, row.stage, row.key)
        for row in StepResult.objects.current().filter(private_to=None)
    }
    asked = 0
    for visit in StageVisit.objects.filter(left_how__in=["advanced", "won"]):
        assert visit.left_at is not None
        for step in queries.of_versions(visit.version_ids).steps(Stage(visit.stage)):
            if step.gates and visit.left_at > visit.deal.created_at:
                recent = (
                    visit.deal.closed_at is None or visit.deal.closed_at > visit.deal.created_at
                )
                asked += recent
                assert (visit.deal_id, visit.stage, step.key) in settled
    assert asked > 3
    assert StepResult.objects.filter(state="overridden").exclude(reason="").exists()


def test_it_has_own_steps_that_their_people_alone_have_done():
    private = StepResult.objects.exclude(private_to=None)
    assert private.exists()
    for row in private.select_related("private_to", "by"):
        assert row.private_to == row.by
        assert Step.objects.filter(layer__user=row.private_to, key=row.key, adds=True).exists()


def test_it_records_what_people_learn_on_the_way():
    for model in (Verdict, Need, Concern, HandOff, Judgement, Retrospective):
        assert model._default_manager.count() > 10, model
    kinds = Counter(Concern.objects.values_list("disposition", flat=True))
    assert kinds["open"]
    assert kinds["answered"]
    assert not Judgement.objects.filter(findings__contains=[{"weight": "hard"}]).exists()
    assert Offer.objects.filter(revision=2).exists()
    assert Offer.objects.filter(premature=True).exists()


def test_it_records_nothing_before_it_happened():
    for model in (Verdict, Need, Judgement, StepResult):
        for row in model._default_manager.select_related("deal"):
            assert row.deal.created_at <= row.at
            assert row.deal.closed_at is None or row.at <= row.deal.closed_at
