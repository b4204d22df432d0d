"""Rules that hold for every model and every view, so that a new one cannot be forgotten."""

import ast
import datetime as dt
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from crm.models import (
    ClosingAttempt,
    Concern,
    Contact,
    Deal,
    DealLine,
    DeletedRecord,
    EvidenceFile,
    HandOff,
    Judgement,
    LeadAssignment,
    LeadRule,
    LeadTaker,
    Need,
    Offer,
    OfferLine,
    OfferRecipient,
    PartyMerge,
    ProcessNote,
    Product,
    Rate,
    Retrospective,
    SavedView,
    SettingChange,
    StepResult,
    TouchPlan,
    UndoableAct,
    Verdict,
)
from crm.models.import_row import ImportedRow
from day.models import DayOrder, OutsideTime, ProtectedTime, Snooze
from exchange.models import ImportJob, ImportMapping, WholeExport
from pipeline.audit import commands as audit
from pipeline.models import (
    Batch,
    BatchKind,
    Collision,
    FirstRun,
    IdempotencyKey,
    Layer,
    SignInAttempt,
    StageWording,
    Step,
    StepVote,
    Team,
    User,
    Version,
)
from pipeline.operations import commands as operations
from pipeline.operations.models import IncidentKind, Part
from pipeline.people.commands import invitation
from pipeline.process.stages import Stage
from privacy.models import ErasureNotice, RetentionRule
from reports.commands import report_mail, saved_report
from reports.models import DayNote, FormTime
from reports.rhythm import Rhythm
from tests.conftest import Cast
from tests.factories import (
    NOW,
    ago,
    make_company,
    make_contact,
    make_deal,
    make_user,
    plan_call,
)

OURS = ("pipeline", "crm", "reports", "day", "exchange", "privacy")
MODELS = [
    model
    for label in OURS
    if apps.is_installed(label)
    for model in apps.get_app_config(label).get_models(include_auto_created=True)
]

each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
each_question = pytest.mark.parametrize("question", ["visible_to", "editable_by"])


@pytest.fixture
def one_of_each(cast: Cast) -> Cast:
    return add_one_of_each(cast)


