"""How a column is read is found out, asked or refused, and never guessed; by page and by command."""

import datetime as dt
import zoneinfo
from pathlib import Path

import pytest

from crm.models import Deal
from exchange.imports import dates, mapping
from exchange.imports.faults import Unreadable
from exchange.imports.reading import open_table
from exchange.imports.scanning import Reading, scan
from exchange.models import ImportMapping
from tests.conftest import Cast
from tests.exchange.uploads import (
    answer,
    by_command,
    checked,
    columns,
    loaded,
    page,
    uploaded,
    worked,
)
from tests.factories import NOW

VIENNA = zoneinfo.ZoneInfo("Europe/Vienna")
ANY_DAYS = [dt.date(2016, 11, 3), dt.date(2017, 2, 1), dt.date(2016, 12, 8)]


def reading_of(texts: list[str]) -> Reading:
    found = Reading(dates=True)
    for line, text in enumerate(texts, start=2):
        if text:
            found.see(text, line)
    return found


def read(texts: list[str], way: str) -> list[dt.date | None]:
    return [said.on if (said := dates.when(text, way)) else None for text in texts]


def test_what_cells_say_again_counts_as_often_as_they_do(tmp_path: Path):
    start = dt.date(2020, 1, 1)
    said = [f"{start + dt.timedelta(days=n * n % 1_300):%d/%m/%Y}" for n in range(3_000)]
    said[20:3_000:50] = ["03/04/21", "2021-04-03", "soon", "n/a", "", " 03/04/21"] * 10
    file = tmp_path / "old.csv"
    file.write_text("Lead,Since\n" + "".join(f"L{n},{day}\n" for n, day in enumerate(said)))
    content = {
        "file": "*",
        "columns": {"name": "Lead", "entered_on": "Since"},
        "stages": {"": {"stage": "lead_generation"}},
    }
    (mapped,) = mapping.of_content({"system": "old", "deals": content}).kinds
    found = scan(mapped, open_table(file, wanted=set())).readings["Since"]
    one_by_one = reading_of([day.strip() if day != "n/a" else "" for day in said])
    assert found.rows == one_by_one.rows
    assert found.offers() == one_by_one.offers()
    assert found.telling() == one_by_one.telling()
    assert (found.odd_one, found.unread) == (one_by_one.odd_one, one_by_one.unread)


ORDERS = {"dmy": "%d{0}%m{0}{1}", "mdy": "%m{0}%d{0}{1}", "ymd": "{1}{0}%m{0}%d"}
AFTER = ["", " 3:45 PM", " 15:45", "T15:45:10.123Z", " 09:15:30 +0200", ", 8:05 a.m."]


@pytest.mark.parametrize("sign", list("-/. "))
@pytest.mark.parametrize("year", ["%Y", "%y"])
@pytest.mark.parametrize("order", ORDERS)
def test_it_takes_the_only_reading_and_asks_where_there_are_several(
    order: str, year: str, sign: str
):
    way = ORDERS[order].format(sign, year)
    for after in AFTER:
        doubtful = reading_of([day.strftime(way) + after for day in ANY_DAYS])
        offered = [choice.way for choice in doubtful.choices()]
        assert way in offered
        if year == "%Y" and order == "ymd":
            assert (offered, doubtful.way) == ([way], way)
            continue
        assert doubtful.is_open
        assert doubtful.way == ""
        assert len(offered) > 1
        # A day that fits in no other order decides it, wherever it stands.
        telling = [dt.date(1999, 7, 24), dt.date(1999, 8, 31)]
        texts = [day.strftime(way) + after for day in (*ANY_DAYS, *telling)]
        found = reading_of(texts)
        assert not found.is_open, (way, after)
        assert read(texts, found.way) == [*ANY_DAYS, *telling]


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["Mar 04, 2017", "Sept. 4th 2017"], ["2017-03-04", "2017-09-04"]),
        (["4. März 2017", "31 Dezember 2016", "1. Jänner 2017"],
         ["2017-03-04", "2016-12-31", "2017-01-01"]),
        (["04-Mar-17", "31-DEC-16"], ["2017-03-04", "2016-12-31"]),
        (["Sat, 4 Mar 2017 10:00:00 +0100", "5 Mar 2017"], ["2017-03-04", "2017-03-05"]),
        (["20170304", "20161231"], ["2017-03-04", "2016-12-31"]),
        (["42735", "43101.75"], ["2016-12-31", "2018-01-01"]),
        (["1483142400", "1514764800"], ["2016-12-31", "2018-01-01"]),
        (["1483142400000", "1514764800000"], ["2016-12-31", "2018-01-01"]),
        (["2017-03-04 10:00 CET", "2017-03-05 10:00 MESZ"], ["2017-03-04", "2017-03-05"]),
        (["2017-03-04", "2017-03-05 10:00", "2017-03-06T10:00:00Z"],
         ["2017-03-04", "2017-03-05", "2017-03-06"]),
    ],
)  # fmt: skip
def test_it_reads_days_with_names_and_hours_as_they_stand(texts: list[str], days: list[str]):
    found = reading_of(texts)
    assert not found.is_open
    assert [str(day) for day in read(texts, found.way)] == days


