"""The process pages: read by everybody, changed by those who own a level."""

import re
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pipeline.models import Collision, Layer, Version
from pipeline.models import Step as StepRow
from pipeline.process import commands
from pipeline.process.playbook import Importance
from pipeline.process.stages import Stage
from tests.factories import NOW, ago

NEEDS = Stage.NEEDS_ANALYSIS
HTMX = {"HX-Request": "true"}


@pytest.fixture
def signed_in(client, cast):
    def _signed_in(name):
        client.force_login(getattr(cast, name))
        return client

    return _signed_in


def layer_of(owner, by):
    return commands.layer_of(owner, by=by, at=NOW)


def add(owner, *, by, label, stage=NEEDS, **said):
    layer = layer_of(owner, by)
    facts: Any = {"label": label, "gives_you": "less trouble", "gives_managers": "a view", **said}
    return commands.add_step(layer, stage=stage, said=facts, by=by, at=NOW)


def publish(owner, *, by, note=""):
    return commands.publish(layer_of(owner, by), note=note, by=by, at=NOW)


def path(owner="mine", rest="", stage=NEEDS):
    of = owner if owner == "mine" else owner.pk
    return f"/process/{of}/{rest}" if rest else f"/process/{of}/?stage={stage.value}"


def step_path(owner, key, verb, stage=NEEDS):
    return path(owner, f"{stage.value}/{key}/{verb}/")


def body_of(**changed):
    return {
        "label": "Ask the price range",
        "kind": "check",
        "importance": "2",
        "gives_you": "No surprise later",
        "applies": "always",
        **changed,
    }


def keys(owner, stage=NEEDS):
    rows = StepRow.objects.filter(layer__team=owner, stage=stage)
    return set(rows.values_list("key", flat=True))


def a_key(cast, stage=NEEDS, **facts):
    """A step of the framework as it was shipped."""
    return StepRow.objects.filter(layer__team=cast.root, stage=stage, **facts)[0].key


# Reading -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["adele", "rosa", "mona", "ana", "carl"])
def test_it_shows_everybody_the_layers_of_every_team(signed_in, cast, name):
    add(cast.north, by=cast.mona, label="Ask the price range")
    publish(cast.north, by=cast.mona)
    for owner in (cast.root, cast.north, cast.south, "mine"):
        page = signed_in(name).get(path(owner))
        assert page.status_code == 200
    page = signed_in(name).get(path(cast.north)).content.decode()
    assert "Ask the price range" in page


def test_it_opens_on_the_own_team(signed_in, cast):
    page = signed_in("ana").get("/process/").content.decode()
    current = re.findall(r'<a href="(/process/\d+/)[^"]*" aria-current="page"', page)
    assert current == [f"/process/{cast.north.pk}/"]


def test_it_marks_what_a_level_does_to_what_it_inherits(signed_in, cast):
    key = a_key(cast)
    add(cast.north, by=cast.mona, label="Ask the price range")
    commands.adapt_step(
        layer_of(cast.north, cast.mona),
        stage=NEEDS,
        key=key,
        said={"label": "In our words"},
        reason="They say it so",
        by=cast.mona,
        at=NOW,
    )
    page = signed_in("mona").get(path(cast.north)).content.decode()
    assert 'title="added">+' in page
    assert 'title="changed">~' in page
    assert "1 added" in page
    assert "1 changed" in page
    assert "Publish 2 changes" in page


def test_it_tells_why_a_step_is_there(signed_in, cast):
    add(cast.north, by=cast.mona, label="Ask the price range")
    publish(cast.north, by=cast.mona)
    page = signed_in("carl").get(path(cast.north) + "&step=ask-the-price-range").content.decode()
    panel = page.partition('id="panel"')[2]
    for words in ("less trouble", "a view", "Mona Reyes", "today"):
        assert words in panel


def test_it_shows_a_draft_only_to_those_who_make_it(signed_in, cast):
    add(cast.north, by=cast.mona, label="Secret draft")
    assert "Secret draft" in signed_in("mona").get(path(cast.north)).content.decode()
    assert "Secret draft" in signed_in("adele").get(path(cast.north)).content.decode()
    assert "Secret draft" not in signed_in("ana").get(path(cast.north)).content.decode()


