"""Saved reports: each reader's own reach, and words where one can be answered no more."""

from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import DeletedRecord
from pipeline.models import Role, User
from reports.commands import saved_report as commands
from reports.commands.saved_report import MAX_PINS
from reports.models import ReportPin, SavedReport
from salesprocess.lib.refused import Refused, Stale
from tests.conftest import Cast
from tests.factories import NOW
from tests.reports.test_pages import QUERIES

DAYS = "end=2026-03-31&span=custom&start=2025-12-01"


def save(cast: Cast, by: User, **facts: Any) -> SavedReport:
    told: dict[str, Any] = {"name": "Wins", "page": "wins", "query": DAYS} | facts
    return commands.save(**told, by=cast.again(by), at=NOW)


def text_of(client: Client, path: str, *, status: int = 200) -> str:
    answer = client.get(path, follow=True)
    assert answer.status_code == status
    return unescape(answer.content.decode())


def test_it_saves_any_page_with_what_it_asks(client: Client, cast: Cast) -> None:
    client.force_login(cast.again(cast.mona))
    asked = f"span=30d&team={cast.north.pk}&junk=&saved=7&compare=before"
    sheet = client.get("/reports/saved/save/", {"page": "funnel", "query": asked})
    assert "Save this report" in sheet.content.decode()
    answer = client.post(
        "/reports/saved/save/",
        {"page": "funnel", "query": asked, "name": "North", "team": cast.north.pk, "pin": "on"},
    )
    report = SavedReport.objects.get()
    assert (report.page, report.query) == ("funnel", f"span=30d&team={cast.north.pk}")
    assert (report.team, report.owner) == (cast.north, cast.mona)
    assert ReportPin.objects.get().person == cast.mona
    assert answer.headers["Location"] == f"/reports/saved/{report.pk}/open/"
    opened = client.get(answer.headers["Location"])
    assert opened.headers["Location"] == (
        f"/reports/funnel/?span=30d&team={cast.north.pk}&saved={report.pk}"
    )
    assert "North" in text_of(client, opened.headers["Location"])


def test_who_asks_about_oneself_asks_so_for_every_reader(client: Client, cast: Cast) -> None:
    client.force_login(cast.again(cast.mona))
    client.post("/reports/saved/save/", {
        "page": "wins", "query": f"person={cast.mona.pk}", "name": "Mine", "team": cast.north.pk,
    })  # fmt: skip
    report = SavedReport.objects.get()
    assert report.query == "person=me"
    client.force_login(cast.again(cast.ana))
    assert client.get(f"/reports/saved/{report.pk}/open/", follow=True).status_code == 200


def test_each_reader_sees_the_figures_of_the_own_reach(client: Client, worked_cast: Cast) -> None:
    """All ten deals are Ana's: her manager sees them, Ben sees that there is nothing of his."""
    query = f"{DAYS}&metric=closed_win_rate"
    report = save(worked_cast, worked_cast.mona, page="ask", query=query, team=worked_cast.north)
    for reader, words in ((worked_cast.mona, "2 of 5"), (worked_cast.ana, "2 of 5")):
        client.force_login(worked_cast.again(reader))
        assert words in text_of(client, f"/reports/saved/{report.pk}/open/")
    client.force_login(worked_cast.again(worked_cast.ben))
    text = text_of(client, f"/reports/saved/{report.pk}/open/")
    assert "2 of 5" not in text
    assert "There is nothing of this in the period." in text
    client.force_login(worked_cast.again(worked_cast.carl))
    assert client.get(f"/reports/saved/{report.pk}/open/").status_code == 404


def test_it_is_shared_only_with_a_team_that_one_leads(cast: Cast) -> None:
    for by in (cast.ana, cast.nora):
        with pytest.raises(Refused, match="only with a team that you lead"):
            save(cast, by, team=cast.north)


def test_a_name_stands_once_and_is_needed(cast: Cast) -> None:
    save(cast, cast.ana)
    with pytest.raises(Refused, match="of this name already"):
        save(cast, cast.ana, name="WINS")
    with pytest.raises(Refused, match="Write a name"):
        save(cast, cast.ana, name=" ")
    save(cast, cast.ben)


def test_it_is_changed_by_its_owner_as_the_page_showed_it(client: Client, cast: Cast) -> None:
    report = save(cast, cast.mona, team=cast.north)
    with pytest.raises(SavedReport.DoesNotExist):
        commands.change(report, name="Ours", team=None, by=cast.again(cast.ana), at=NOW)
    client.force_login(cast.again(cast.mona))
    path = f"/reports/saved/{report.pk}/change/"
    said = {"name": "Won", "version": "1", "page": "sources", "query": "span=year"}
    assert client.post(path, said).status_code == 302
    report.refresh_from_db()
    assert (report.name, report.page, report.query, report.version) == (
        "Won", "sources", "span=year", 2,
    )  # fmt: skip
    with pytest.raises(Stale):
        commands.change(
            report, name="Other", team=None, by=cast.again(cast.mona), at=NOW, version=1
        )
    late = client.post(path, {"name": "Other", "version": "1"})
    assert late.status_code == 409
    assert "Nothing of yours is lost" in late.content.decode()


