"""A file comes in by the pages: within its owner's reach, checked first, and back out again."""

import csv

import pytest
from django.db import connection
from django.utils import timezone

from crm.models import Company, Contact, ContactPoint, Deal
from exchange.commands import work
from exchange.models import ImportJob, ImportMapping
from pipeline.models import Batch, Team, User
from pipeline.process import moves
from pipeline.process.stages import Outcome, Stage
from tests.conftest import Cast
from tests.exchange.uploads import (
    answer,
    browser,
    checked,
    columns,
    loaded,
    page,
    upload,
    uploaded,
    worked,
)
from tests.factories import make_company, make_deal

pytestmark = pytest.mark.django_db

DEALS = (
    "Deal,Account,Owner,Value,Phase,Close date\n"
    "Pump,Norte SA,Ana Ruiz,1200.50,Proposal,2026-04-30\n"
    "Valve,Sur SA,,900,New,2026-05-31\n"
    "Belt,Norte SA,Carl Meier,10,New,\n"
)
NAMED = {
    "name": "Deal",
    "company": "Account",
    "owner": "Owner",
    "amount": "Value",
    "stage": "Phase",
    "expected_close_on": "Close date",
}


def test_it_brings_in_what_was_seen_to_come_in(cast: Cast):
    job = checked(cast.ana, uploaded(cast.ana, DEALS), **NAMED)
    assert (job.state, job.counts["new"], job.counts["refused"]) == ("checked", 2, 1)
    assert not Deal.objects.exists()

    loaded(cast.ana, job)

    assert (job.state, job.counts["new"], job.counts["refused"]) == ("done", 2, 1)
    deals = {deal.name: deal for deal in Deal.objects.all()}
    assert set(deals) == {"Pump", "Valve"}
    assert (deals["Pump"].stage, deals["Pump"].owner) == (Stage.PROPOSAL, cast.ana)
    assert (deals["Valve"].stage, deals["Valve"].owner) == (Stage.LEAD_GENERATION, cast.ana)
    assert deals["Valve"].team == cast.north
    assert Company.objects.get(name="Sur SA").owner == cast.ana
    assert "Carl Meier" in page(cast.ana, job)


def test_it_suggests_what_columns_and_stages_probably_are(cast: Cast):
    job = uploaded(cast.ana, DEALS)
    html = page(cast.ana, job)
    for place, field in enumerate(("name", "company", "owner", "amount", "stage")):
        select = html.split(f'name="{field}"')[1].split("</select>")[0]
        assert f'value="{place}" selected' in select
    columns(cast.ana, job, **NAMED)
    html = page(cast.ana, worked(job))
    assert 'value="proposal" selected' in html
    assert 'value="lead_generation" selected' in html


def test_it_reads_one_column_of_closing_dates_for_open_and_closed_deals(cast: Cast):
    text = "Deal,Phase,Close date\na,Won,2026-03-01\nb,New,2026-05-02\n"
    job = uploaded(cast.ana, text)
    html = page(cast.ana, job)
    for field in ("closed_on", "expected_close_on"):
        select = html.split(f'name="{field}"')[1].split("</select>")[0]
        assert 'value="2" selected' in select
    both = {"closed_on": "Close date", "expected_close_on": "Close date"}
    loaded(cast.ana, checked(cast.ana, job, name="Deal", stage="Phase", **both))
    won, still_open = Deal.objects.order_by("name")
    assert won.closed_at
    assert str(won.closed_at.date()) == "2026-03-01"
    assert (still_open.closed_at, str(still_open.expected_close_on)) == (None, "2026-05-02")


