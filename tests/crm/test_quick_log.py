"""The quick log: one line from anywhere, understood within one's reach, and saved only where it is sure."""

import datetime as dt
import html
import json
import re

import pytest

from crm.commands import activity as commands
from crm.commands.writers.activity import About, Next
from crm.models import Activity, ActivityKind, Contact, Deal
from pipeline.process.stages import Stage
from tests.factories import NOW, make_company, make_contact, make_deal

HX = {"HX-Request": "true"}


@pytest.fixture
def world(cast):
    """Norte, with Anna, and two deals of Ana's; a third one is Carl's, out of her reach."""
    norte = make_company(by=cast.ana, name="Norte Aceites")
    anna = make_contact(by=cast.ana, name="Anna Reiter", company=norte)
    line, link = (
        make_deal(by=cast.ana, name=name, company=norte, contact=anna, stage=Stage.PROSPECTING)
        for name in ("Ponda 400 for line 3", "Linelink for both halls")
    )
    make_deal(by=cast.carl, name="Carls own", company=norte, contact=anna)
    return {"norte": norte, "anna": anna, "line": line, "link": link}


@pytest.fixture
def ana(client, cast):
    client.force_login(cast.ana)
    return client


def read(client, line="", **more) -> str:
    response = client.get("/log/understand/", {"line": line, **more}, headers=HX)
    assert response.status_code == 200
    page: str = response.content.decode()
    return page


def chips(page: str) -> dict[str, tuple[str, str]]:
    """By field: its state, and what it says."""
    found = re.findall(
        r'<div class="understands (\w+)">.*?data-field="(\w+)">.*?<bdi class="clip">(.*?)</bdi>',
        page,
        re.DOTALL,
    )
    return {field: (state, text) for state, field, text in found}


def marked(page: str) -> list[tuple[str, str, str]]:
    """The words that are underlined: for what, as what, and how they stand in the line."""
    found = re.findall(r'<u class="(\w+)" data-of="(\w+)">(.*?)</u>', page)
    return [(field, state, html.unescape(words)) for state, field, words in found]


def save(client, line, **said):
    return client.post("/log/", {"line": line, **said}, headers=HX)


def test_a_line_is_shown_as_it_is_understood_and_what_is_unsure_asks(ana, world):
    found = chips(read(ana, "anna norte reached wants pricing > offer fri"))
    assert found == {
        "kind": ("assumed", "Call"),
        "who": ("said", "Anna Reiter · Norte Aceites"),
        "deal": ("choose", "Which of 2 deals?"),
        "result": ("said", "Reached"),
        "body": ("words", "wants pricing"),
        "next": ("said", "E-mail: offer · Fri 13 Mar"),
    }


def test_only_what_is_in_reach_is_offered(ana, world):
    page = read(ana, "anna norte reached")
    assert set(re.findall(r'data-take="deal" value="(\d+)"', page)) == {
        str(world["line"].pk),
        str(world["link"].pk),
    }
    assert "Carls own" not in page
    stolen = Deal.objects.get(name="Carls own")
    said = {"fixed": "deal", "deal": str(stolen.pk)}
    assert save(ana, "norte reached", **said).status_code == 422
    assert not Activity.objects.done().filter(deal=stolen).exists()


def test_with_something_unsure_nothing_is_saved_and_the_cursor_goes_there(ana, world):
    before = Activity.objects.count()
    response = save(ana, "anna norte reached wants pricing")
    assert response.status_code == 422
    page = response.content.decode()
    assert re.search(r'data-take="deal" value="\d+" autofocus', page)
    assert "wants pricing" in page
    assert Activity.objects.count() == before