def add_one_of_each(cast: Cast) -> Cast:
    """A record of every model; whoever adds a model adds one here."""
    ana = cast.ana
    company = make_company(by=ana)
    contact = make_contact(by=ana, company=company, emails=["jordi@norte.test"])
    deal = make_deal(by=ana, stage=Stage.PROPOSAL, contact=contact, expected_close_on=None)
    make_deal(by=ana, name="A lead", stage=Stage.LEAD_GENERATION, amount=5)
    plan_call(deal, by=ana, due_at=ago(days=-1))
    product = Product.objects.create(name="Line 3", currency="EUR")
    DealLine.objects.create(deal=deal, product=product)
    deal.changes.create(at=NOW, by=ana, kind="name", data={"old": "Line"})
    IdempotencyKey.objects.create(user=ana, key="k", digest=b"", at=NOW)
    audit.record_sign_in(ana, at=NOW)
    SignInAttempt.objects.create(network="n", place="p", at=NOW)
    operations.give_sign(Part.WORKER, "host", at=NOW)
    operations.note_incident(IncidentKind.SLOW, "GET crm:board", at=NOW, seconds=2)
    contact.changes.create(at=NOW, by=ana, kind="owner")
    OutsideTime.objects.create(person=cast.adele, on=NOW.date(), kind="service", minutes=30, at=NOW)
    TouchPlan.objects.create(company=company, months=6, changed_at=NOW)
    rule = LeadRule.objects.create(team=cast.north, name="All", changed_at=NOW)
    LeadTaker.objects.create(rule=rule, person=ana)
    LeadAssignment.objects.create(
        deal=deal, team=cast.north, rule=rule, rule_name="All", dealing="in_turn", to=ana, at=NOW
    )
    SavedView.objects.create(kind="leads", name="Cold", owner=ana, changed_at=NOW)
    Rate.objects.create(currency="USD", on=NOW.date(), value=1)
    SettingChange.objects.create(setting="product", kind="added", name="Line 3", at=NOW, by=ana)
    UndoableAct.objects.create(deal=deal, by=ana, at=NOW, verb="stop", version=1)
    PartyMerge.objects.create(
        kind="company", gone_id=1, name="Norte", into_id=company.pk, at=NOW, by=ana
    )
    DeletedRecord.objects.create(kind="view", name="Cold", by=ana, at=NOW)
    RetentionRule.objects.create(kind="contacts", months=24, changed_by=cast.adele, changed_at=NOW)
    ErasureNotice.objects.create(contact=contact, kind="contacts", noted_at=NOW, due_on=NOW)
    FormTime.objects.create(person=cast.adele, on=NOW.date(), kind="talks", sent=1, seconds=20)
    Snooze.objects.create(owner=cast.adele, subject="deal-1", until=NOW, at=NOW)
    DayOrder.objects.create(owner=cast.adele, on=NOW.date())
    ProtectedTime.objects.create(owner=cast.adele, weekday=1, starts=dt.time(8), ends=dt.time(9))
    DayNote.objects.create(
        team=cast.north, on=NOW.date(), words="New prices", changed_by=cast.mona, changed_at=NOW
    )
    report = saved_report.save(name="Wins", page="wins", query="", by=ana, at=NOW)
    saved_report.pin(report, by=ana, at=NOW)
    report_mail.subscribe(
        report, person=ana, rhythm=Rhythm.WEEKLY, weekday=0, hour=7, by=ana, at=NOW
    )
    batch = Batch.objects.create(kind=BatchKind.IMPORT, name="From paper", by=cast.adele, at=NOW)
    ImportedRow.objects.create(
        system="paper", kind="deals", external_id="7", record_id=deal.pk, created=True, batch=batch
    )
    job = ImportJob.objects.create(
        owner=ana, kind="deals", name="old.csv", size=1, columns=[], created_at=NOW, changed_at=NOW
    )
    job.faults.create(line=2, reason="Nobody knows the owner.")
    job.changes.create(
        line=3,
        kind="deals",
        record_id=deal.pk,
        name="Line 3",
        field="name",
        is_ours=False,
        applied=True,
    )
    ImportMapping.objects.create(owner=ana, kind="deals", name="old", answers={}, used_at=NOW)
    WholeExport.objects.create(owner=cast.adele, asked_at=NOW)
    newcomer = make_user(name="Ida Moor", team=cast.north, password=None)
    FirstRun.objects.create(team=cast.root)
    # With its row in the outbox and in the history of people.
    invitation.invite(newcomer, by=cast.mona, at=NOW)
    process_of(cast)
    process_records(deal, contact=contact, by=ana)
    return cast


def process_of(cast: Cast) -> None:
    """A row of every table of the process; what is somebody's own is the admin's here."""
    layer = Layer.objects.get(team=Team.objects.root())
    version = Version.objects.create(layer=layer, number=2, content={}, published_at=NOW)
    place = {"stage": Stage.PROPOSAL, "key": "price"}
    Step.objects.create(
        layer=layer, label="Price", kind="check", importance=2, adds=True, made_at=NOW, **place
    )
    StageWording.objects.create(layer=layer, stage=Stage.PROPOSAL, label="Quote")
    Collision.objects.create(layer=layer, version=version, at=NOW, **place)
    StepVote.objects.create(user=cast.adele, vote="helps", at=NOW, **place)