@pytest.mark.parametrize(
    ("who", "comes_in"),
    [("ana", {"a", "b"}), ("mona", {"a", "b"}), ("nora", {"c"}), ("adele", {"a", "b", "c"})],
)
def test_it_gives_records_only_to_people_within_reach(cast: Cast, who: str, comes_in: set[str]):
    text = "Deal,Owner\na,Ana Ruiz\nb,ben@seven.test\nc,Carl Meier\n"
    user = getattr(cast, who)
    job = checked(user, uploaded(user, text), name="Deal", owner="Owner")
    loaded(user, job)
    assert set(Deal.objects.values_list("name", flat=True)) == comes_in
    assert job.counts["refused"] == 3 - len(comes_in)


def test_it_puts_deals_only_into_pools_within_reach(cast: Cast):
    text = "Deal,Team,Owner\na,North,\nb,South,\nc,West,Ana Ruiz\n"
    job = checked(cast.ana, uploaded(cast.ana, text), name="Deal", team="Team", owner="Owner")
    loaded(cast.ana, job)
    (deal,) = Deal.objects.all()
    assert (deal.name, deal.owner, deal.team) == ("a", None, cast.north)
    assert "pool of “South”" in page(cast.ana, job)


def test_it_forgets_reach_that_was_lost_meanwhile(cast: Cast):
    job = checked(cast.mona, uploaded(cast.mona, DEALS), **NAMED)
    Team.objects.filter(pk=cast.north.pk).update(manager=None)
    User.objects.filter(pk=cast.mona.pk).update(team=cast.south)
    loaded(cast.mona, job)
    assert set(Deal.objects.values_list("name", flat=True)) == {"Valve", "Belt"}


def test_it_stops_where_the_owner_was_deactivated(cast: Cast):
    job = checked(cast.ana, uploaded(cast.ana, DEALS), **NAMED)
    browser(cast.ana).post(f"/imports/{job.pk}/load/")
    User.objects.filter(pk=cast.ana.pk).update(is_active=False)
    assert worked(job).state == "stuck"
    assert not Deal.objects.exists()


def test_it_brings_in_people_and_teams_for_admins_only(cast: Cast):
    text = "Agent,Manager,Office\nLena,Maria,Linz\nOtto,Maria,Linz\n"
    assert upload(cast.rosa, text, kind="people").status_code == 422
    assert not ImportJob.objects.exists()
    job = uploaded(cast.adele, text, kind="people")
    loaded(cast.adele, checked(cast.adele, job, name="Agent", manager="Manager", office="Office"))
    assert job.state == "done"
    lena = User.objects.get(name="Lena")
    assert (str(lena.team), str(lena.team.parent)) == ("Team Maria", "Linz")
    User.objects.filter(pk=cast.adele.pk).update(role="manager")
    again = ImportJob.objects.get(pk=job.pk)
    ImportJob.objects.filter(pk=job.pk).update(state="checking")
    assert worked(again).error == "Only admins bring in people, teams, products and rates."


def test_it_makes_the_companies_that_people_work_for(cast: Cast):
    text = (
        "Person,Company,Mail,Mail 2\nJordi Pla,Norte SA,j@n.test,p@n.test\nEva,Norte SA,e@n.test,\n"
    )
    job = uploaded(cast.ana, text, kind="contacts")
    named = {"name": "Person", "company": "Company", "email": "Mail", "email_2": "Mail 2"}
    loaded(cast.ana, checked(cast.ana, job, **named))
    company = Company.objects.get()
    assert {contact.company for contact in Contact.objects.all()} == {company}
    assert Contact.objects.get(name="Jordi Pla").points.count() == 2


def test_it_asks_which_day_an_ambiguous_date_means(cast: Cast):
    text = "Deal,Close\nPump,03/04/2026\nValve,05/06/2026\n"
    job = uploaded(cast.ana, text)
    columns(cast.ana, job, name="Deal", expected_close_on="Close")
    assert worked(job).state == "asking"
    html = page(cast.ana, job)
    assert "03/04/2026 → 3 April 2026" in html
    assert "03/04/2026 → 4 March 2026" in html
    assert answer(cast.ana, job).status_code == 422
    assert answer(cast.ana, job, format_0="%m/%d/%Y").status_code == 302
    loaded(cast.ana, worked(job))
    assert str(Deal.objects.get(name="Pump").expected_close_on) == "2026-03-04"


