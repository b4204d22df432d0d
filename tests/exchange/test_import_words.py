"""Their words, ours: what a source, an owner or a cause of a file is here is said once, on the page."""

import datetime as dt
import re
from pathlib import Path

import pytest
from django.utils import timezone

from crm.commands import reference
from crm.models import Deal, Method, Product, SettingChange, Source, StopCause
from exchange.commands import job as verbs
from exchange.commands import work
from exchange.models import ImportJob
from exchange.words import OurWords, TheirWord
from pipeline.models import Batch, Team, User
from pipeline.people.commands import people
from tests.conftest import Cast
from tests.exchange.uploads import (
    answer,
    browser,
    by_command,
    checked,
    columns,
    loaded,
    page,
    uploaded,
    worked,
)
from tests.factories import make_deal

pytestmark = pytest.mark.django_db

TEXT = (
    "Deal,Owner,Source,Product,Currency\n"
    "a,Ana Ruiz,Messe Wels,Pump,Euro\n"
    "b,Ana Ruiz,Messe Wels,,EUR\n"
    "c,K. Huber,ref,,EUR\n"
    "d,Ana Ruiz,ref,,EUR\n"
    "e,Ana Ruiz,Steirerjobs,,EUR\n"
    "f,Ana Ruiz,Website,,EUR\n"
)
NAMED = {
    "name": "Deal",
    "owner": "Owner",
    "source": "Source",
    "product": "Product",
    "currency": "Currency",
}


def words_of(user: User, job: object) -> list[tuple[str, str]]:
    from exchange.forms.answers import AnswersForm

    form = AnswersForm(job=job, by=user)  # type: ignore[arg-type]  # a job
    return [(word.field, word.text) for asked in form.their_words() for word, _bound in asked.words]


def said(job: object, **words: str) -> dict[str, str]:
    """Answers by word, as the page names them."""
    from exchange.words import of_job

    names = {word.text: word.name for word in of_job(job)}  # type: ignore[arg-type]  # a job
    return {names[text]: answer for text, answer in words.items()}


def test_each_word_that_is_none_of_ours_can_be_one_or_nothing_or_new(cast: Cast, tmp_path: Path):
    job = checked(cast.adele, uploaded(cast.adele, TEXT), **NAMED)
    assert (job.counts["new"], job.counts["refused"]) == (1, 5)
    assert set(words_of(cast.adele, job)) == {
        ("owner", "K. Huber"),
        ("source", "Messe Wels"),
        ("source", "ref"),
        ("source", "Steirerjobs"),
        # All of a row's words are asked about at once.
        ("product", "Pump"),
        ("currency", "Euro"),
    }
    html = page(cast.adele, job)
    # What a word probably is, is chosen; it counts once somebody presses.
    assert 'value="=Trade fair" selected' in html
    assert "The source “…” is not on the list of sources." in html
    answers = {
        "Messe Wels": "=Trade fair",
        "ref": "-",
        "Steirerjobs": "+",
        "K. Huber": "=ana@seven.test",
        "Euro": "=EUR",
        "Pump": "+",
    }
    assert answer(cast.adele, job, **said(job, **answers)).status_code == 302
    assert worked(job).counts["refused"] == 0
    # Each answer can be changed until the file is loaded.
    answer(cast.adele, job, **said(job, ref=""))
    assert worked(job).counts["refused"] == 2
    answer(cast.adele, job, **said(job, ref="=Partner"))
    loaded(cast.adele, worked(job))
    expected = {
        "a": "Trade fair", "b": "Trade fair", "c": "Partner", "d": "Partner",
        "e": "Steirerjobs", "f": "Website",
    }  # fmt: skip
    assert dict(Deal.objects.values_list("name", "source__name")) == expected
    assert Deal.objects.get(name="c").owner == cast.ana
    assert Product.objects.filter(name="Pump").exists()
    assert SettingChange.objects.filter(by=cast.adele).count() == 2
    # By command the same, as a mapping says it.
    Deal.objects.update(name="old")
    values = job.answers["values"]
    by_command(tmp_path / "in", TEXT, NAMED, values=values)
    found = Deal.objects.exclude(name="old").values_list("name", "source__name")
    assert dict(found) == expected


