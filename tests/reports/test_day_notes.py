"""Notes on days: who writes and who sees them, and that charts over time show them with what pins
itself."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client

from crm.events import PriceChanged
from crm.models import Rate, SettingChange
from pipeline.models import PeopleChange, Team, User, Version
from pipeline.people.events import AccessChanged
from reports.commands import day_notes
from reports.models import DayNote
from reports.queries.pins import PinKind, pins
from salesprocess.lib.events import event_columns
from salesprocess.lib.refused import Refused, Stale
from tests.conftest import Cast
from tests.factories import NOW
from tests.reports.test_metrics import asked

DAY = dt.date(2026, 3, 1)


@pytest.fixture
def cast(cast: Cast, clock: object) -> Cast:
    return cast


def pin(by: User, team: Team, words: str = "New prices", on: dt.date = DAY) -> DayNote:
    return day_notes.pin(team=team, on=on, words=words, by=by, at=NOW)


def test_who_leads_a_team_writes_for_it_and_below_and_nobody_else(cast: Cast) -> None:
    pin(cast.mona, cast.north)
    pin(cast.rosa, cast.south)
    pin(cast.adele, cast.root)
    for by, team in ((cast.mona, cast.south), (cast.ana, cast.north), (cast.rosa, cast.root)):
        with pytest.raises(Refused):
            pin(by, team)
    with pytest.raises(Refused):
        pin(cast.mona, cast.north, "  ")
    assert DayNote.objects.count() == 3


def test_it_is_seen_by_whom_it_concerns(cast: Cast) -> None:
    of_all = pin(cast.adele, cast.root)
    of_north = pin(cast.mona, cast.north)
    of_south = pin(cast.adele, cast.south)
    seen = {
        name: set(DayNote.objects.visible_to(cast.again(getattr(cast, name))))
        for name in ("ana", "mona", "carl", "rosa", "adele")
    }
    assert seen == {
        "ana": {of_all, of_north},
        "mona": {of_all, of_north},
        "carl": {of_all, of_south},
        "rosa": {of_all, of_north, of_south},
        "adele": {of_all, of_north, of_south},
    }


def test_a_change_names_the_version_that_was_seen(cast: Cast) -> None:
    note = pin(cast.mona, cast.north)

    def change(words: str, version: int) -> None:
        day_notes.change(
            note, team=cast.north, on=DAY, words=words, by=cast.mona, at=NOW, version=version
        )

    change("New price list", 1)
    assert (note.words, note.version) == ("New price list", 2)
    change("New price list", 2)
    assert note.version == 2
    with pytest.raises(Stale):
        change("Old", 1)
    with pytest.raises(DayNote.DoesNotExist):
        day_notes.remove(note, by=cast.ana, at=NOW)
    day_notes.remove(note, by=cast.mona, at=NOW, version=2)
    assert not DayNote.objects.standing().exists()
    day_notes.put_back(note, by=cast.mona, at=NOW, version=3)
    assert DayNote.objects.standing().get().version == 4


def test_its_page_writes_changes_removes_and_puts_back(client: Client, cast: Cast) -> None:
    client.force_login(cast.mona)
    said = {"on": "2026-03-01", "team": cast.north.pk, "words": "<i>Fair</i> in Linz"}
    assert client.post("/reports/notes/", said | {"words": ""}).status_code == 422
    client.post("/reports/notes/", said)
    note = DayNote.objects.get()
    page = client.get("/reports/notes/").content.decode()
    assert "&lt;i&gt;Fair&lt;/i&gt; in Linz" in page
    assert client.post(f"/reports/notes/{note.pk}/", said | {"seen": 7}).status_code == 409
    client.post(f"/reports/notes/{note.pk}/", said | {"words": "Fair in Graz", "seen": 1})
    client.post(f"/reports/notes/{note.pk}/remove/", {"seen": 2})
    assert "Removed lately" in client.get("/reports/notes/").content.decode()
    client.post(f"/reports/notes/{note.pk}/put-back/", {"seen": 3})
    note.refresh_from_db()
    assert (note.words, note.removed_at) == ("Fair in Graz", None)
    client.force_login(cast.ana)
    page = client.get("/reports/notes/").content.decode()
    assert "Fair in Graz" in page
    assert "<button" not in page.partition('<div class="panels">')[2].partition("</main>")[0]
    assert client.post("/reports/notes/", said).status_code == 404
    assert client.get(f"/reports/notes/{note.pk}/").status_code == 404


def happen(cast: Cast) -> None:
    """One of each thing that pins itself, in March."""
    first = Version.objects.get()
    Version.objects.create(
        layer=first.layer,
        number=7,
        content=first.content,
        published_at=NOW,
        published_by=cast.adele,
    )
    User.objects.filter(pk=cast.ben.pk).update(hired_on=dt.date(2026, 3, 2))
    PeopleChange.objects.create(
        person=cast.ana,
        at=NOW,
        by=cast.adele,
        **event_columns(AccessChanged(old=True, new=False)),
    )
    Rate.objects.create(currency="USD", on=dt.date(2026, 3, 3), value=Decimal("0.9"))
    for product in (1, 2):
        SettingChange.objects.create(
            setting="product",
            record_id=product,
            name="Line",
            at=NOW,
            by=cast.adele,
            **event_columns(PriceChanged(old=None, new=None)),
        )


def test_versions_people_prices_and_rates_pin_themselves(cast: Cast) -> None:
    happen(cast)
    pin(cast.mona, cast.north)
    mona = cast.again(cast.mona)
    found = pins(asked(mona), dt.date(2026, 3, 1), dt.date(2026, 3, 31))
    today = NOW.date()
    assert [(each.kind, each.on, each.text, each.number) for each in found] == [
        (PinKind.NOTE, DAY, "New prices", 0),
        (PinKind.JOINED, dt.date(2026, 3, 2), "Ben Okoro", 0),
        (PinKind.RATES, dt.date(2026, 3, 3), "USD", 0),
        (PinKind.VERSION, today, cast.root.name, 7),
        (PinKind.PRICES, today, "", 2),
        (PinKind.LEFT, today, "Ana Ruiz", 0),
    ]
    assert pins(asked(mona), dt.date(2026, 4, 1), dt.date(2026, 4, 30)) == []
    # That the framework came with the product is no news.
    day = Version.objects.earliest("pk").published_at.date()
    found = pins(asked(mona), day - dt.timedelta(days=1), day + dt.timedelta(days=1))
    assert 1 not in {each.number for each in found if each.kind == PinKind.VERSION}
    # Who comes and goes is told to those who lead them.
    kinds = {each.kind for each in pins(asked(cast.again(cast.carl)), DAY, dt.date(2026, 3, 31))}
    assert kinds == {PinKind.RATES, PinKind.VERSION, PinKind.PRICES}


def test_every_chart_over_time_has_them(client: Client, worked_cast: Cast) -> None:
    pin(worked_cast.mona, worked_cast.north)
    client.force_login(worked_cast.again(worked_cast.mona))
    days = "span=custom&start=2025-12-01&end=2026-03-31"
    for path in (
        f"/reports/consistency/?{days}&line=drawn",
        f"/reports/pipeline/?{days}",
        f"/reports/process/?{days}",
        f"/reports/wins/?{days}&along=month",
        f"/reports/ask/?{days}&metric=entered&by=week",
        f"/reports/ask/?{days}&metric=won_value&by=month&show=bars",
    ):
        page = client.get(path).content.decode()
        assert "1 Mar: New prices (North)" in page, path
        assert 'class="pin"' in page or 'class="pinned"' in page, path
