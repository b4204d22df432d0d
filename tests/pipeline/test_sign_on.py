"""Single sign-on: who is let in by what an outside provider says, and who is not."""

import base64
import zlib
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.test import Client
from environs import Env
from lxml import etree

from pipeline.models import Team, User
from pipeline.people.commands import invitation, people
from salesprocess import sign_on_settings
from tests.factories import NOW, make_user
from tests.pipeline.sign_on_provider import certificate, openid_provider, saml_answer

ACS = "http://testserver/accounts/saml/saml/acs/"


@pytest.fixture(scope="module")
def outside():
    with openid_provider() as provider:
        yield provider


@pytest.fixture(autouse=True)
def _configured(outside, settings, monkeypatch):
    said = {
        "OIDC_SERVER_URL": outside.url,
        "OIDC_CLIENT_ID": "seven",
        "OIDC_CLIENT_SECRET": "secret",
        "OIDC_NAME": "Acme",
        "SAML_ENTITY_ID": "https://idp.test",
        "SAML_SSO_URL": "https://idp.test/sso",
        "SAML_CERTIFICATE": certificate(),
        "SIGN_ON_DOMAINS": "believed.test",
    }
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    settings.SOCIALACCOUNT_PROVIDERS = sign_on_settings.providers(Env(), https_only=False)


def sign_on(outside, client=None, *, start="/accounts/oidc/oidc/login/?process=login", **claims):
    """Through the provider and back: the browser, and what it was answered in the end."""
    client = client or Client()
    outside.claims = {"sub": claims["email"] or "someone", "email_verified": True, **claims}
    asked = urlsplit(client.get(start).url)
    assert asked.path == "/authorize"
    sent = {name: values[0] for name, values in parse_qs(asked.query).items()}
    assert sent["code_challenge_method"] == "S256"
    back = {"code": "one", "state": sent["state"]}
    return client, client.get(urlsplit(sent["redirect_uri"]).path, back)


def is_in(client):
    return client.get("/board/").status_code == 200


def test_it_lets_in_by_a_verified_address_who_has_joined_or_was_invited(cast, outside):
    page = Client().get("/accounts/login/").content.decode()
    assert "Sign in with Acme" in page
    client, answer = sign_on(outside, email="Ana@seven.test")
    assert answer.url == "/"
    assert is_in(client)
    assert [path for path, _sent in outside.asked[-2:]] == ["/token", "/userinfo"]
    # From now on it is the account that is known, whatever its address becomes.
    client, _answer = sign_on(outside, sub="Ana@seven.test", email="other@else.test")
    assert client.get("/profile/").content.decode().count("ana@seven.test")

    ivo = make_user(name="Ivo", team=cast.north, password=None)
    client, answer = sign_on(outside, email="ivo@seven.test")
    assert (answer.status_code, is_in(client)) == (403, False), "he was not invited"
    invited = invitation.invite(ivo, by=cast.mona, at=NOW)
    client, answer = sign_on(outside, email="ivo@seven.test")
    assert is_in(client)
    found = User.objects.get(pk=ivo.pk)
    assert found.has_joined
    assert User.objects.able_to_sign_in().filter(pk=ivo.pk).exists()
    follow = Client().get(f"/invitations/{invited.token()}/", follow=True)
    assert follow.status_code == 410, "the link had its one use"


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "nobody@seven.test"},
        {"email": "ana@seven.test", "email_verified": False},
        {"email": "ana@seven.test", "email_verified": "false"},
        {"email": ""},
    ],
    ids=str,
)
def test_it_lets_nobody_in_else_and_makes_nobody(cast, outside, claims):
    before = User.objects.count()
    client, answer = sign_on(outside, **claims)
    assert answer.status_code == 403
    assert "You are not let in by this" in answer.content.decode()
    assert not is_in(client)
    assert (User.objects.count(), SocialAccount.objects.count()) == (before, 0)


def test_an_address_that_was_passed_on_opens_nothing_of_who_had_it(cast, outside):
    sign_on(outside, sub="first", email="ana@seven.test")
    client, answer = sign_on(outside, sub="second", email="ana@seven.test")
    assert (answer.status_code, is_in(client)) == (403, False)


def test_it_adds_people_only_where_a_setting_says_so(cast, outside, settings):
    settings.SIGN_ON_ADDS_PEOPLE = True
    client, _answer = sign_on(outside, email="new@believed.test", email_verified=False)
    assert is_in(client)
    added = User.objects.get(email="new@believed.test")
    assert (added.role, added.team, added.has_joined) == ("salesperson", cast.root, True)


def test_who_left_is_out_everywhere_at_once(cast, outside):
    client, _answer = sign_on(outside, email="ana@seven.test")
    password = Client()
    password.post("/accounts/login/", {"login": "ana@seven.test", "password": "right horse"})
    assert is_in(client)
    assert is_in(password)
    ana = cast.again(cast.ana)
    uid, key = user_pk_to_url_str(ana), default_token_generator.make_token(ana)
    link = f"/accounts/password/reset/key/{uid}-{key}/"
    assert Client().get(link).status_code == 302, "it works until then"
    people.deactivate(cast.ana, by=cast.adele, at=NOW)
    assert not is_in(client)
    assert not is_in(password)
    client, answer = sign_on(outside, email="ana@seven.test")
    assert (answer.url, is_in(client)) == ("/accounts/inactive/", False)
    assert "does not work any more" in Client().get(link).content.decode()