def test_it_never_forgets_what_it_was_in_doubt_about():
    # The third reading goes with the last row, which is no cause to take the first of the others.
    found = reading_of(["01-01-17", "02-03-17", "01-01-32"])
    assert [choice.way for choice in found.choices()] == ["%d-%m-%y", "%m-%d-%y"]
    assert found.witness == (3, "02-03-17")


def test_it_takes_readings_that_never_differ_for_one():
    assert not reading_of(["03/03/2026", "04/04/2026"]).is_open


MIXED = ["03/04/2017", "09-11-17", "7-24-17", "05/24/2017"]


def test_it_offers_an_order_for_a_column_that_is_written_in_several_ways():
    found = reading_of(MIXED)
    assert found.is_open
    assert found.choices()[0].way == "mdy"
    assert [str(day) for day in read(MIXED, "mdy")] == [
        "2017-03-04",
        "2017-09-11",
        "2017-07-24",
        "2017-05-24",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "12345",
        "70000",
        "123456",
        "999999999",
        "10:00 CET",
        "30.02.2017",
        "0000-00-00",
        "2017",
        "12:30",
        "3/1-2017",
        "13:70",
        "2017-01-02 25:00",
    ],
)
def test_it_takes_nothing_for_a_day_that_is_none(text: str):
    assert dates.readings(text) == {}


@pytest.mark.parametrize(
    ("stated", "way"),
    [
        ("31.12.16", "%d.%m.%y"),
        ("12/31/2016 3:45 PM", "%m/%d/%Y"),
        ("16-12-31", "%y-%m-%d"),
        ("Dec 31, 2016", "%b %d %Y"),
        ("31|12|2016", "%d|%m|%Y"),
        ("24/05/2017", "%d/%m/%Y"),
        ("%d. %B %Y", "%d %b %Y"),
        ("%Y-%m-%d %H:%M", "%Y-%m-%d"),
        ("mdy", "mdy"),
        ("42735", "excel"),
        ("unix_ms", "unix_ms"),
        ("03/04/2017", ""),
        ("%q", ""),
        ("soon", ""),
    ],
)
def test_it_learns_a_way_by_example(stated: str, way: str):
    assert dates.way_of(stated) == way


# Days and hours ------------------------------------------------------------------------------------


def instants(*said: str, zones: tuple[str, ...] = ("Europe/Vienna",)) -> list[str]:
    acts = [dates.when(text, "%Y-%m-%d") for text in said]
    found = dates.instants(acts, zones=[zoneinfo.ZoneInfo(zone) for zone in zones], now=NOW)
    return [f"{at:%Y-%m-%d %H:%M}" if at else "" for at in found]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (["2025-07-01"], ["2025-07-01 10:00"]),  # noon, in summer
        (["2026-01-01"], ["2026-01-01 11:00"]),
        (["2026-03-11"], ["2026-03-11 10:00"]),  # today, before noon: no later than now
        (["2026-03-12"], ["2026-03-12 11:00"]),  # tomorrow lies ahead, and is refused
        (["2026-02-01T18:30:00Z", "2026-02-01"], ["2026-02-01 18:30", "2026-02-01 18:30"]),
        (["2026-02-01", "2026-02-01T06:30:00Z"], ["2026-02-01 06:30", "2026-02-01 06:30"]),
        (["2026-02-01", "2026-02-01", "2026-02-01"], ["2026-02-01 11:00"] * 3),
        (["2026-02-01 08:00", "2026-02-01", "2026-02-01 09:00"],
         ["2026-02-01 07:00", "2026-02-01 08:00", "2026-02-01 08:00"]),
        # An hour of midnight is how a program writes a day.
        (["2026-02-01 14:00", "2026-02-01 00:00:00"], ["2026-02-01 13:00"] * 2),
        (["2026-02-01T14:00:00Z", "2026-02-01T00:00:00.000Z"], ["2026-02-01 14:00"] * 2),
        # Both days are what the file says, though one is another day in Vienna.
        (["2026-02-01T23:30:00Z", "2026-02-01"], ["2026-02-01 23:30"] * 2),
    ],
)  # fmt: skip
def test_a_bare_day_has_no_hour(said: list[str], found: list[str]):
    assert instants(*said) == found


