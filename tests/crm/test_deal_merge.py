"""A deal that was merged: what goes along, where its address leads, and 30 days to undo it."""

import datetime as dt

import pytest
from django.utils import timezone

from crm.commands import deal as deal_commands
from crm.commands import deal_merge
from crm.commands import undo as undo_commands
from crm.commands.undo import undoable
from crm.models import Activity, ActivityKind, Deal, Offer, Ruling, UndoableAct, Verdict
from crm.models.verdict import Confidence
from pipeline.process.stages import Outcome
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import make_deal

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


def merged(cast: Cast, gone: Deal, into: Deal) -> UndoableAct:
    at = timezone.now()
    with undoable(verb="same_as", by=cast.ana, at=at, also=lambda: into) as acts:
        deal_merge.merge(gone, into=into, by=cast.ana, at=at)
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
