"""Signing in by more than a password, and where one is signed in."""

import re
from html import unescape

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from cryptography.fernet import InvalidToken
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.test import Client

from pipeline.models import User
from pipeline.tasks import relay_outbox
from salesprocess.second_factor import SecondFactorAdapter, former_cipher
from tests.factories import NOW
from tests.passkeys import give_app, give_passkey

PASSWORD = "right horse"  # of everybody in the cast
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) AppleWebKit/605 Version/19.0 Safari/604.1"


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


def signed_in(email="ana@seven.test", agent=WINDOWS):
    """A browser after its password was taken, and what was answered."""
    client = Client(headers={"user-agent": agent})
    return client, client.post("/accounts/login/", {"login": email, "password": PASSWORD})


def code_of(secret):
    *_before, now, _after = yield_hotp_counters_from_time()
    return format_hotp_value(hotp_value(secret, now))


def set_up_app(client):
    """Its secret, and the recovery codes that came with it."""
    page = client.get("/accounts/second-factor/app/").content.decode()
    (secret,) = re.findall(r'<code class="key">(\w+)</code>', page)
    assert "data:image/svg+xml" in page
    done = client.post("/accounts/second-factor/app/", {"code": code_of(secret)}, follow=True)
    codes = re.findall(r"<li>([a-z2-9]{5}-[a-z2-9]{5})</li>", done.content.decode())
    assert len(codes) == 10
    return secret, codes


def test_a_second_step_is_asked_once_it_is_set_up_and_each_code_opens_once(cast, clock):
    client, answer = signed_in()
    assert answer.url == "/"
    secret, codes = set_up_app(client)
    kept = Authenticator.objects.get(user=cast.ana, type="totp")
    assert secret not in str(kept.data), "the secret lies readable in the database"

    clock.shift(60)
    client, answer = signed_in()
    assert answer.url == "/accounts/second-factor/ask/"
    assert client.get("/board/").status_code == 302
    step = "/accounts/second-factor/ask/"
    for wrong in ("000000", "", "1" * 4000, "²²²²²²"):
        assert client.post(step, {"code": wrong}).status_code == 200
    code = code_of(secret)
    # The cache that allauth remembers used codes by may be gone.
    cache.clear()
    assert client.post(step, {"code": code}).url == "/"
    assert client.get("/board/").status_code == 200

    cache.clear()
    other, _answer = signed_in()
    assert other.post(step, {"code": code}).status_code == 200, "a code opened twice"
    assert other.post(step, {"code": codes[0]}).url == "/"
    other, _answer = signed_in()
    assert other.post(step, {"code": codes[0]}).status_code == 200, "a code opened twice"


def test_a_secret_is_kept_by_a_cipher_of_the_list_and_one_of_before_is_when_it_is_used(
    cast, clock, settings
):
    """V11.3.2"""
    client, _answer = signed_in()
    secret, _codes = set_up_app(client)
    kept = Authenticator.objects.get(user=cast.ana, type="totp")
    assert kept.data["secret"].startswith("gcm:")
    kept.data["secret"] = former_cipher().encrypt(secret.encode()).decode()
    kept.save()
    clock.shift(60)
    client, _answer = signed_in()
    assert client.post("/accounts/second-factor/ask/", {"code": code_of(secret)}).url == "/"
    kept.refresh_from_db()
    adapter, sealed = SecondFactorAdapter(), kept.data["secret"]
    assert sealed.startswith("gcm:")

    assert adapter.encrypt(secret) != adapter.encrypt(secret)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another " * 8
    assert adapter.decrypt(sealed) == secret
    changed = sealed[:-8] + ("A" if sealed[-8] != "A" else "B") + sealed[-7:]
    for wrong in (changed, "gcm:", "gcm:AAAA"):
        with pytest.raises(InvalidToken):
            adapter.decrypt(wrong)