def test_it_keeps_what_one_has_for_oneself_from_everybody_else(signed_in, cast):
    add(cast.ana, by=cast.ana, label="My private step")
    assert "My private step" in signed_in("ana").get(path()).content.decode()
    for name in ("adele", "mona", "ben"):
        person = f"/process/preview/?person={cast.ana.pk}"
        for address in (path(), path(cast.north), person, "/process/compare/"):
            assert "My private step" not in signed_in(name).get(address).content.decode()


def test_it_answers_htmx_with_the_part(signed_in, cast):
    answer = signed_in("ana").get(path(cast.north), headers=HTMX).content.decode()
    assert answer.lstrip().startswith('<div id="process"')


def test_it_costs_the_same_few_queries_however_many_steps(signed_in, cast):
    def queries(address):
        client = signed_in("mona")
        client.get(address)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            client.get(address)
        return len(caught)

    few = queries(path(cast.north))
    for n in range(12):
        add(cast.north, by=cast.mona, label=f"Step {n}")
    assert queries(path(cast.north)) == few
    assert few <= 16
    assert queries(path()) <= 17


@pytest.mark.parametrize("of", ["999999", "9" * 18])
def test_it_knows_no_team_that_is_not_there(signed_in, cast, of):
    assert signed_in("adele").get(f"/process/{of}/").status_code == 404


# Changing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "owner", "may"),
    [
        ("adele", "root", True),
        ("adele", "north", True),
        ("rosa", "root", False),
        ("rosa", "west", True),
        ("rosa", "north", True),
        ("mona", "west", False),
        ("mona", "north", True),
        ("mona", "south", False),
        ("ana", "north", False),
        ("ana", "root", False),
    ],
)
def test_it_lets_those_change_a_level_who_own_it(signed_in, cast, name, owner, may):
    owner = getattr(cast, owner)
    before = keys(owner)
    answer = signed_in(name).post(path(owner, "4/add/"), body_of())
    assert answer.status_code == (302 if may else 404)
    assert keys(owner) - before == ({"ask-the-price-range"} if may else set())
    page = signed_in(name).get(path(owner) + "&do=add").content.decode()
    assert ("id_gives_you" in page) == may
    assert ('id="add-step"' in page) == may


def test_it_puts_what_is_ones_own_in_force_at_once(signed_in, cast):
    answer = signed_in("ana").post(path("mine", "4/add/"), body_of(gives_you=""), headers=HTMX)
    assert answer.status_code == 200
    assert "Ask the price range" in answer.content.decode()
    assert StepRow.objects.get(layer__user=cast.ana).label == "Ask the price range"
    assert Version.objects.filter(layer__user=cast.ana).count() == 0


def test_it_asks_what_a_step_gives_to_those_who_do_it(signed_in, cast):
    answer = signed_in("mona").post(path(cast.north, "4/add/"), body_of(gives_you=""))
    assert answer.status_code == 422
    assert keys(cast.north) == set()
    assert 'id="id_gives_you_error"' in answer.content.decode()


def test_it_refuses_to_weaken_a_gate_at_the_field(signed_in, cast):
    add(cast.root, by=cast.adele, label="Must be", importance=Importance.GATE)
    publish(cast.root, by=cast.adele)
    sent = body_of(label="Must be", importance="1", reason="we are in a hurry")
    answer = signed_in("mona").post(step_path(cast.north, "must-be", "change"), sent)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "A gate cannot be weakened or hidden below." in page
    assert 'id="id_importance_error"' in page
    assert keys(cast.north) == set()


def test_it_offers_of_a_locked_step_only_what_may_be_said(signed_in, cast):
    add(cast.root, by=cast.adele, label="Stays", locked=True)
    publish(cast.root, by=cast.adele)
    page = signed_in("mona").get(path(cast.north) + "&step=stays&do=edit").content.decode()
    form = page.partition('class="in stack-3 stepform"')[2]
    assert 'name="importance"' in form
    assert 'name="label"' not in form


def test_it_asks_for_the_reason_of_an_override(signed_in, cast):
    add(cast.root, by=cast.adele, label="A hint", kind="hint", importance=Importance.HINT)
    publish(cast.root, by=cast.adele)
    answer = signed_in("mona").post(step_path(cast.north, "a-hint", "hide"), {"reason": ""})
    assert answer.status_code == 422
    assert 'id="id_reason_error"' in answer.content.decode()
    assert keys(cast.north) == set()