def test_a_day_is_today_where_the_reader_is():
    """10 o'clock in London is 23 o'clock in Auckland, and 0 o'clock of the next day in Kiritimati."""
    assert instants("2026-03-12", zones=("Europe/Vienna", "Pacific/Kiritimati")) == [
        "2026-03-11 10:00"
    ]


SAME_DAY = (
    "Id,Deal,Phase,Stage change,Close\n"
    "1,A,Won,2026-02-20T18:30:00.000Z,2026-02-20\n"
    "2,B,Won,2026-02-20T11:30:00.000Z,2026-02-20\n"
    "3,C,Won,,2026-03-11\n"
    "4,D,Won,2026-03-11,2026-03-11\n"
)


@pytest.mark.django_db
def test_wins_of_today_and_of_the_day_of_the_last_move_come_in(cast: Cast, tmp_path: Path):
    named = {"name": "Deal", "stage": "Phase", "entered_on": "Stage change", "closed_on": "Close"}
    job = checked(cast.ana, uploaded(cast.ana, SAME_DAY), **named)
    assert (job.counts["new"], job.counts["refused"]) == (4, 0)
    loaded(cast.ana, job)
    by_page = dict(Deal.objects.values_list("name", "closed_at"))
    assert {name: f"{at:%m-%d %H:%M}" for name, at in by_page.items()} == {
        "A": "02-20 18:30",
        "B": "02-20 11:30",
        "C": "03-11 10:00",
        "D": "03-11 10:00",
    }
    Deal.objects.update(name="before")
    won = {"Won": {"stage": "closing", "outcome": "won"}}
    result = by_command(tmp_path / "in", SAME_DAY, named, stages=won)
    assert (result.counts["deals"].new, result.faults) == (4, [])
    assert dict(Deal.objects.exclude(name="before").values_list("name", "closed_at")) == by_page


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("43101.75", "2018-01-01 18:00"),
        ("1514808000", "2018-01-01 12:00 UTC"),
        ("2026-01-15 09:12 PST", "2026-01-15 09:12 UTC-08:00"),
        ("Jan 15, 2026 12:05 AM", "2026-01-15 00:05"),
    ],
)
def test_an_hour_is_read_with_its_day(text: str, at: str):
    (said,) = dates.readings(text).values()
    assert f"{said.at:%Y-%m-%d %H:%M} {said.at:%Z}".strip() == at


# By page and by command ----------------------------------------------------------------------------

DASHES = "Deal,Since\n" + "".join(
    f"d{number},{day:%m-%d-%y}\n" for number, day in enumerate(ANY_DAYS)
)
SINCE = {"name": "Deal", "entered_on": "Since"}


def since() -> list[dt.date]:
    deals = Deal.objects.order_by("name").values_list("stage_entered_at", flat=True)
    return [at.astimezone(VIENNA).date() for at in deals if at]


@pytest.mark.django_db
def test_years_of_two_digits_are_asked_about_by_page(cast: Cast):
    job = uploaded(cast.ana, DASHES)
    columns(cast.ana, job, **SINCE)
    assert worked(job).state == "asking"
    html = page(cast.ana, job)
    for words in ("11 March 2016", "3 November 2016", "16 March 2011"):
        assert f"11-03-16 → {words}" in html
    # Three samples of each.
    assert "11-03-16 → 3 November 2016, 02-01-17 → 1 February 2017, 12-08-16 → 8 December" in html
    answer(cast.ana, job, format_0="%m-%d-%y")
    html = page(cast.ana, worked(job))
    assert "3 November 2016" in html
    loaded(cast.ana, job)
    assert since() == ANY_DAYS