def test_it_asks_what_a_comma_in_a_number_means(cast: Cast):
    job = uploaded(cast.ana, 'Deal;Value\nPump;"1,234"\n')
    columns(cast.ana, job, name="Deal", amount="Value")
    worked(job)
    html = page(cast.ana, job)
    assert "1,234 → 1234" in html
    assert "1,234 → 1.234" in html
    answer(cast.ana, job, format_0=".")
    loaded(cast.ana, worked(job))
    assert Deal.objects.get().amount == 1234


def test_it_asks_which_of_two_ways_in_one_column_is_right(cast: Cast):
    text = "Deal,Close\nPump,25/12/2026\nValve,12/25/2026\n"
    job = uploaded(cast.ana, text)
    columns(cast.ana, job, name="Deal", expected_close_on="Close")
    assert worked(job).state == "asking"
    assert "is written in several ways" in page(cast.ana, job)
    answer(cast.ana, job, format_0="%d/%m/%Y")
    loaded(cast.ana, worked(job))
    assert Deal.objects.get().name == "Pump"
    assert job.counts["refused"] == 1


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"owner": "Owner"}, "Name a column for the deal’s name"),
        ({"name": "Deal", "email": "Deal", "email_2": "Deal"}, "is given to “E-mail” already"),
        ({"name": "Deal", "amount": "Deal", "closed_on": "Deal"}, "is given to “Value” already"),
        ({"name": "Deal", "system": ""}, "This field is required"),
    ],
)
def test_it_says_what_is_wrong_with_a_mapping(cast: Cast, named: dict[str, str], words: str):
    job = uploaded(cast.ana, DEALS)
    response = columns(cast.ana, job, **named)
    assert response.status_code == 422
    assert words in response.content.decode()
    job.refresh_from_db()
    assert job.state == "mapping"


def test_it_says_when_the_column_of_stages_is_another_one(cast: Cast):
    text = "Deal,Phase\n" + "".join(f"{n},word {n}\n" for n in range(60))
    job = uploaded(cast.ana, text)
    columns(cast.ana, job, name="Deal", stage="Phase")
    assert worked(job).state == "mapping"
    assert "is it another column?" in page(cast.ana, job)


def test_it_maps_foreign_outcomes_as_the_pages_would_close_a_deal(cast: Cast):
    text = "Deal,Phase,Closed\na,Won,2026-03-01\nb,Lost,2026-03-02\n"
    job = checked(
        cast.ana, uploaded(cast.ana, text), name="Deal", stage="Phase", closed_on="Closed"
    )
    loaded(cast.ana, job)
    won, lost = Deal.objects.order_by("name")
    assert (won.outcome, won.stage) == (Outcome.WON, Stage.CLOSING)
    assert (lost.outcome, lost.initiator) == ("stopped", "customer")
    assert lost.cause
    assert lost.cause.key == "unknown"
    for deal in (won, lost):
        assert moves.broken_links([visit.visit for visit in deal.visits.order_by("sequence")]) == []


def test_it_reads_the_next_file_of_that_shape_as_the_last(cast: Cast):
    checked(cast.ana, uploaded(cast.ana, DEALS), **{**NAMED, "amount": ""})
    assert ImportMapping.objects.get().name == "old"
    again = uploaded(cast.ana, DEALS.replace("Pump", "Pipe"))
    html = page(cast.ana, again)
    assert "looks like the last one from “old”" in html
    assert 'value="" selected' in html.split('name="amount"')[1].split("</select>")[0]
    columns(cast.ana, again, **NAMED)
    # The stages were answered last time.
    assert worked(again).state == "checked"
    assert "looks like" not in page(cast.ben, uploaded(cast.ben, DEALS))


