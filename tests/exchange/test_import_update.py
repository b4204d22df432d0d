"""A later file of the same system changes what differs, and never over a person's head."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from crm.commands import company as company_commands
from crm.commands import contact as contact_commands
from crm.commands import deal as deal_commands
from crm.models import Company, Contact, Deal, ImportedRow, Source
from exchange import queries
from exchange.commands import work
from exchange.commands.batch import Undone
from exchange.imports import mapping
from exchange.models import ImportJob
from pipeline.models import User
from pipeline.process.stages import Outcome
from tests.conftest import Cast
from tests.exchange.uploads import (
    answer,
    brought_in,
    browser,
    checked,
    loaded,
    page,
    uploaded,
    worked,
)

pytestmark = pytest.mark.django_db

DEAL = {"id": "No", "name": "Title", "amount": "Value", "expected_close_on": "Close"}
DEALS = "No,Title,Value,Close\n7,Pump,400,2027-02-01\n8,Belt,90,2027-03-01\n"


def look(user: User, text: str, kind: str = "deals", **named: str) -> ImportJob:
    return checked(user, uploaded(user, text, kind=kind), **(named or DEAL))


def brings_in(user: User, text: str, kind: str = "deals", **named: str) -> ImportJob:
    return loaded(user, look(user, text, kind, **named))


def counts(job: ImportJob) -> dict[str, int]:
    return {name: job.counts[name] for name in ("new", "changed", "known", "refused")}


def deals() -> dict[str, Any]:
    return {deal.name: (deal.amount, deal.expected_close_on) for deal in Deal.objects.all()}


def taken_back(user: User, job: ImportJob) -> Undone:
    assert job.batch is not None
    return work.take_back(job.batch, by=user, at=timezone.now())


def told(job: ImportJob) -> list[tuple[Any, ...]]:
    rows = job.changes.order_by("line", "field")
    return [(row.line, row.field, row.was, row.now, row.is_ours, row.applied) for row in rows]


def test_what_differs_is_shown_changed_kept_in_history_and_taken_back(cast: Cast):
    brings_in(cast.ana, DEALS)
    before = Deal.objects.get(name="Pump")
    job = look(cast.ana, DEALS.replace("400", "450").replace("2027-03-01", "2027-04-01"))
    assert counts(job) == {"new": 0, "changed": 2, "known": 0, "refused": 0}
    assert told(job) == [
        (
            2,
            "amount",
            {"amount": "400.00", "currency": "EUR"},
            {"amount": "450.00", "currency": "EUR"},
            False,
            True,
        ),
        (3, "expected_close_on", "2027-03-01", "2027-04-01", False, True),
    ]
    assert Deal.objects.get(name="Pump").version == before.version  # only looked at
    cards = [(each["title"], each["amount"], each["day"]) for each in job.counts["first"]]
    assert cards == [("Pump", "450.00", "2027-02-01"), ("Belt", "90.00", "2027-04-01")]
    loaded(cast.ana, job)
    assert deals() == {
        "Pump": (450, dt.date(2027, 2, 1)),
        "Belt": (90, dt.date(2027, 4, 1)),
    }
    pump = Deal.objects.get(name="Pump")
    (change,) = pump.changes.filter(kind="amount")
    assert (change.event.old.amount, change.event.new.amount) == (400, 450)
    assert (change.by, pump.changed_by, pump.version) == (cast.ana, cast.ana, before.version + 1)

    assert [row.came_in for row in queries.recent(cast.ana, at=timezone.now())] == [2, 2]
    assert taken_back(cast.ana, job).restored == 2
    assert deals() == {"Pump": (400, dt.date(2027, 2, 1)), "Belt": (90, dt.date(2027, 3, 1))}
    pump.refresh_from_db()
    assert pump.changed_at == before.changed_at
    # The same file says it again, and the first import can still leave without a trace.
    again = look(cast.ana, DEALS.replace("400", "450"))
    assert counts(again) == {"new": 0, "changed": 1, "known": 1, "refused": 0}
    first = ImportJob.objects.earliest("pk")
    assert not taken_back(cast.ana, first).kept
    assert not Deal.objects.exists()


def test_the_same_file_again_changes_nothing_and_neither_does_a_word_more_or_less(cast: Cast):
    brings_in(cast.ana, DEALS)
    for text in (DEALS, DEALS.replace("400", "400.00"), DEALS.replace("2027-02-01", "")):
        job = look(cast.ana, text)
        assert counts(job) == {"new": 0, "changed": 0, "known": 2, "refused": 0}
    loaded(cast.ana, job)
    assert job.batch is None
    assert set(Deal.objects.values_list("version", flat=True)) == {1}


def test_what_a_person_changed_since_stays_unless_the_file_is_to_go_before(cast: Cast):
    brings_in(cast.ana, DEALS)
    pump = Deal.objects.get(name="Pump")
    deal_commands.edit(pump, amount=Decimal(500), by=cast.ana, at=timezone.now())
    later = DEALS.replace("400", "450").replace("2027-02-01", "2027-05-01")
    job = look(cast.ana, later)
    assert [(field, ours, applied) for _l, field, _w, _n, ours, applied in told(job)] == [
        ("amount", True, False),
        ("expected_close_on", False, True),
    ]
    loaded(cast.ana, job)
    assert deals()["Pump"] == (500, dt.date(2027, 5, 1))
    # It is asked again, and this time the file goes before.
    job = look(cast.ana, later)
    assert counts(job)["changed"] == 0
    say(cast.ana, job, amount="overwrite")
    assert counts(job)["changed"] == 1
    loaded(cast.ana, job)
    assert deals()["Pump"] == (450, dt.date(2027, 5, 1))
    taken_back(cast.ana, job)
    assert deals()["Pump"] == (500, dt.date(2027, 5, 1))


def say(user: User, job: ImportJob, **update: str) -> None:
    response = answer(user, job, **{f"update_{name}": way for name, way in update.items()})
    assert response.status_code == 302
    worked(job)


def test_a_field_can_be_left_as_it_is(cast: Cast):
    brings_in(cast.ana, DEALS)
    job = look(cast.ana, DEALS.replace("400", "450").replace("Pump", "Pump 2"))
    say(cast.ana, job, amount="leave")
    loaded(cast.ana, job)
    assert deals() == {"Pump 2": (400, dt.date(2027, 2, 1)), "Belt": (90, dt.date(2027, 3, 1))}
    # What was left is there to be changed the next time.
    assert counts(look(cast.ana, DEALS.replace("400", "450").replace("Pump", "Pump 2"))) == {
        "new": 0,
        "changed": 1,
        "known": 1,
        "refused": 0,
    }


def test_what_was_changed_again_since_is_kept_by_the_undo_and_named(cast: Cast):
    brings_in(cast.ana, DEALS)
    job = brings_in(cast.ana, DEALS.replace("400", "450").replace("90", "95"))
    pump = Deal.objects.get(name="Pump")
    deal_commands.edit(pump, amount=Decimal(470), by=cast.ana, at=timezone.now())
    undone = taken_back(cast.ana, job)
    assert [(kept.kind, kept.name, kept.why) for kept in undone.kept] == [
        ("deal", "Pump", "a field was changed again since")
    ]
    assert {name: amount for name, (amount, _day) in deals().items()} == {"Pump": 470, "Belt": 90}


def test_nobody_changes_what_is_somebody_elses_by_a_file(cast: Cast):
    brings_in(cast.ana, DEALS)
    pump = Deal.objects.get(name="Pump")
    deal_commands.hand_over(pump, to=cast.carl, by=cast.adele, at=timezone.now())
    job = brings_in(cast.ana, DEALS.replace("400", "450").replace("90", "95"))
    assert counts(job) == {"new": 0, "changed": 1, "known": 1, "refused": 0}
    assert "not yours to change" in page(cast.ana, job)
    assert {name: amount for name, (amount, _day) in deals().items()} == {"Pump": 400, "Belt": 95}
    # It was not swallowed: whoever may change it is told.
    again = look(cast.adele, DEALS.replace("400", "450").replace("90", "95"))
    assert counts(again)["changed"] == 1


def test_companies_and_people_are_changed_by_their_ids(cast: Cast):
    named = {"id": "No", "name": "Firm", "industry": "Branch", "employees": "Staff"}
    brings_in(cast.ana, "No,Firm,Branch,Staff\n1,Norte,Paper,20\n2,Sur,,\n", "companies", **named)
    people = {"id": "No", "name": "Who", "company": "Firm", "email": "Mail", "phone": "Tel"}
    brings_in(
        cast.ana, "No,Who,Firm,Mail,Tel\n5,Eva Sol,Norte,eva@a.example,\n", "contacts", **people
    )
    norte = Company.objects.get(name="Norte")
    company_commands.edit(norte, industry="Steel", by=cast.ana, at=timezone.now())
    job = brings_in(
        cast.ana, "No,Firm,Branch,Staff\n1,Norte SA,Wood,30\n2,Sur,Food,\n", "companies", **named
    )
    rows = Company.objects.order_by("pk").values_list("name", "industry", "employees")
    assert list(rows) == [("Norte SA", "Steel", 30), ("Sur", "Food", None)]
    assert counts(job)["changed"] == 2
    text = "No,Who,Firm,Mail,Tel\n5,Eva Sol Ruiz,Otra,eva@b.example,+34 600 100 200\n"
    job = brings_in(cast.ana, text, "contacts", **people)
    eva = Contact.objects.get()
    assert (eva.name, str(eva.company)) == ("Eva Sol Ruiz", "Otra")
    assert list(eva.points.order_by("pk").values_list("typed", flat=True)) == [
        "eva@a.example",
        "eva@b.example",
        "+34 600 100 200",
    ]
    undone = taken_back(cast.ana, job)
    assert not undone.kept
    eva.refresh_from_db()
    assert (eva.name, eva.company, eva.points.count()) == ("Eva Sol", norte, 1)
    assert not Company.objects.filter(name="Otra").exists()


def test_a_person_who_was_there_before_the_first_file_is_not_written_over(cast: Cast):
    Company.objects.create(
        name="Norte", industry="Steel", created_at=timezone.now(), changed_at=timezone.now()
    )
    named = {"id": "No", "name": "Firm", "industry": "Branch"}
    first = brings_in(cast.ana, "No,Firm,Branch\n1,Norte,Paper\n", "companies", **named)
    assert first.counts["matched"] == 1
    job = brings_in(cast.ana, "No,Firm,Branch\n1,Norte,Wood\n", "companies", **named)
    assert told(job) == [(2, "industry", "Steel", "Wood", True, False)]
    assert Company.objects.get().industry == "Steel"


def test_what_a_person_wrote_where_no_file_said_anything_stays_theirs(cast: Cast):
    named = {"id": "No", "name": "Firm", "industry": "Branch", "website": "Web"}
    head = "No,Firm,Branch,Web\n"
    # One that was here before any file, kept by hand, and one that came in.
    at = timezone.now()
    Company.objects.create(
        name="Norte", website="https://norte.example", created_at=at, changed_at=at
    )
    brings_in(cast.ana, f"{head}1,Norte,Wood,\n2,Sur,,\n", "companies", **named)
    sur = Company.objects.get(name="Sur")
    company_commands.edit(
        sur, website="https://sur.example", by=cast.ana, at=at + dt.timedelta(minutes=1)
    )
    # What is written beside it, with a word about it or none, does not make it a file's.
    for website in ("", "https://other.example", "https://third.example"):
        text = f"{head}1,Norte,Wood,{website}\n2,Sur,Paper {website},{website}\n"
        brings_in(cast.ana, text, "companies", **named)
        assert Company.objects.get(pk=sur.pk).industry == f"Paper {website}".strip()
        websites = Company.objects.order_by("name").values_list("website", flat=True)
        assert list(websites) == ["https://norte.example", "https://sur.example"]


def test_a_contact_is_not_moved_by_a_company_that_the_file_named_before(cast: Cast):
    people = {"id": "No", "name": "Who", "company": "Firm", "phone": "Tel"}
    head = "No,Who,Firm,Tel\n"
    brings_in(cast.ana, f"{head}5,Eva,Old GmbH,\n6,Jon,Old GmbH,\n7,Ida,,\n", "contacts", **people)
    old = Company.objects.get()
    company_commands.edit(old, name="New GmbH", by=cast.ana, at=timezone.now())
    # As an entry is of which nobody wrote down what the file called the company.
    entry = ImportedRow.objects.get(external_id="6")
    entry.said.pop("company_typed", None)
    entry.save()
    text = f"{head}5,Eva,Old GmbH,0711 1\n6,Jon,Old GmbH,0711 2\n7,Ida,,0711 3\n"
    job = brings_in(cast.ana, text, "contacts", **people)
    assert counts(job)["changed"] == 3
    assert list(Company.objects.all()) == [old]
    assert set(Contact.objects.values_list("name", "company")) == {
        ("Eva", old.pk),
        ("Jon", old.pk),
        ("Ida", None),
    }
    # What it calls otherwise now, is another: unless that is to be left.
    moved = text.replace("6,Jon,Old GmbH", "6,Jon,Sur").replace("7,Ida,", "7,Ida,Sur")
    job = look(cast.ana, moved, "contacts", **people)
    say(cast.ana, job, company="leave")
    loaded(cast.ana, job)
    assert list(Company.objects.all()) == [old]
    moved = moved.replace("0711 ", "0711 9")
    job = brings_in(cast.ana, moved, "contacts", **people)
    assert set(Contact.objects.values_list("name", "company__name")) == {
        ("Eva", "New GmbH"),
        ("Jon", "Sur"),
        ("Ida", "Sur"),
    }
    # Once that was taken back, the same file says it again.
    taken_back(cast.ana, job)
    assert list(Company.objects.all()) == [old]
    brings_in(cast.ana, moved, "contacts", **people)
    assert Contact.objects.filter(company__name="Sur").count() == 2


def test_an_address_that_a_person_kept_since_is_not_taken_back(cast: Cast):
    people = {"id": "No", "name": "Who", "email": "Mail"}
    brings_in(cast.ana, "No,Who,Mail\n5,Eva,a@a.example\n6,Jon,\n", "contacts", **people)
    text = "No,Who,Mail\n5,Eva,b@b.example\n6,Jon,c@c.example\n"
    job = brings_in(cast.ana, text, "contacts", **people)
    eva = Contact.objects.get(name="Eva")
    contact_commands.edit(
        eva,
        name="Eva",
        job_title="Buyer",
        company=None,
        emails=["b@b.example"],
        phones=[],
        by=cast.ana,
        at=timezone.now() + dt.timedelta(minutes=1),
    )
    undone = taken_back(cast.ana, job)
    assert [(kept.name, kept.why) for kept in undone.kept] == [
        ("Eva", "a field was changed again since")
    ]
    points = Contact.objects.filter(points__isnull=False).values_list("name", "points__value")
    assert list(points) == [("Eva", "b@b.example")]


def test_the_command_does_the_same(cast: Cast, tmp_path: Path):
    (tmp_path / "deals.csv").write_text(
        DEALS.replace("Close", "Source").replace("2027-02-01", "Web")
    )
    content: dict[str, Any] = {
        "system": "old",
        "deals": {
            "file": "deals.csv",
            "columns": {"id": "No", "name": "Title", "amount": "Value", "source": "Source"},
            "values": {"source": {"2027-03-01": ""}},
            "stages": {"": {"stage": "lead_generation"}},
        },
    }
    web = Source.objects.create(name="Web", kind="other")
    fair = Source.objects.create(name="Fair", kind="other")
    brought_in(mapping.of_content(content), [tmp_path], at=timezone.now(), commit=True)
    pump = Deal.objects.get(name="Pump")
    assert pump.source == web
    deal_commands.edit(pump, amount=Decimal(500), by=cast.adele, at=timezone.now())
    (tmp_path / "deals.csv").write_text("No,Title,Value,Source\n7,Pump,450,Fair\n8,Belt,95,Web\n")
    content["deals"]["update"] = {"amount": "overwrite", "source": "leave"}
    result = brought_in(mapping.of_content(content), [tmp_path], at=timezone.now(), commit=True)
    assert (result.counts["deals"].changed, result.batch is not None) == (2, True)
    assert {name: amount for name, (amount, _day) in deals().items()} == {"Pump": 450, "Belt": 95}
    pump.refresh_from_db()
    assert pump.source != fair


def test_pieces_change_what_one_load_would(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(work, "PIECE", 1)
    brings_in(cast.ana, DEALS)
    job = brings_in(cast.ana, DEALS.replace("400", "450").replace("90", "95") + "7,Pump,460,\n")
    assert counts(job) == {"new": 0, "changed": 2, "known": 0, "refused": 1}
    assert {name: amount for name, (amount, _day) in deals().items()} == {"Pump": 450, "Belt": 95}


def test_the_page_shows_before_and_after_and_asks_for_each_field(cast: Cast):
    brings_in(cast.ana, DEALS)
    pump = Deal.objects.get(name="Pump")
    deal_commands.edit(pump, amount=Decimal(500), by=cast.ana, at=timezone.now())
    job = look(cast.ana, DEALS.replace("400", "450").replace("2027-03-01", "2027-04-01"))
    words = page(cast.ana, job)
    for told in ("What would change on record", "€500", "€450", "changed here since, stays"):
        assert told in words
    assert "1 Mar 2027" in words
    assert 'name="update-amount"' in words
    assert 'name="all-update" value="overwrite"' in words
    assert "Bring in 1 row" in words  # the other one is left as it is
    answer(cast.ana, job, all_update="overwrite")
    assert counts(worked(job))["changed"] == 2
    loaded(cast.ana, job)
    assert "What it changed on record" in page(cast.ana, job)
    browser(cast.ana).post(f"/imports/{job.pk}/undo/")
    worked(job)
    assert "2 records are again what they were." in page(cast.ana, job)
    assert deals()["Pump"][0] == 500


def test_a_file_from_before_files_changed_anything_still_has_its_page(cast: Cast):
    job = brings_in(cast.ana, DEALS)
    for gone in ("changed", "differs"):
        job.counts.pop(gone, None)
    for state in ("done", "undone"):
        job.state, job.counts = state, job.counts | {"deleted": 2, "kept": 0}
        job.save()
        assert "old.csv" in page(cast.ana, job)


def test_the_value_of_a_closed_deal_is_no_files_to_change(cast: Cast):
    brings_in(cast.ana, DEALS)
    job = brings_in(cast.ana, DEALS.replace("400", "450"))
    Deal.objects.update(stage=7, outcome=Outcome.WON, closed_at=timezone.now())
    later = look(cast.ana, DEALS.replace("400", "460").replace("90,2027-03", "90,2027-04"))
    say(cast.ana, later, amount="overwrite")
    assert [(field, applied) for _l, field, _w, _n, _o, applied in told(later)] == [
        ("amount", False),
        ("expected_close_on", True),
    ]
    assert "open it again to change its value" in page(cast.ana, later)
    loaded(cast.ana, later)
    assert deals() == {"Pump": (450, dt.date(2027, 2, 1)), "Belt": (90, dt.date(2027, 4, 1))}
    # Once it is open again, what the file says is looked at again.
    Deal.objects.update(outcome=Outcome.OPEN, closed_at=None)
    again = look(cast.ana, DEALS.replace("400", "460").replace("90,2027-03", "90,2027-04"))
    assert [(field, applied) for _l, field, _w, _n, _o, applied in told(again)] == [
        ("amount", True)
    ]
    Deal.objects.update(outcome=Outcome.WON, closed_at=timezone.now())

    taken_back(cast.ana, later)
    before = list(Deal.objects.order_by("pk").values_list("version", "changed_at"))
    undone = taken_back(cast.ana, job)
    assert [(kept.name, kept.why) for kept in undone.kept] == [
        ("Pump", "the deal is closed by now")
    ]
    assert undone.restored == 0
    assert deals()["Pump"][0] == 450
    assert list(Deal.objects.order_by("pk").values_list("version", "changed_at")) == before


def test_what_went_out_of_reach_is_not_taken_back_by_who_brought_it_in(cast: Cast):
    brings_in(cast.ana, DEALS)
    job = brings_in(cast.ana, DEALS.replace("400", "450").replace("90", "95"))
    pump = Deal.objects.get(name="Pump")
    Deal.objects.filter(pk=pump.pk).update(owner=cast.carl, team=cast.south, name="Carls")
    before = Deal.objects.filter(pk=pump.pk).values().get()
    history = pump.changes.count()
    undone = taken_back(cast.ana, job)
    assert [(kept.name, kept.why) for kept in undone.kept] == [("Pump", "out of your reach by now")]
    assert undone.restored == 1
    assert Deal.objects.filter(pk=pump.pk).values().get() == before
    assert pump.changes.count() == history
    assert deals()["Belt"][0] == 90
