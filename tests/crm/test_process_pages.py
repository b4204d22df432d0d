"""Where the process meets deals: publishing, use, what does not fit, and the first beginning."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm import reference
from crm.commands import process as crm_process
from crm.commands import process_note
from crm.commands.process import Flight
from crm.models import (
    Concern,
    Deal,
    Judgement,
    Need,
    NoteKind,
    ProcessNote,
    StageVisit,
    StepResult,
    StopCause,
)
from crm.queries import process as queries
from pipeline.models import Layer, Role, Version
from pipeline.models import Step as StepRow
from pipeline.process import commands
from pipeline.process.queries.in_force import current_version_ids, of_versions
from pipeline.process.stage_suggestion import suggest
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused
from tests.factories import NOW, ago, make_deal, make_team, make_user
from tests.pipeline.process import in_force, row

NEEDS = Stage.NEEDS_ANALYSIS


@pytest.fixture
def signed_in(client, cast):
    def _signed_in(name):
        client.force_login(getattr(cast, name))
        return client

    return _signed_in


def layer_of(owner, by):
    return commands.layer_of(owner, by=by, at=NOW)


def add(owner, label, *, by, stage=NEEDS):
    said: commands.StepWording = {
        "label": label,
        "gives_you": "less trouble",
        "gives_managers": "a view",
    }
    return commands.add_step(layer_of(owner, by), stage=stage, said=said, by=by, at=NOW)


def publish(owner, *, by, flight=Flight.ADOPT, **facts):
    return crm_process.publish(layer_of(owner, by), note="", flight=flight, by=by, at=NOW, **facts)


def open_visit(deal):
    return StageVisit.objects.going_on().get(deal=deal)


def record(deal, key, *, by, stage=NEEDS):
    return StepResult.objects.create(
        deal=deal, stage=stage, key=key, label=key, state="done", at=ago(days=1), by=by
    )


# Publishing --------------------------------------------------------------------------------------


def test_it_lets_open_deals_adopt_a_version_at_their_next_stage(cast):
    deal = make_deal(by=cast.ana, stage=Stage.LEAD_GENERATION, company=None)
    before = current_version_ids(cast.north.pk)
    add(cast.north, "Early", by=cast.mona)
    done = publish(cast.north, by=cast.mona)
    assert (done.deals, done.people) == (1, 3)
    assert tuple(open_visit(deal).version_ids) == before
    assert Deal.objects.get(pk=deal.pk).kept_version_ids is None
    assert current_version_ids(cast.north.pk) != before


def test_it_tells_a_stay_without_versions_what_they_were(cast):
    """Otherwise it would work by the new ones at once, as nobody has chosen."""
    deal = make_deal(by=cast.ana)
    StageVisit.objects.filter(deal=deal).update(version_ids=[], playbook="")
    before = current_version_ids(cast.north.pk)
    add(cast.north, "Early", by=cast.mona)
    publish(cast.north, by=cast.mona)
    visit = open_visit(deal)
    assert tuple(visit.version_ids) == before
    assert visit.playbook == of_versions(before).fingerprint


def test_it_lets_open_deals_keep_what_they_began_with(cast):
    deal, other = make_deal(by=cast.ana), make_deal(by=cast.carl, name="South")
    before = list(current_version_ids(cast.north.pk))
    add(cast.north, "Early", by=cast.mona)
    publish(cast.north, by=cast.mona, flight=Flight.KEEP)
    assert Deal.objects.get(pk=deal.pk).kept_version_ids == before
    assert Deal.objects.get(pk=other.pk).kept_version_ids is None
    add(cast.north, "Later", by=cast.mona)
    publish(cast.north, by=cast.mona, flight=Flight.KEEP)
    assert Deal.objects.get(pk=deal.pk).kept_version_ids == before
    add(cast.north, "Last", by=cast.mona)
    publish(cast.north, by=cast.mona, flight=Flight.MOVE)
    assert Deal.objects.get(pk=deal.pk).kept_version_ids is None


def test_it_moves_open_deals_with_what_was_recorded(cast):
    old, lost, same = (add(cast.north, name, by=cast.mona) for name in ("Old", "Lost", "Same"))
    publish(cast.north, by=cast.mona)
    deal = make_deal(by=cast.ana, stage=Stage.LEAD_GENERATION)
    for step in (old, lost, same):
        record(deal, step.key, by=cast.ana)
    layer = layer_of(cast.north, cast.mona)
    for step in (old, lost):
        commands.remove_step(layer, stage=NEEDS, key=step.key, by=cast.mona, at=NOW)
    add(cast.north, "New", by=cast.mona)
    done = publish(cast.north, by=cast.mona, flight=Flight.MOVE, mapping={(NEEDS, "old"): "new"})
    assert tuple(open_visit(deal).version_ids) == current_version_ids(cast.north.pk)
    assert done.copied == 1
    assert [(each.label, each.deals) for each in done.lost] == [("Lost", 1)]
    carried = StepResult.objects.get(deal=deal, key="new")
    assert (carried.mapped_from, carried.by, carried.at) == ("old", cast.ana, ago(days=1))
    assert carried.version_ids == list(current_version_ids(cast.north.pk))
    kept = StepResult.objects.current().filter(deal=deal).values_list("key", flat=True)
    assert set(kept) == {"old", "lost", "same", "new"}


def test_it_leaves_closed_deals_and_other_teams_alone(cast):
    other = make_deal(by=cast.carl, name="South")
    before = open_visit(other).version_ids
    add(cast.north, "Early", by=cast.mona)
    publish(cast.north, by=cast.mona, flight=Flight.MOVE)
    assert open_visit(other).version_ids == before


def test_it_publishes_with_the_same_queries_however_many_deals(cast):
    def cost(label):
        add(cast.north, label, by=cast.mona)
        with CaptureQueriesContext(connection) as caught:
            publish(cast.north, by=cast.mona, flight=Flight.MOVE)
        return len(caught)

    make_deal(by=cast.ana)
    few = cost("One")
    for n in range(8):
        make_deal(by=cast.ana, name=f"Deal {n}")
    assert cost("Two") <= few + 1


def test_it_publishes_for_nobody_out_of_reach(cast):
    add(cast.north, "Early", by=cast.mona)
    layer = Layer.objects.get(team=cast.north)
    for by in (cast.ana, cast.nora):
        with pytest.raises(Layer.DoesNotExist):
            crm_process.publish(layer, note="", flight=Flight.ADOPT, by=by, at=NOW)


def wizard(owner):
    return f"/process/{owner.pk}/publish/"


def test_it_shows_the_wizard_and_says_afterwards_what_happened(signed_in, cast):
    make_deal(by=cast.ana)
    add(cast.north, "Early", by=cast.mona)
    client = signed_in("mona")
    page = client.get(wizard(cast.north)).content.decode()
    for words in ("Early", "3 people", "1 open deal", "at their next stage"):
        assert words in page
    revision = Layer.objects.get(team=cast.north).revision
    answer = client.post(
        wizard(cast.north), {"flight": "adopt", "note": "Ask early", "seen": revision}, follow=True
    )
    page = answer.content.decode()
    assert "North v1 is in force." in page
    assert "1 open deal adopts it at its next stage." in page
    assert "Process North v1 since today" in page
    assert "Ask early" in page
    for name in ("ana", "nora"):
        assert signed_in(name).get(wizard(cast.north)).status_code == 404


def test_it_prefills_the_map_and_tells_what_is_lost(signed_in, cast):
    add(cast.north, "Old", by=cast.mona)
    publish(cast.north, by=cast.mona)
    record(make_deal(by=cast.ana), "old", by=cast.ana)
    layer = layer_of(cast.north, cast.mona)
    commands.remove_step(layer, stage=NEEDS, key="old", by=cast.mona, at=NOW)
    client = signed_in("mona")
    page = client.get(wizard(cast.north)).content.decode()
    assert 'name="map-4-old"' in page
    assert "recorded in 1 open deal" in page
    answer = client.post(wizard(cast.north), {"flight": "move"}, follow=True)
    assert "Not carried over, but kept: “Old” (1)." in answer.content.decode()


def test_it_publishes_no_draft_that_changed_meanwhile(signed_in, cast):
    add(cast.north, "Early", by=cast.mona)
    revision = Layer.objects.get(team=cast.north).revision
    add(cast.north, "Rosa’s", by=cast.rosa)
    sent = {"flight": "adopt", "seen": revision}
    answer = signed_in("mona").post(wizard(cast.north), sent)
    assert answer.status_code == 409
    assert "Rosa’s" in answer.content.decode()
    assert not Version.objects.filter(layer__team=cast.north)


# Use ---------------------------------------------------------------------------------------------


def test_it_counts_how_a_step_was_used(cast):
    step = of_versions(current_version_ids(cast.root.pk)).steps(Stage.LEAD_GENERATION)[0]
    with_it, without, still_there = (make_deal(by=cast.ana, name=n) for n in "abc")
    for deal in (with_it, without):
        StepResult.objects.create(
            deal=deal,
            stage=1,
            key=step.key,
            label="x",
            state="done" if deal == with_it else "overridden",
            reason="" if deal == with_it else "not_applicable",
            at=NOW,
            by=cast.ana,
        )
        StageVisit.objects.filter(deal=deal).update(
            left_at=ago(hours=1),
            left_how="advanced",
            exit_team=cast.north,
            exit_owner=cast.ana,
        )
    Deal.objects.filter(pk=with_it.pk).update(stage=7, outcome="won", closed_at=NOW)
    user = cast.again(cast.mona)
    _ = user.scope
    with CaptureQueriesContext(connection) as caught:
        used, n = queries.step_use(
            user, [step], stage=Stage.LEAD_GENERATION, teams=[cast.north.pk], at=NOW
        )
    assert len(caught) == 4
    use = used[step.key]
    assert (n, use.n, use.done, use.overridden) == (2, 2, 1, 1)
    assert (use.with_won, use.with_closed, use.without_closed) == (1, 1, 0)
    assert use.done_share is None, "of two deals no share is told"
    assert still_there.pk
    used, n = queries.step_use(
        cast.again(cast.nora), [step], stage=Stage.LEAD_GENERATION, teams=[cast.north.pk], at=NOW
    )
    assert (n, used[step.key].n) == (0, 0)


def left(cast, name, *, days, won, done=None, key="ours"):
    """A deal of Ana's that left the first stage an hour ago, after so many days; the step was
    recorded so many days after it came in, or never."""
    deal = make_deal(by=cast.ana, name=name, at=ago(days=days))
    if done is not None:
        at = ago(days=days - done)
        StepResult.objects.create(
            deal=deal, stage=1, key=key, label="x", state="done", at=at, by=cast.ana
        )
    StageVisit.objects.filter(deal=deal).update(
        left_at=ago(hours=1),
        left_how="advanced",
        exit_team=cast.north,
        exit_owner=cast.ana,
    )
    by_them = {"outcome": "stopped", "initiator": "customer", "cause": StopCause.objects.first()}
    said = {"outcome": "won"} if won else by_them
    Deal.objects.filter(pk=deal.pk).update(stage=7 if won else 1, closed_at=NOW, **said)


def test_it_tells_shares_and_the_middle_of_ten_deals_and_of_no_fewer(cast, signed_in):
    in_force(cast.north, row("ours", stage=Stage.LEAD_GENERATION))
    for n in range(9):
        left(cast, f"with {n}", days=20, won=n % 3 == 0, done=n)
    for n in range(10):
        left(cast, f"without {n}", days=20, won=n == 0)

    def use():
        steps = of_versions(current_version_ids(cast.north.pk)).steps(Stage.LEAD_GENERATION)
        step = next(step for step in steps if step.key == "ours")
        stage, teams = Stage.LEAD_GENERATION, [cast.north.pk]
        used, _n = queries.step_use(cast.again(cast.mona), [step], stage=stage, teams=teams, at=NOW)
        return used["ours"]

    assert (use().done_share, use().wins, use().median_days) == (9 / 19, (None, 0.1), None)
    address = f"/process/use/?of={cast.north.pk}&stage=1"
    page = signed_in("mona").get(address).content.decode()
    assert "–&nbsp;/&nbsp;10%" in page
    assert '<span class="b">47%</span>' in page
    assert "n&nbsp;9&nbsp;/&nbsp;10" in page
    assert "too few" in page
    left(cast, "with 9", days=20, won=False, done=9)
    assert (use().done_share, use().wins, use().median_days) == (0.5, (0.3, 0.1), 4.5)
    # Three of ten beside one of ten are chance, eleven of eighteen beside it are not.
    page = signed_in("mona").get(address).content.decode()
    assert re.search(r"\d+% to \d+% / \d+% to \d+%: no difference beyond chance", page)
    for n in range(10, 18):
        left(cast, f"with {n}", days=20, won=True, done=9)
    assert "%: more than chance" in signed_in("mona").get(address).content.decode()


def test_it_counts_a_step_under_all_its_wordings_since_it_was_first_asked(cast, signed_in):
    add(cast.north, "Ours", by=cast.mona, stage=Stage.LEAD_GENERATION)
    publish(cast.north, by=cast.mona)
    left(cast, "before it was kept", days=20, won=False, done=3)
    layer = layer_of(cast.north, cast.mona)
    # Begun anew under the same key, as a difference is that a team keeps as a step of its own.
    StepRow.objects.filter(layer=layer).update(label="Ours, said better", made_at=ago(days=-9))
    commands.publish(layer, note="", by=cast.mona, at=ago(days=-10))

    def said(address):
        return signed_in("mona").get(address).content.decode()

    page = said(f"/process/use/?of={cast.north.pk}&stage=1")
    assert "before “Ours”" in page
    assert re.search(r"Ours, said better.*?n&nbsp;1<", page, re.DOTALL)
    panel = said(f"/process/{cast.north.pk}/?stage=1&step=ours")
    assert "before “Ours”; its figures count both." in panel
    other = signed_in("mona").get(f"/process/{cast.root.pk}/?stage=1&step=ours").content.decode()
    assert "before “Ours”" not in other


def test_it_leaves_out_what_no_deal_tells_after_its_stage(cast, signed_in):
    book = of_versions(current_version_ids(cast.root.pk))
    steps = book.steps(Stage.LEAD_GENERATION)
    used, _n = queries.step_use(
        cast.again(cast.mona), steps, stage=Stage.LEAD_GENERATION, teams=[cast.north.pk], at=NOW
    )
    left_out = {step.key for step in steps} - set(used)
    assert left_out == {s.key for s in steps if s.kind == "hint" or s.fact == "next"}
    assert len(left_out) > 1
    page = signed_in("mona").get(f"/process/use/?of={cast.north.pk}&stage=1").content.decode()
    assert page.count(">not measured</span>") == 2 * len(left_out), "used, and overridden"


# How a deal goes on without a step, and whether that is one that was gone past.
def past_gate(deal, *, fact="problem", reason="customer_insisted"):
    missing = [{"gate": "G5", "weight": "advisory", "stage": 4, "fact": fact}]
    gone = {"verb": "move", "from_stage": 4, "to": 5, "findings": missing, "reason": reason}
    Judgement.objects.create(deal=deal, at=ago(hours=1), **gone)


def set_aside(deal):
    StepResult.objects.create(
        deal=deal,
        stage=4,
        key="problem",
        label="x",
        state="overridden",
        reason="done_before",
        at=NOW,
    )


GONE: dict[str, tuple[Callable[[Deal], object], int]] = {
    "past an advisory gate, with a reason": (past_gate, 1),
    "past one that only warns": (lambda deal: past_gate(deal, reason=""), 1),
    "set aside on the page": (set_aside, 1),
    "both": (lambda deal: (past_gate(deal), set_aside(deal)), 1),
    "past it for something else": (lambda deal: past_gate(deal, fact="decision_path"), 0),
    "brought in by an import": (lambda deal: past_gate(deal, reason="imported"), 0),
}


@pytest.mark.parametrize("how", GONE)
def test_whatever_was_gone_past_is_overridden(cast, how):
    go, overridden = GONE[how]
    deal = make_deal(by=cast.ana, stage=NEEDS)
    Need.objects.create(deal=deal, words="It stands still", at=NOW)
    go(deal)
    StageVisit.objects.filter(deal=deal).update(
        left_at=ago(hours=1), left_how="advanced", exit_team=cast.north, exit_owner=cast.ana
    )
    book = of_versions(current_version_ids(cast.root.pk))

    used, _n = queries.step_use(
        cast.again(cast.mona), book.steps(NEEDS), stage=NEEDS, teams=[cast.north.pk], at=NOW
    )

    problem = used["problem"]
    # That it was found out later does not undo that the deal went on without.
    assert (problem.n, problem.done, problem.overridden) == (1, 1 - overridden, overridden)


def test_it_counts_no_concern_as_settled_where_none_came_up(cast):
    stage = Stage.OBJECTIONS
    deals = [make_deal(by=cast.ana, stage=stage, name=name) for name in "ab"]
    raised = {"category": "price", "words": "Too dear", "after_price": True, "raised_at": NOW}
    settled = {"disposition": "answered", "disposed_at": NOW}
    Concern.objects.create(deal=deals[0], **raised, **settled)
    StageVisit.objects.filter(deal__in=deals).update(
        left_at=ago(hours=1), left_how="advanced", exit_team=cast.north, exit_owner=cast.ana
    )
    steps = of_versions(current_version_ids(cast.root.pk)).steps(stage)

    used, _n = queries.step_use(
        cast.again(cast.mona), steps, stage=stage, teams=[cast.north.pk], at=NOW
    )

    of_settled = [used[step.key] for step in steps if step.fact == "concerns_settled"]
    assert [(use.n, use.done) for use in of_settled] == [(1, 1)]


def test_it_fills_the_places_beside_the_steps(signed_in, cast):
    address = f"/process/use/?of={cast.north.pk}&stage=1"
    page = signed_in("mona").get(address, headers={"HX-Request": "true"}).content.decode()
    assert page.count('hx-swap-oob="true"') > 2
    assert "<table" in signed_in("mona").get(address).content.decode()


def test_it_previews_a_deal_by_the_versions_of_its_stay(signed_in, cast):
    deal = make_deal(by=cast.ana)
    add(cast.north, "Not for this one yet", by=cast.mona)
    publish(cast.north, by=cast.mona)
    add(cast.ana, "My own step", by=cast.ana)
    page = signed_in("ana").get(f"/process/deals/{deal.pk}/").content.decode()
    assert "My own step" in page
    assert "Not for this one yet" not in page
    assert "My own step" not in signed_in("mona").get(f"/process/deals/{deal.pk}/").content.decode()
    assert signed_in("carl").get(f"/process/deals/{deal.pk}/").status_code == 404
    link = f'href="/process/deals/{deal.pk}/"'
    assert link in signed_in("ana").get("/process/deals/").content.decode()
    assert link not in signed_in("carl").get("/process/deals/").content.decode()


def test_it_previews_what_a_deal_was_told_to_keep(cast, signed_in):
    deal = make_deal(by=cast.ana)
    before = list(current_version_ids(cast.north.pk))
    add(cast.north, "Early", by=cast.mona)
    publish(cast.north, by=cast.mona)
    StageVisit.objects.filter(deal=deal).update(version_ids=[])
    address = f"/process/deals/{deal.pk}/"
    assert "Early" in signed_in("ana").get(address).content.decode()

    Deal.objects.filter(pk=deal.pk).update(kept_version_ids=before)

    assert "Early" not in signed_in("ana").get(address).content.decode()


# What does not fit -------------------------------------------------------------------------------

NEW = "/process/notes/new/"
QUEUE = "/process/notes/"


def test_it_brings_what_does_not_fit_to_the_owner_and_the_answer_back(signed_in, cast):
    deal = make_deal(by=cast.ana, name="Norte retrofit")
    page = signed_in("ana").get(f"{NEW}?stage=4&deal={deal.pk}").content.decode()
    assert "Which one comes nearest?" in page
    sent = {"words": "A pilot plant", "place": "unclear", "stage": "4", "deal": deal.pk}
    assert signed_in("ana").post(NEW, sent).status_code == 302
    note = ProcessNote.objects.get()
    assert (note.team, note.deal, note.stage, note.kind) == (
        cast.north,
        deal,
        4,
        NoteKind.DOESNT_FIT,
    )
    page = signed_in("mona").get(QUEUE).content.decode()
    assert "A pilot plant" in page
    assert "Norte retrofit" in page
    assert "A pilot plant" not in signed_in("nora").get(QUEUE).content.decode()
    assert "A pilot plant" not in signed_in("ben").get(QUEUE).content.decode()
    answer = {"answer": "It is part of the needs analysis", "place": "stage"}
    for name, status in (("ana", 404), ("nora", 404), ("mona", 302)):
        assert signed_in(name).post(f"{QUEUE}{note.pk}/answer/", answer).status_code == status
    page = signed_in("ana").get(QUEUE).content.decode()
    assert "It is part of the needs analysis" in page
    assert "Mona Reyes" in page
    assert "A pilot plant" not in signed_in("mona").get(QUEUE).content.decode()


def test_it_asks_for_words(signed_in, cast):
    assert signed_in("ana").post(NEW, {"words": " "}).status_code == 422
    with pytest.raises(Refused):
        process_note.file(kind=NoteKind.IDEA, words=" ", by=cast.ana, at=NOW)
    note = process_note.file(kind=NoteKind.IDEA, words="Ask", by=cast.ana, at=NOW)
    answer = signed_in("mona").post(f"{QUEUE}{note.pk}/answer/", {"answer": ""})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()


def test_it_files_nothing_about_a_deal_out_of_reach(cast):
    deal = make_deal(by=cast.carl)
    with pytest.raises(Deal.DoesNotExist):
        process_note.file(kind=NoteKind.IDEA, words="Ask", deal=deal, by=cast.ana, at=NOW)


# The first beginning -----------------------------------------------------------------------------

BEGIN = "/process/begin/"


@pytest.mark.parametrize(
    ("line", "stage"),
    [
        ("met them at a fair", 1),
        ("called and agreed on a visit", 2),
        ("Erstgespräch geführt", 3),
        ("asked who decides", 4),
        ("Angebot geschickt", 5),
        ("gave a discount", 6),
        ("asked for the order", 7),
    ],
)
def test_it_guesses_the_stage_from_the_words(line, stage):
    assert suggest(line).stage == stage


def test_it_guesses_nothing_where_nothing_is_said():
    assert suggest("lunch").stage is None
    assert not suggest("lunch").outside
    assert suggest("installed the machine").outside


def test_it_begins_with_the_last_deals_and_ends_with_ones_own_layer(signed_in, cast):
    client = signed_in("ana")
    told = {"deal-1": "Norte", "did-1": "called them\nsent pictures of the plant\nlunch"}
    page = client.post(BEGIN, {**told, "do": "map"}).content.decode()
    assert page.count('name="place-1-') == 3
    placed = {"place-1-0": "2", "place-1-1": "4", "place-1-2": "outside"}
    page = client.post(BEGIN, {**told, **placed, "do": "result"}).content.decode()
    assert "You follow 2 of the seven stages already." in page
    assert "Not part of it:" in page
    assert 'value="4 sent pictures of the plant" checked' in page
    assert not Layer.objects.filter(user=cast.ana)
    keep = {"keep": ["4 sent pictures of the plant"], "do": "keep"}
    assert client.post(BEGIN, {**told, **placed, **keep}).status_code == 302
    step = StepRow.objects.get(layer__user=cast.ana)
    assert (step.stage, step.label) == (4, "sent pictures of the plant")


def test_it_offers_a_team_to_those_who_lead_one(signed_in, cast):
    told = {"did-1": "sent pictures of the plant", "place-1-0": "4"}
    keep = {"keep": ["4 sent pictures of the plant"], "do": "keep", "for": cast.north.pk}
    assert 'name="for"' in signed_in("mona").post(BEGIN, {**told, "do": "result"}).content.decode()
    signed_in("mona").post(BEGIN, {**told, **keep})
    assert StepRow.objects.filter(layer__team=cast.north).count() == 1
    signed_in("ana").post(BEGIN, {**told, **keep})
    assert StepRow.objects.filter(layer__team=cast.north).count() == 1
    assert StepRow.objects.filter(layer__user=cast.ana).count() == 1


def test_it_works_for_somebody_who_is_alone(client, db):
    """An organisation of one, who leads it and has no team but the root (CHECKLIST B23)."""
    reference.seed()
    root = make_team(name="Ida Moor", parent=None)
    commands.ship_framework(at=ago(days=1))
    ida = make_user(name="Ida Moor", team=None, role=Role.ADMIN)
    client.force_login(ida)
    for address in ("/process/", "/process/mine/", "/process/compare/", "/process/preview/"):
        assert client.get(address).status_code == 200
    told = {"did-1": "sent pictures of the plant", "place-1-0": "4"}
    client.post(BEGIN, {**told, "keep": ["4 sent pictures of the plant"], "do": "keep"})
    assert StepRow.objects.get(layer__user=ida).label == "sent pictures of the plant"
    add(root, "Early", by=ida)
    assert client.post(wizard(root), {"flight": "adopt"}).status_code == 302
    assert Version.objects.filter(layer__team=root).count() == 2
    assert client.post(NEW, {"words": "What about rentals?"}).status_code == 302


def test_it_asks_for_a_line_at_least(signed_in, cast):
    assert signed_in("ana").post(BEGIN, {"did-1": " ", "do": "map"}).status_code == 422


def test_it_tells_on_a_deal_what_came_into_force(signed_in, cast):
    """As soon as the deal goes by it, and not before."""
    deal = make_deal(by=cast.ana)
    add(cast.north, "Early", by=cast.mona)
    publish(cast.north, by=cast.mona)
    add(cast.north, "Late", by=cast.mona)
    page = signed_in("ana").get(f"/deals/{deal.pk}/").content.decode()
    assert "Process North" not in page
    publish(cast.north, by=cast.mona, flight=Flight.MOVE)
    page = signed_in("ana").get(f"/deals/{deal.pk}/").content.decode()
    assert "Process North v2 since today" in page
    assert f"/process/{cast.north.pk}/history/" in page