def test_it_knows_what_came_in_before(cast: Cast):
    loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, DEALS), **NAMED))
    again = checked(cast.ana, uploaded(cast.ana, DEALS), **NAMED)
    assert (again.counts["new"], again.counts["known"]) == (0, 2)
    loaded(cast.ana, again)
    assert again.batch is None
    assert (Deal.objects.count(), Batch.objects.count()) == (2, 1)


def test_it_takes_back_what_nobody_changed_and_lists_the_rest(cast: Cast, clock):
    job = loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, DEALS), **NAMED))
    clock.shift(60)
    browser(cast.ana).post(
        f"/deals/{Deal.objects.get(name='Pump').pk}/park/", {"days": "30", "version": "0"}
    )
    Deal.objects.filter(name="Pump").update(changed_at="2026-03-11T11:00Z")
    assert browser(cast.ana).post(f"/imports/{job.pk}/undo/").status_code == 302
    worked(job)
    assert job.state == "undone"
    assert [deal.name for deal in Deal.objects.all()] == ["Pump"]
    assert [company.name for company in Company.objects.all()] == ["Norte SA"]
    html = page(cast.ana, job)
    assert "changed since" in html
    assert "used by a record that stays" in html


def test_it_names_no_kept_deal_to_who_may_not_see_it_now(cast: Cast):
    job = loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, DEALS), **NAMED))
    Deal.objects.filter(name="Pump").update(
        owner=cast.carl, team=cast.south, changed_at="2026-03-12T11:00Z", name="Secret"
    )
    browser(cast.ana).post(f"/imports/{job.pk}/undo/")
    worked(job)
    assert "No longer yours to see" in page(cast.ana, job)
    assert "Secret" not in page(cast.ana, job)
    assert "Secret" in page(cast.adele, job)


# What stayed out -----------------------------------------------------------------------------------


def error_rows(user: User, job: ImportJob) -> list[list[str]]:
    response = browser(user).get(f"/imports/{job.pk}/errors.csv")
    assert response.status_code == 200
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]  # it streams
    return list(csv.reader(content.decode("utf-8-sig").splitlines()))


def test_it_hands_back_the_rows_that_stayed_out_with_the_reason(cast: Cast):
    job = checked(cast.ana, uploaded(cast.ana, DEALS), **NAMED)
    header, row = error_rows(cast.ana, job)
    assert header == [*job.columns, "Why it stayed out"]
    assert row[:6] == ["Belt", "Norte SA", "Carl Meier", "10", "New", ""]
    assert "out of your reach" in row[6]


def test_it_lets_no_cell_of_the_error_file_become_a_formula(cast: Cast):
    text = 'Deal,Owner,Value\n=1+1,Nobody,-5\n" @x",Nobody,"-1,5"\n＝cmd,Nobody,1\n'
    job = checked(cast.ana, uploaded(cast.ana, text), name="Deal", owner="Owner")
    rows = error_rows(cast.ana, job)[1:]
    assert [row[0] for row in rows] == ["'=1+1", "' @x", "'＝cmd"]
    assert [row[2] for row in rows] == ["-5", "'-1,5", "1"]


def test_it_takes_the_error_file_back_once_it_is_put_right(cast: Cast):
    text = "Deal,Owner\nPump,Ana Ruiz\n=Belt,Nobody\nRope,Nobody\n"
    loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, text), name="Deal", owner="Owner"))
    job = ImportJob.objects.latest("pk")
    rows = error_rows(cast.ana, job)
    for row in rows[1:]:
        row[1] = "Ben Okoro"
    rows[2][1] = "Still nobody"
    again = uploaded(cast.ana, "\n".join(",".join(f'"{c}"' for c in row) for row in rows))
    assert "looks like the last one" in page(cast.ana, again)
    loaded(cast.ana, checked(cast.ana, again, name="Deal", owner="Owner"))
    assert set(Deal.objects.values_list("name", "owner__name")) == {
        ("Pump", "Ana Ruiz"),
        ("=Belt", "Ben Okoro"),
    }
    # The reasons of last time do not pile up.
    assert error_rows(cast.ana, again)[0] == ["Deal", "Owner", "Why it stayed out"]


