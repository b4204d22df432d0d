"""Each file of tests/exchange/cases, small inputs on which a product like this was wrong: the right result, by
the page with what it suggests, and by the command the same."""

import datetime as dt
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.storage import default_storage

from crm.models import Company, Contact, ContactPoint, Deal, Rate
from exchange.commands import job as verbs
from exchange.forms.columns import ColumnsForm
from exchange.imports import answers
from exchange.imports.faults import Unreadable
from exchange.models import ImportJob, ImportState
from pipeline.models import User
from tests.conftest import Cast
from tests.exchange.uploads import answer, browser, by_command, loaded, upload, uploaded, worked

pytestmark = pytest.mark.django_db

CASES = Path(__file__).parent / "cases"
NOON = dt.datetime(2026, 11, 29, 8, tzinfo=dt.UTC)


def deals() -> set[Any]:
    rows = Deal.objects.values_list("name", "stage", "outcome", "amount", "company__name")
    return {
        (name, stage, outcome, amount and str(amount), at)
        for name, stage, outcome, amount, at in rows
    }


def companies() -> set[Any]:
    return set(Company.objects.values_list("name", "parent__name"))


def contacts() -> set[Any]:
    points = ContactPoint.objects.values_list("contact__name", "value")
    return {(each.name, frozenset(value for of, value in points if of == each.name))
            for each in Contact.objects.all()}  # fmt: skip


def entered() -> set[Any]:
    return {
        at and at.date().isoformat()
        for at in Deal.objects.values_list("stage_entered_at", flat=True)
    }


def checked(user: User, file: str, kind: str, system: str = "theirs") -> ImportJob:
    """As far as the page comes with what it suggests."""
    job = uploaded(user, (CASES / file).read_bytes(), kind=kind, name=Path(file).name)
    form = ColumnsForm(job=job, said=answers.suggested_columns(job))
    said = {name: form.initial.get(name) for name in form.fields}
    if job.letters.get("is_asked"):
        said["encoding"] = job.letters["samples"][0][0]
    said = {name: value for name, value in said.items() if value} | {"system": system}
    if kind == "deals" and not any(said.get(name) for name in ("name", "company")):
        said["name"] = str(job.columns.index(NAMES[file]))
    response = browser(user).post(f"/imports/{job.pk}/columns/", said)
    assert response.status_code == 302, response.content.decode()
    if worked(job).state == "asking" and not job.questions.get("formats"):
        assert answer(user, job).status_code == 302
        worked(job)
    return job


NAMES = {"files/same-day-win-salesforce.csv": "Opp", "files/undo-2-deals.csv": "What"}
WON = "closing", "won"
RIGHT: dict[str, tuple[str, Callable[[], set[Any]], set[Any], set[int]]] = {
    "bugs/02-closed-today-before-noon.csv": (
        "deals", deals, {("BUG-today 1", 7, "won", "1200.00", "BUG-Nordlicht")}, set()),
    "bugs/03-cp1250.csv": (
        "companies", companies, {("BUG-Łódź Żółw Gęś", None), ("BUG-Třinec Dvůr", None)}, set()),
    "bugs/07-placeholder-phone-first.csv": (
        "contacts", contacts, {("BUG Anna Huber", frozenset()), ("BUG Jan Novak", frozenset())}, set()),
    "bugs/07-placeholder-phone-deals.csv": (
        "deals", deals, {("BUG-dph A", 5, "open", "100.00", "BUG-Firma Neu 9")}, set()),
    "bugs/16-first-last.csv": (
        "contacts", contacts, {("BUG Eva Gruber", frozenset({"eva@example.com"}))}, set()),
    "dates/V06_dot_dmy.csv": (
        "deals", entered, {"2017-03-04", "2017-09-11", "2017-07-24", "2017-05-24"}, set()),
    "dates/V07_mon_d_Y.csv": (
        "deals", entered, {"2017-03-04", "2017-09-11", "2017-07-24", "2017-05-24"}, set()),
    "dates/V08_iso_with_empty_zero_na.csv": ("deals", entered, {None, "2017-05-24"}, set()),
    "dates/V09_us_ampm.csv": (
        "deals", entered, {"2017-03-04", "2017-09-11", "2017-07-24", "2017-05-24"}, set()),
    "files/amount-eur-symbol.csv": (
        "deals", deals,
        {("Deal 0", 1, "open", "1234.56", None), ("Deal 1", 1, "open", "99.00", None)}, set()),
    # Who stands below one that stays out stays out with it: both are said.
    "files/company-parent-missing.csv": ("companies", companies, set(), {2, 3}),
    "files/contact-emails-in-one-cell.csv": (
        "contacts", contacts,
        {
            ("Ada", frozenset({"ada@a.example", "ada2@a.example", "+49301"})),
            ("Ben", frozenset({"ben@a.example", "ben2@a.example"})),
            ("Cid", frozenset({"cid@a.example"})),
            ("Dee", frozenset({"dee@a.example"})),
            ("Eve", frozenset()),
            ("Fay", frozenset()),
        }, set()),
    "files/excel-sep-line.csv": (
        "deals", deals,
        {('Jörg & Söhne; "Best"', 1, "open", "1234.56", None), ("Zürich – Łódź", 1, "open", "99.00", None)},
        set()),
    "files/same-day-win-salesforce.csv": (
        "deals", deals, {("A", 7, "won", None, None), ("B", 7, "won", None, None)}, set()),
    "files/status-and-stage.csv": (
        "deals", deals,
        {("A", 5, "open", None, None), ("B", 7, "won", None, None), ("C", 5, "stopped", None, None)}, set()),
}  # fmt: skip


