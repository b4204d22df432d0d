"""The tour: a practice deal through all seven stages by doing it, which leaves nothing behind."""

import datetime as dt
import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from crm.commands import activity as activity_commands
from crm.commands import deal_move as move_commands
from crm.commands.writers.activity import About
from crm.models import Activity, ActivityKind, Company, Contact, Deal
from day.queries.done import week_of
from day.queries.true_record import kept_of
from demo import sample, tour
from pipeline.models import Batch, User
from pipeline.process.stages import Outcome, Stage
from reports.attention import long_stays
from reports.figures import MIN_ROWS, Period
from reports.flow_populations import usual_spans
from reports.metrics import METRICS
from reports.question import Question
from tests.conftest import Cast, make_cast
from tests.crm.page_forms import untouched
from tests.factories import NOW, ago, make_contact, make_deal, ready_deal

SHEET: Any = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "sheet"}
ANSWERS = {
    "party_person": "Petra Voss",
    "talk_kind": "call",
    "agreed_to": "A meeting",
    "verdict": "qualified",
    "need_words": "The old line stands still",
    "path_person": "Dora Sato",
    "path_steps": "The board",
    "offer_kind": "verbal",
    "value": "900",
}


@pytest.fixture(scope="module")
def added(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Cast]:
    with django_db_blocker.unblock(), time_machine.travel(NOW, tick=False), transaction.atomic():
        cast = make_cast()
        sample.add(by=cast.adele, at=NOW)
        yield cast
        transaction.set_rollback(True)


@pytest.fixture
def cast(added: Cast, clock: time_machine.Traveller, db: None) -> Cast:
    return added


def counts() -> dict[str, int]:
    """Of each table of ours how many rows it has, but for what a session or a press of a button leaves."""
    left = {"idempotencykey", "undoableact", "auditentry"}
    ours = [m for m in apps.get_models() if m._meta.app_label in ("crm", "day", "pipeline")]
    return {
        m._meta.label: m._default_manager.count() for m in ours if m._meta.model_name not in left
    }


def press(client: Client, path: str, **said: str) -> None:
    """Ask for a sheet, fill in what it asks, and send it; what a gate asks then, too."""
    page = client.get(path, **SHEET).content.decode()
    for _again in range(2):
        names = set(re.findall(r'name="(\w+)"', page))
        fields = untouched(page, path) | {k: v for k, v in ANSWERS.items() if k in names} | said
        answer = client.post(path, fields, **SHEET)
        page = answer.content.decode()
        if answer.status_code == 200:
            return
    pytest.fail(page[-3000:])


def steps_done(client: Client) -> int:
    page = client.get("/first-run/tour/").content.decode()
    return int(re.findall(r"(\d) of 8 done", page)[0])


