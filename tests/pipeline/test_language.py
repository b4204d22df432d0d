"""In which language somebody reads: chosen on the profile, kept with the person."""

import pytest
from django.core import mail
from django.test import Client
from django.utils import translation

from pipeline import tasks
from pipeline.models import Language, Role, User
from pipeline.people.commands import invitation as invitations
from pipeline.people.commands import people as commands
from pipeline.people.events import LanguageChanged
from tests.factories import NOW


def speaks(user, language):
    User.objects.filter(pk=user.pk).update(language=language)


def test_it_knows_the_languages_that_pages_are_written_in(settings):
    assert list(Language.choices) == [tuple(each) for each in settings.LANGUAGES]


def test_it_is_chosen_on_the_profile_and_kept_in_history(client, cast):
    client.force_login(cast.ana)
    client.post(
        "/profile/",
        {"name": "Ana Ruiz", "style": "mixed", "theme": "auto", "language": "de"},
    )

    page = client.get("/profile/").content.decode()
    assert '<html lang="de"' in page
    assert cast.ana.changes.get(kind="language").event == LanguageChanged(old="en", new="de")


def test_it_costs_no_query(client, cast, django_assert_num_queries):
    client.force_login(cast.ana)
    client.get("/profile/")
    # session, person, reach, state of the profile, second factors, browsers
    with django_assert_num_queries(6):
        client.get("/profile/")


def test_it_asks_no_database_without_a_session(client):
    assert client.get("/healthz").status_code == 200


def test_it_speaks_to_strangers_as_their_browser_asks(client, db):
    for asked, language in (("de-AT,de;q=0.9", "de"), ("en-GB", "en"), ("fr", "en"), ("", "en")):
        page = client.get("/accounts/login/", headers={"accept-language": asked})
        assert f'<html lang="{language}"' in page.content.decode()


def test_it_is_remembered_by_the_browser_after_signing_out(client, cast):
    speaks(cast.ana, "de")
    client.force_login(cast.ana)
    client.get("/profile/", headers={"accept-language": "en"})
    client.post("/accounts/logout/")

    page = client.get("/accounts/login/", headers={"accept-language": "en"})

    assert '<html lang="de"' in page.content.decode()


def test_it_does_not_pass_to_the_next_request(cast):
    speaks(cast.ana, "de")
    ana, ben = Client(), Client()
    ana.force_login(cast.ana)
    ben.force_login(cast.ben)

    ana.get("/profile/")

    assert '<html lang="en"' in ben.get("/profile/").content.decode()


def test_it_is_that_of_the_inviter_until_the_person_has_read_a_page(cast):
    speaks(cast.mona, "de")
    facts = {"role": Role.SALESPERSON, "style": "mixed", "team": cast.north}
    mona = cast.again(cast.mona)

    eva = commands.add(by=mona, at=NOW, name="Eva", email="eva@seven.test", **facts)
    assert eva.language == "de"

    invitation = invitations.invite(eva, by=mona, at=NOW)
    invitations.accept(invitation, name="Eva", password="a long enough one", at=NOW, language="en")
    assert User.objects.get(pk=eva.pk).language == "en"


def test_it_is_taken_from_the_page_on_which_somebody_joins(cast):
    facts = {"role": Role.SALESPERSON, "style": "mixed", "team": cast.north}
    eva = commands.add(by=cast.mona, at=NOW, name="Eva", email="eva@seven.test", **facts)
    invitation = invitations.invite(eva, by=cast.mona, at=NOW)
    browser = Client(headers={"accept-language": "de"})
    page = browser.get(f"/invitations/{invitation.token()}/", follow=True)
    assert '<html lang="de"' in page.content.decode()

    password = "ein langes Passwort"
    said = {"name": "Eva", "password": password, "again": password}
    assert browser.post("/invitations/accept/", said).status_code == 302

    assert User.objects.get(pk=eva.pk).language == "de"


def test_it_is_the_receivers_in_mails_whoever_sends_them(cast):
    facts = {"role": Role.SALESPERSON, "style": "mixed", "team": cast.north}
    speaks(cast.mona, "de")
    mona = cast.again(cast.mona)
    commands.add(by=mona, at=NOW, name="Eva", email="eva@seven.test", invite=True, **facts)
    commands.add(by=cast.adele, at=NOW, name="Al", email="al@seven.test", invite=True, **facts)
    with translation.override("en"):
        commands.change_email(
            cast.mona, email="m@seven.test", password="right horse", by=mona, at=NOW
        )

    tasks.relay_outbox()

    sent = {message.to[0]: message for message in mail.outbox}
    assert sent["eva@seven.test"].subject == "Mona Reyes lädt Sie zu Seven ein"
    assert "18. März 2026 um 11:00 Uhr" in sent["eva@seven.test"].body
    assert sent["al@seven.test"].subject == "Adele Winter invites you to Seven"
    assert "18 March 2026 at 11:00" in sent["al@seven.test"].body
    assert "geändert" in sent["mona@seven.test"].subject
    assert translation.get_language() == "en"


@pytest.mark.parametrize("language", Language.values)
def test_it_is_the_same_on_every_page(client, cast, language):
    speaks(cast.adele, language)
    client.force_login(cast.adele)
    for address in ("/board/", "/people/", "/outbox/", "/imports/", "/leads/list/"):
        assert f'<html lang="{language}"' in client.get(address).content.decode(), address