def test_once_it_is_sure_it_is_logged_and_planned_and_what_was_planned_is_done(ana, world, cast):
    deal = world["line"]
    plan = commands.plan(
        About(deal=deal, contact=world["anna"]),
        next=Next(kind=ActivityKind.CALL, due_on=NOW.date()),
        by=cast.ana,
        at=NOW,
    )
    page = read(ana, "anna norte reached", fixed="deal", deal=deal.pk)
    assert "Also done: Call with Anna Reiter" in page
    assert "Does a step:" in page
    line = "anna norte reached wants pricing > offer fri"
    response = save(ana, line, fixed="deal", deal=deal.pk)
    assert response.status_code == 200
    events = json.loads(response["HX-Trigger"])
    assert events["toast"]["text"].startswith("Logged. Step done: ")
    assert events["toast"]["undo"]["href"] == f"/deals/{deal.pk}/undo/"
    plan.refresh_from_db()
    assert (plan.result, plan.body, plan.contact) == ("reached", "wants pricing", world["anna"])
    following = Activity.objects.planned().get(deal=deal)
    assert (following.kind, following.subject) == (ActivityKind.EMAIL, "offer")
    assert following.due_on == dt.date(2026, 3, 13)
    # All of it is one act, taken back as one.
    ana.post(f"/deals/{deal.pk}/undo/", events["toast"]["undo"]["values"])
    assert Activity.objects.planned().get(deal=deal) == plan


def test_where_it_is_opened_is_the_deal_until_the_line_names_another(ana, world):
    here = {"at_deal": world["link"].pk}
    found = chips(read(ana, "no answer", **here))
    assert found["deal"] == ("assumed", "Linelink for both halls")
    assert found["result"] == ("said", "No answer")
    assert chips(read(ana, "ponda reached", **here))["deal"][1] == "Ponda 400 for line 3"


def test_what_is_put_right_in_the_form_wins_over_the_line(ana, world):
    page = read(
        ana, "anna norte reached", fixed="kind,result,deal", kind="meeting", result="", deal=""
    )
    found = chips(page)
    assert (found["kind"], found["result"]) == (("said", "Meeting"), ("assumed", "No outcome"))
    assert found["deal"] == ("assumed", "No deal")


def test_a_day_that_lies_behind_is_no_what_is_next(ana, world):
    past = {"fixed": "next", "next": "on", "next_on": "2026-03-02", "next_kind": "call"}
    found = chips(read(ana, "ponda reached", **past))
    assert found["next"] == ("choose", "When?")


def test_without_a_deal_it_is_a_touch(ana, world):
    response = save(ana, "norte reached asked after the trial", fixed="deal", deal="")
    assert response.status_code == 200
    touch = Activity.objects.done().get(body="asked after the trial")
    assert (touch.deal, touch.company) == (None, world["norte"])
    events = json.loads(response["HX-Trigger"])
    assert "party-changed" in events
    undo = events["toast"]["undo"]
    assert ana.post(undo["href"], undo["values"], headers=HX).status_code == 200
    assert not Activity.objects.filter(pk=touch.pk).exists()


def test_a_meeting_that_was_set_asks_for_its_day(ana, world):
    deal = {"at_deal": world["line"].pk}
    assert chips(read(ana, "meeting set", **deal))["next"][0] == "choose"
    assert save(ana, "meeting set", **deal).status_code == 422
    assert save(ana, "meeting set > meeting 20.3. 10:00", **deal).status_code == 200
    plan = Activity.objects.planned().get(deal=world["line"])
    assert plan.kind == ActivityKind.MEETING
    assert plan.due_at == dt.datetime(2026, 3, 20, 9, 0, tzinfo=dt.UTC)


