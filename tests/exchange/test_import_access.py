"""Whose uploads they are, and what an upload may not be."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client

from crm.models import Deal
from exchange.commands import work
from exchange.models import ImportFault, ImportJob, ImportState
from pipeline.models import User
from tests.conftest import Cast
from tests.exchange.uploads import browser, checked, loaded, page, upload, uploaded
from tests.factories import NOW, ago

pytestmark = pytest.mark.django_db

TEXT = "Deal,Owner\nPump,Ana Ruiz\nBelt,Nobody Canary\n"
READ = ["", "errors.csv", "?columns"]
WRITE = ["columns/", "answers/", "load/", "undo/", "discard/"]


@pytest.fixture
def job(cast: Cast) -> ImportJob:
    return checked(cast.ana, uploaded(cast.ana, TEXT), name="Deal", owner="Owner")


@pytest.mark.parametrize("path", READ)
def test_it_shows_an_upload_to_its_owner_and_to_admins_only(cast: Cast, job: ImportJob, path: str):
    for person in cast.people:
        status = browser(person).get(f"/imports/{job.pk}/{path}").status_code
        assert status == (200 if person in (cast.ana, cast.adele) else 404), person
    anonymous = Client().get(f"/imports/{job.pk}/{path}")
    assert anonymous.status_code == 302
    assert anonymous["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("path", WRITE)
def test_it_lets_nobody_else_act_on_an_upload(cast: Cast, job: ImportJob, path: str):
    before = ImportJob.objects.values().get()
    for person in (cast.ben, cast.mona, cast.rosa, cast.carl):
        assert browser(person).post(f"/imports/{job.pk}/{path}").status_code == 404
    assert Client().post(f"/imports/{job.pk}/{path}").status_code == 302
    assert ImportJob.objects.values().get() == before


@pytest.mark.parametrize("path", WRITE)
def test_it_acts_only_when_something_is_sent(cast: Cast, job: ImportJob, path: str):
    assert browser(cast.ana).get(f"/imports/{job.pk}/{path}").status_code == 405


def test_it_lists_to_each_person_the_own_uploads(cast: Cast, job: ImportJob):
    for person in cast.people:
        html = browser(person).get("/imports/").content.decode()
        assert ("old.csv" in html) is (person in (cast.ana, cast.adele))
    assert Client().get("/imports/").status_code == 302


def test_it_stays_with_whose_records_are_handed_over_until_it_is_finished(
    cast: Cast, job: ImportJob
):
    mona, address = browser(cast.mona), f"/people/{cast.ana.pk}/imports/"
    assert address in mona.get(f"/people/{cast.ana.pk}/hand-over/").content.decode()
    fragment = mona.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "1</span> files that are not brought in yet" in fragment
    browser(cast.ana).post(f"/imports/{job.pk}/discard/")
    assert mona.get(address, headers={"HX-Request": "true"}).content.decode().strip() == ""
    assert "Every file is finished." in mona.get(address).content.decode()


def test_who_may_hand_over_learns_how_many_there_are_and_nothing_else(cast: Cast, job: ImportJob):
    """By `visible_to` a manager sees no upload of others: the number is the only exception."""
    address = f"/people/{cast.ana.pk}/imports/"
    knows = {person for person in cast.people if "1</span> files" in _words(person, address)}
    may = {
        person
        for person in cast.people
        if User.objects.whose_records_are_visible_to(person).filter(pk=cast.ana.pk).exists()
    }
    assert knows == may
    assert {cast.mona, cast.adele} <= knows
    assert {cast.nora, cast.ben} & knows == set()
    assert "old.csv" not in _words(cast.mona, address)
    assert not ImportJob.objects.visible_to(cast.mona).exists()
    assert Client().get(address).status_code == 302


def _words(person: User, address: str) -> str:
    response = browser(person).get(address, headers={"HX-Request": "true"})
    return str(response.content.decode()) if response.status_code == 200 else ""


def test_it_stays_in_the_owners_reach_when_an_admin_loads_it(cast: Cast):
    text = "Deal,Owner\nPump,\nBelt,Carl Meier\n"
    job = checked(cast.ana, uploaded(cast.ana, text), name="Deal", owner="Owner")
    loaded(cast.adele, job)
    assert [(deal.name, deal.owner) for deal in Deal.objects.all()] == [("Pump", cast.ana)]
    assert job.owner == cast.ana


def test_it_takes_no_owner_state_or_file_from_what_is_sent(cast: Cast, job: ImportJob):
    theirs = uploaded(cast.carl, "Deal\nSecret\n")
    sent = {"system": "x", "name": "0", "owner": "1", "state": "done", "file": theirs.file.name}
    sent |= {"owner_id": str(cast.carl.pk), "job": str(theirs.pk), "id": ""}
    browser(cast.ana).post(f"/imports/{job.pk}/columns/", sent)
    after = ImportJob.objects.get(pk=job.pk)
    assert (after.owner, after.file.name) == (cast.ana, job.file.name)
    assert after.state == ImportState.CHECKING


def test_it_gives_no_step_out_of_turn(cast: Cast, job: ImportJob):
    client = browser(cast.ana)
    client.post(f"/imports/{job.pk}/undo/")
    assert ImportJob.objects.get().state == "checked"
    loaded(cast.ana, job)
    for path in ("load/", "discard/"):
        client.post(f"/imports/{job.pk}/{path}")
        assert ImportJob.objects.get().state == "done"
    assert Deal.objects.count() == 1


def test_it_forgets_what_a_discarded_file_said(
    cast: Cast, job: ImportJob, media: Path, django_capture_on_commit_callbacks: Any
):
    (stored,) = (media / "imports").iterdir()
    with django_capture_on_commit_callbacks(execute=True):
        browser(cast.ana).post(f"/imports/{job.pk}/discard/")
    assert not stored.exists()
    assert not ImportFault.objects.exists()
    html = page(cast.ana, job)
    assert "was discarded" in html
    assert browser(cast.ana).get(f"/imports/{job.pk}/errors.csv").status_code == 404


def test_it_forgets_files_that_nobody_touched_for_a_month(
    cast: Cast, job: ImportJob, media: Path, django_capture_on_commit_callbacks: Any
):
    fresh = uploaded(cast.ana, "Deal\nPump\n")
    ImportJob.objects.filter(pk=job.pk).update(changed_at=ago(days=31))
    with django_capture_on_commit_callbacks(execute=True):
        assert work.clear_old_files(at=NOW) == 1
    assert [stored.name for stored in (media / "imports").iterdir()] == [Path(fresh.file.name).name]
    assert ImportJob.objects.get(pk=job.pk).state == "discarded"
    assert not ImportFault.objects.exists()


def test_it_stores_a_file_under_a_name_of_ours(cast: Cast, media: Path):
    job = uploaded(cast.ana, "Deal\nPump\n", name="..\\..\\=cmd;.csv")
    (stored,) = (media / "imports").iterdir()
    assert "cmd" not in stored.name
    assert stored.name == Path(job.file.name).name


def test_it_is_asked_for_by_htmx_as_the_part_that_changes(cast: Cast, job: ImportJob):
    answer = browser(cast.ana).get(f"/imports/{job.pk}/", headers={"HX-Request": "true"})
    html = answer.content.decode()
    assert "<html" not in html
    assert 'id="job"' in html
    assert "every 1s" not in html
    ImportJob.objects.update(state="loading")
    assert "every 1s" in page(cast.ana, job)


# What is no file of ours -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        ("Näme\n".encode("utf-32"), "is in UTF-32"),
        ("Näme\n".encode() + b"K\xc3\n", "line 2, column 1: byte 0xc3 is no letter in UTF-8"),
        (b"De\0al\nx\n", "line 1, column 1: there is a NUL sign"),
        (b",".join(b"c%d" % n for n in range(200_000)) + b"\n", "goes on for more than"),
        (b"c," * 150_000 + b"\n", "150001 columns, more than 200"),
        (b'Deal\n"' + b"x" * 100_000 + b"\n", "cell is longer than"),
    ],
    ids=[
        "empty",
        "utf-32",
        "bytes",
        "nul",
        "200,000 columns",
        "150,000 columns",
        "open quote",
    ],
)
def test_it_says_at_once_why_a_file_cannot_be_read(
    cast: Cast, media: Path, content: bytes, words: str
):
    response = upload(cast.ana, content)
    assert response.status_code == 422
    html = response.content.decode()
    assert words in html
    assert "old.csv" in html
    assert not ImportJob.objects.exists()
    assert not list((media / "imports").iterdir())


class Untouched(io.RawIOBase):
    """A body that nobody may read."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read")


