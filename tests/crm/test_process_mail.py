"""Who reads by mail that the process has changed, and what somebody said of it."""

from typing import Any

import pytest
from django.core import mail

from crm import tasks as crm_tasks
from crm.commands import deal_move as move_commands
from crm.commands import gate as gates
from crm.commands import process_note
from crm.models import NoteKind
from pipeline import tasks
from pipeline.models import Language, OutboxRow, Role, User
from pipeline.outbox import kinds
from pipeline.people.commands import organisation, people
from pipeline.process import commands
from pipeline.process.gates import Reason
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused
from tests.factories import NOW, make_deal, make_user

HERE = "http://localhost:8000"


def publish(owner, *, by, label="Ask the price range", note="Try it."):
    layer = commands.layer_of(owner, by=by, at=NOW)
    said: commands.StepWording = {
        "label": label,
        "gives_you": "less trouble",
        "gives_managers": "a view",
    }
    commands.add_step(layer, stage=Stage.PROPOSAL, said=said, by=by, at=NOW)
    return commands.publish(layer, note=note, by=by, at=NOW)


def deliver() -> dict[str, Any]:
    """All that waits, by the address that it went to; each got one."""
    for _turn in range(5):
        tasks.relay_outbox()
        crm_tasks.relay_outbox()
    assert not OutboxRow.objects.waiting().exists()
    sent = {message.to[0]: message for message in mail.outbox}
    assert len(sent) == len(mail.outbox)
    return sent


def names(*people):
    return {f"{name}@seven.test" for name in people}


# What was published ------------------------------------------------------------------------------


def test_it_tells_everybody_below_once_and_not_the_author(cast):
    publish(cast.west, by=cast.rosa)
    assert set(deliver()) == names("mona", "nora", "ana", "ben", "carl")


def test_it_says_what_changed_in_the_readers_language_with_a_link(cast):
    User.objects.filter(pk=cast.ana.pk).update(language=Language.GERMAN)
    publish(cast.north, by=cast.mona)
    sent = deliver()
    english, german = sent["ben@seven.test"], sent["ana@seven.test"]
    assert english.subject == "The process has changed: North v1"
    assert "Mona Reyes has published version 1" in english.body
    assert "Try it." in english.body
    assert "- Ask the price range: Added" in english.body
    assert f"{HERE}/process/{cast.north.pk}/history/" in english.body
    assert f"{HERE}/profile/" in english.body
    assert german.subject == "Der Prozess hat sich geändert: North v1"
    assert "Hinzugefügt" in german.body


def test_it_tells_nobody_who_left_or_cannot_sign_in_or_wants_no_mails(cast):
    make_user(name="Ida Moor", team=cast.north, password=None)
    people.deactivate(cast.ben, by=cast.again(cast.mona), at=NOW)
    people.change_profile(cast.ana, at=NOW, process_mails=False)
    publish(cast.north, by=cast.again(cast.mona))
    assert OutboxRow.objects.filter(kind=kinds.PROCESS_PUBLISHED).count() == 0
    assert deliver() == {}


def test_it_tells_nobody_who_left_before_the_mail_was_sent(cast):
    publish(cast.north, by=cast.mona)
    people.deactivate(cast.ben, by=cast.again(cast.mona), at=NOW)
    people.change_profile(cast.ana, at=NOW, process_mails=False)
    assert deliver() == {}


def test_it_tells_nobody_of_what_was_not_published(cast):
    layer = commands.layer_of(cast.north, by=cast.mona, at=NOW)
    with pytest.raises(Refused):
        commands.publish(layer, note="", by=cast.mona, at=NOW)
    assert not OutboxRow.objects.exists()


def test_it_counts_what_it_does_not_list(cast):
    layer = commands.layer_of(cast.north, by=cast.mona, at=NOW)
    for n in range(11):
        said: commands.StepWording = {"label": f"Step {n}"}
        commands.add_step(layer, stage=Stage.PROPOSAL, said=said, by=cast.mona, at=NOW)
    publish(cast.north, by=cast.mona)
    assert "- and 2 more" in deliver()["ana@seven.test"].body


# What somebody said of it ------------------------------------------------------------------------


def ask(*, by, **facts):
    said = {"kind": NoteKind.WRONG, "words": "We never do this."} | facts
    return process_note.file(by=by, at=NOW, **said)