def test_a_domain_that_signs_on_takes_no_password(cast, outside, settings):
    settings.SIGN_ON_ONLY_DOMAINS = ["seven.test"]
    client = Client()
    said = {"login": "Ana@SEVEN.test", "password": "right horse"}
    page = client.post("/accounts/login/", said).content.decode()
    assert "come in by single sign-on" in page
    assert not is_in(client)
    client.post("/accounts/password/reset/", {"email": "ana@seven.test"})
    assert mail.outbox == []
    client, _answer = sign_on(outside, email="ana@seven.test")
    assert is_in(client)


def test_who_has_no_password_confirms_by_signing_on_again(cast, outside, clock):
    ivo = make_user(name="Ivo", team=cast.north, password=None)
    invitation.invite(ivo, by=cast.mona, at=NOW)
    client, _answer = sign_on(outside, email="ivo@seven.test")
    clock.shift(16 * 60)
    file = "/lists/deals.csv?outcome=any"
    confirm = client.get(client.get(file).url).url
    assert "prompt%3Dlogin" in confirm
    _other, answer = sign_on(outside, client, start=confirm, sub="x", email="ana@seven.test")
    assert answer.status_code == 403, "another person is no confirmation"
    assert client.get(file).status_code == 302
    _same, answer = sign_on(outside, client, start=confirm, email="ivo@seven.test")
    assert answer.url.startswith("/profile/download/")
    assert client.get(file).status_code == 200


def saml(client, *, email, **more):
    """What the browser is answered when the provider has sent it back."""
    sent = parse_qs(urlsplit(client.get("/accounts/saml/saml/login/?process=login").url).query)
    request = etree.fromstring(zlib.decompress(base64.b64decode(sent["SAMLRequest"][0]), -15))
    audience = request.findtext("{urn:oasis:names:tc:SAML:2.0:assertion}Issuer")
    answer = saml_answer(
        to=request.attrib["ID"], audience=audience, acs=ACS, email=email, at=NOW, **more
    )
    # From another site: the session's cookie does not come with it.
    other = Client(enforce_csrf_checks=True)
    posted = other.post("/accounts/saml/saml/acs/", {"SAMLResponse": answer})
    client.cookies.update(other.cookies)
    return client.get(posted.headers["Location"])


def test_saml_lets_in_by_a_signed_answer_of_a_believed_domain(cast):
    make_user(name="Bea", team=cast.north, email="bea@believed.test")
    client = Client()
    assert saml(client, email="bea@believed.test").url == "/"
    assert is_in(client)
    for email, more in (
        ("ana@seven.test", {}),  # not a domain that it is believed about
        ("bea@believed.test", {"signed": False}),
    ):
        client = Client()
        assert saml(client, email=email, **more).status_code in (401, 403)
        assert not is_in(client)
    assert Client().get("/accounts/saml/saml/metadata/").status_code == 200


def test_a_second_factor_is_asked_here_unless_the_provider_says_that_it_asked(
    cast, outside, settings
):
    """V6.8.4"""
    Team.objects.filter(pk=cast.root.pk).update(second_factor_for="everybody")
    for said in ({}, {"amr": ["pwd"]}, {"amr": "mfa"}, {"acr": "0"}):
        client, _answer = sign_on(outside, email="ana@seven.test", **said)
        assert client.get("/board/").url.startswith("/profile/second-factor/"), said
    for said in ({"amr": ["pwd", "mfa"]}, {"acr": "phr"}):
        client, _answer = sign_on(outside, email="ana@seven.test", **said)
        assert is_in(client), said
    settings.SIGN_ON_ASKS_SECOND_FACTOR = True
    client, _answer = sign_on(outside, email="ana@seven.test")
    assert is_in(client)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("issuer", "https://accounts.evil.test"),
        ("leads", {"/.well-known/openid-configuration": "https://accounts.evil.test/"}),
        ("claims", {}),
    ],
)
def test_a_provider_that_calls_itself_otherwise_or_is_away_is_told_in_words(
    cast, outside, monkeypatch, settings, name, said
):
    """V10.5.3"""
    monkeypatch.setattr(outside, name, said)
    if name == "claims":
        monkeypatch.setenv("OIDC_SERVER_URL", "http://127.0.0.1:9")
        settings.SOCIALACCOUNT_PROVIDERS = sign_on_settings.providers(Env(), https_only=False)
    for path in ("login/?process=login", "login/callback/?code=one&state=none"):
        answer = Client().get(f"/accounts/oidc/oidc/{path}")
        assert answer.status_code == 401, path
        assert "/authorize" not in answer.content.decode()


@pytest.mark.parametrize("path", ["/token", "/userinfo"])
def test_it_follows_nobody_elsewhere(cast, outside, monkeypatch, path):
    """V15.3.2"""
    monkeypatch.setattr(outside, "leads", {path: f"{outside.url}/inside"})
    asked = len(outside.asked)
    client, answer = sign_on(outside, email="ana@seven.test")
    assert answer.status_code == 401
    assert not is_in(client)
    assert "/inside" not in [one for one, _sent in outside.asked[asked:]]
