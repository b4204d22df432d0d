"""Whatever a person holds goes along when somebody takes over, or is named as staying."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from crm.commands import activity as activity_commands
from crm.commands import bulk
from crm.commands import deal_win as win_commands
from crm.commands.writers.activity import About, Next
from crm.models import Activity, ActivityKind, Company, Contact, Deal, ListKind, SavedView
from crm.queries import people as queries
from pipeline.models import User
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import NOW, ago, make_company, make_contact, make_deal, plan_call

GOES, STAYS, OWN, TRACE = "goes along", "is named as staying", "is nobody else's", "says who did it"
# What holds a person, and what becomes of it when another takes over: a new one must be decided.
DECIDED = {
    "crm.Deal.owner": GOES,
    "crm.Company.owner": GOES,
    "crm.Contact.owner": GOES,
    "crm.Activity.owner": GOES,
    # These three repeat what the ones above say.
    "crm.Activity.holder": GOES,
    "crm.StageVisit.holder": GOES,
    "crm.SearchEntry.owner": GOES,
    "pipeline.Team.manager": STAYS,
    "pipeline.Team.process_owner": STAYS,
    "crm.SavedView.owner": STAYS,
    "exchange.ImportJob.owner": STAYS,
    "exchange.WholeExport.owner": STAYS,
    "account.EmailAddress.user": OWN,
    "crm.ImportedRow.owner": OWN,
    "mfa.Authenticator.user": OWN,
    "socialaccount.SocialAccount.user": OWN,
    "usersessions.UserSession.user": OWN,
    "exchange.ImportMapping.owner": OWN,
    "crm.StepResult.private_to": OWN,
    # Who is gone gets no leads any more; who comes after is said to the rule.
    "crm.LeadTaker.person": OWN,
    "day.OutsideTime.person": OWN,
    "pipeline.IdempotencyKey.user": OWN,
    "pipeline.Invitation.person": OWN,
    "pipeline.Layer.user": OWN,
    "pipeline.StepVote.user": OWN,
    "pipeline.Step.author": TRACE,
    "pipeline.PeopleChange.person": TRACE,
    "reports.FormTime.person": OWN,
    "day.DayOrder.owner": OWN,
    "day.ProtectedTime.owner": OWN,
    "day.Snooze.owner": OWN,
    "reports.SavedReport.owner": STAYS,
    "reports.ReportPin.person": OWN,
    "reports.ReportSubscription.person": OWN,
    "crm.LeadAssignment.to": TRACE,
    "crm.StageVisit.entry_owner": TRACE,
    "crm.StageVisit.exit_owner": TRACE,
}


def holders() -> list[str]:
    return [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy
        for field in model._meta.concrete_fields
        if field.related_model is User
    ]


def test_of_everything_that_names_a_person_it_is_decided_what_becomes_of_it() -> None:
    # Who changed, wrote or decided something is a trace of it by its name.
    traces = [name for name in holders() if name.endswith((".by", "_by"))]
    assert set(holders()) - set(traces) == set(DECIDED)


@pytest.fixture
def plans(cast: Cast) -> list[Activity]:
    """With a company, with a person, on a colleague's deal and on a deal that is won."""
    company, contact = make_company(by=cast.ana), make_contact(by=cast.ana)
    won = make_deal(by=cast.ana, stage=Stage.CLOSING)
    next = Next(kind=ActivityKind.CALL, due_on=ago(days=-2).date(), subject="Say hello")
    colleagues = make_deal(by=cast.ben, name="Of Ben")
    made = [
        activity_commands.plan(about, next=next, by=cast.ana, at=ago(hours=1))
        for about in (About(company=company), About(contact=contact))
    ]
    made.append(plan_call(won, by=cast.ana, due_on=ago(days=-3).date()))
    win_commands.win(won, value=Decimal(5), by=cast.ana, at=ago(minutes=30))
    made.append(plan_call(colleagues, by=cast.ben, due_on=ago(days=-3).date()))
    Activity.objects.filter(pk=made[-1].pk).update(owner=cast.ana)
    return made


def held(person: User) -> dict[type[Any], int]:
    return {
        Deal: Deal.objects.open().filter(owner=person).count(),
        Company: Company.objects.filter(owner=person).count(),
        Contact: Contact.objects.filter(owner=person).count(),
        Activity: Activity.objects.planned().filter(owner=person).count(),
    }


def test_what_the_page_counts_is_what_moves(
    cast: Cast, client: Client, plans: list[Activity]
) -> None:
    make_company(by=cast.ana, name="Hers", owner=cast.ana)
    plan_call(make_deal(by=cast.ana), by=cast.ana, due_on=ago(days=-3).date())
    User.objects.filter(pk=cast.ana.pk).update(is_active=False)
    client.force_login(cast.mona)
    assert (
        "4 plans"
        in client.get("/people/open-deals/", headers={"HX-Request": "true"}).content.decode()
    )
    address = f"/people/{cast.ana.pk}/hand-over/"
    page = client.get(address).content.decode()
    ticked: dict[str, Any] = {}
    for kind, pk in re.findall(r'name="(deals|companies|contacts|plans)" value="(\d+)"', page):
        ticked.setdefault(kind, []).append(pk)
    assert {kind: len(ids) for kind, ids in ticked.items()} == {
        "deals": 1,
        "companies": 1,
        # Whom the deals made known.
        "contacts": 2,
        "plans": 4,
    }

    done = client.post(address, {"to": cast.ben.pk, **ticked}).content.decode()

    # What is planned on a closed deal needs somebody who sees that deal.
    assert "7 were handed over." in done
    assert "This person cannot see the deal" in done
    assert list(held(cast.ana).values()) == [0, 0, 0, 1]
    for plan in (plans[0], plans[1], plans[3]):
        plan.refresh_from_db()
        assert plan.owner == cast.ben
    activity_commands.complete(plans[0], by=cast.again(cast.ben), at=NOW)


def test_what_stays_is_named_with_its_reason(
    cast: Cast, client: Client, plans: list[Activity]
) -> None:
    view = SavedView.objects.create(
        kind=ListKind.LEADS, name="Cold", owner=cast.ana, changed_at=NOW
    )
    SavedView.objects.filter(pk=view.pk).update(team=cast.north)
    told = {one.what: one.count for one in queries.other_holdings(cast.ana, by=cast.mona)}
    assert told == {"closed deals": 1, "shared views": 1}
    client.force_login(cast.mona)
    page = client.get(f"/people/{cast.ana.pk}/hand-over/").content.decode()
    assert "What stays, and why" in page
    assert "The team goes on using them." in page
    assert [one.what for one in queries.other_holdings(cast.mona, by=cast.adele)] == ["teams led"]


def test_a_plan_goes_to_nobody_who_could_not_do_it(cast: Cast, plans: list[Activity]) -> None:
    results = bulk.hand_over_plans([plan.pk for plan in plans], to=cast.carl, by=cast.mona, at=NOW)
    assert all(result.refused for result in results)
    results = bulk.hand_over_plans([plans[0].pk], to=cast.carl, by=cast.nora, at=NOW)
    assert [result.refused for result in results] != [""]
    assert held(cast.ana)[Activity] == 4
