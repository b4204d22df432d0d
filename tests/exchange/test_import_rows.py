"""Every row comes in exactly once, or is in the report with its line and the reason."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

from crm.models import Company, Contact, ContactPoint, Deal, ImportedRow, SearchEntry, StageVisit
from crm.queries.progress import progress_of
from exchange.commands import files
from exchange.imports import mapping
from exchange.imports.faults import Unreadable
from pipeline.models import Batch, Role, Team, User
from pipeline.process import moves
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.exchange.uploads import brought_in
from tests.factories import NOW, ago, make_company, make_contact, make_user

pytestmark = pytest.mark.django_db

DEALS = """
system = "old"
[deals]
file = "deals*.csv"
make = ["company", "contact"]
[deals.columns]
id = "id"
name = "title"
company = "company"
contact = "person"
email = ["mail", "mail 2"]
phone = "phone"
owner = "owner"
source = "source"
amount = "value"
stage = "phase"
entered_on = "since"
closed_on = "closed"
[deals.values.owner]
"A. Ruiz" = "Ana Ruiz"
[deals.stages]
"" = { stage = "lead_generation" }
Talks = { stage = "qualification" }
Won = { stage = "proposal", outcome = "won" }
Lost = { stage = "proposal", outcome = "stopped", initiator = "customer", cause = "unknown", ignore = ["amount"] }
"""
HEADER = "id,title,company,person,mail,mail 2,phone,owner,source,value,phase,since,closed"
COLUMNS = HEADER.split(",")


def row(**cells: str) -> str:
    cells = {"id": "1", "title": "Pump", **{name.replace("_", " "): cells[name] for name in cells}}
    return ",".join(cells.get(column, "") for column in COLUMNS)


def bring_in(
    folder: Path, *rows: str, text: str = DEALS, commit: bool = True
) -> files.ImportResult:
    (folder / "deals.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    return run_on(folder, text, commit=commit)


def run_on(folder: Path, text: str, *, commit: bool = True) -> files.ImportResult:
    (folder / "map.toml").write_text(text)
    return brought_in(mapping.load(folder / "map.toml"), [folder], at=NOW, commit=commit)


def reasons(result: files.ImportResult) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.column, fault.reason) for fault in result.faults]


def test_it_makes_of_a_row_what_a_page_would_have_made(cast: Cast, tmp_path: Path):
    result = bring_in(
        tmp_path,
        row(
            company="Norte SA",
            person="Jordi Pla",
            mail="Jordi@Norte.test",
            mail_2="jp@norte.test",
            phone="0660 1234567",
            owner="A. Ruiz",
            source="Website",
            value="1200.50",
            phase="Talks",
            since="2026-03-02",
        ),
    )
    assert result.faults == []
    deal = Deal.objects.visible_to(cast.ana).get()
    assert (deal.name, deal.amount, deal.currency) == ("Pump", Decimal("1200.50"), "EUR")
    assert (deal.owner, deal.team) == (cast.ana, cast.north)
    assert (str(deal.company), str(deal.source)) == ("Norte SA", "Website")
    assert deal.batch == result.batch
    contact = deal.contacts.get()
    assert (contact.name, contact.company, contact.owner) == ("Jordi Pla", deal.company, cast.ana)
    assert set(contact.points.values_list("kind", "value", "typed")) == {
        ("email", "jordi@norte.test", "Jordi@Norte.test"),
        ("email", "jp@norte.test", "jp@norte.test"),
        ("phone", "+436601234567", "0660 1234567"),
    }
    visit = deal.visits.get()
    assert (visit.stage, visit.entry_owner, visit.entry_amount) == (3, cast.ana, deal.amount)
    assert SearchEntry.objects.count() == 3


@pytest.mark.parametrize("kept", [None, "null", "[]"])
def test_the_board_shows_how_far_it_is(cast: Cast, tmp_path: Path, kept: str | None):
    """What was brought in names no version; how nothing is written may be older than today."""
    bring_in(tmp_path, row(owner="A. Ruiz", phase="Talks", since="2026-03-02"))
    deal = Deal.objects.get(kept_version_ids__isnull=True)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE crm_deal SET kept_version_ids = %s::jsonb", [kept])
    assert progress_of([deal.pk])[deal.pk].expected > 0


def test_it_brings_each_row_in_once_and_says_why_others_stay_out(cast: Cast, tmp_path: Path):
    make_user(name="Eva Berg", team=cast.north, email="eva1@seven.test")
    make_user(name="Eva Berg", team=cast.south, email="eva2@seven.test")
    result = bring_in(
        tmp_path,
        row(id="1"),
        row(id="2", title=""),
        row(id="3", owner="Nobody"),
        row(id="4", owner="Eva Berg"),
        row(id="5", phase="Dreaming"),
        row(id="6", value="-5"),
        row(id="7", since="2026-02-30"),
        row(id="8", since="2027-01-01"),
        row(id="9", phase="Won", since="2026-02-02", closed="2026-02-01"),
        row(id="10", mail="nobody"),
        row(id="11", source="Hearsay"),
        row(id="1", title="Again"),
        row(id="", title="Without"),
        row(id="14", title="x" * 201),
        row(id="15") + ",more",
        row(id="16", since="2026-02-01"),
    )
    assert reasons(result) == [
        (3, "", "Nothing names the deal: no name, company, product or person."),
        (4, "owner", "“Nobody” is not on record as one of our people."),
        (5, "owner", "Several have the name “Eva Berg”."),
        (6, "phase", "The mapping does not say what stage “Dreaming” is."),
        (7, "value", "A value cannot be negative."),
        (8, "since", "This is no date as the rest of the column writes them (2016-12-31)."),
        (9, "since", "This lies in the future, so it cannot have happened."),
        (10, "closed", "The deal was closed before it entered its stage."),
        (11, "mail", "This is no e-mail address. The row comes in without it."),
        (12, "source", "The source “Hearsay” is not on the list of sources."),
        (13, "id", "The same record stands above already: deals.csv, 2."),
        (14, "id", "The row has no id."),
        (15, "title", "This has more than 200 signs."),
        (16, "", "The row has 14 cells, the header 13."),
    ]
    counts = result.counts["deals"]
    assert (counts.read, counts.new, counts.refused) == (16, 3, 13)
    assert sorted(Deal.objects.values_list("name", flat=True)) == ["Pump"] * 3
    assert Company.objects.count() == Contact.objects.count() == 0


def test_it_changes_nothing_the_second_time(cast: Cast, tmp_path: Path):
    rows = [row(id="1", company="Norte SA"), row(id="2", company="Norte SA", person="Jordi")]
    assert bring_in(tmp_path, *rows, commit=False).batch is None
    assert not Deal.objects.exists()
    assert not Batch.objects.exists()

    bring_in(tmp_path, *rows)
    again = bring_in(tmp_path, *rows)

    assert again.batch is None
    assert (again.counts["deals"].known, again.counts["deals"].new) == (2, 0)
    assert Deal.objects.count() == 2
    assert Company.objects.count() == 1
    assert Batch.objects.count() == 1


def test_it_brings_in_what_was_corrected_and_what_is_new(cast: Cast, tmp_path: Path):
    bring_in(tmp_path, row(id="1"), row(id="2", value="many"))
    result = bring_in(tmp_path, row(id="1"), row(id="2", value="5"), row(id="3"))
    counts = result.counts["deals"]
    assert (counts.known, counts.new, counts.refused) == (1, 2, 0)


def test_it_knows_rows_without_an_id_by_what_they_say(cast: Cast, tmp_path: Path):
    text = DEALS.replace('id = "id"\n', "")
    rows = [row(title="Pump"), row(title="Pump"), row(title="Valve")]
    assert bring_in(tmp_path, *rows, text=text).counts["deals"].new == 3
    again = bring_in(tmp_path, *rows, row(title="Pump"), text=text)
    assert (again.counts["deals"].known, again.counts["deals"].new) == (3, 1)


def test_it_links_what_is_on_record_instead_of_making_it_again(cast: Cast, tmp_path: Path):
    norte = make_company(by=cast.ana, name="Norte SA")
    jordi = make_contact(by=cast.ana, company=norte, emails=["jordi@norte.test"])
    berta = make_contact(by=cast.ana, company=norte, name="Berta")
    result = bring_in(
        tmp_path,
        row(id="1", company="NORTE SA", person="jordi pla", mail="JORDI@norte.test"),
        row(id="2", company="Norte SA", person="Berta"),
        row(id="3", company="Norte SA", person="Carla", mail="jordi@norte.test"),
        row(id="4", person="Dora", mail="dora@else.test"),
        row(id="5", person="Dora", mail="dora@else.test"),
    )
    assert result.faults == []
    assert Company.objects.count() == 1
    assert list(jordi.deals.values_list("name", flat=True)) == ["Pump"]
    assert berta.deals.count() == 1
    # Another name at a shared address is another person.
    assert Contact.objects.filter(name="Carla").count() == 1
    assert Contact.objects.get(name="Dora").deals.count() == 2
    assert ContactPoint.objects.filter(value="jordi@norte.test").count() == 2


def test_it_makes_nobody_unless_the_mapping_says_so(cast: Cast, tmp_path: Path):
    text = DEALS.replace('make = ["company", "contact"]\n', "")
    result = bring_in(
        tmp_path, row(id="1", company="Norte SA"), row(id="2", person="Jordi"), text=text
    )
    assert reasons(result) == [
        (
            2,
            "company",
            "The company “Norte SA” is neither on record nor comes in with these files.",
        ),
        (3, "person", "The person “Jordi” is neither on record nor comes in with these files."),
    ]


def test_it_writes_only_chains_that_the_rules_could_have_made(cast: Cast, tmp_path: Path):
    bring_in(
        tmp_path,
        row(id="1", phase="Won", since="2026-02-01", closed="2026-02-05", value="7"),
        row(id="2", phase="Won", since="2026-02-01"),
        row(id="3", phase="Lost", value="0"),
        row(id="4", phase="Lost", closed="2026-02-05"),
        row(id="5", phase="Talks"),
    )
    assert Deal.objects.count() == 5
    for deal in Deal.objects.all():
        visits = list(deal.visits.order_by("sequence"))
        assert moves.broken_links([visit.visit for visit in visits]) == []
        last = visits[-1]
        assert (deal.stage, deal.stage_entered_at) == (last.stage, last.entered_at)
        assert deal.outcome == moves.outcome_of(last.visit)
        assert deal.closed_at == last.left_at
    assert list(Deal.objects.lost().values_list("amount", flat=True)) == [None, None]
    assert StageVisit.objects.filter(stage=Stage.CLOSING).count() == 2


@pytest.mark.parametrize(
    ("since", "words"),
    [
        (
            ["03/04/2025", "05/06/2025"],
            "“since” is ambiguous: “03/04/2025” in line 2 can be 3 April 2025 or 4 March 2025. "
            'Say which in the mapping: [deals.formats] "since" = "%d/%m/%Y" or "%m/%d/%Y".',
        ),
        (
            ["2025-04-03", "03.04.2025"],
            "“since” is written in two ways: “2025-04-03” in line 2, “03.04.2025” in line 3.",
        ),
    ],
)
def test_it_refuses_dates_that_can_mean_two_things(
    cast: Cast, tmp_path: Path, since: list[str], words: str
):
    rows = [row(id=str(number), since=text) for number, text in enumerate(since)]
    with pytest.raises(Unreadable) as refused:
        bring_in(tmp_path, *rows)
    assert words in refused.value.message
    assert not Deal.objects.exists()


def test_it_reads_an_ambiguous_column_as_the_mapping_states(cast: Cast, tmp_path: Path):
    text = DEALS.replace("[deals.stages]", '[deals.formats]\nsince = "%m/%d/%Y"\n[deals.stages]')
    bring_in(tmp_path, row(since="03/04/2025"), text=text)
    entered_at = Deal.objects.get().stage_entered_at
    assert entered_at is not None
    assert entered_at.date().isoformat() == "2025-03-04"


def test_it_refuses_amounts_that_can_mean_two_things(cast: Cast, tmp_path: Path):
    with pytest.raises(Unreadable, match=r"“1.234” in line 2 can be 1.234 or 1234\. Say which"):
        bring_in(tmp_path, row(value="1.234"))


PARTIES = """
system = "old"
[people]
file = "people.csv"
columns = { name = "who", email = "mail", manager = "boss", office = "place" }
[products]
file = "products.csv"
columns = { name = "product", price = "price" }
[companies]
file = "companies.csv"
columns = { id = "key", name = "company", parent = "part_of", employees = "people", website = "web" }
[contacts]
file = "contacts.csv"
columns = { name = "person", company = "of", email = "mail" }
[deals]
file = "deals.csv"
columns = { id = "no", company = "of", contact = "person", product = "product", owner = "who" }
stages = { "" = { stage = "needs_analysis" } }
"""
TABLES = {
    # Children stand before their parents, deals before everything in the alphabet.
    "companies.csv": "key,company,part_of,people,web\nc2,Beta,c1,12,beta.test\nc1,Alfa,,7,\n",
    "contacts.csv": "person,of,mail\nAda,c1,ada@alfa.test\nBob,Beta,\n",
    "deals.csv": "no,of,person,product,who\n1,c2,Bob,pump,Lena\n2,Alfa,Ada,Valve,otto\n",
    "people.csv": "who,mail,boss,place\nLena,lena@us.test,Maria,Linz\nOtto,,,Linz\nMaria,,,\n",
    "products.csv": "product,price\nPump,12.5\nValve,\n",
}


def write(folder: Path, tables: dict[str, str]) -> None:
    for name, content in tables.items():
        (folder / name).write_text(content)


def test_it_joins_the_files_whatever_their_order_and_that_of_their_rows(cast: Cast, tmp_path: Path):
    write(tmp_path, TABLES)
    result = run_on(tmp_path, PARTIES)
    assert result.faults == []
    lena, otto, maria = (User.objects.get(name=name) for name in ("Lena", "Otto", "Maria"))
    assert (lena.email, lena.role, str(lena.team)) == (
        "lena@us.test",
        Role.SALESPERSON,
        "Team Maria",
    )
    assert not lena.has_usable_password()
    assert (otto.email, str(otto.team)) == (None, "Linz")
    assert (maria.role, str(maria.team)) == (Role.MANAGER, "Team Maria")
    assert lena.team is not None
    assert lena.team.manager == maria
    assert lena.team.parent == otto.team
    assert Team.objects.get(name="Linz").parent == cast.root
    beta = Company.objects.get(name="Beta")
    assert (str(beta.parent), beta.employees, beta.website) == ("Alfa", 12, "https://beta.test")
    first, second = Deal.objects.order_by("name").reverse()
    assert [first.name, second.name] == ["Beta · Pump", "Alfa · Valve"]
    assert (str(first.contacts.get()), first.owner, first.team) == ("Bob", lena, lena.team)
    assert (str(second.contacts.get()), second.owner) == ("Ada", otto)
    assert run_on(tmp_path, PARTIES).counts["contacts"].known == 2


def test_it_takes_children_and_deals_out_with_a_company_that_stays_out(cast: Cast, tmp_path: Path):
    broken = TABLES["companies.csv"].replace("Alfa,,7", "Alfa,,seven")
    write(tmp_path, {**TABLES, "companies.csv": broken})
    result = run_on(tmp_path, PARTIES)
    assert [(fault.file, fault.line) for fault in result.faults] == [
        ("companies.csv", 2),
        ("companies.csv", 3),
        ("contacts.csv", 2),
        ("contacts.csv", 3),
        ("deals.csv", 2),
        ("deals.csv", 3),
    ]
    assert not Company.objects.exists()


def test_it_takes_people_and_products_on_record_for_themselves(cast: Cast, tmp_path: Path):
    write(tmp_path, {"people.csv": "who,mail,boss,place\nana ruiz,,,\nX,CARL@seven.test,,\n"})
    result = run_on(tmp_path, PARTIES)
    assert (result.counts["people"].matched, result.counts["people"].new) == (2, 0)
    assert set(ImportedRow.objects.values_list("record_id", "created")) == {
        (cast.ana.pk, False),
        (cast.carl.pk, False),
    }


def test_it_refuses_a_salesperson_on_record_as_somebodys_manager(cast: Cast, tmp_path: Path):
    write(tmp_path, {"people.csv": "who,mail,boss,place\nLena,,Ana Ruiz,Linz\n"})
    assert "Make this person a manager first" in run_on(tmp_path, PARTIES).faults[0].reason
    assert not Team.objects.filter(name="Linz").exists()


def test_it_refuses_a_company_that_is_its_own_parent(cast: Cast, tmp_path: Path):
    write(tmp_path, {"companies.csv": "key,company,part_of,people,web\nc1,Alfa,alfa,,\n"})
    assert "its own parent" in run_on(tmp_path, PARTIES).faults[0].reason


def test_it_refuses_companies_that_belong_to_each_other_in_a_ring(cast: Cast, tmp_path: Path):
    make_company(by=cast.ana, name="Holding")
    rows = [
        "c1,Alfa,Beta,,",
        "c2,Beta,c3,,",
        "c3,Gamma,c1,,",
        "c4,Delta,c3,,",  # below the ring
        "c5,Epsilon,Holding,,",
        "c6,Zeta,c5,,",
    ]
    write(tmp_path, {"companies.csv": "\n".join(["key,company,part_of,people,web", *rows, ""])})
    result = run_on(tmp_path, PARTIES)
    assert [(fault.line, fault.value) for fault in result.faults] == [
        (2, "Beta"),
        (3, "c3"),
        (4, "c1"),
        (5, "c3"),
    ]
    assert "belongs to this company itself" in result.faults[0].reason
    assert "neither on record nor comes in" in result.faults[3].reason
    assert {c.name: str(c.parent) for c in Company.objects.exclude(name="Holding")} == {
        "Epsilon": "Holding",
        "Zeta": "Epsilon",
    }


def test_it_says_when_no_file_is_one_of_the_mapping(cast: Cast, tmp_path: Path):
    write(tmp_path, {"other.csv": "a\n1\n"})
    with pytest.raises(Unreadable, match="None of the files is one that the mapping names"):
        run_on(tmp_path, PARTIES)


def test_it_needs_an_organisation(db: None, tmp_path: Path):
    write(tmp_path, TABLES)
    with pytest.raises(Unreadable, match="There is no organisation yet"):
        run_on(tmp_path, PARTIES)


def test_it_is_dated_by_what_the_file_knows(cast: Cast, tmp_path: Path):
    bring_in(tmp_path, row(id="1", since="2026-03-02", phase="Talks"), row(id="2"))
    dated, undated = Deal.objects.order_by("created_at")
    assert dated.created_at < ago(days=8)
    assert undated.created_at == NOW


@pytest.mark.parametrize(
    ("on_record", "in_file"),
    [
        ("Müller & Söhne GmbH", "Mu\u0308ller & So\u0308hne GmbH"),
        ("O'Brien Łódź", "O’BRIEN LODZ"),
        ("Straße Ærø", "STRASSE AERO"),
    ],
)
def test_it_knows_a_name_however_its_letters_are_written(
    cast: Cast, tmp_path: Path, on_record: str, in_file: str
):
    company = make_company(by=cast.ana, name=on_record)
    contact = make_contact(by=cast.ana, name=on_record, company=company)
    bring_in(tmp_path, row(company=in_file, person=in_file, owner="Ana Ruiz"))
    deal = Deal.objects.get()
    assert (deal.company, list(deal.contacts.all())) == (company, [contact])


def test_who_is_called_so_to_the_letter_goes_before_who_only_seems_so(cast: Cast, tmp_path: Path):
    make_company(by=cast.ana, name="Müller")
    exact = make_company(by=cast.ana, name="Muller")
    bring_in(tmp_path, row(company="MULLER", owner="Ana Ruiz"))
    assert Deal.objects.get().company == exact


def test_it_joins_no_two_companies_that_differ_by_their_form(cast: Cast, tmp_path: Path):
    make_company(by=cast.ana, name="Müller AG")
    bring_in(tmp_path, row(company="Müller GmbH", owner="Ana Ruiz"))
    assert Deal.objects.filter(company__name="Müller GmbH").count() == 1