def test_it_hides_shows_and_takes_back(signed_in, cast):
    add(cast.root, by=cast.adele, label="A hint", kind="hint", importance=Importance.HINT)
    publish(cast.root, by=cast.adele)
    client = signed_in("mona")
    client.post(step_path(cast.north, "a-hint", "hide"), {"reason": "Not for pilots"})
    assert StepRow.objects.get(layer__team=cast.north).hidden
    page = client.get(path(cast.north)).content.decode()
    assert "Not for pilots" in page
    client.post(step_path(cast.north, "a-hint", "show"), {})
    assert not StepRow.objects.filter(layer__team=cast.north, hidden=True)
    client.post(step_path(cast.north, "a-hint", "hide"), {"reason": "Not for pilots"})
    client.post(step_path(cast.north, "a-hint", "take-back"), {})
    assert keys(cast.north) == set()


@pytest.mark.parametrize(
    ("sent", "order"),
    [
        ({"way": "up"}, ["a", "c", "b"]),
        ({"first": "on"}, ["c", "a", "b"]),
        ({"after": "a"}, ["a", "c", "b"]),
        ({"way": "down"}, ["a", "b", "c"]),
    ],
)
def test_it_moves_a_step_inside_its_stage(signed_in, cast, sent, order):
    for label in ("a", "b", "c"):
        add(cast.ana, by=cast.ana, label=label)
    signed_in("ana").post(step_path("mine", "c", "move"), sent)
    rows = StepRow.objects.filter(layer__user=cast.ana, adds=True).order_by("position")
    assert list(rows.values_list("key", flat=True)) == order


def test_it_tells_the_second_of_two_editors(signed_in, cast):
    add(cast.north, by=cast.mona, label="First")
    seen = Layer.objects.get(team=cast.north).revision
    add(cast.north, by=cast.rosa, label="Hers")
    answer = signed_in("mona").post(path(cast.north, "4/add/"), body_of(seen=seen))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Rosa Lang changed this meanwhile" in page
    assert "Hers" in page
    assert 'value="Ask the price range"' in page
    again = re.findall(r'name="seen" value="(\d+)"[^>]*id="id_seen"', page)[0]
    answer = signed_in("mona").post(path(cast.north, "4/add/"), body_of(seen=again))
    assert answer.status_code == 302
    assert keys(cast.north) == {"first", "hers", "ask-the-price-range"}


def test_it_names_a_stage_and_its_usual_days(signed_in, cast):
    client = signed_in("mona")
    answer = client.post(path(cast.north, "4/"), {"label": "Discovery", "norm_days": "12"})
    assert answer.status_code == 302
    page = client.get(path(cast.north)).content.decode()
    assert "Discovery" in page
    assert "norm 12 d" in page


def test_it_sets_how_much_an_advisory_gate_asks_on_the_framework_alone(signed_in, cast):
    sent = {"gate": "G5", "strength": "warn"}
    assert signed_in("adele").post(path(cast.root, "strength/"), sent).status_code == 302
    assert Layer.objects.get(team=cast.root).strengths["G5"] == "warn"
    assert signed_in("mona").post(path(cast.north, "strength/"), sent).status_code == 404


# History, comparison, preview --------------------------------------------------------------------


def test_it_tells_what_differs_between_versions_and_brings_one_back(signed_in, cast):
    add(cast.north, by=cast.mona, label="One")
    publish(cast.north, by=cast.mona, note="The first")
    add(cast.north, by=cast.mona, label="Two")
    publish(cast.north, by=cast.mona)
    client = signed_in("mona")
    page = client.get(path(cast.north, "history/?from=1&to=2")).content.decode()
    told = page.partition('id="diff-title"')[2].partition('id="versions-title"')[0]
    assert "Two" in told
    assert "One" not in told
    assert "The first" in page
    assert client.post(path(cast.north, "history/1/restore/")).status_code == 302
    assert keys(cast.north) == {"one"}
    assert client.post(path(cast.north, "discard/")).status_code == 302
    assert keys(cast.north) == {"one", "two"}
    assert signed_in("ana").post(path(cast.north, "history/1/restore/")).status_code == 404