def test_a_sale_is_made_by_doing_and_leaves_nothing(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    before = counts()
    assert "Begin the tour" in client.get("/first-run/tour/").content.decode()
    client.post("/first-run/tour/begin/")
    client.post("/first-run/tour/begin/")
    deal = tour.tour_of(cast.ana)
    assert deal is not None
    assert (deal.owner, deal.batch, steps_done(client)) == (cast.ana, Batch.objects.tour(), 0)
    for stage in Stage:
        page = client.get("/first-run/tour/").content.decode()
        current = page.split('aria-current="step"')[1].split("</li>")[0]
        assert f"st s{stage.value}" in current
        if stage == Stage.CLOSING:
            press(client, f"/deals/{deal.pk}/win/")
        else:
            press(client, f"/deals/{deal.pk}/move/", to=str(stage + 1))
        assert steps_done(client) == stage
    press(client, f"/deals/{deal.pk}/hand-off/", to="Erik Vang")
    assert steps_done(client) == 8
    assert Deal.objects.get(pk=deal.pk).outcome == Outcome.WON
    client.post("/first-run/tour/end/")
    assert counts() == before


def test_it_leaves_with_the_sample_data(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    client.post("/first-run/tour/begin/")
    deal = tour.tour_of(cast.ana)
    assert deal is not None
    press(client, f"/deals/{deal.pk}/move/", to="2")
    undone = sample.take_away(by=cast.adele, at=timezone.now())
    assert undone.kept == []
    assert not Deal.objects.exists()


def test_it_works_without_sample_data_and_counts_as_a_sample(cast: Cast, client: Client) -> None:
    sample.take_away(by=cast.adele, at=NOW)
    client.force_login(cast.ana)
    client.post("/first-run/tour/begin/")
    deal = tour.tour_of(cast.ana)
    assert deal is not None
    assert "/first-run/tour/end/" in client.get("/first-run/tour/").content.decode()
    assert '<span class="chip ghost">sample</span>' in client.get("/board/").content.decode()
    press(client, f"/deals/{deal.pk}/move/", to="2")
    assert steps_done(client) == 1
    # It is nobody's first deal, and nobody's work of the week.
    assert not Deal.objects.exclude(batch__kind="tour").exists()
    tour.take_away(of=cast.ana, at=NOW)
    assert not Deal.objects.exists()


def test_who_was_on_it_when_it_was_a_part_of_the_sample_data_stays_on_it(cast: Cast) -> None:
    deal = tour.begin(by=cast.ana, at=timezone.now())
    batch, sampled = Batch.objects.sample(), Deal.objects.exclude(pk=deal.pk)
    was = set(sampled.values_list("pk", "batch"))
    Company.objects.filter(deals=deal).update(batch=batch)
    Deal.objects.filter(pk=deal.pk).update(batch=batch)
    Batch.objects.filter(kind="tour").delete()
    assert tour.tour_of(cast.ana) is None

    importlib.import_module("crm.migrations.0050_tours_are_their_own").move(apps, None)

    assert tour.tour_of(cast.ana) == deal
    deal.refresh_from_db()
    assert deal.company is not None
    assert deal.batch == deal.company.batch == Batch.objects.tour()
    assert set(sampled.values_list("pk", "batch")) == was
    assert sample.take_away(by=cast.adele, at=timezone.now()).kept == []
    assert not Deal.objects.exists()


def figures(person: User, cast: Cast) -> dict[str, object]:
    """What all numbers of the reports come to for somebody, and the own week and what is true."""
    reader = cast.again(person)
    today = NOW.date()
    period = Period(start_on=today - dt.timedelta(days=90), end_on=today, zone=reader.zone)
    mine = Question(reader=reader, today=today, period=period).of_person(reader)
    everybody = Question(reader=cast.again(cast.adele), today=today, period=period)
    told: dict[str, object] = {
        f"{metric.slug} {who}": metric.whole(question)
        for metric in METRICS.values()
        for who, question in (("mine", mine), ("all", everybody))
    }
    week = week_of(reader, at=NOW + dt.timedelta(hours=1))
    return told | {"week": week, "kept": kept_of(reader, today=today)}


def test_it_counts_in_nobodys_figures(cast: Cast, client: Client) -> None:
    make_deal(by=cast.ana, name="Real", stage=Stage.NEEDS_ANALYSIS, amount=900)
    before = figures(cast.ana, cast)
    client.force_login(cast.ana)
    client.post("/first-run/tour/begin/")
    deal = tour.tour_of(cast.ana)
    assert deal is not None

    def differ() -> list[str]:
        return [key for key, value in figures(cast.ana, cast).items() if value != before[key]]

    for stage in Stage:
        if stage in (Stage.PROSPECTING, Stage.PROPOSAL):
            assert differ() == []
        if stage != Stage.CLOSING:
            press(client, f"/deals/{deal.pk}/move/", to=str(stage + 1))
    press(client, f"/deals/{deal.pk}/win/")
    activity_commands.log(
        About(company=deal.company), kind=ActivityKind.CALL, body="said", by=cast.ana, at=NOW
    )
    assert Deal.objects.get(pk=deal.pk).outcome == Outcome.WON
    assert differ() == []


def test_what_is_usual_is_learnt_from_real_deals(cast: Cast) -> None:
    tried = [ready_deal(by=cast.ana, name=f"Try {n}", at=ago(days=9)) for n in range(MIN_ROWS)]
    batch = tour.begin(by=cast.ana, at=NOW).batch
    Deal.objects.filter(pk__in=[deal.pk for deal in tried]).update(batch=batch)

    def usual() -> tuple[Any, Any]:
        reader = cast.again(cast.ana)
        period = Period(start_on=ago(days=90).date(), end_on=NOW.date(), zone=reader.zone)
        question = Question(reader=reader, today=NOW.date(), period=period)
        return usual_spans(question), long_stays(question)

    before = usual()
    for deal in tried:
        move_commands.move(deal, to=Stage.PROSPECTING, by=cast.ana, at=ago(days=8))
    assert usual() == before
    Deal.objects.filter(batch=batch).update(batch=None)
    assert usual() != before


def test_each_has_the_own_one(cast: Cast) -> None:
    mine, hers = (tour.begin(by=person, at=NOW) for person in (cast.ana, cast.mona))
    assert mine != hers
    tour.take_away(of=cast.ana, at=NOW)
    assert (tour.tour_of(cast.ana), tour.tour_of(cast.mona)) == (None, hers)


def test_who_was_on_record_before_stays_with_all_that_was_done(cast: Cast) -> None:
    anna = make_contact(by=cast.ana, name="Anna Reiter")
    call = activity_commands.log(
        About(contact=anna), kind=ActivityKind.CALL, body="said", by=cast.ana, at=timezone.now()
    )
    deal = tour.begin(by=cast.ana, at=timezone.now())
    deal.deal_contacts.create(contact=anna, role="decides")
    tour.take_away(of=cast.ana, at=timezone.now())
    assert tour.tour_of(cast.ana) is None
    assert Contact.objects.filter(pk=anna.pk).exists()
    assert Activity.objects.filter(pk=call.pk).exists()


def test_what_a_real_deal_uses_by_now_stays(cast: Cast) -> None:
    deal = tour.begin(by=cast.ana, at=timezone.now())
    company = deal.company
    assert company is not None
    real = make_deal(by=cast.ana, name="Real", company=company)
    tour.take_away(of=cast.ana, at=timezone.now())
    sample.take_away(by=cast.adele, at=timezone.now())
    assert Deal.objects.get().pk == real.pk
    company.refresh_from_db()
    assert company.batch is None