def test_answers_about_words_are_remembered_and_shown(cast: Cast):
    text = "Deal,Source\na,Messe Wels\n"
    named = {"name": "Deal", "source": "Source"}
    job = checked(cast.ana, uploaded(cast.ana, text), **named)
    answer(cast.ana, job, **said(job, **{"Messe Wels": "=Trade fair"}))
    assert worked(job).counts["new"] == 1
    again = uploaded(cast.ana, text)
    columns(cast.ana, again, **named)
    assert worked(again).state == "checked"
    assert again.counts["refused"] == 0
    assert words_of(cast.ana, again) == [("source", "Messe Wels")]
    assert 'value="=Trade fair" selected' in page(cast.ana, again)


def test_all_words_without_an_answer_are_answered_at_once(cast: Cast):
    text = "Deal,Source\n" + "".join(f"d{n},Steirerjobs {n}\n" for n in range(3)) + "m,Messe Wels\n"
    job = checked(cast.adele, uploaded(cast.adele, text), name="Deal", source="Source")
    html = page(cast.adele, job)
    assert "Put these 3 on the list" in html
    assert "Leave these 3 empty" in html
    assert answer(cast.adele, job, all_source="+").status_code == 302
    assert worked(job).counts["refused"] == 0
    assert Source.objects.filter(name__startswith="Steirerjobs").count() == 3
    assert job.answers["values"] == {"source": {"Messe Wels": "Trade fair"}}


def test_lists_are_made_longer_by_admins_only(cast: Cast):
    job = checked(
        cast.ana, uploaded(cast.ana, "Deal,Source\na,Job fair\n"), name="Deal", source="Source"
    )
    assert "Put “Job fair” on the list" not in page(cast.ana, job)
    before = Source.objects.count()
    assert answer(cast.ana, job, **said(job, **{"Job fair": "+"})).status_code == 422
    assert Source.objects.count() == before


def test_a_source_that_was_made_meanwhile_is_told_of(cast: Cast):
    job = checked(
        cast.adele, uploaded(cast.adele, "Deal,Source\na,Fair\n"), name="Deal", source="Source"
    )
    Source.objects.create(name="fair", kind="event")
    response = answer(cast.adele, job, **said(job, Fair="+"))
    assert response.status_code == 422
    assert worked(job).state == "checked"


def test_a_parent_that_is_nowhere_can_be_left_out(cast: Cast):
    job = uploaded(cast.ana, "Id,Name,Parent\n1,A,Holding X\n2,B,A\n", kind="companies")
    job = checked(cast.ana, job, id="Id", name="Name", parent="Parent")
    assert job.counts["refused"] == 2
    answer(cast.ana, job, **said(job, **{"Holding X": "-"}))
    assert worked(job).counts["refused"] == 0


def test_reasons_are_told_once_with_how_many_rows_they_keep_out(cast: Cast):
    text = "Deal,Source,Value\n" + "".join(f"d{n},S{n % 3},x{n}\n" for n in range(12)) + "y,S1,5\n"
    job = checked(cast.ana, uploaded(cast.ana, text), name="Deal", source="Source", amount="Value")
    html = browser(cast.ana).get(f"/imports/{job.pk}/").content.decode()
    reasons = html.split('class="reasons bare"')[1].split("</ul>")[0]
    # Twelve rows have both faults, one has but the first.
    assert reasons.count("<li>") == 2
    assert reasons.index(">13<") < reasons.index(">12<")
    assert job.counts["refused"] == 13
    assert "This is no number with “.”" in reasons
    assert "<q>x0</q>" in reasons


def test_a_file_that_was_checked_read_anew_and_discarded_still_has_its_page(cast: Cast):
    text = "Deal,Source,Value,Mail\na,Fair,1.5,x\n"
    job = checked(cast.ana, uploaded(cast.ana, text), name="Deal", source="Source", amount="Value")
    assert job.counts["refused"] == 1
    counts, readings = job.counts, job.readings
    assert readings["columns"]
    client = browser(cast.ana)
    assert client.post(f"/imports/{job.pk}/columns/", {"above": 0}).status_code == 302
    job.refresh_from_db()
    assert (job.counts, job.questions, job.readings) == ({}, {}, {})
    client.post(f"/imports/{job.pk}/discard/")
    assert "old.csv" in page(cast.ana, job)
    # As such a row was left before.
    ImportJob.objects.filter(pk=job.pk).update(counts=counts, readings=readings)
    assert "old.csv" in page(cast.ana, job)


