"""What can be done to people and teams."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from pipeline.models import Role, Team, User
from pipeline.moves import Refused


def found_organisation(*, name: str, currency: str, time_zone: str, country: str) -> Team:
    """Make the root of the tree of teams.

    `currency` is three letters (ISO 4217), `time_zone` a name of the tz database, `country` two
    letters (ISO 3166), by which telephone numbers are read.

    Raises Refused if there is an organisation already, ValidationError for a setting that is none.
    """
    if Team.objects.filter(parent=None).exists():
        raise Refused(_("There is an organisation already."))
    root = Team(
        name=name.strip(), currency=currency.upper(), time_zone=time_zone, country=country.upper()
    )
    root.full_clean()
    root.save(force_insert=True)
    return root


def add_first_admin(*, name: str, email: str, password: str) -> User:
    """Add an admin who can sign in; there is no page for it, so that nobody finds one open.

    Raises ValidationError for a weak password, an e-mail that is none, or one that is taken.
    """
    validate_password(password)
    if not email:
        raise ValidationError(_("An admin needs an e-mail address to sign in."))
    with transaction.atomic():
        admin = User(name=name.strip(), email=email.strip().lower(), role=Role.ADMIN)
        admin.set_password(password)
        admin.full_clean()
        admin.save(force_insert=True)
    return admin