def test_it_hands_back_rows_that_are_not_even_rows(cast: Cast):
    job = checked(
        cast.ana, uploaded(cast.ana, "Deal,Value,X\nPump\nBelt,1,2,3\nRope,3,\n"), name="Deal"
    )
    assert [row[:-1] for row in error_rows(cast.ana, job)[1:]] == [
        ["Pump", "", ""],
        ["Belt", "1", "2", "3"],
    ]


def test_it_pages_through_the_rows_that_stay_out(cast: Cast):
    text = "Deal,Owner\n" + "".join(f"d{n},Nobody\n" for n in range(120))
    job = checked(cast.ana, uploaded(cast.ana, text), name="Deal", owner="Owner")
    first = page(cast.ana, job)
    assert first.count('<th scope="row" class="num" ') == 50
    assert "?after=51" in first
    last = page(cast.ana, job, "?after=101")
    assert last.count('<th scope="row" class="num" ') == 20
    assert page(cast.ana, job, "?after=x").count('<th scope="row" class="num" ') == 50


# Pieces --------------------------------------------------------------------------------------------


def test_it_loads_by_pieces_what_one_load_would_bring_in(cast: Cast, monkeypatch):
    make_deal(by=cast.ana, name="Before", company="Norte SA")
    text = "Deal,Company,Person,Mail\n" + "".join(
        f"Deal {n % 9},Company {n % 4},Person {n % 5},p{n % 5}@x.test\n" for n in range(40)
    )
    named = {"name": "Deal", "company": "Company", "contact": "Person", "email": "Mail"}
    monkeypatch.setattr(work, "PIECE", 7)
    job = checked(cast.ana, uploaded(cast.ana, text), **named)
    browser(cast.ana).post(f"/imports/{job.pk}/load/")
    seen = []
    while job.state != "done":
        worked(job, most=1)
        seen.append(job.done)
    assert seen == [7, 14, 21, 28, 35, 40]
    assert job.counts["new"] == job.rows == 40
    assert Deal.objects.count() == 41
    assert (Company.objects.count(), Contact.objects.count()) == (5, 5)
    again = checked(cast.ana, uploaded(cast.ana, text), **named)
    assert (again.counts["new"], again.counts["known"]) == (0, 40)


def counted(table: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
        return float(cursor.fetchone()[0])


def test_it_tells_the_planner_what_came_in_after_tables_were_counted_empty(cast: Cast):
    # As the server does by itself while a person reads what the check of a first file has found.
    text = "Deal,Company,Person,Mail\n" + "".join(
        f"Deal {n},Company {n},Person {n},p{n}@x.test\n" for n in range(40)
    )
    named = {"name": "Deal", "company": "Company", "contact": "Person", "email": "Mail"}
    job = checked(cast.ana, uploaded(cast.ana, text), **named)
    tables = ["crm_company", "crm_contact", "crm_contactpoint", "crm_deal", "crm_importedrow"]
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}")
    assert counted("crm_contact") == 0
    loaded(cast.ana, job)
    assert {table: counted(table) for table in tables} == dict.fromkeys(tables, 40)


def test_it_keeps_signs_that_the_database_reads_as_its_own(cast: Cast):
    odd = r'ask "Bo", {then} NULL'
    text = 'Name,Phone,Phone 2\nBo,"' + odd.replace('"', '""') + '",null\n'
    job = uploaded(cast.ana, text, kind="contacts")
    columns(cast.ana, job, name="Name", phone="Phone", phone_2="Phone 2")
    job = loaded(cast.ana, worked(job))
    typed = ContactPoint.objects.filter(contact__name="Bo").values_list("typed", flat=True)
    assert list(typed) == [odd]