def test_second_factors_are_changed_only_by_who_has_just_confirmed(cast, clock):
    client, _answer = signed_in()
    clock.shift(16 * 60)
    for path in ("second-factor/app/", "passkeys/new/", "recovery-codes/new/"):
        for send in (client.get, client.post):
            assert "/accounts/reauthenticate/?next=" in send(f"/accounts/{path}").url
    back = client.get("/accounts/second-factor/app/").url
    assert client.post(back, {"password": "wrong"}).status_code == 200
    assert client.post(back, {"password": PASSWORD}).url == "/accounts/second-factor/app/"
    set_up_app(client)


def test_who_had_a_new_password_by_mail_can_still_set_up_a_second_factor(cast, clock):
    """Whose link is opened, allauth enters in a list of addresses of its own, as not verified."""
    key = default_token_generator.make_token(cast.ana)
    link = f"/accounts/password/reset/key/{user_pk_to_url_str(cast.ana)}-{key}/"
    new = {"password1": "battery staple 9", "password2": "battery staple 9"}
    client = Client()
    client.post(client.get(link)["Location"], new)
    client.post("/accounts/login/", {"login": "ana@seven.test", "password": "battery staple 9"})
    set_up_app(client)
    assert client.get("/accounts/passkeys/new/").status_code == 200


def test_it_lists_where_one_is_signed_in_and_ends_it(cast, clock):
    here, _answer = signed_in()
    phone, _answer = signed_in(agent=PHONE)
    stranger, _answer = signed_in("ben@seven.test")
    clock.shift(301)
    phone.get("/board/")
    page = here.get("/profile/").content.decode()
    assert page.index("Chrome on Windows") < page.index("this one") < page.index("Safari on iPhone")
    (other,) = re.findall(r"/profile/sessions/(\d+)/end/", page)

    assert stranger.post(f"/profile/sessions/{other}/end/").status_code == 404
    assert phone.get("/board/").status_code == 200
    assert here.post(f"/profile/sessions/{other}/end/").url == "/profile/"
    assert phone.get("/board/").status_code == 302
    assert "iPhone" not in here.get("/profile/").content.decode()

    signed_in(agent=PHONE)
    here.post("/profile/sign-out/")
    page = here.get("/profile/").content.decode()
    assert "this one" in page
    assert "iPhone" not in page
    assert Session.objects.filter(expire_date__gt=NOW).count() == 2  # here, and Ben's


EXPORTS = ["/lists/deals.csv?outcome=any", "/reports/rows/entered/export/?by=stage&of=1"]


@pytest.mark.parametrize("file", EXPORTS)
def test_a_file_waits_until_it_is_confirmed_who_takes_it(cast, clock, file):
    client, _answer = signed_in()
    assert client.get(file).status_code == 200
    clock.shift(16 * 60)
    asked = client.get(file, headers={"referer": "http://testserver/deals/?outcome=any"}).url
    assert asked.startswith("/accounts/reauthenticate/?next=/profile/download/")
    assert client.get(file, headers={"HX-Request": "true"}).headers["HX-Redirect"]
    goes_on = client.post(asked, {"password": PASSWORD}).url
    page = unescape(client.get(goes_on).content.decode())
    assert f'content="0;url={file}"' in page
    assert 'href="/deals/?outcome=any"' in page
    assert client.get(file).status_code == 200


