"""What a company is to us comes in with companies' files, by whatever word it is said there."""

from pathlib import Path

import pytest
from django.utils import timezone, translation

from crm.commands import company as company_commands
from crm.models import Activity, Company, Deal
from exchange import words
from exchange.commands import work
from exchange.imports import answers, guessing, known_words
from exchange.imports.faults import BadValue
from exchange.imports.kinds import COMPANIES
from exchange.models import ImportJob
from exchange.presenters import change_lines
from pipeline.models import User
from tests.conftest import Cast
from tests.exchange.uploads import (
    answer,
    browser,
    by_command,
    checked,
    loaded,
    page,
    uploaded,
    worked,
)

pytestmark = pytest.mark.django_db

NAMED = {"id": "No", "name": "Account Name", "relationship": "Type"}
TEXT = (
    "No,Account Name,Type\n1,Norte,Customer - Direct\n2,Sur,Prospect\n3,Este,Former customer\n"
    "4,Oeste,Supplier\n5,Centro,\n"
)
THEIR_HEADINGS = {
    "HubSpot": ["Company name", "Lifecycle Stage", "Type"],
    "Salesforce": ["Name", "ParentId", "Type"],
    "Zoho": ["Account Name", "Account Type"],
    "EspoCRM": ["Name", "Website", "Type"],
}
THEIR_WORDS = {
    "customer": ["Customer - Direct", "Customer - Channel", "Customer", "Evangelist", "Kunde"],
    "never_bought": [
        *("Prospect", "Subscriber", "Lead", "Marketing Qualified Lead", "salesqualifiedlead"),
        *("Opportunity", "Interessent"),
    ],
    "former": ["Former customer", "Früherer Kunde", "Churned"],
    "inactive": ["Inactive"],
}


@pytest.mark.parametrize("product", THEIR_HEADINGS)
def test_the_big_products_headings_are_known_and_no_column_is_lost(product: str):
    header = THEIR_HEADINGS[product]
    found = guessing.columns(COMPANIES, header)
    named = "Lifecycle Stage" if product == "HubSpot" else header[-1]
    assert found["relationship"] == [named]
    assert found.get("more", []) == (["Type"] if product == "HubSpot" else [])


def test_their_words_are_read_where_they_mean_one_thing():
    for ours, said in THEIR_WORDS.items():
        assert {known_words.read("relationship", word) for word in said} == {ours}
    for word in ("Partner", "Other", "Reseller", "Press"):
        with pytest.raises(BadValue):
            known_words.read("relationship", word)


def relationships() -> dict[str, str]:
    return dict(Company.objects.values_list("name", "relationship"))


def bring_in(user: User, text: str = TEXT) -> ImportJob:
    job = checked(user, uploaded(user, text, kind="companies"), **NAMED)
    if job.counts["refused"]:
        answer(user, job)
        worked(job)
    return loaded(user, job)


def test_it_comes_in_word_by_word_and_what_has_no_place_is_a_note(cast: Cast, tmp_path: Path):
    job = checked(cast.ana, uploaded(cast.ana, TEXT, kind="companies"), **NAMED)
    (word,) = words.of_job(job)
    assert (word.field, word.text, word.rows) == ("relationship", "Supplier", 1)
    assert "Leave it empty, and keep the word as a note" in page(cast.ana, job)
    answer(cast.ana, job)  # as the page suggests
    assert loaded(cast.ana, worked(job)).counts["refused"] == 0
    expected = {
        "Norte": "customer",
        "Sur": "never_bought",
        "Este": "former",
        "Oeste": "never_bought",
        "Centro": "never_bought",
    }
    assert relationships() == expected
    assert [(note.company, note.body) for note in Activity.objects.all()] == [
        (Company.objects.get(name="Oeste"), "Type: Supplier")
    ]
    browser(cast.ana).post(f"/imports/{job.pk}/undo/")
    assert worked(job).state == "undone"
    assert not Company.objects.exists()
    # By command it is the same.
    said = {"relationship": {"Supplier": ""}}
    by_command(tmp_path, TEXT, NAMED, kind="companies", values=said)
    assert relationships() == expected
    assert Activity.objects.get().body == "Type: Supplier"


def test_a_later_file_changes_it_but_never_what_somebody_said_here(cast: Cast):
    bring_in(cast.ana)
    norte, sur = Company.objects.get(name="Norte"), Company.objects.get(name="Sur")
    # A win made it a customer, and what it was before is kept.
    Company.objects.filter(pk=norte.pk).update(relationship_before_win="never_bought")
    company_commands.edit(
        sur, version=sur.version, relationship="inactive", by=cast.ana, at=timezone.now()
    )
    later = TEXT.replace("Customer - Direct", "Churned").replace("Sur,Prospect", "Sur,Customer")
    job = checked(cast.ana, uploaded(cast.ana, later, kind="companies"), **NAMED)
    lines = change_lines(job, list(job.changes.order_by("line")))
    assert [(each.record, each.was, each.now, each.applied) for each in lines] == [
        ("Norte", "Customer", "Former customer", True),
        ("Sur", "Inactive", "Customer", False),
    ]
    loaded(cast.ana, job)
    assert (relationships()["Norte"], relationships()["Sur"]) == ("former", "inactive")
    norte.refresh_from_db()
    assert norte.relationship_before_win is None
    assert job.batch
    assert not work.take_back(job.batch, by=cast.ana, at=timezone.now()).kept
    norte.refresh_from_db()
    assert norte.relationship == "customer"
    assert norte.relationship_before_win == "never_bought"


def test_what_a_former_customer_once_bought_makes_none_of_it_again(cast: Cast):
    bring_in(cast.ana)
    text = (
        "Deal,Company,Stage,Created,Closed\n"
        "Old,Este,Closed Won,2020-01-01,2020-02-01\nFirst,Sur,Closed Won,2020-01-01,2020-02-01\n"
    )
    named = {"name": "Deal", "company": "Company", "stage": "Stage", "created_on": "Created",
             "closed_on": "Closed"}  # fmt: skip
    loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, text), **named))
    assert set(Deal.objects.values_list("outcome", flat=True)) == {"won"}
    assert (relationships()["Este"], relationships()["Sur"]) == ("former", "customer")


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_list_that_goes_out_comes_in_again(cast: Cast, language: str):
    bring_in(cast.ana)
    User.objects.filter(pk=cast.ana.pk).update(language=language)
    before = relationships()
    with translation.override(language):
        response = browser(cast.ana).get("/lists/companies.csv")
        content = b"".join(response) if response.streaming else response.content
    Activity.objects.all().delete()
    Company.objects.all().delete()
    file = uploaded(cast.ana, content, kind="companies", name="companies.csv")
    said = {name: each[0] for name, each in answers.suggested_columns(file)["columns"].items()}
    assert "relationship" in said
    job = loaded(cast.ana, checked(cast.ana, file, system="again", **said))
    assert (job.counts["refused"], relationships()) == (0, before)