@pytest.mark.parametrize("file", RIGHT)
def test_the_right_result_by_page_and_by_command(cast: Cast, tmp_path: Path, file: str):
    kind, told, right, out = RIGHT[file]
    with time_machine.travel(NOON, tick=False):
        job = checked(cast.ana, file, kind)
        assert job.state == "checked", (job.state, job.questions, job.error)
        if job.counts["new"]:
            loaded(cast.ana, job)
        assert told() == right
        refused = {fault.line for fault in job.faults.filter(comes_in=False)}
        assert refused == out
        if job.state == ImportState.DONE:
            verbs.undo(job, by=cast.ana, at=NOON)
            assert worked(job).counts["kept"] == 0
        assert not told()
        mapped = answers.mapping_of(job).content[kind]
        bring_in = partial(
            by_command,
            tmp_path / "in",
            (CASES / file).read_bytes(),
            mapped["columns"],
            kind=kind,
            formats=mapped["formats"],
            stages=mapped.get("stages"),
            values=job.answers.get("values"),
        )
        if job.encoding != "utf-8":  # the page asked, too
            with pytest.raises(Unreadable, match=job.encoding):
                bring_in()
            return
        result = bring_in()
        assert told() == right
        assert {fault.line for fault in result.faults if not fault.comes_in} == out


ASKED = {
    "dates/V01_mixed_us_slash_dash2_dash1.csv": "engage_date",
    "dates/V02b_mdy_dash2_low_days.csv": "engage_date",
    "dates/V06d_dot_mdy2_low.csv": "engage_date",
    "files/remembered_wrong_answer.csv": "Since",
}


@pytest.mark.parametrize("file", ASKED)
def test_days_that_read_in_several_ways_are_asked_about(cast: Cast, tmp_path: Path, file: str):
    job = checked(cast.ana, file, "deals")
    assert (job.state, job.questions["formats"]) == ("asking", [ASKED[file]])
    assert len(job.readings["columns"][ASKED[file]]["ways"]) > 1
    with pytest.raises(Unreadable, match=ASKED[file]):
        by_command(tmp_path / "in", (CASES / file).read_bytes(), job.answers["columns"])


@pytest.mark.parametrize("file", ["bugs/05-bom-one-cut-letter.csv", "files/nul-in-header.csv"])
def test_what_cannot_be_read_is_refused_in_words_and_leaves_nothing(
    cast: Cast, tmp_path: Path, file: str
):
    text = (CASES / file).read_bytes()
    response = upload(cast.ana, text, kind="companies", name="case.csv")
    assert response.status_code == 422
    assert "case.csv, line" in response.content.decode()
    assert not ImportJob.objects.exists()
    assert not default_storage.exists("imports") or not default_storage.listdir("imports")[1]
    with pytest.raises(Unreadable, match="line"):
        by_command(tmp_path / "in", text, {"name": "name"}, kind="companies")


def test_a_placeholder_brings_no_stranger_to_anybody(cast: Cast):
    for file, kind in (("first", "contacts"), ("second", "contacts"), ("deals", "deals")):
        loaded(cast.ana, checked(cast.ana, f"bugs/07-placeholder-phone-{file}.csv", kind))
    assert Contact.objects.count() == 4
    assert not ContactPoint.objects.filter(value__startswith="+").exists()
    assert not Deal.objects.get().contacts.exists()