def test_a_role_waits_until_it_is_confirmed_who_gives_it_and_what_was_typed_is_kept(cast, clock):
    client, _answer = signed_in("adele@seven.test")
    clock.shift(16 * 60)
    path = f"/people/{cast.ben.pk}/edit/"
    said = {"name": "Ben Q. Okoro", "role": "manager", "style": "mixed", "team": cast.north.pk}
    page = client.get(path).content.decode()
    said |= dict(re.findall(r'name="(reader|idempotency_key|seen)" value="([^"]*)"', page))
    asked = client.post(path, said, headers={"referer": f"http://testserver{path}"}).url
    assert asked == f"/accounts/reauthenticate/?next={path}"
    assert User.objects.get(pk=cast.ben.pk).role == "salesperson"

    assert client.post(asked, {"password": PASSWORD}).url == path
    kept = client.get(path).content.decode()
    assert "You were asked for something else before this was sent" in kept
    assert "Ben Q. Okoro" in kept
    assert client.post(path, said).status_code == 302
    found = User.objects.get(pk=cast.ben.pk)
    assert (found.name, found.role) == ("Ben Q. Okoro", "manager")
    assert "before this was sent" not in client.get(path).content.decode()

    # What gives nobody more reach is not held up by it, and who leads a team is no less than a role.
    clock.shift(16 * 60)
    del said["seen"]
    assert client.post(path, {**said, "name": "Ben", "idempotency_key": "2"}).url
    team = {"name": "North", "parent": cast.west.pk, "manager": cast.ben.pk}
    assert "reauthenticate" in client.post(f"/people/teams/{cast.north.pk}/edit/", team).url
    new = {**said, "name": "New", "role": "admin", "email": "new@seven.test"}
    assert "reauthenticate" in client.post("/people/new/", {**new, "idempotency_key": "3"}).url
    assert not User.objects.filter(name="New").exists()


def test_who_must_have_a_second_factor_goes_no_further_without(cast, clock):
    admin, _answer = signed_in("adele@seven.test")
    give_app(cast.adele)
    mona, _answer = signed_in("mona@seven.test")
    ana, _answer = signed_in()
    said = {"second_factor_for": "managers"}
    assert admin.post("/settings/sign-in/", said).url == "/settings/sign-in/"
    assert "Managers and admins" in admin.get("/settings/changes/").content.decode()

    assert ana.get("/board/").status_code == 200, "it is not asked of her role"
    assert admin.get("/board/").status_code == 200, "she has one"
    led = mona.get("/board/?of=mine").url
    assert led == "/profile/second-factor/?next=/board/%3Fof%3Dmine"
    assert mona.get("/board/", headers={"HX-Request": "true"}).headers["HX-Redirect"]
    name = {"name": "Changed", "style": "mixed", "theme": "auto", "language": "en"}
    assert mona.post("/profile/", name).url == "/profile/second-factor/?next=/"
    assert User.objects.get(pk=cast.mona.pk).name == "Mona Reyes"
    assert "Set up a second factor" in mona.get(led).content.decode()
    set_up_app(mona)
    assert mona.get("/accounts/second-factor/").url == "/board/?of=mine"
    assert mona.get("/board/").status_code == 200

    # The last one stays; of two, one may go.
    kept = mona.post("/accounts/second-factor/app/remove/").content.decode()
    assert "set up another one first" in kept
    passkey = give_passkey(cast.mona)
    assert mona.post("/accounts/second-factor/app/remove/").url == "/accounts/second-factor/"
    kept = mona.post(f"/accounts/passkeys/{passkey.pk}/remove/").content.decode()
    assert "set up another one first" in kept
    assert Authenticator.objects.filter(user=cast.mona, type="webauthn").exists()


def test_an_admin_lets_somebody_in_who_has_lost_it(cast, clock):
    admin, _answer = signed_in("adele@seven.test")
    give_app(cast.ana)
    ana = Client()
    ana.force_login(cast.ana)
    assert "lost" in admin.get(f"/people/{cast.ana.pk}/").content.decode()
    remove = f"/people/{cast.ana.pk}/second-factors/remove/"
    clock.shift(16 * 60)
    assert "reauthenticate" in admin.post(remove).url
    assert Authenticator.objects.filter(user=cast.ana).count() == 2
    admin.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert admin.post(remove).url == f"/people/{cast.ana.pk}/"
    assert ana.get("/board/").status_code == 302, "who has the phone is out"
    _client, answer = signed_in()
    assert answer.url == "/"
    assert "Second factors removed" in admin.get(f"/people/{cast.ana.pk}/").content.decode()