def test_it_compares_a_team_with_the_framework_and_with_another(signed_in, cast):
    add(cast.north, by=cast.mona, label="Only in the north")
    publish(cast.north, by=cast.mona)
    add(cast.south, by=cast.nora, label="Only in the south")
    publish(cast.south, by=cast.nora)
    page = signed_in("carl").get(f"/process/compare/?b={cast.north.pk}&c={cast.south.pk}")
    text = page.content.decode()
    assert "Only in the north" in text
    assert "Only in the south" in text
    total = sum(1 for _ in StepRow.objects.filter(layer__team=cast.root)) + 1
    assert f"North differs in 1 of {total} steps" in text


def test_it_previews_a_person_of_ones_reach(signed_in, cast):
    add(cast.south, by=cast.nora, label="Only in the south")
    publish(cast.south, by=cast.nora)
    page = signed_in("nora").get(f"/process/preview/?person={cast.carl.pk}").content.decode()
    assert "Only in the south" in page
    assert "Preview" in page
    assert signed_in("nora").get(f"/process/preview/?person={cast.ana.pk}").status_code == 404


# Collisions --------------------------------------------------------------------------------------


def collide(cast):
    """The framework rewords a step that the north has reworded itself."""
    key = add(cast.root, by=cast.adele, label="As the house says").key
    publish(cast.root, by=cast.adele)
    for owner, by, label in (
        (cast.north, cast.mona, "As the north says"),
        (cast.root, cast.adele, "As the house says now"),
    ):
        commands.adapt_step(
            layer_of(owner, by),
            stage=NEEDS,
            key=key,
            said={"label": label},
            reason="because",
            by=by,
            at=NOW,
        )
        publish(owner, by=by)
    return key


@pytest.mark.parametrize(("choice", "left"), [("keep", 1), ("take", 0)])
def test_it_lets_the_owner_of_a_team_decide(signed_in, cast, choice, left):
    key = collide(cast)
    client = signed_in("mona")
    page = client.get("/process/collisions/").content.decode()
    for words in ("As the house says", "As the house says now", "As the north says"):
        assert words in page
    assert ">1<" in client.get("/process/notes/waiting/").content.decode()
    (pk,) = re.findall(r"/process/collisions/(\d+)/", page)
    assert (
        signed_in("nora").post(f"/process/collisions/{pk}/", {"choice": choice}).status_code == 404
    )
    assert signed_in("nora").get("/process/notes/waiting/").content.decode().strip() == ""
    signed_in("mona").post(f"/process/collisions/{pk}/", {"choice": choice})
    rows = StepRow.objects.filter(layer__team=cast.north, key=key)
    assert rows.count() == left
    assert "Nothing to decide" in client.get("/process/collisions/").content.decode()


def test_it_names_the_team_of_which_an_admin_decides(signed_in, cast):
    collide(cast)
    client = signed_in("adele")
    told = client.get(path(cast.south)).content.decode()
    assert "differences of yours" not in told
    assert re.search(r"To decide:\s*North <b", told)
    page = client.get("/process/collisions/").content.decode()
    assert "Keep that of North" in page
    (pk,) = re.findall(r"/process/collisions/(\d+)/", page)
    answer = client.post(f"/process/collisions/{pk}/", {"choice": "keep"}, follow=True)
    assert "North keeps its own." in answer.content.decode()