def process_records(deal: Deal, *, contact: Contact, by: User) -> None:
    """A row of every record of a deal; its decision path came with its stage."""
    need = Need.objects.create(deal=deal, words="Pallets warm up", at=NOW, by=by)
    Verdict.objects.create(deal=deal, ruling="qualified", ours="yes", theirs="yes", at=NOW, by=by)
    offer = Offer.objects.create(deal=deal, revision=1, sent_at=NOW, currency="EUR", at=NOW, by=by)
    OfferLine.objects.create(offer=offer, what="Sensors", need=need)
    OfferRecipient.objects.create(offer=offer, contact=contact)
    Concern.objects.create(
        deal=deal, category="price", words="Too dear", after_price=True, raised_at=NOW, by=by
    )
    ClosingAttempt.objects.create(deal=deal, offer=offer, reply="not_yet", at=NOW, by=by)
    HandOff.objects.create(deal=deal, to="Plant Linz", at=NOW, by=by)
    Retrospective.objects.create(deal=deal, closed_at=NOW, decided_by="trust", at=NOW, by=by)
    Judgement.objects.create(deal=deal, verb="move", to=5, findings=[], at=NOW, by=by)
    ProcessNote.objects.create(
        kind="wrong", words="Not for us", team=deal.team, deal=deal, at=NOW, by=by
    )
    file = EvidenceFile.objects.create(deal=deal, name="a.txt", size=1, content=b"a", at=NOW, by=by)
    StepResult.objects.create(
        deal=deal,
        stage=5,
        key="price",
        label="Price",
        state="done",
        file=file,
        at=NOW,
        by=by,
        contact=contact,
    )


def test_it_finds_the_models():
    names = {model.__name__ for model in MODELS}

    assert {"User", "Team", "Batch", "Deal", "Lead", "StageVisit", "Activity"} <= names


@each_model
@each_question
def test_it_asks_every_model_who_may_see_it_and_who_may_change_it(model, question):
    answer = getattr(model._default_manager, question)

    assert list(inspect.signature(answer).parameters) == ["user"]


@each_model
def test_it_gives_a_deactivated_person_nothing_of_any_model(one_of_each, model):
    assert model._default_manager.exists(), f"add a {model.__name__} to `one_of_each`"
    for person in (one_of_each.ana, one_of_each.mona, one_of_each.adele):
        person.is_active = False
        person.save()
        left = one_of_each.again(person)

        assert not model._default_manager.visible_to(left).exists()
        assert not model._default_manager.editable_by(left).exists()


@each_model
def test_it_shows_an_admin_everything_of_every_model(one_of_each, model):
    everything = model._default_manager

    assert everything.visible_to(one_of_each.adele).count() == everything.count()


@each_model
def test_it_shows_nobody_twice_the_same_row(one_of_each, model):
    for person in one_of_each.people:
        seen = [row.pk for row in model._default_manager.visible_to(person)]
        assert len(seen) == len(set(seen))


@each_model
def test_it_keeps_rules_out_of_saving_and_deleting(model):
    assert not {"save", "delete"} & set(vars(model))


# What asks the database: a manager, and what only a question to it is called.
MANAGERS = {"objects", "_default_manager", "_base_manager"}
QUESTIONS = {
    *("filter", "exclude", "annotate", "aggregate", "select_related", "prefetch_related"),
    *("values_list", "order_by", "exists", "first", "last", "in_bulk", "iterator", "distinct"),
    *("select_for_update", "visible_to", "editable_by"),
}


def test_it_keeps_questions_to_the_database_out_of_views():
    apps_of_ours = [Path(apps.get_app_config(name).path) for name in OURS]
    views = [
        path
        for app in apps_of_ours
        for path in app.rglob("*.py")
        if "views" in (path.stem, path.parent.name)
    ]
    assert len(views) > 50

    assert [line for path in views for line in _questions(path)] == []


def _questions(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        called = node.func if isinstance(node, ast.Call) else None
        asks = (
            (isinstance(node, ast.Attribute) and node.attr in MANAGERS)
            or (isinstance(called, ast.Attribute) and called.attr in QUESTIONS)
            or (
                isinstance(node, ast.ImportFrom) and str(node.module).startswith("django.db.models")
            )
        )
        if asks:
            yield f"{path}: {ast.unparse(node)}"