def test_it_tells_the_owner_of_the_process_what_is_wrong_with_it(cast):
    deal = make_deal(by=cast.ana, name="Line 4")
    ask(by=cast.ana, deal=deal, stage=Stage.PROPOSAL)
    sent = deliver()
    assert set(sent) == names("mona")
    message = sent["mona@seven.test"]
    assert message.subject == "Ana Ruiz says of the process: The process is wrong"
    for words in ("We never do this.", "Line 4", "Proposal", f"{HERE}/process/notes/"):
        assert words in message.body


def test_it_goes_up_where_the_owner_asks_or_is_gone(cast):
    ask(by=cast.mona)
    assert set(deliver()) == names("rosa")
    mail.outbox.clear()
    User.objects.filter(pk__in=[cast.mona.pk, cast.rosa.pk]).update(is_active=False)
    ask(by=cast.ana)
    assert set(deliver()) == names("adele")


def test_it_goes_to_the_owner_of_the_process_where_no_leader_takes_it(cast):
    owner = make_user(name="Otto Graf", team=cast.root, role=Role.ADMIN)
    organisation.change(by=cast.adele, at=NOW, process_owner=owner)
    ask(by=cast.ana)
    assert set(deliver()) == names("mona")
    mail.outbox.clear()
    ask(by=cast.rosa)
    assert set(deliver()) == names("otto")
    mail.outbox.clear()
    User.objects.filter(pk=owner.pk).update(is_active=False)
    ask(by=cast.rosa)
    assert set(deliver()) == names("adele")


def test_it_tells_of_a_gate_that_somebody_went_past_because_it_is_wrong(cast):
    deal = make_deal(by=cast.ana, stage=Stage.QUALIFICATION)
    said = gates.GoAhead(reason=Reason.PROCESS_WRONG, words="Not for spare parts.")
    move_commands.advance(deal, to=Stage.NEEDS_ANALYSIS, by=cast.ana, at=NOW, go_ahead=said)
    assert "Not for spare parts." in deliver()["mona@seven.test"].body


def test_it_tells_no_owner_what_was_answered_meanwhile(cast):
    note = ask(by=cast.ana)
    process_note.answer(note, words="Leave it out.", by=cast.rosa, at=NOW)
    assert set(deliver()) == names("ana")


def test_it_tells_whoever_asked_that_there_is_an_answer(cast):
    User.objects.filter(pk=cast.ana.pk).update(language=Language.GERMAN)
    note = ask(by=cast.ana)
    deliver()
    mail.outbox.clear()
    process_note.answer(note, words="Leave it out.", by=cast.mona, at=NOW)
    message = deliver()["ana@seven.test"]
    assert message.subject == "Mona Reyes hat Ihnen zum Prozess geantwortet"
    for words in ("Leave it out.", "We never do this.", f"{HERE}/process/notes/"):
        assert words in message.body


def test_it_mails_nobody_an_answer_to_oneself_or_to_who_left_or_wants_none(cast):
    mine, of_ben, of_ana = ask(by=cast.mona), ask(by=cast.ben), ask(by=cast.ana)
    OutboxRow.objects.all().delete()
    people.deactivate(cast.ben, by=cast.again(cast.mona), at=NOW)
    people.change_profile(cast.ana, at=NOW, process_mails=False)
    for note in (mine, of_ben, of_ana):
        process_note.answer(note, words="Yes.", by=cast.again(cast.mona), at=NOW)
    assert deliver() == {}


def test_it_is_switched_off_on_the_profile(client, cast):
    client.force_login(cast.ana)
    page = client.get("/profile/").content.decode()
    assert 'name="process_mails"' in page
    own = {"name": "Ana Ruiz", "time_zone": "", "style": "mixed", "theme": "auto"}
    client.post("/profile/", own | {"language": "en"})
    assert not User.objects.get(pk=cast.ana.pk).process_mails
    client.post("/profile/", own | {"language": "en", "process_mails": "on"})
    assert User.objects.get(pk=cast.ana.pk).process_mails


def test_it_names_whom_a_mail_did_not_reach(client, cast):
    publish(cast.north, by=cast.mona)
    OutboxRow.objects.update(dead_at=NOW, error="OSError: no route")
    client.force_login(cast.adele)
    page = client.get("/people/outbox/").content.decode()
    assert "News of a version of the process" in page
    assert "Ana Ruiz" in page