def test_it_refuses_a_gigabyte_before_reading_any_of_it(cast: Cast):
    client = browser(cast.ana)
    response = client.generic(
        "POST",
        "/imports/",
        CONTENT_TYPE="multipart/form-data; boundary=x",  # not the client's, which is for its own data
        CONTENT_LENGTH=str(10**9),
        **{"wsgi.input": Untouched()},  # type: ignore[arg-type]  # of the environment, not a header
    )
    assert response.status_code == 413
    assert "The file is larger than 50 MB" in response.content.decode()
    assert Client().post("/imports/", CONTENT_LENGTH=str(10**9)).status_code == 302


def test_it_stops_reading_where_the_limit_is(cast: Cast, media: Path, settings: Any):
    settings.IMPORT_MOST_BYTES = 100_000
    # Small enough for what the form adds, so that only counting can find it.
    response = upload(cast.ana, b"Deal\n" + b"x\n" * 60_000)
    assert response.status_code == 413
    assert not media.exists()
    assert not ImportJob.objects.exists()


def test_it_checks_the_token_of_an_upload(cast: Cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ana)
    assert client.post("/imports/", {"kind": "deals"}).status_code == 403


def test_it_keeps_uploads_where_no_address_leads(cast: Cast):
    assert not configured.MEDIA_URL.strip("/")
