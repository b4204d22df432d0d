"""A deal that was merged: what goes along, where its address leads, and 30 days to undo it."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.db.models import PROTECT
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.commands import deal as deal_commands
from crm.commands import deal_merge, retrospective, since_then
from crm.commands import undo as undo_commands
from crm.commands.record_world import with_its_parts
from crm.commands.undo import undoable
from crm.models import (
    Activity,
    ActivityKind,
    Concern,
    Deal,
    DecidedBy,
    Need,
    Offer,
    OfferLine,
    Rate,
    Ruling,
    Source,
    SourceKind,
    StepResult,
    StopCause,
    UndoableAct,
    Verdict,
)
from crm.models.verdict import Confidence
from crm.shipped import DUPLICATE
from crm.tasks import forget_deleted
from pipeline.models import User
from pipeline.process.stages import Initiator, Outcome
from salesprocess.lib.refused import Refused, Stale
from tests.conftest import Cast
from tests.factories import make_company, make_deal

pytestmark = pytest.mark.django_db


DAY = dt.date(2030, 1, 2)


def offer(deal: Deal, revision: int = 1) -> Offer:
    at = timezone.now()
    return Offer.objects.create(
        deal=deal, revision=revision, sent_at=at, currency="EUR", value=100, at=at, by=deal.owner
    )


def verdict(deal: Deal, ruling: Ruling, *, days: int) -> Verdict:
    sure = Confidence.YES if ruling == Ruling.QUALIFIED else Confidence.UNSURE
    at = timezone.now() - dt.timedelta(days=days)
    revisit = at.date() if ruling == Ruling.NOT_YET else None
    return Verdict.objects.create(
        deal=deal, ruling=ruling, ours=sure, theirs=sure, revisit_on=revisit, at=at, by=deal.owner
    )


def call(deal: Deal, *, by: User) -> Activity:
    at = timezone.now()
    return Activity.objects.create(
        deal=deal, kind=ActivityKind.CALL, owner=by, done_at=at, created_at=at
    )


def step(deal: Deal, key: str, talk: Activity) -> StepResult:
    return StepResult.objects.create(
        deal=deal, stage=1, key=key, label=key, state="done", activity=talk, at=timezone.now()
    )


def merged(cast: Cast, gone: Deal, into: Deal, *, by: User | None = None) -> UndoableAct:
    at, by = timezone.now(), by or cast.ana
    with undoable(verb="same_as", by=by, at=at, also=lambda: into) as acts:
        deal_merge.merge(gone, into=into, by=by, at=at)
    for deal in (gone, into):
        deal.refresh_from_db()
    return acts[0]


@pytest.fixture
def pair(cast: Cast) -> tuple[Deal, Deal]:
    gone = make_deal(by=cast.ana, name="Fair card", amount=900)
    Activity.objects.create(
        deal=gone,
        kind=ActivityKind.CALL,
        subject="Call back",
        owner=cast.ana,
        due_on=DAY,
        due_by=dt.datetime(2030, 1, 2, 23, 59, tzinfo=dt.UTC),
        created_at=timezone.now(),
        created_by=cast.ana,
    )
    return gone, make_deal(by=cast.ana, name="Line 3")


def test_offers_and_verdicts_go_along_where_they_contradict_nothing(cast: Cast):
    gone, into = (make_deal(by=cast.ana, name=name) for name in ("Fair card", "Line 3"))
    offers = [offer(gone), offer(gone, 2)]
    old = verdict(gone, Ruling.NOT_YET, days=9)
    own = verdict(into, Ruling.QUALIFIED, days=5)
    good = verdict(gone, Ruling.QUALIFIED, days=2)
    bad = verdict(gone, Ruling.NOT_YET, days=1)
    merged(cast, gone, into)
    assert set(into.offers.all()) == set(offers)
    assert set(into.verdicts.all()) == {old, own, good}
    assert set(gone.verdicts.all()) == {bad}
    # Where both were offered something, the numbers of the one say nothing of the other.
    third = make_deal(by=cast.ana, name="Third")
    theirs = offer(third)
    merged(cast, third, into)
    assert set(third.offers.all()) == {theirs}


def test_the_old_address_leads_to_the_deal_that_goes_on(cast: Cast, client, pair):
    gone, into = pair
    act = merged(cast, gone, into)
    client.force_login(cast.ana)
    answer = client.get(f"/deals/{gone.pk}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/deals/{into.pk}/?merged={gone.pk}")
    html = client.get(answer["Location"]).content.decode()
    assert "“Fair card” is the same as this deal" in html
    assert f'name="act" value="{act.pk}"' in html
    itself = client.get(f"/deals/{gone.pk}/?itself")
    assert itself.status_code == 200
    assert f'href="/deals/{into.pk}/"' in itself.content.decode()
    # To whoever may not see that one, nothing is told of it.
    client.force_login(cast.carl)
    other = make_deal(by=cast.carl)
    assert "Fair card" not in client.get(f"/deals/{other.pk}/?merged={gone.pk}").content.decode()
    Deal.objects.filter(pk=into.pk).update(owner=cast.carl, team=cast.carl.team)
    client.force_login(cast.ana)
    assert client.get(f"/deals/{gone.pk}/").status_code == 200
    # And once it is undone, it is a deal like any other.
    Deal.objects.filter(pk=into.pk).update(owner=cast.ana, team=cast.ana.team)
    client.post(f"/deals/{gone.pk}/undo/", {"act": act.pk})
    assert client.get(f"/deals/{gone.pk}/").status_code == 200


def test_weeks_later_it_is_undone_by_whoever_may_change_both_and_what_was_changed_since_stays(
    cast: Cast, pair
):
    gone, into = pair
    plan = Activity.objects.get(subject="Call back")
    act = merged(cast, gone, into)
    assert (into.amount, Activity.objects.get(pk=plan.pk).deal) == (900, into)
    later = timezone.now() + dt.timedelta(days=20)
    deal_commands.edit(into, name="Line 3, longer", by=cast.mona, at=timezone.now())
    Activity.objects.filter(pk=plan.pk).update(subject="Call Mr Bauer back")
    # Whatever else one does meanwhile, it is not forgotten.
    with undoable(verb="edit", by=cast.ana, at=later):
        deal_commands.edit(make_deal(by=cast.ana), name="Other", by=cast.ana, at=timezone.now())
    undo_commands.undo(gone, act=act.pk, by=cast.mona, at=later)
    into.refresh_from_db()
    assert (gone.outcome, gone.cause, gone.is_open) == (Outcome.OPEN, None, True)
    assert gone.visits.get().left_at is None
    assert (into.name, into.amount) == ("Line 3, longer", None)
    plan.refresh_from_db()
    assert (plan.deal, plan.subject) == (gone, "Call Mr Bauer back")
    assert (gone.next_on, into.next_on) == (plan.due_on, None)
    assert "undone" in {change.kind for change in into.changes.all()}
    assert not UndoableAct.objects.filter(pk=act.pk).exists()


def test_after_30_days_it_stays(cast: Cast, pair):
    gone, into = pair
    act = merged(cast, gone, into)
    with pytest.raises(Refused):
        undo_commands.undo(gone, act=act.pk, by=cast.ana, at=timezone.now() + dt.timedelta(days=31))
    into.refresh_from_db()
    Deal.objects.filter(pk=into.pk).update(owner=cast.carl, team=cast.carl.team)
    with pytest.raises(Deal.DoesNotExist):
        undo_commands.undo(gone, act=act.pk, by=cast.ana, at=timezone.now())


def undone_late(cast: Cast, gone: Deal, act: UndoableAct, *, by: User | None = None) -> None:
    at = timezone.now() + dt.timedelta(days=7)
    undo_commands.undo(gone, act=act.pk, by=by or cast.ana, at=at)


def source(name: str) -> Source:
    return Source.objects.create(name=name, kind=SourceKind.EVENT)


@pytest.fixture
def _dollars(db) -> None:
    Rate.objects.create(currency="USD", on=dt.date(2020, 1, 1), value=Decimal("0.9"))


def told(deal: Deal, *kinds: str) -> list[tuple[str, object, object]]:
    rows = deal.changes.filter(kind__in=kinds).order_by("pk")
    return [(row.kind, row.data.get("old"), row.data.get("new")) for row in rows]


@pytest.mark.usefixtures("_dollars")
def test_a_value_that_was_changed_since_keeps_the_currency_in_which_it_was_said(cast: Cast):
    gone = make_deal(by=cast.ana, amount=900, currency="USD", source=source("Fair"))
    Deal.objects.filter(pk=gone.pk).update(source_detail="Hall 7")
    gone.refresh_from_db()
    into = make_deal(by=cast.ana)
    act = merged(cast, gone, into)
    assert into.amount == 900
    assert (into.currency, into.source_detail) == ("USD", "Hall 7")
    at = timezone.now()
    deal_commands.edit(into, amount=Decimal(1200), source=source("Web"), by=cast.ana, at=at)
    undone_late(cast, gone, act)
    into.refresh_from_db()
    assert into.amount == 1200
    assert (into.currency, str(into.source), into.source_detail) == ("USD", "Web", "Hall 7")


@pytest.mark.usefixtures("_dollars")
def test_what_goes_back_weeks_later_stands_in_the_history(cast: Cast):
    gone = make_deal(
        by=cast.ana, amount=900, currency="USD", company=make_company(by=cast.ana, name="Bauer")
    )
    into = make_deal(by=cast.ana)
    Deal.objects.filter(pk=into.pk).update(company=None)
    act = merged(cast, gone, into)
    deal_commands.edit(into, name="Line 3, longer", by=cast.ana, at=timezone.now())
    undone_late(cast, gone, act)
    into.refresh_from_db()
    assert (into.amount, into.currency, into.company) == (None, "EUR", None)
    sum_ = {"amount": "900.00", "currency": "USD"}
    assert told(into, "amount") == [("amount", None, sum_), ("amount", sum_, None)]
    assert told(into, "currency") == [("currency", "EUR", "USD"), ("currency", "USD", "EUR")]
    assert [row[2] is None for row in told(into, "company")] == [False, True]


def test_what_it_was_closed_with_since_stays(cast: Cast, pair):
    gone, into = pair
    act = merged(cast, gone, into)
    cause = StopCause.objects.get(key="no_decision")
    deal_commands.stop(
        into, initiator=Initiator.CUSTOMER, cause=cause, by=cast.ana, at=timezone.now()
    )
    undone_late(cast, gone, act)
    into.refresh_from_db()
    assert (gone.is_open, into.is_open, into.amount) == (True, False, 900)


def test_who_did_what_was_planned_stays_who_did_it(cast: Cast, pair):
    gone, into = pair
    Deal.objects.filter(pk=into.pk).update(owner=cast.ben, team=cast.ben.team)
    into.refresh_from_db()
    act = merged(cast, gone, into, by=cast.mona)
    plan = Activity.objects.get(subject="Call back")
    assert plan.owner == cast.ben
    Activity.objects.filter(pk=plan.pk).update(done_at=timezone.now(), result="reached")
    undone_late(cast, gone, act, by=cast.mona)
    plan.refresh_from_db()
    assert (plan.deal, plan.owner) == (gone, cast.ben)


def test_what_is_referred_to_since_stays_with_what_refers_to_it(cast: Cast):
    gone, into = (make_deal(by=cast.ana, name=name) for name in ("Fair card", "Line 3"))
    at = timezone.now()
    first = offer(gone)
    need, alone = (
        Need.objects.create(deal=gone, words=text, at=at) for text in ("Less waste", "More room")
    )
    OfferLine.objects.create(offer=first, what="Press", quantity=1, need=need)
    talks = [call(gone, by=cast.ana), call(gone, by=cast.ana)]
    own, other = (step(gone, key, talk) for key, talk in zip(("a", "b"), talks, strict=True))
    act = merged(cast, gone, into)
    # Nothing of it counts as a change of the deal: its version stays.
    asked = Concern.objects.create(
        deal=into, offer=first, category="price", words="Too dear", after_price=True, raised_at=at
    )
    newer = step(into, "c", talks[0])
    undone_late(cast, gone, act)
    assert set(into.offers.all()) == {first}
    assert (set(into.needs.all()), set(gone.needs.all())) == ({need}, {alone})
    assert set(into.step_results.all()) == {own, newer}
    assert set(gone.step_results.all()) == {other}
    assert set(gone.activities.all()) == {talks[1]}
    asked.refresh_from_db()
    assert asked.offer == first


def test_all_references_among_the_parts_of_a_deal_are_known():
    parts = {part.model for part in with_its_parts(Deal, "{column}")}
    found = {
        (model, field.name)
        for model in parts
        for field in model._meta.concrete_fields
        if field.related_model in parts
        and getattr(field.remote_field, "on_delete", None) is PROTECT
    }
    assert found == {(model, reference) for model, _way, reference in since_then.LINKS}


def test_only_the_merge_that_closed_it_leads_away(cast: Cast, client, clock, pair):
    gone, into = pair
    merged(cast, gone, into)
    clock.shift(60)
    deal_commands.reopen(gone, by=cast.ana, at=timezone.now(), reason="Two after all")
    merged(cast, into, gone)
    clock.shift(60)
    cause = StopCause.objects.get(key=DUPLICATE)
    deal_commands.stop(gone, initiator=Initiator.US, cause=cause, by=cast.ana, at=timezone.now())
    client.force_login(cast.ana)
    assert client.get(f"/deals/{gone.pk}/").status_code == 200
    assert client.get(f"/deals/{into.pk}/").status_code == 302


def test_it_is_offered_only_to_whoever_may_change_both(cast: Cast, client, pair):
    gone, into = pair
    act = merged(cast, gone, into)
    client.force_login(cast.ana)
    page = f"/deals/{into.pk}/?merged={gone.pk}"
    assert f'name="act" value="{act.pk}"' in client.get(page).content.decode()
    # It lies in the pool of her team, where she sees it.
    Deal.objects.filter(pk=into.pk).update(owner=None)
    html = client.get(page).content.decode()
    assert "“Fair card” is the same as this deal" in html
    assert f'name="act" value="{act.pk}"' not in html


def test_both_are_locked_at_once_in_the_order_of_their_ids(cast: Cast, pair):
    into, gone = pair
    act = merged(cast, gone, into)
    with CaptureQueriesContext(connection) as queries:
        undone_late(cast, gone, act)
    first = next(query["sql"] for query in queries if "FOR UPDATE" in query["sql"])
    assert str(gone.pk) in first
    assert str(into.pk) in first
    assert "ORDER BY" in first


def test_what_can_be_undone_no_more_is_forgotten_each_night(cast: Cast, pair):
    gone, into = pair
    merged(cast, gone, into)
    at = timezone.now()
    with undoable(verb="edit", by=cast.ana, at=at):
        deal_commands.edit(into, name="Other", by=cast.ana, at=at)
    undo_commands.forget(at=at + dt.timedelta(minutes=6))
    assert [act.verb for act in UndoableAct.objects.all()] == ["same_as"]
    with time_machine.travel(at + dt.timedelta(days=31)):
        forget_deleted()
    assert not UndoableAct.objects.exists()


def test_a_small_change_of_the_merged_deal_does_not_end_the_30_days(cast: Cast, client, pair):
    gone, into = pair
    act = merged(cast, gone, into)
    deal_commands.edit(gone, name="Fair card, twice", by=cast.ana, at=timezone.now())
    version = gone.version
    client.force_login(cast.ana)
    page = client.get(f"/deals/{into.pk}/?merged={gone.pk}").content.decode()
    assert f'name="act" value="{act.pk}"' in page
    undone_late(cast, gone, act)
    assert (gone.name, gone.is_open, gone.version > version) == ("Fair card, twice", True, True)
    into.refresh_from_db()
    assert into.amount is None
    assert Activity.objects.get(subject="Call back").deal == gone


def test_once_it_was_opened_again_it_is_not_undone(cast: Cast, pair):
    gone, into = pair
    act = merged(cast, gone, into)
    deal_commands.reopen(gone, by=cast.ana, at=timezone.now(), reason="Two after all")
    with pytest.raises(Stale):
        undone_late(cast, gone, act)


def test_nobody_looks_back_on_what_was_merged(cast: Cast, client, pair):
    gone, into = pair
    merged(cast, gone, into)
    client.force_login(cast.ana)
    html = client.get(f"/deals/{gone.pk}/?itself").content.decode()
    assert "write-look-back" not in html
    assert client.get(f"/deals/{gone.pk}/look-back/").status_code == 404
    with pytest.raises(Refused):
        retrospective.write(gone, decided_by=DecidedBy.PRICE, by=cast.ana, at=timezone.now())