def test_an_answer_of_a_page_that_is_behind_lands_on_no_other_word(cast: Cast):
    text = "Deal,Source\na,Aal\nb,Aal\nc,Zeus\n"
    job = checked(cast.adele, uploaded(cast.adele, text), name="Deal", source="Source")
    behind = browser(cast.adele).get(f"/imports/{job.pk}/").content.decode()
    words = re.findall(r'<select name="([^"]+)"[^>]*“(Aal|Zeus)”', behind)
    name = {word: name for name, word in words}
    # Another page makes “Aal” known: by now “Zeus” is the first that is not.
    Source.objects.create(name="Aal", kind="event")
    columns(cast.adele, job, name="Deal", source="Source")
    assert words_of(cast.adele, worked(job)) == [("source", "Zeus")]
    sent(cast.adele, job, {name["Aal"]: "-"})
    assert worked(job).answers.get("values", {}) == {}
    # What the page that was sent did not have is not forgotten, nor said together with the others.
    sent(cast.adele, job, {name["Zeus"]: "-"})
    sent(cast.adele, worked(job), {"all-source": "+"})
    assert worked(job).answers["values"] == {"source": {"Zeus": ""}}


def sent(user: User, job: ImportJob, words: dict[str, str]) -> None:
    """Answers of a page that had these words and no others."""
    from exchange.forms.answers import AnswersForm

    initial = AnswersForm(job=job, by=user).initial
    data = {name: value for name, value in initial.items() if not name.startswith("word-")}
    assert browser(user).post(f"/imports/{job.pk}/answers/", data | words).status_code == 302


def test_what_was_put_on_the_lists_for_a_file_goes_with_it_where_nothing_uses_it(cast: Cast):
    text = "Deal,Source,Stage,Why\nPump,Fair Wels,Lost,Too small\nBelt,Radio,Lost,Too small\n"
    named = {"name": "Deal", "source": "Source", "stage": "Stage", "stop_cause": "Why"}
    job = checked(cast.adele, uploaded(cast.adele, text), **named)
    answer(cast.adele, job, all_source="+", all_stop_cause="+")
    worked(job)
    answer(cast.adele, job, all_source="+", all_stop_cause="+")
    loaded(cast.adele, worked(job))
    assert job.counts["new"] == 2
    cause = StopCause.objects.get(name="Too small")
    assert Deal.objects.filter(cause=cause, source__name="Radio").count() == 1
    other = make_deal(by=cast.adele, source=Source.objects.get(name="Radio"))
    browser(cast.adele).post(f"/imports/{job.pk}/undo/")
    worked(job)
    assert set(Deal.objects.all()) == {other}
    assert not StopCause.objects.filter(name="Too small").exists()
    left = Source.objects.filter(name__in=["Fair Wels", "Radio"]).values_list("name", flat=True)
    assert list(left) == ["Radio"]


def test_people_who_left_come_in_with_what_they_owned_and_teams_and_methods_are_made(
    cast: Cast, tmp_path: Path
):
    text = (
        "Deal,Owner,Method,Team\n"
        "a,k.huber@old.test,Brieftaube,\n"
        "b,K. Obi,Cold call,\n"
        "c,,,Night shift\n"
    )
    named = {"name": "Deal", "owner": "Owner", "method": "Method", "team": "Team"}
    job = checked(cast.adele, uploaded(cast.adele, text), **named)
    assert set(words_of(cast.adele, job)) == {
        ("owner", "k.huber@old.test"),
        ("owner", "K. Obi"),
        ("team", "Night shift"),
        ("method", "Brieftaube"),
        ("method", "Cold call"),
    }
    assert "Bring in these 2 as people who have left" in page(cast.adele, job)
    answer(cast.adele, job, all_owner="+", all_team="+", **said(job, Brieftaube="+"))
    loaded(cast.adele, worked(job))
    assert (job.counts["new"], job.counts["refused"]) == (3, 0)
    huber = User.objects.get(email="k.huber@old.test")
    assert (huber.is_active, huber.has_usable_password()) == (False, False)
    root = Team.objects.root().name
    found = set(Deal.objects.values_list("name", "owner__name", "method__name", "team__name"))
    assert found == {
        ("a", "k.huber@old.test", "Brieftaube", root),
        ("b", "K. Obi", "Phone", root),
        ("c", None, None, "Night shift"),
    }
    # Whoever has left can be chosen from now on, by admins alone; by command it is the same person.
    again = checked(
        cast.adele, uploaded(cast.adele, "Deal,Owner\nd,K. Obi\n"), name="Deal", owner="Owner"
    )
    assert again.counts["refused"] == 0
    anas = checked(
        cast.ana, uploaded(cast.ana, "Deal,Owner\nd,K. Obi\n"), name="Deal", owner="Owner"
    )
    assert anas.counts["refused"] == 1
    word = TheirWord(field="owner", text="Kim", rows=1)
    for who, offered in (cast.adele, True), (cast.mona, False), (cast.ana, False):
        (*_others, (_label, ours)) = OurWords(by=who, kinds={"owner"}, of="deals").choices(word)
        assert ("=K. Obi", "K. Obi (left)") in ours or not offered  # type: ignore[operator]
        assert any("K. Obi" in shown for _value, shown in ours) == offered  # type: ignore[attr-defined]
        assert any("Ana Ruiz" in shown for _value, shown in ours)  # type: ignore[attr-defined]
    browser(cast.adele).post(f"/imports/{job.pk}/undo/")
    assert worked(job).state == "undone"
    assert not User.objects.filter(email="k.huber@old.test").exists()
    assert not Team.objects.filter(name="Night shift").exists()
    assert not Method.objects.filter(name="Brieftaube").exists()


