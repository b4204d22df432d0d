"""Everything goes out in one file, and an organisation begun with it is the same."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from crm.models import Company, Deal, EvidenceFile, SearchEntry
from demo import filling
from exchange.exports import tables
from pipeline.models import Role, User
from tests import emptying
from tests.conftest import Cast
from tests.factories import NOW, make_company, make_deal, make_team, make_user
from tests.kept_rows import KeptRows
from tests.test_architecture import add_one_of_each

FEW_DEALS = 40  # closed; the demo has 2,000
HARD = 'x\n\\.\n"y", \N{SNOWMAN};=1'

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(transactional_db: None, kept_cast: KeptRows, clock) -> Cast:
    laid_out: Cast = kept_cast.lay_out()
    return laid_out


def entries(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != "README.txt"}


def export(folder: Path, name: str) -> dict[str, bytes]:
    call_command("export", folder / name, verbosity=0)
    return entries(folder / name)


def rows(entry: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(entry.decode())))


def test_the_demo_goes_out_comes_in_elsewhere_and_goes_out_the_same(tmp_path, clock):
    filling.fill(at=NOW, closed=FEW_DEALS)
    people = set(User.objects.values_list("email", "name"))
    found = set(SearchEntry.objects.values_list("kind", "record_id", "title"))
    first = export(tmp_path, "first.zip")
    emptying.empty()
    call_command("load_export", tmp_path / "first.zip")
    second = export(tmp_path, "second.zip")
    assert first.keys() == second.keys()
    manifests = [json.loads(each.pop("manifest.json")) for each in (first, second)]
    assert [name for name in first if first[name] != second[name]] == []
    assert manifests[0]["tables"] == manifests[1]["tables"]
    by_name = {entry["name"]: entry["rows"] for entry in manifests[0]["tables"]}
    assert by_name["crm_stagevisit"] > 100
    assert by_name["pipeline_version"] > 1
    assert set(User.objects.values_list("email", "name")) == people
    assert set(SearchEntry.objects.values_list("kind", "record_id", "title")) == found


def test_a_row_of_every_table_comes_in_as_it_went_out(people: Cast, tmp_path):
    add_one_of_each(people)
    first = export(tmp_path, "first.zip")
    told = json.loads(first["manifest.json"])["tables"]
    # Django's own of addresses, which nothing here writes.
    assert [entry["name"] for entry in told if not entry["rows"]] == ["account_emailaddress"]
    emptying.empty()
    call_command("load_export", tmp_path / "first.zip")
    second = export(tmp_path, "second.zip")
    assert [name for name in first if name != "manifest.json" and first[name] != second[name]] == []


@pytest.fixture
def kept(people: Cast, tmp_path: Path) -> Path:
    """An export of a small organisation, with what is hard to write down."""
    deal = make_deal(by=people.ana, name=HARD, company=make_company(by=people.ana, name="Norte"))
    EvidenceFile.objects.create(
        deal=deal, name="../Angebot 1.pdf", size=4, content=b"\x00\xff\r\n", at=NOW, by=people.ana
    )
    people.ana.set_password("a rather secret word")
    people.ana.save()
    export(tmp_path, "kept.zip")
    return tmp_path / "kept.zip"


def test_a_hard_text_and_a_file_come_in_as_they_went_out(kept: Path):
    company = Company.objects.get()
    emptying.empty()
    with connection.cursor() as cursor:
        # As in a new database, where this number was not given yet.
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('crm_company', 'id'), %s, false)", [company.pk]
        )
    call_command("load_export", kept)
    deal = Deal.objects.get()
    assert (deal.name, deal.source_detail) == (HARD, "")
    assert bytes(deal.files.get().content) == b"\x00\xff\r\n"
    # The next one gets a number of its own.
    ana = User.objects.get(name="Ana Ruiz")
    assert not ana.has_usable_password()
    assert deal.company is not None
    assert make_company(by=ana, name="Vega").pk > deal.company.pk


def test_no_number_is_given_twice(kept: Path):
    """Playbooks are kept in memory by the numbers of their versions."""
    given = make_company(by=User.objects.get(name="Ana Ruiz"), name="Gone").pk
    emptying.empty()
    call_command("load_export", kept)
    assert make_company(by=User.objects.get(name="Ana Ruiz"), name="Vega").pk > given


def test_the_file_is_for_whoever_made_it_and_holds_no_secret(kept: Path):
    assert kept.stat().st_mode & 0o077 == 0
    said = b"".join(entries(kept).values())
    assert b"Ana Ruiz" in said
    assert User.objects.get(name="Ana Ruiz").password.encode() not in said
    assert not any(name.startswith(("/", "..")) or "/../" in name for name in entries(kept))
    assert rows(entries(kept)["tables/pipeline_user.csv"])[0].keys().isdisjoint({"password"})


def test_it_takes_along_whatever_its_rows_refer_to():
    """A table that stays, but is referred to, would leave an export that nothing can read."""
    going = tables.tables()
    models = {table.model for table in going}
    assert {
        (table.name, other._meta.label)
        for table in going
        for other in tables.references(table.model)
        if other not in models
    } == set()
    labels = {model._meta.label for model in apps.get_models(include_auto_created=True)}
    assert {*tables.STAYS, *tables.STAYING_COLUMNS} <= labels


def changed(path: Path, name: str, change) -> Path:
    """The same export with one entry written otherwise, or left out where `change` gives None."""
    other = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(other, "w") as written:
        for info in archive.infolist():
            content = archive.read(info)
            if info.filename == name:
                content = change(content)
            if content is not None:
                written.writestr(info.filename, content)
    return other


COMPANIES = "tables/crm_company.csv"


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (COMPANIES, lambda text: text.replace(b"Norte", b"Sorte"), "crm_company.csv is damaged"),
        (COMPANIES, lambda text: b"", "crm_company.csv is damaged"),
        (COMPANIES, lambda text: None, "crm_company.csv is damaged"),
        ("manifest.json", lambda text: None, "no export of Seven"),
        ("manifest.json", lambda text: b"[]", "another version of Seven"),
        (
            "manifest.json",
            lambda text: text.replace(b"0001_", b"9999_"),
            "another version of Seven",
        ),
    ],
)
def test_what_is_no_whole_export_is_refused_and_nothing_stays(kept: Path, name, change, said):
    emptying.empty()
    with pytest.raises(CommandError, match=said):
        call_command("load_export", changed(kept, name, change))
    assert not User.objects.exists()


def test_what_is_no_zip_is_refused(kept: Path, tmp_path):
    for content in (b"", b"PK", kept.read_bytes()[:-200]):
        (tmp_path / "no.zip").write_bytes(content)
        with pytest.raises(CommandError, match="damaged"):
            call_command("load_export", tmp_path / "no.zip")
    with pytest.raises(CommandError, match="could not be read"):
        call_command("load_export", tmp_path / "nowhere.zip")


def test_it_overwrites_nothing_that_somebody_has_done(kept: Path, people: Cast):
    with pytest.raises(CommandError, match="records here already"):
        call_command("load_export", kept, replace=True)
    with pytest.raises(CommandError, match="is there already"):
        call_command("export", kept)


def test_an_organisation_just_begun_gives_way_if_one_says_so(kept: Path):
    emptying.empty()
    make_user(name="Nobody", team=make_team(name="New", parent=None), role=Role.ADMIN)
    with pytest.raises(CommandError, match="--replace"):
        call_command("load_export", kept)
    call_command("load_export", kept, replace=True)
    assert not User.objects.filter(name="Nobody").exists()
    assert Deal.objects.get().name == HARD