def test_a_page_says_that_it_asks_something_else_by_now(client: Client, cast: Cast) -> None:
    report = save(cast, cast.ana)
    client.force_login(cast.again(cast.ana))
    same = text_of(client, f"/reports/saved/{report.pk}/open/")
    assert "changed:" not in same
    # As the bar sends it: with what holds anyhow.
    full = f"/reports/wins/?{DAYS}&compare=before&team=&person=&saved={report.pk}"
    assert "changed:" not in text_of(client, full)
    other = text_of(client, f"/reports/wins/?span=30d&saved={report.pk}")
    assert "changed:" in other
    assert "Save as new" in other
    gone = text_of(client, "/reports/wins/?saved=99999")
    assert "The saved report is not there any more" in gone


@pytest.mark.parametrize(
    ("page", "query", "words"),
    [
        ("ask", "metric=gone", "There is no figure “gone”, or not any more"),
        ("ask", "metric=won&by=gone", "Nothing is broken down by “gone”, or not any more"),
        ("gone", "", "There is no such page of the reports any more."),
        ("teams", "", "This page is for others than you."),
        ("wins", "source=99999", "Source"),
        ("wins", "person={carl}", "whose figures you do not see, or not any more"),
        ("person", "person={carl}", "whose figures you do not see, or not any more"),
        ("wins", "span=custom", "Choose both days"),
    ],
)
def test_one_that_can_be_answered_no_more_says_why(
    client: Client, cast: Cast, page: str, query: str, words: str
) -> None:
    report = save(cast, cast.ana, page=page, query=query.format(carl=cast.carl.pk))
    client.force_login(cast.again(cast.ana))
    assert words in text_of(client, f"/reports/saved/{report.pk}/open/", status=422)
    assert words in text_of(client, f"/reports/saved/{report.pk}/")
    assert words in text_of(client, f"/reports/saved/{report.pk}/card/")


def test_it_stands_on_the_start_until_it_is_taken_off(client: Client, worked_cast: Cast) -> None:
    query = f"{DAYS}&metric=closed_win_rate"
    report = save(worked_cast, worked_cast.ana, page="ask", query=query)
    client.force_login(worked_cast.again(worked_cast.ana))
    assert client.post(f"/reports/saved/{report.pk}/pin/").headers["Location"] == "/reports/"
    assert "/reports/saved/pins/" in text_of(client, "/reports/")
    assert f"/reports/saved/{report.pk}/card/" in text_of(client, "/reports/saved/pins/")
    with CaptureQueriesContext(connection) as made:
        card = client.get(f"/reports/saved/{report.pk}/card/")
    assert len(made) <= QUERIES
    assert "2 of 5" in card.content.decode()
    client.post(f"/reports/saved/{report.pk}/unpin/")
    assert f"/reports/saved/{report.pk}/card/" not in text_of(client, "/reports/saved/pins/")


def test_the_start_holds_so_many_and_says_so(client: Client, cast: Cast) -> None:
    for number in range(MAX_PINS + 1):
        report = save(cast, cast.ana, name=f"Wins {number}")
        if number < MAX_PINS:
            commands.pin(report, by=cast.again(cast.ana), at=NOW)
    with pytest.raises(Refused, match=f"{MAX_PINS} reports stand on your start"):
        commands.pin(report, by=cast.again(cast.ana), at=NOW)
    client.force_login(cast.again(cast.ana))
    answer = client.get("/reports/saved/pins/")
    assert answer.content.count(b"/card/") == MAX_PINS
    assert f"up to {MAX_PINS} saved reports" in answer.content.decode()


def test_it_is_deleted_with_a_way_back(client: Client, cast: Cast) -> None:
    report = save(cast, cast.ana)
    client.force_login(cast.again(cast.ana))
    answer = client.post(f"/reports/saved/{report.pk}/delete/")
    assert answer.headers["Location"] == "/reports/ask/"
    assert not SavedReport.objects.exists()
    client.post(f"/deleted/{DeletedRecord.objects.get().pk}/restore/")
    client.post(f"/reports/saved/{report.pk}/delete/")


def test_a_person_page_is_saved_with_its_person(client: Client, cast: Cast) -> None:
    client.force_login(cast.again(cast.mona))
    text = text_of(client, f"/reports/people/{cast.ana.pk}/")
    assert f"person%3D{cast.ana.pk}" in text
    report = save(cast, cast.mona, page="person", query=f"person={cast.ana.pk}")
    place = client.get(f"/reports/saved/{report.pk}/open/").headers["Location"]
    assert place.startswith(f"/reports/people/{cast.ana.pk}/")
    User.objects.filter(pk=cast.mona.pk).update(role=Role.SALESPERSON)
    type(cast.north).objects.filter(pk=cast.north.pk).update(manager=None)
    text_of(client, f"/reports/saved/{report.pk}/open/", status=422)