@pytest.mark.django_db
def test_years_of_two_digits_are_refused_by_command_until_they_are_stated(
    cast: Cast, tmp_path: Path
):
    with pytest.raises(Unreadable) as refused:
        by_command(tmp_path / "in", DASHES, SINCE)
    assert "11 March 2016 or 3 November 2016 or 16 March 2011" in refused.value.message
    assert '"%d-%m-%y" or "%m-%d-%y" or "%y-%m-%d"' in refused.value.message
    by_command(tmp_path / "in", DASHES, SINCE, formats={"Since": "12-31-16"})
    assert since() == ANY_DAYS


@pytest.mark.django_db
def test_a_mixed_column_can_be_read_by_its_order(cast: Cast, tmp_path: Path):
    text = "Deal,Since\n" + "".join(f"d{n},{text}\n" for n, text in enumerate(MIXED))
    job = uploaded(cast.ana, text)
    columns(cast.ana, job, **SINCE)
    assert worked(job).state == "asking"
    assert "Month, day, year, whatever stands between: 03/04/2017 → 4 March 2017" in page(
        cast.ana, job
    )
    answer(cast.ana, job, format_0="mdy")
    loaded(cast.ana, worked(job))
    assert since() == read(MIXED, "mdy")
    Deal.objects.all().update(name="x", stage_entered_at=None)
    by_command(tmp_path / "in", text, SINCE, formats={"Since": "mdy"})
    assert since() == read(MIXED, "mdy")


@pytest.mark.django_db
def test_a_reading_is_shown_and_can_be_changed_until_it_is_loaded(cast: Cast):
    text = "Deal,Since,Value,Other\na,24.05.2017,1.234,x\nb,04.03.2017,7.5,x\n"
    job = uploaded(cast.ana, text)
    job = checked(cast.ana, job, amount="Value", **SINCE)
    html = page(cast.ana, job)
    assert "24.05.2017</bdi> → <bdi>24 May 2017" in html
    assert "1.234</bdi> → <bdi>1.234" in html
    assert "Left out: Other." in html
    assert answer(cast.ana, job, example_0="next year").status_code == 422
    assert answer(cast.ana, job, example_0="31.12.").status_code == 422
    # By example; a way that reads nothing is a person's own decision.
    answer(cast.ana, job, example_0="12.31.2016")
    assert worked(job).state == "checked"
    assert job.counts["refused"] == 1
    answer(cast.ana, job, format_0="%d.%m.%Y")
    assert worked(job).counts["refused"] == 1  # for its value: 1.234 has three decimals
    answer(cast.ana, job, format_1=",")
    loaded(cast.ana, worked(job))
    assert since() == [dt.date(2017, 5, 24)]


@pytest.mark.django_db
def test_an_answer_goes_when_its_column_is_named_for_something_else(cast: Cast):
    job = uploaded(cast.ana, "Deal,Number\na,03/04/2017\n")
    columns(cast.ana, job, name="Deal", entered_on="Number")
    answer(cast.ana, worked(job), format_0="%d/%m/%Y")
    worked(job)
    assert columns(cast.ana, job, name="Deal", amount="Number").status_code == 302
    assert worked(job).counts["refused"] == 1


@pytest.mark.django_db
def test_stage_and_outcome_come_from_two_columns(cast: Cast, tmp_path: Path):
    text = "Id,Opp,Stage,Status\n1,A,Proposal,Open\n2,B,Proposal,Won\n3,C,Proposal,Lost\n"
    named = {"id": "Id", "name": "Opp", "stage": "Stage", "stage_2": "Status"}
    job = loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, text), **named))
    assert job.readings["stages"] == ["Proposal Lost", "Proposal Open", "Proposal Won"]
    expected = [("A", 5, "open"), ("B", 7, "won"), ("C", 5, "stopped")]
    found = Deal.objects.order_by("name").values_list("name", "stage", "outcome")
    assert list(found) == expected
    Deal.objects.update(name="z")
    two = {"id": "Id", "name": "Opp", "stage": ["Stage", "Status"]}
    by_command(tmp_path / "in", text, two, stages=job.answers["stages"])
    assert list(found.exclude(name="z")) == expected


