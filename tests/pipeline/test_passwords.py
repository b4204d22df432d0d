import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from pipeline.models import User
from tests.conftest import Cast
from tests.factories import make_team

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "password",
    [
        "1234567890",
        "password2026!",
        "P@ssw0rd2026",
        "!!Welcome123",
        "qwertyuiop",
        "iloveyou12345",
        "Sommer2026!!",
        "S0mmer-2026!",
        "passwort1234",
        "Willkommen2026",
        "hallohallo1",
        "Geheim!!2026",
        "Schalke04!04",
        "München-2026",
        "seven-stages",
        "aaaaaaaaaaaa",
        "abababababab",
    ],
)
def test_it_refuses_what_others_would_try_first(password: str):
    with pytest.raises(ValidationError):
        validate_password(password, user=User(name="Ana Ruiz", email="ana@seven.test"))


def test_it_refuses_what_is_known_of_a_person():
    with pytest.raises(ValidationError):
        validate_password("Ana.Ruiz.26", user=User(name="Ana Ruiz", email="ana@seven.test"))


@pytest.mark.parametrize(
    "password",
    [
        "right horse",
        "battery staple correct",
        "drei Birnen am Zaun",
        "k7#Vx3qLr0Tz",
        "x" * 5 + "horse lamp",
    ],
)
def test_it_takes_what_nobody_guesses(password: str):
    validate_password(password, user=User(name="Ana Ruiz", email="ana@seven.test"))


def test_it_refuses_what_the_installation_is_known_by(cast: Cast):
    """V6.1.2, V6.2.11; docs/SECURITY.md lists them."""
    make_team(name="Bergland Süd", parent=cast.root)
    for password in (
        "Bergland 2026!",
        "berglandsüd-26",
        "B3rgland-1234",
        "1234 seven 1234",
        "localhost-2026",
    ):
        with pytest.raises(ValidationError):
            validate_password(password)
    validate_password("bergland horse battery")