def test_what_was_made_for_a_file_goes_when_it_is_discarded_and_what_stays_is_named(cast: Cast):
    text = (
        "Deal,Owner,Method,Team,Source\n"
        "a,K. Obi,Brieftaube,,Fair Wels\n"
        "b,K. Huber,,,Radio\n"
        "c,K. Wolf,,,Online\n"
        "d,,,Night shift,\n"
        "e,,,Day shift,\n"
    )
    named = {
        "name": "Deal",
        "owner": "Owner",
        "method": "Method",
        "team": "Team",
        "source": "Source",
    }
    job = checked(cast.adele, uploaded(cast.adele, text), **named)
    answer(cast.adele, job, all_owner="+", all_team="+", **said(job, Brieftaube="+"))
    worked(job)
    words = {"Fair Wels": "+", "Radio": "+", "Online": "+"}
    answer(cast.adele, job, **said(job, **words))
    assert worked(job).counts["new"] == 5
    used, changed = Source.objects.get(name="Radio"), User.objects.get(name="K. Huber")
    make_deal(by=cast.adele, source=used)
    at = timezone.now() + dt.timedelta(minutes=1)
    people.change(changed, name="Karl Huber", by=cast.adele, at=at)
    reference.edit(Source.objects.get(name="Online"), name="Shop", by=cast.adele, at=at)
    team = Team.objects.get(name="Day shift")
    User.objects.filter(name="K. Wolf").update(team=team)
    User.objects.filter(pk=cast.ana.pk).update(team=team)

    response = browser(cast.adele).post(f"/imports/{job.pk}/discard/")
    assert response["Location"] == f"/imports/{job.pk}/"
    # Whether anything refers to a person is more than a page can ask: it is the workers' turn.
    assert "It is being taken back" in page(cast.adele, job)
    assert User.objects.filter(name="K. Obi").exists()
    assert worked(job).state == "discarded"
    assert (job.file.name, job.sample, job.counts["kept"]) == ("", [], 4)
    assert {(name, why) for _kind, _pk, name, why in job.kept} == {
        ("Karl Huber", "changed since"),
        ("Day shift", "used by a record that stays"),
        ("Shop", "changed since"),
        ("Radio", "“Radio” is in use: retire it, or merge it."),
    }
    assert "Karl Huber" in page(cast.adele, job)
    assert not User.objects.filter(name__in=["K. Obi", "K. Wolf"]).exists()
    assert not Team.objects.filter(name="Night shift").exists()
    assert not Method.objects.filter(name="Brieftaube").exists()
    assert not Source.objects.filter(name="Fair Wels").exists()
    # What stays is the organisation's own.
    assert not Batch.objects.exists()
    assert (changed.refresh_from_db(), changed.name, changed.batch)[1:] == ("Karl Huber", None)


def test_what_was_made_for_a_file_goes_when_nobody_touches_it_for_a_month(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
):
    text = "Deal,Owner\na,K. Obi\n"
    broken = checked(cast.adele, uploaded(cast.adele, text), name="Deal", owner="Owner")
    job = checked(cast.adele, uploaded(cast.adele, text), name="Deal", owner="Owner")
    answer(cast.adele, job, all_owner="+")
    at = timezone.now() + dt.timedelta(days=31)
    worked(job)

    def forget(row: ImportJob) -> None:
        assert row.pk != broken.pk

    with monkeypatch.context() as patch:
        patch.setattr(verbs, "forget_file", forget)
        assert work.clear_old_files(at=at) == 1  # what is wrong with one keeps no other
    broken.refresh_from_db()
    assert broken.state == "checked"
    assert worked(job).state == "discarded"
    assert not User.objects.filter(name="K. Obi").exists()


