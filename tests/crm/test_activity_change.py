import datetime as dt
from typing import Any

import pytest

from crm.commands import activity as commands
from crm.commands.writers.activity import Next
from crm.models import Activity, ActivityKind, Deal
from pipeline.models import User
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import NOW, make_deal, plan_call


def change(activity: Activity, *, by: User, **facts: Any) -> None:
    planned: dict[str, Any] = {
        "kind": ActivityKind.MEETING,
        "subject": "See the plant",
        "due_at": NOW + dt.timedelta(days=3),
    }
    commands.change(activity, to=Next(**planned | facts), by=by, at=NOW)


def test_it_plans_something_else_in_its_place(cast: Cast):
    deal = make_deal(by=cast.ana)
    activity = plan_call(deal, by=cast.ana, due_at=NOW + dt.timedelta(hours=1))
    change(activity, by=cast.ana)
    deal.refresh_from_db()
    assert (activity.kind, activity.subject) == ("meeting", "See the plant")
    assert (deal.next_kind, deal.next_at) == ("meeting", NOW + dt.timedelta(days=3))


def test_it_refuses_a_note(cast: Cast):
    activity = plan_call(make_deal(by=cast.ana), by=cast.ana, due_at=NOW)
    with pytest.raises(Refused) as refused:
        change(activity, by=cast.ana, kind=ActivityKind.NOTE)
    assert refused.value.field == "kind"


def test_it_refuses_what_was_done(cast: Cast):
    activity = plan_call(make_deal(by=cast.ana), by=cast.ana, due_at=NOW)
    commands.complete(activity, by=cast.ana, at=NOW)
    with pytest.raises(Refused):
        change(activity, by=cast.ana)


def test_it_is_for_those_who_may_edit_the_deal(cast: Cast):
    activity = plan_call(make_deal(by=cast.ana), by=cast.ana, due_at=NOW)
    with pytest.raises(Deal.DoesNotExist):
        change(activity, by=cast.ben)
    assert Activity.objects.get().kind == ActivityKind.CALL