def test_it_refuses_the_second_of_one_id_in_another_piece(cast: Cast, monkeypatch):
    monkeypatch.setattr(work, "PIECE", 2)
    text = "No,Deal\n1,a\n2,b\n3,c\n1,a\n2,x\n"
    job = loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, text), id="No", name="Deal"))
    assert (job.counts["new"], job.counts["refused"]) == (3, 2)
    assert [fault.line for fault in job.faults.order_by("line")] == [5, 6]


def test_it_brings_in_companies_that_belong_to_later_ones(cast: Cast, monkeypatch):
    monkeypatch.setattr(work, "PIECE", 1)
    text = "Company,Parent\nNorte,Grupo\nGrupo,\n"
    job = uploaded(cast.ana, text, kind="companies")
    loaded(cast.ana, checked(cast.ana, job, name="Company", parent="Parent"))
    assert str(Company.objects.get(name="Norte").parent) == "Grupo"


def gone(*_arguments: object) -> None:
    raise OSError("no disk")


def test_it_goes_on_after_a_piece_that_failed(cast: Cast, monkeypatch):
    monkeypatch.setattr(work, "PIECE", 1)
    job = checked(cast.ana, uploaded(cast.ana, DEALS), **NAMED)
    browser(cast.ana).post(f"/imports/{job.pk}/load/")
    worked(job, most=1)
    with monkeypatch.context() as broken:
        broken.setattr(work, "_write_faults", gone)
        for _ in range(work.MOST_ATTEMPTS):
            with pytest.raises(OSError, match="no disk"):
                work.step(job.pk, at=timezone.now())
    assert Deal.objects.count() == 1
    assert worked(job).state == "stuck"
    assert "Continue" in page(cast.ana, job)
    loaded(cast.ana, job)
    assert (job.state, job.counts["new"], job.counts["refused"]) == ("done", 2, 1)


def test_it_says_which_new_companies_differ_from_ours_only_by_their_form(cast: Cast):
    ours = make_company(by=cast.ana, name="Müller AG")
    text = "Deal,Account,Phase\na,Mueller Ges.m.b.H.,New\nb,müller ag,New\nc,Sur SA,New\n"
    job = checked(cast.ana, uploaded(cast.ana, text), name="Deal", company="Account", stage="Phase")
    assert job.counts["alike"] == [["Mueller Ges.m.b.H.", ours.pk, "Müller AG"]]
    assert f'<a href="/companies/{ours.pk}/"><bdi>Müller AG</bdi></a>' in page(cast.ana, job)
    loaded(cast.ana, job)
    named = dict(Deal.objects.values_list("name", "company__name"))
    assert named == {"a": "Mueller Ges.m.b.H.", "b": "Müller AG", "c": "Sur SA"}


def test_one_column_may_say_several_things(cast: Cast):
    """The number and the name of a deal, and who it is with."""
    job = checked(
        cast.ana, uploaded(cast.ana, "Deal\nNorte 7\n"), id="Deal", name="Deal", company="Deal"
    )
    loaded(cast.ana, job)
    deal = Deal.objects.get()
    assert (deal.name, str(deal.company)) == ("Norte 7", "Norte 7")
    again = checked(cast.ana, uploaded(cast.ana, "Deal\nNorte 7\n"), id="Deal", name="Deal")
    assert again.counts["new"] == 0


def test_what_stands_between_cells_can_be_said(cast: Cast):
    """A file of one column that has a comma in each cell is no file of two."""
    job = uploaded(cast.ana, "Deal, big\nPump, new\nBelt, old\n")
    assert job.columns == ["Deal", "big"]
    browser(cast.ana).post(f"/imports/{job.pk}/columns/", {"above": "0", "delimiter": "|"})
    job.refresh_from_db()
    assert (job.delimiter, job.columns) == ("|", ["Deal, big"])