def test_a_discard_that_comes_to_no_end_leaves_the_file_for_another(cast: Cast):
    text = "Deal,Owner\na,K. Obi\n"
    job = checked(cast.adele, uploaded(cast.adele, text), name="Deal", owner="Owner")
    answer(cast.adele, job, all_owner="+")
    worked(job)
    browser(cast.adele).post(f"/imports/{job.pk}/discard/")
    ImportJob.objects.filter(pk=job.pk).update(attempts=work.MOST_ATTEMPTS)
    assert worked(job).state == "mapping"
    assert "did not come to an end" in page(cast.adele, job)
    browser(cast.adele).post(f"/imports/{job.pk}/discard/")
    assert worked(job).state == "discarded"


def test_who_was_changed_since_stays_when_the_file_is_taken_back(cast: Cast):
    text = "Deal,Owner\na,K. Obi\n"
    job = checked(cast.adele, uploaded(cast.adele, text), name="Deal", owner="Owner")
    answer(cast.adele, job, all_owner="+")
    obi = User.objects.get(name="K. Obi")
    people.change(obi, name="Kim Obi", by=cast.adele, at=timezone.now() + dt.timedelta(seconds=1))
    worked(job)
    answer(cast.adele, job, **said(job, **{"K. Obi": "=Kim Obi"}))
    loaded(cast.adele, worked(job))
    browser(cast.adele).post(f"/imports/{job.pk}/undo/")
    assert [(name, why) for _kind, _pk, name, why in worked(job).kept] == [
        ("Kim Obi", "changed since")
    ]
    assert User.objects.filter(name="Kim Obi").exists()
    assert not Deal.objects.exists()


def test_who_was_changed_after_the_load_is_told_of_once(cast: Cast):
    text = "Deal,Owner\na,K. Obi\n"
    job = checked(cast.adele, uploaded(cast.adele, text), name="Deal", owner="Owner")
    answer(cast.adele, job, all_owner="+")
    loaded(cast.adele, worked(job))
    obi = User.objects.get(name="K. Obi")
    assert obi.batch == job.batch
    people.change(obi, name="Kim Obi", by=cast.adele, at=timezone.now() + dt.timedelta(seconds=1))
    browser(cast.adele).post(f"/imports/{job.pk}/undo/")
    assert [each[2:] for each in worked(job).kept] == [["Kim Obi", "changed since"]]
    assert job.counts["kept"] == 1


def test_what_was_made_for_a_file_goes_with_it_though_its_columns_were_named_anew(cast: Cast):
    text = "Deal,Owner,Source\na,K. Obi,Radio\n"
    named = {"name": "Deal", "owner": "Owner", "source": "Source"}
    job = checked(cast.adele, uploaded(cast.adele, text), **named)
    answer(cast.adele, job, all_owner="+")
    worked(job)
    browser(cast.adele).post(f"/imports/{job.pk}/columns/", {"above": 0})
    job.refresh_from_db()
    assert "Radio" in page(cast.adele, job, "?columns=1")
    checked(cast.adele, job, **named)
    answer(cast.adele, job, all_source="+")
    worked(job)
    checked(cast.adele, job, name="Deal", owner="Owner")
    assert job.state == "checked"
    browser(cast.adele).post(f"/imports/{job.pk}/discard/")
    assert worked(job).state == "discarded"
    assert not User.objects.filter(name="K. Obi").exists()
    assert not Source.objects.filter(name="Radio").exists()


def test_a_file_of_which_another_brought_everything_in_meanwhile_ends(cast: Cast):
    text = "No,Deal,Owner,Team\n1,a,K. Obi,\n2,b,,Night shift\n"
    named = {"id": "No", "name": "Deal", "owner": "Owner", "team": "Team"}
    job = checked(cast.adele, uploaded(cast.adele, text), **named)
    answer(cast.adele, job, all_owner="+", all_team="+")
    assert worked(job).counts["new"] == 2
    loaded(cast.adele, checked(cast.adele, uploaded(cast.adele, text), **named))
    assert loaded(cast.adele, job).state == "done"
    assert (job.counts["known"], job.batch) == (2, None)
    assert User.objects.get(name="K. Obi").batch is None
    assert Team.objects.get(name="Night shift").batch is None
    # What was made for it is that of the next check, with which it can go.
    again = verbs.check_again(job, by=cast.adele, at=timezone.now())
    browser(cast.adele).post(f"/imports/{worked(again).pk}/discard/")
    assert worked(again).state == "discarded"
    assert {name for _kind, _pk, name, _why in again.kept} == {"K. Obi", "Night shift"}
