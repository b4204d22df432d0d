import random
from collections import Counter
from collections.abc import Iterator
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from crm.commands import deal as deal_commands
from crm.commands import locked_deal
from crm.events import OwnerChanged
from crm.models import (
    Activity,
    Company,
    Contact,
    Deal,
    DealChange,
    Product,
    SearchEntry,
    StageVisit,
)
from crm.models.activity import TOUCHES, ActivityResult
from demo import filling
from demo.people import SIGN_INS
from pipeline.models import BatchKind, Role, Team, User
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.events import RecordRef
from tests.demo.filled import filled
from tests.factories import NOW


@pytest.fixture(scope="module")
def organisation(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), filled(closed=60):
        yield


@pytest.fixture(autouse=True)
def on_board(organisation: None, clock: object, db: None) -> None:
    """Every test here stands in the demo organisation, at the instant for which it was filled."""


def test_it_marks_every_record_with_one_batch():
    batch = Team.objects.root().batch
    assert batch is not None
    assert batch.kind == BatchKind.DEMO
    for model in (Team, User, Product, Company, Contact, Deal, Activity):
        assert model._default_manager.exists()
        assert not model._default_manager.exclude(batch=batch).exists()


def test_it_leaves_an_unbroken_history():
    out = StringIO()
    call_command("check_history", stdout=out)
    assert "unbroken" in out.getvalue()


def test_it_repeats_what_is_next_as_the_commands_would():
    deals = list(Deal.objects.order_by("pk"))
    for deal in random.Random(1).sample(deals, 150):
        before = [getattr(deal, field) for field in locked_deal.NEXT_FIELDS]
        locked_deal.refresh_next(deal)
        assert [getattr(deal, field) for field in locked_deal.NEXT_FIELDS] == before


def test_it_repeats_the_last_touch():
    spoken = Activity.objects.done().filter(kind__in=TOUCHES)
    spoken = spoken.exclude(result=ActivityResult.NO_ANSWER)
    latest = dict(spoken.order_by("done_at").values_list("deal_id", "done_at"))
    touched = dict(Deal.objects.exclude(touched_at=None).values_list("pk", "touched_at"))
    assert touched == latest


def test_it_writes_owners_into_history_as_a_hand_over_does(clock: object):
    admin = User.objects.get(role=Role.ADMIN)
    written = DealChange.objects.filter(kind="owner", data__has_key="old").first()
    assert written is not None
    deal = Deal.objects.open().exclude(owner=None).first()
    assert deal is not None
    to = User.objects.filter(role=Role.SALESPERSON, is_active=True).exclude(pk=deal.owner_id)[0]
    before = RecordRef.to(deal.owner)
    deal_commands.hand_over(deal, to=to, by=admin, at=timezone.now())
    typed = DealChange.objects.filter(deal=deal, kind="owner").latest("at")
    assert typed.event == OwnerChanged(old=before, new=RecordRef.to(to))
    event = written.event
    assert isinstance(event, OwnerChanged)
    assert event.new == RecordRef.to(User.objects.get(pk=written.data["new"]["id"]))


def test_it_gives_the_amount_that_was_known_at_entry_and_exit():
    won = StageVisit.objects.filter(left_how="won").select_related("deal")
    assert won
    assert all(visit.exit_amount == visit.deal.amount for visit in won)
    opened = StageVisit.objects.going_on().select_related("deal")
    assert all(visit.exit_amount is None for visit in opened)
    changed = DealChange.objects.filter(kind="amount").count()
    assert changed > 100


def test_it_gives_everybody_a_board_and_a_day():
    seller = User.objects.get(email=SIGN_INS[0][1])
    mine = Deal.objects.visible_to(seller).open().filter(owner=seller)
    assert Counter(mine.values_list("stage", flat=True)).keys() == set(Stage)
    planned = Activity.objects.visible_to(seller).planned().filter(owner=seller)
    local = [row.due.day(seller.zone) for row in planned if row.due]
    today = NOW.astimezone(seller.zone).date()
    assert any(day < today for day in local)
    assert any(day == today for day in local)
    assert any(day > today for day in local)
    assert mine.filter(attention_at=None).exists()
    assert mine.filter(parked_until__gt=today).exists()


def test_it_can_be_searched():
    found = Counter(SearchEntry.objects.values_list("kind", flat=True))
    assert found["deal"] == Deal.objects.count()
    assert found["company"] == Company.objects.count()
    assert found["contact"] == Contact.objects.count()


def test_it_leaves_some_in_the_pool_of_every_team():
    for seller in User.objects.filter(role=Role.SALESPERSON, is_active=True):
        assert Deal.objects.claimable_by(seller).exists()


def test_it_lets_one_of_each_role_sign_in():
    users = [authenticate(username=email, password=word) for _role, email, word in SIGN_INS]
    assert {user.role for user in users if isinstance(user, User)} == set(Role)
    assert None not in users


def test_it_sees_won_deals_as_nothing_more_to_do():
    assert not Deal.objects.exclude(outcome=Outcome.OPEN).exclude(next_at=None).exists()


def test_the_command_does_nothing_where_there_is_data():
    before = Deal.objects.count()
    out = StringIO()
    call_command("demo", stdout=out)
    assert "Nothing was done" in out.getvalue()
    assert SIGN_INS[0][1] in out.getvalue()
    assert Deal.objects.count() == before


def test_the_command_refuses_in_production(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="not in production"):
        call_command("demo")


def test_it_costs_as_many_queries_for_many_deals_as_for_few():
    call_command("demo", remove=True, stdout=StringIO())
    with CaptureQueriesContext(
        connection,
    ) as few:
        filling.fill(at=NOW, closed=20)
    call_command("demo", remove=True, stdout=StringIO())
    with CaptureQueriesContext(connection) as many:
        filling.fill(at=NOW, closed=400)
    # Each two thousand rows more ask for ids once more.
    assert len(many) <= len(few) + 15
    # Half of them publish the process, version by version as the pages do.
    assert len(many) <= 240