# What is remembered --------------------------------------------------------------------------------

HOT = "Deal,Phase,Since\nAlpha,Hot,03/04/2017\nBeta,Cold,05/06/2017\n"
HOT_NAMED = {"name": "Deal", "stage": "Phase", "entered_on": "Since"}


def remembered(cast: Cast, way: str = "%d/%m/%Y") -> None:
    job = uploaded(cast.ana, HOT)
    columns(cast.ana, job, **HOT_NAMED)
    answer(cast.ana, worked(job), format_0=way, stage_0="closing", stage_1="closing")
    assert worked(job).state == "checked"


@pytest.mark.django_db
def test_a_remembered_answer_is_shown_and_can_be_changed(cast: Cast):
    remembered(cast)
    job = uploaded(cast.ana, HOT)
    columns(cast.ana, job, **HOT_NAMED)
    assert worked(job).state == "checked"
    html = page(cast.ana, job)
    assert "as you said for the last file" in html
    assert "03/04/2017</bdi> → <bdi>3 April 2017" in html
    answer(cast.ana, job, format_0="%m/%d/%Y", stage_0="proposal")
    assert "as you said for the last file" not in page(cast.ana, worked(job))
    loaded(cast.ana, job)
    assert since() == [dt.date(2017, 3, 4), dt.date(2017, 5, 6)]
    assert set(Deal.objects.values_list("name", "stage")) == {("Alpha", 7), ("Beta", 5)}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("system", "header"),
    [("another", "Deal,Phase,Since"), ("old", "Deal,Phase,Since,Value")],
)
def test_a_remembered_answer_belongs_to_the_shape_of_a_file(cast: Cast, system: str, header: str):
    remembered(cast)
    cells = "" if header.count(",") == 2 else ",1"
    job = uploaded(cast.ana, f"{header}\nAlpha,Hot,03/04/2017{cells}\n")
    columns(cast.ana, job, system=system, **HOT_NAMED)
    assert worked(job).state == "asking"
    assert "03/04/2017 → 4 March 2017" in page(cast.ana, job)


@pytest.mark.django_db
def test_a_remembered_answer_that_does_not_fit_is_asked_again(cast: Cast):
    remembered(cast)
    job = uploaded(cast.ana, HOT + "Gamma,Hot,12/25/2017\n")
    columns(cast.ana, job, **HOT_NAMED)
    assert worked(job).state == "asking"
    html = page(cast.ana, job)
    assert "2 of 3 rows" in html
    answer(cast.ana, job, format_0="%m/%d/%Y")
    assert worked(job).counts["new"] == 3


@pytest.mark.django_db
def test_each_shape_of_a_systems_files_has_its_own_answers(cast: Cast):
    remembered(cast, "%d/%m/%Y")
    other = uploaded(cast.ana, "Deal,Since\nAlpha,03/04/2017\n")
    columns(cast.ana, other, **SINCE)
    answer(cast.ana, worked(other), format_0="%m/%d/%Y")
    worked(other)
    assert ImportMapping.objects.count() == 2
    job = uploaded(cast.ana, HOT)
    columns(cast.ana, job, **HOT_NAMED)
    assert "3 April 2017" in page(cast.ana, worked(job))


@pytest.mark.django_db
def test_a_remembered_mapping_hides_no_new_column(cast: Cast):
    checked(cast.ana, uploaded(cast.ana, "Nummer,Titel\n1,Alpha\n"), id="Nummer", name="Titel")
    text = "Nummer,Titel,Amount,Stage,Company,Close Date\n2,Beta,100,Won,Acme,2026-01-02\n"
    job = uploaded(cast.ana, text)
    html = page(cast.ana, job)
    assert "Amount, Stage, Company, Close Date" in html
    places = {"id": 0, "name": 1, "amount": 2, "stage": 3, "company": 4, "closed_on": 5}
    for field, place in places.items():
        select = html.split(f'name="{field}"')[1].split("</select>")[0]
        assert f'value="{place}" selected' in select, field
    assert html.count("New in this file: guessed.") == 5