def test_an_admin_ends_sessions_of_others_and_every_tab_is_out_at_once(
    cast, clock, django_capture_on_commit_callbacks
):
    admin, _answer = signed_in("adele@seven.test")
    laptop, _answer = signed_in()
    phone, _answer = signed_in(agent=PHONE)
    stranger, _answer = signed_in("ben@seven.test")
    path = f"/people/{cast.ana.pk}/"
    page = admin.get(path).content.decode()
    (pk,) = re.findall(rf"{path}sessions/(\d+)/end/(?:(?!</li>).)*iPhone", page, re.DOTALL)
    one, every = f"{path}sessions/{pk}/end/", f"{path}sessions/end/"
    assert "iPhone" not in stranger.get(path).content.decode()
    for address in (one, every):
        assert stranger.post(address).status_code == 404
        assert laptop.post(address).status_code == 404
    assert admin.post(f"/people/{cast.ben.pk}/sessions/{pk}/end/").status_code == 404
    clock.shift(16 * 60)
    for address in (one, every):
        assert "reauthenticate" in admin.post(address).url
    admin.post("/accounts/reauthenticate/", {"password": PASSWORD})

    with django_capture_on_commit_callbacks(execute=True):
        assert admin.post(one).url == path
    assert phone.get("/board/").status_code == 302
    assert laptop.get("/board/").status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        assert admin.post(every).url == path
    script = {"HX-Request": "true", "HX-Current-URL": "http://testserver/board/"}
    assert laptop.get("/board/").url.startswith("/accounts/login/")
    assert laptop.get("/board/", headers=script)["HX-Redirect"].startswith("/accounts/login/")
    lost = laptop.post("/profile/", {"name": "Changed"})
    assert lost.url.startswith("/accounts/login/")
    assert admin.get("/board/").status_code == stranger.get("/board/").status_code == 200

    page = admin.get(path).content.decode()
    assert "Where the person is signed in" not in page
    assert "Signed out everywhere" in page
    assert "Safari on iPhone" in page
    relay_outbox()
    told = [(one.to, one.body) for one in mail.outbox]
    assert {to for [to], _body in told} == {"ana@seven.test"}
    assert "Adele Winter has signed you out of Safari on iPhone." in told[0][1]
    assert "Adele Winter has signed you out everywhere." in told[1][1]


def test_one_ends_own_sessions_only_after_confirming(cast, clock):
    here, _answer = signed_in()
    other, _answer = signed_in(agent=PHONE)
    (pk,) = re.findall(r"/profile/sessions/(\d+)/end/", here.get("/profile/").content.decode())
    clock.shift(16 * 60)
    for address in (f"/profile/sessions/{pk}/end/", "/profile/sign-out/"):
        assert "reauthenticate" in here.post(address).url
    assert other.get("/board/").status_code == 200


def test_whose_sign_in_it_is_hears_by_mail_of_each_change(
    cast, clock, django_capture_on_commit_callbacks
):
    """Also of what somebody else did in an open browser, or an admin for whom it is."""
    User.objects.filter(pk=cast.ana.pk).update(language="de")
    client, _answer = signed_in()
    new = {
        "oldpassword": PASSWORD,
        "password1": "battery staple 9",
        "password2": "battery staple 9",
    }
    with django_capture_on_commit_callbacks(execute=True):
        set_up_app(client)
        assert client.post("/accounts/password/change/", new).status_code == 302
        client.post("/accounts/second-factor/app/remove/")
        give_passkey(cast.ana)
        admin = Client()
        admin.force_login(cast.adele)
        admin.post(f"/people/{cast.ana.pk}/second-factors/remove/")
    mail.outbox.clear()
    relay_outbox()
    assert {tuple(one.to) for one in mail.outbox} == {("ana@seven.test",)}
    assert {one.subject for one in mail.outbox} == {
        "Wie Sie sich bei Seven anmelden, wurde geändert"
    }
    told = " ".join(str(one.body) for one in mail.outbox)
    assert "Ihr Passwort wurde geändert." in told
    assert "Eine App für Codes wurde als zweiter Faktor hinzugefügt." in told
    assert "Die App für Codes wurde entfernt." in told
    assert "Adele Winter hat Ihre zweiten Faktoren entfernt." in told
    page = admin.get(f"/people/{cast.ana.pk}/").content.decode()
    assert "Your password was changed." in page