def test_without_a_script_it_is_a_page_whose_form_is_what_is_saved(ana, world):
    deal = world["line"]
    shown = ana.get(
        "/log/", {"line": "anna reached", "at_deal": deal.pk, "fixed": "deal", "deal": deal.pk}
    )
    page = shown.content.decode()
    assert "<h1" in page
    # Each chip leads to the field that says the same.
    leads = re.findall(r'<a class="chip-i \w+" href="#([\w-]+)"', page)
    assert len(leads) == len(chips(page)) >= 4
    assert [name for name in leads if page.count(f'id="{name}"') != 1] == []
    # A line that was typed there comes back as it is understood, before it is saved.
    unread = {"line": "anna reached", "read": "", "deal": deal.pk, "fixed": "deal"}
    assert 'value="anna reached"' in ana.post("/log/", unread).content.decode()
    assert not Activity.objects.done().filter(deal=deal, result="reached", body="").exists()
    assert 'name="read" value="anna reached"' in page
    said = {
        "read": "anna reached",
        "kind": "email",
        "result": "reached",
        "body": "By mail, after all.",
    }
    who = f"contact:{world['anna'].pk}"
    sent = {**said, "line": "anna reached", "deal": deal.pk, "who": who, "next": ""}
    assert ana.post("/log/", sent).status_code == 302
    done = Activity.objects.done().get(body="By mail, after all.")
    assert (done.kind, done.contact) == (ActivityKind.EMAIL, world["anna"])


def test_a_gate_asks_in_the_sheet_and_what_was_written_is_kept(ana, cast):
    deal = make_deal(by=cast.ana, stage=Stage.NEEDS_ANALYSIS)
    response = save(ana, "moved forward she agreed", at_deal=deal.pk)
    assert (response.status_code, response["HX-Retarget"]) == (422, "#sheet")
    page = response.content.decode()
    assert '<input type="hidden" name="line" value="moved forward she agreed">' in page
    assert f'name="at_deal" value="{deal.pk}"' in page
    assert not Activity.objects.done().filter(body="she agreed").exists()


def test_log_and_move_does_both(ana, world):
    deal = world["line"]
    response = save(ana, "reached she agreed", at_deal=deal.pk, move="1")
    assert "Moved to Qualification" in json.loads(response["HX-Trigger"])["toast"]["text"]
    deal.refresh_from_db()
    assert deal.stage == Stage.QUALIFICATION
    assert Activity.objects.done().get(body="she agreed").result == "moved_forward"


def test_understanding_costs_few_queries(ana, world, django_assert_max_num_queries):
    read(ana, "anna norte reached")
    with django_assert_max_num_queries(17):
        read(ana, "anna norte reached wants pricing > offer fri")


def test_a_pasted_signature_becomes_a_lead_once_it_was_looked_at(ana, world):
    text = "Best regards\nAnna Reiter\nHead of Purchasing\nNorte Aceites GmbH\n+43 1 234 5678\n0664 1234567\nanna@norte.example"
    before = Contact.objects.count()
    response = ana.post("/deals/new/read/", {"pasted": text}, headers=HX)
    page = response.content.decode()
    assert 'value="Anna Reiter"' in page
    assert "nothing is saved yet" in page
    # Norte is on record but for its form, and Anna by her name: both are offered.
    assert f'name="company" value="{world["norte"].pk}"' in page
    assert f'name="contact" value="{world["anna"].pk}"' in page
    assert Contact.objects.count() == before
    said = {
        "person": "Anna Reiter-Neu",
        "company": world["norte"].pk,
        "email": "anna@norte.example",
        "phone": "+43 1 234 5678",
        "other_phone": "0664 1234567",
        "job_title": "Head of Purchasing",
    }
    assert ana.post("/deals/new/", said, headers=HX).status_code == 200
    made = Contact.objects.get(name="Anna Reiter-Neu")
    assert (made.job_title, made.points.count()) == ("Head of Purchasing", 3)


def test_the_words_of_the_line_are_underlined_as_what_they_are_taken_for(ana, world):
    line = "anna norte reached R&D wants pricing > offer fri"
    page = read(ana, line)
    assert marked(page) == [
        ("who", "said", "anna norte"),
        ("result", "said", "reached"),
        ("next", "said", "> offer fri"),
    ]
    # Nothing of the line is lost or added: it lies under what is typed.
    (laid,) = re.findall(r'class="quick-marks" hidden>(.*?)</span>\n<div', page, re.DOTALL)
    assert html.unescape(re.sub("<[^>]+>", "", laid)) == line
    assert ("deal", "said", "ponda") in marked(read(ana, "ponda mailed"))
    # What was put right by hand is not said by the line.
    fixed = marked(read(ana, line, fixed="result", result="no_answer"))
    assert [field for field, *_more in fixed] == ["who", "next"]