def many_collisions(cast, number):
    """So many that wait, three of each moment, so that the id decides between them."""
    layer = Layer.objects.get(team=cast.north)
    Collision.objects.all().delete()
    return [
        Collision.objects.create(
            layer=layer,
            version=layer.versions.latest("number"),
            stage=NEEDS,
            key=f"s-{n}",
            at=ago(hours=-n // 3),
        ).pk
        for n in range(number)
    ]


def test_it_pages_what_is_to_decide_from_either_end(signed_in, cast):
    collide(cast)
    pks = many_collisions(cast, 45)
    client = signed_in("mona")

    def at(address):
        page = client.get(address).content.decode()
        shown = [int(pk) for pk in re.findall(r"/process/collisions/(\d+)/", page)]
        ways = dict(re.findall(r'rel="(prev|next)" href="([^"]+)"', page))
        return shown, {way: f"/process/collisions/{href}" for way, href in ways.items()}

    first, ways = at("/process/collisions/")
    assert (first, list(ways)) == (pks[:20], ["next"])
    second, ways = at(ways["next"])
    assert (second, list(ways)) == (pks[20:40], ["prev", "next"])
    back, _ways = at(ways["prev"])
    assert back == first
    third, ways = at(ways["next"])
    assert (third, list(ways)) == (pks[40:], ["prev"])
    assert at(ways["prev"])[0] == second
    instant = "2026-01-01T00:00:00"
    for nonsense in (
        "x",
        f'["{instant}",1]',
        f'["{instant}+00:00",{"9" * 30}]',
        f'["{instant}+23:00",1]',
    ):
        address = f"/process/collisions/?after={quote(nonsense)}"
        assert client.get(address).status_code == 400
        sent = {"choice": "keep", "after": nonsense}
        assert client.post(f"/process/collisions/{pks[0]}/", sent).status_code == 400
    assert at("/process/collisions/")[0] == first  # and nothing was decided


def test_it_stays_on_the_page_on_which_something_was_decided(signed_in, cast):
    collide(cast)
    pks = many_collisions(cast, 21)
    client = signed_in("mona")
    page = client.get("/process/collisions/").content.decode()
    (href,) = re.findall(r'rel="next" href="([^"]+)"', page)
    page = client.get(f"/process/collisions/{href}").content.decode()
    (after,) = re.findall(r'name="after" value="([^"]+)"', page)
    sent = {"choice": "take", "after": unescape(after)}
    answer = client.post(f"/process/collisions/{pks[20]}/", sent)
    assert answer["Location"].startswith("/process/collisions/?after=")
    # Nothing is left there: the list begins anew.
    page = client.get(answer["Location"]).content.decode()
    assert len(re.findall(r"/process/collisions/(\d+)/", page)) == 20


# One name for two steps --------------------------------------------------------------------------


@pytest.mark.parametrize("from_above", [True, False])
def test_it_asks_before_a_name_is_given_twice_on_a_path(signed_in, cast, from_above):
    first, later = (cast.root, cast.north) if from_above else (cast.north, cast.root)
    people = {cast.root.pk: "adele", cast.north.pk: "mona"}
    add(first, by=getattr(cast, people[first.pk]), label="Ask the price range")
    if from_above:
        publish(first, by=cast.adele)
    client, sent = signed_in(people[later.pk]), body_of(label="ask the PRICE range")
    before = keys(later)
    answer = client.post(path(later, "4/add/"), sent)
    assert answer.status_code == 422
    told = answer.content.decode()
    who = "Framework" if from_above else "North"
    assert f"{who} has a step “ask the PRICE range” in this stage already" in told
    assert keys(later) == before
    # Another name was not told of, and is asked about in its turn.
    sent["told"] = "another name"
    assert client.post(path(later, "4/add/"), sent).status_code == 422
    (sent["told"],) = re.findall(r'name="told" value="([^"]+)"', told)
    assert client.post(path(later, "4/add/"), sent).status_code == 302
    assert keys(later) - before == {"ask-the-price-range-2"}


def test_it_asks_nobody_about_the_name_of_a_step_beside_or_of_ones_own(signed_in, cast):
    add(cast.south, by=cast.nora, label="Ask the price range")
    add(cast.ana, by=cast.ana, label="Ask the price range")
    answer = signed_in("mona").post(path(cast.north, "4/add/"), body_of())
    assert answer.status_code == 302
    assert keys(cast.north) == {"ask-the-price-range-3"}


# Two who do not see each other ------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["discard/", "history/1/restore/"])
def test_it_gives_up_no_draft_that_somebody_changed_unseen(signed_in, cast, verb):
    add(cast.north, by=cast.mona, label="Ours")
    publish(cast.north, by=cast.mona)
    add(cast.north, by=cast.mona, label="Mona’s draft")
    page = signed_in("mona").get(path(cast.north, "history/")).content.decode()
    (seen,) = set(re.findall(r'name="seen" value="(\d+)"', page))
    theirs = add(cast.north, by=cast.rosa, label="Rosa’s draft").key
    answer = signed_in("mona").post(path(cast.north, verb), {"seen": seen})
    assert answer.status_code == 409
    told = answer.content.decode()
    assert "Rosa Lang changed this meanwhile" in told
    assert "Rosa’s draft" in told
    assert theirs in keys(cast.north)
    # Whoever has seen it means it.
    (now,) = set(re.findall(r'name="seen" value="(\d+)"', told))
    assert signed_in("mona").post(path(cast.north, verb), {"seen": now}).status_code == 302
    assert theirs not in keys(cast.north)