def test_yen_before_their_first_rate_are_unknown_and_never_euros(cast: Cast):
    today = NOON.date()
    Rate.objects.create(currency="JPY", on=today, value="0.006")
    with time_machine.travel(NOON, tick=False):
        loaded(cast.ana, checked(cast.ana, "bugs/08-jpy.csv", "deals"))
    for day, value, unknown in (
        (today, "30000.00", ""),
        (today - dt.timedelta(days=90), None, "1 deal in JPY without a rate"),
    ):
        rates = Rate.objects.on(day)
        worth = Deal.objects.with_value(rates).worth()
        assert worth.value is None or f"{worth.value:.2f}" == value
        assert (worth.value is None) == (value is None)
        assert worth.without_rate(rates) == unknown


def test_a_mapping_that_is_remembered_hides_no_column(cast: Cast):
    loaded(cast.ana, checked(cast.ana, "files/memory-1-small.csv", "deals"))
    job = uploaded(cast.ana, (CASES / "files/memory-2-more-columns.csv").read_bytes())
    said = answers.suggested_columns(job)
    assert said["columns"]["amount"] == ["Amount"]
    assert set(said["new"]) == {"Amount", "Stage", "Company", "Close Date"}


def test_what_two_files_brought_in_leaves_without_a_trace(cast: Cast):
    first = loaded(cast.ana, checked(cast.ana, "files/undo-1-companies.csv", "companies"))
    second = loaded(cast.ana, checked(cast.ana, "files/undo-2-deals.csv", "deals"))
    assert (Company.objects.count(), Deal.objects.count()) == (2, 2)
    for job in (second, first):
        verbs.undo(job, by=cast.ana, at=dt.datetime.now(dt.UTC))
        assert worked(job).counts["kept"] == 0
    assert not Company.objects.exists()
    assert not Deal.objects.exists()


def test_a_name_in_decomposed_letters_is_that_of_the_company_on_record(cast: Cast, tmp_path: Path):
    name = "BUG Müller & Söhne GmbH"
    Company.objects.create(name=name, created_at=NOON, changed_at=NOON)
    job = loaded(cast.ana, checked(cast.ana, "bugs/11-nfd.csv", "companies"))
    assert (job.counts["matched"], Company.objects.get().name) == (1, name)
    text = (CASES / "bugs/11-nfd.csv").read_bytes()
    result = by_command(tmp_path / "in", text, job.answers["columns"], kind="companies")
    assert (result.counts["companies"].matched, Company.objects.count()) == (1, 1)


# In this order, each as a system of its own: how many come in, and which lines stay out, because they say
# nothing, name somebody or a currency that is not here, or are deleted there.
EXPORTS: tuple[tuple[str, str, str, int, set[int]], ...] = (
    ("people.csv", "people", "HubSpot", 3, set()),
    ("hubspot-contacts.csv", "contacts", "HubSpot", 3, {4}),
    ("hubspot-deals.csv", "deals", "HubSpot", 5, {5, 7}),
    ("zoho-deals.csv", "deals", "Zoho", 6, set()),
    ("salesforce-user.csv", "people", "SF", 2, set()),
    ("salesforce-account.csv", "companies", "SF", 2, set()),
    ("salesforce-opportunity.csv", "deals", "SF", 2, {4}),
    ("salesforce-report.csv", "deals", "SF report", 3, set()),
)


def test_the_exports_of_the_products(cast: Cast):
    for file, kind, system, taken, out in EXPORTS:
        with time_machine.travel(NOON, tick=False):
            job = checked(cast.adele, f"exports/{file}", kind, system)
            if job.counts["refused"]:  # words of theirs, each with what it probably is
                answer(cast.adele, job)
                worked(job)
            loaded(cast.adele, job)
        faults = job.faults.filter(comes_in=False)
        assert {fault.line for fault in faults} == out, (file, [each.reason for each in faults])
        assert job.counts["new"] + job.counts["matched"] == taken, file
    renewal = Deal.objects.get(
        name="Beta renewal", company__name="Beta Ltd", batch__name__startswith="SF:"
    )
    assert (renewal.outcome, renewal.owner and renewal.owner.name) == ("won", "Bob Meyer")
    stages = dict(
        Deal.objects.filter(batch__name__startswith="HubSpot").values_list("name", "stage")
    )
    assert (stages["Delta"], stages["Zeta"]) == (6, 4)