@pytest.mark.parametrize("words", ["no deal", "ohne Deal"])
def test_that_it_belongs_to_no_deal_can_be_said(ana, world, words):
    line = f"norte mail {words} sent the price list"
    page = read(ana, line)
    assert chips(page)["deal"] == ("said", "No deal")
    assert ("deal", "said", words) in marked(page)

    assert save(ana, line).status_code == 200

    touch = Activity.objects.done().get(body="sent the price list")
    assert (touch.kind, touch.deal, touch.company) == ("email", None, world["norte"])
    # It is offered, too, where one is to be chosen; and said of nobody it is not enough.
    assert 'data-take="deal" value=""' in read(ana, "anna reached")
    assert save(ana, f"reached {words}").status_code == 422
    assert chips(read(ana, f"norte {words}", at_deal=world["line"].pk))["deal"][1] == "No deal"


MAIL = """From: Anna Reiter <Anna@Norte.example>
To: Ana Ruiz <ana@brunnmark.example>
Subject: AW: Prices

Dear Ms Ruiz,
what would 400 cost?

Best regards
Anna Reiter

Von: Ana Ruiz <ana@brunnmark.example>
Betreff: Prices
"""


def paste(client, text: str, **more) -> str:
    said = {"pasted": text, "log": "1", **more}
    response = client.post("/deals/new/read/", said, headers=HX)
    assert response.status_code == 200
    page: str = response.content.decode()
    return page


def test_a_pasted_mail_of_somebody_on_record_becomes_a_log(ana, world, cast):
    anna, link = world["anna"], world["link"]
    anna.points.create(kind="email", value="anna@norte.example", typed="Anna@Norte.example")
    page = paste(ana, MAIL)
    found = chips(page)
    assert found["kind"] == ("said", "E-mail")
    assert found["who"] == ("said", "Anna Reiter · Norte Aceites")
    assert found["deal"] == ("choose", "Which of 2 deals?")
    (body,) = re.findall(r'id="quick-body"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert body.startswith("Prices\nDear Ms Ruiz,\nwhat would 400 cost?")
    assert "Betreff" not in body
    # Where it is pasted is the deal, if it is one of hers; what one wrote oneself is with whom it went to.
    assert chips(paste(ana, MAIL, at_deal=link.pk))["deal"] == ("assumed", link.name)
    own = f"From: {cast.ana.email}\nTo: anna@norte.example\nSubject: Hi\n\nAs agreed.\n"
    assert chips(paste(ana, own))["who"][1].startswith("Anna Reiter")
    web = "Dear Ana,\nyes, please.\n\nKind regards\nAnna Reiter\nanna@norte.example"
    assert chips(paste(ana, web))["who"][1].startswith("Anna Reiter")

    said = {"line": "", "read": "", "fixed": "kind,who,body", "kind": "email", "body": body}
    who = f"contact:{anna.pk}"
    assert ana.post("/log/", {**said, "who": who, "deal": "?"}, headers=HX).status_code == 422
    assert ana.post("/log/", {**said, "who": who, "deal": ""}, headers=HX).status_code == 200
    touch = Activity.objects.done().get(kind="email")
    assert (touch.deal, touch.contact) == (None, anna)


@pytest.mark.parametrize("by", ["nobody on record", "two on record", "a signature alone"])
def test_a_pasted_mail_that_is_nobodys_on_record_may_be_a_lead(ana, world, cast, by):
    people = [world["anna"], make_contact(by=cast.ana, name="Office")]
    for person in {"nobody on record": [], "two on record": people}.get(by, people[:1]):
        person.points.create(kind="email", value="anna@norte.example", typed="anna@norte.example")
    signature = "Best regards\nAnna Reiter\nNorte Aceites GmbH\nanna@norte.example"
    page = paste(ana, signature if by == "a signature alone" else MAIL)
    assert 'id="quick-line"' not in page
    assert 'value="Anna Reiter"' in page
