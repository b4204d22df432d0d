"""What somebody asks of the process becomes a change of its draft, and the asker hears of it."""

import re

import pytest
from django.test import Client

from crm import mail
from crm.commands import process as publishing
from crm.commands import process_note as notes
from crm.commands.process import Flight
from crm.commands.process_note import ANSWERED
from crm.models import NoteKind, ProcessNote
from pipeline.models import Layer, OutboxRow, Step
from pipeline.process import commands as process
from pipeline.process.playbook import Importance
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import NOW, ago
from tests.pipeline.process import FOUR, in_force, row, whole


@pytest.fixture
def asked(cast: Cast) -> ProcessNote:
    in_force(cast.root, *whole(row("problem")))
    in_force(cast.north, row("ovens"))
    return notes.file(
        kind=NoteKind.WRONG,
        words="Nobody bakes here",
        stage=FOUR,
        key="ovens",
        by=cast.ana,
        at=ago(days=2),
    )


def answers() -> list[int]:
    rows = OutboxRow.objects.filter(kind=ANSWERED)
    return [each.payload["note"] for each in rows]


def test_a_note_names_its_step_and_leads_to_it(client: Client, cast: Cast, asked: ProcessNote):
    for reader in (cast.ana, cast.mona, cast.adele):
        client.force_login(reader)
        page = client.get("/process/notes/").content.decode()
        href = f"/process/{cast.north.pk}/?stage=4&amp;step=ovens"
        assert f'href="{href}">Ovens</a>' in page
        assert client.get(href.replace("&amp;", "&")).status_code == 200


def test_one_press_opens_its_step_in_the_draft(client: Client, cast: Cast, asked: ProcessNote):
    client.force_login(cast.mona)
    response = client.post(f"/process/notes/{asked.pk}/take-up/")
    assert response.status_code == 302
    page = client.get(response["Location"]).content.decode()
    assert 'value="Ovens"' in page
    client.force_login(cast.ana)
    assert "in the draft" in client.get("/process/notes/").content.decode()
    assert client.post(f"/process/notes/{asked.pk}/take-up/").status_code == 404


def test_a_note_about_no_step_becomes_one_that_asks_nothing_yet(client: Client, cast: Cast):
    note = notes.file(kind=NoteKind.IDEA, words="Ask who  pays\nfirst", by=cast.ana, at=NOW)
    client.force_login(cast.mona)
    refused = client.post(f"/process/notes/{note.pk}/take-up/")
    assert refused.status_code == 422
    assert "Choose the stage" in refused.content.decode()
    assert client.post(f"/process/notes/{note.pk}/take-up/", {"stage": "4"}).status_code == 302
    step = Step.objects.get(layer__team=cast.north)
    assert (step.label, step.stage, step.importance) == ("Ask who pays first", 4, Importance.HINT)
    assert "Ana Ruiz" in step.reason


def test_the_asker_is_told_with_the_version_that_changes_it(
    cast: Cast, asked: ProcessNote, mailoutbox
):
    made = notes.take_up(asked, by=cast.mona, at=ago(days=1))
    layer = Layer.objects.get(team=cast.north)
    for key, label in (("ovens", "Machines"), ("basics", "Ground")):
        process.adapt_step(
            layer,
            stage=FOUR,
            key=key,
            said={"label": label},
            reason="So we say",
            by=cast.mona,
            at=ago(hours=5),
        )

    def publish(*changes: str) -> None:
        publishing.publish(
            layer, note="", flight=Flight.ADOPT, by=cast.mona, at=ago(hours=2), only=changes
        )

    assert made.key == "ovens"
    publish("4:basics")
    assert answers() == []
    publish("4:ovens")
    assert answers() == [asked.pk]
    asked.refresh_from_db()
    assert (asked.version, asked.answered_by) == (layer.current, cast.mona)
    mail.process_answer(OutboxRow.objects.get(kind=ANSWERED))
    assert "Name: Ovens → Machines" in mailoutbox[0].body
    with pytest.raises(Refused):
        notes.take_up(asked, by=cast.mona, at=NOW)


def counted(client: Client, cast: Cast) -> dict[str, str]:
    found = {}
    for name in ("ana", "mona", "nora", "rosa", "adele"):
        client.force_login(getattr(cast, name))
        page = client.get("/process/notes/waiting/").content.decode()
        found[name] = "".join(re.findall(r">(\d+)<", page))
    return found


def test_the_menu_counts_what_waits_for_whoever_answers(
    client: Client, cast: Cast, asked: ProcessNote
):
    assert counted(client, cast) == {"ana": "", "mona": "1", "nora": "", "rosa": "", "adele": ""}
    notes.file(kind=NoteKind.IDEA, words="More", by=cast.mona, at=NOW)
    assert counted(client, cast) == {"ana": "", "mona": "1", "nora": "", "rosa": "1", "adele": ""}
    notes.answer(asked, words="So it is", by=cast.mona, at=NOW)
    assert counted(client, cast)["mona"] == ""


# Choosing what goes ------------------------------------------------------------------------------


def test_what_is_not_chosen_stays_in_the_draft(client: Client, cast: Cast, asked: ProcessNote):
    layer = Layer.objects.get(team=cast.north)
    process.hide_step(
        layer, stage=FOUR, key="basics", reason="Known", by=cast.mona, at=ago(hours=3)
    )
    process.remove_step(layer, stage=FOUR, key="ovens", by=cast.mona, at=ago(hours=3))
    process.add_step(
        layer, stage=Stage.PROPOSAL, said={"label": "Sample"}, by=cast.mona, at=ago(hours=3)
    )
    process.name_stage(layer, stage=FOUR, label="Dig", norm_days=14, by=cast.mona, at=ago(hours=3))
    client.force_login(cast.mona)
    at = f"/process/{cast.north.pk}/publish/"
    page = client.get(at).content.decode()
    ids = re.findall(r'name="changes" value="([^"]+)"[^>]* checked', page)
    assert sorted(ids) == ["4/named", "4/timed", "4:basics", "4:ovens", "5:sample"]
    (seen,) = re.findall(r'name="seen" value="(\d+)"', page)
    nothing = client.post(at, {"seen": seen, "flight": "adopt", "choosing": "True"})
    assert nothing.status_code == 422
    assert "Choose what is to be published." in nothing.content.decode()
    sent = {"seen": seen, "flight": "adopt", "choosing": "True", "changes": ["4/timed", "4:ovens"]}
    assert client.post(at, sent).status_code == 302
    layer.refresh_from_db()
    assert layer.current
    content = layer.current.content
    assert content == {"steps": [], "stages": [{"stage": 4, "norm_days": 14}], "strengths": {}}
    page = client.get(at).content.decode()
    assert sorted(re.findall(r'name="changes" value="([^"]+)"', page)) == [
        "4/named",
        "4:basics",
        "5:sample",
    ]
