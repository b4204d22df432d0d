"""Who sells: people and the tree of teams whose root is the organisation."""

import json
import zoneinfo
from functools import lru_cache
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX as UNUSABLE_PREFIX
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from pipeline.models.batch import Batch
from pipeline.people.access import HasScope, ProcessNow, Scope
from salesprocess.lib.prepared import run
from salesprocess.lib.working_hours import WorkingHours, minutes_of


class Role(models.TextChoices):
    SALESPERSON = "salesperson", _("Salesperson")
    MANAGER = "manager", _("Manager")
    ADMIN = "admin", _("Admin")


class SellingStyle(models.TextChoices):
    """METHOD, "Legitimate styles": comparisons are made like with like."""

    ACCOUNT_MANAGEMENT = "account_management", _("Account management")
    NEW_BUSINESS = "new_business", _("New business")
    MIXED = "mixed", _("Mixed")


class Theme(models.TextChoices):
    AUTO = "auto", _("As the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class StartPage(models.TextChoices):
    """With what somebody begins; empty goes by the role."""

    DAY = "day", _("My Day")
    BOARD = "board", _("Board")
    REPORTS = "reports", _("Reports")


class SecondFactorFor(models.TextChoices):
    """Who is to have more than a password; nobody where it is empty."""

    ADMINS = "admins", _("Admins")
    MANAGERS = "managers", _("Managers and admins")
    EVERYBODY = "everybody", _("Everybody")


class Language(models.TextChoices):
    """Each by its own name, which is never translated; settings.LANGUAGES has the same."""

    ENGLISH = "en", "English"
    GERMAN = "de", "Deutsch"


def validate_time_zone(name: str) -> None:
    """Names come from the tz database only: they reach SQL."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            _("%(name)s is not a time zone; write one such as Europe/Vienna."),
            params={"name": name},
        )


class WorkingDays(models.TextChoices):
    """The days of the week on which an organisation works: those of ISO, Monday is 1."""

    MONDAY_TO_SATURDAY = "123456", _("Monday to Saturday")
    SUNDAY_TO_THURSDAY = "12347", _("Sunday to Thursday")
    EVERY_DAY = "1234567", _("Every day")


# An hour of the day, as in 08:30.
validate_hour = RegexValidator(r"^([01]\d|2[0-3]):[0-5]\d$")


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, user: "User") -> Self:
        """The tree of teams is common knowledge in an organisation; its records are not."""
        return self.filter() if user.is_active else self.none()

    def editable_by(self, user: "User") -> Self:
        scope = user.scope
        if scope.everything:
            return self.filter()
        return self.filter(pk__in=sorted(scope.managed_team_ids))

    def root(self) -> "Team":
        return self.get(parent=None)


TeamManager = models.Manager.from_queryset(TeamQuerySet)


class Team(models.Model):
    """A node of the organisation's tree; the root is the organisation and carries its settings."""

    name = models.CharField(max_length=120)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    # At most one manager; who leads several teams stands in each of them.
    manager = models.ForeignKey(
        "User", on_delete=models.PROTECT, null=True, blank=True, related_name="teams_led"
    )
    # Settings of the organisation: on the root, and only there.
    currency = models.CharField(
        max_length=3, blank=True, validators=[RegexValidator(r"^[A-Z]{3}$")]
    )
    time_zone = models.CharField(max_length=64, blank=True, validators=[validate_time_zone])
    country = models.CharField(max_length=2, blank=True, validators=[RegexValidator(r"^[A-Z]{2}$")])
    # In which month its year begins, and so its quarters; empty is January.
    fiscal_month = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    # The coverage in percent from which on reports make rankings; empty is 90, the least there is.
    reliable_from = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(90), MaxValueValidator(100)]
    )
    # When people work, for what is measured in working hours; empty is Monday to Friday, and from
    # 09:00 to 17:00.
    working_days = models.CharField(
        max_length=7, choices=WorkingDays, blank=True, default="", db_default=""
    )
    working_from = models.CharField(
        max_length=5, blank=True, default="", db_default="", validators=[validate_hour]
    )
    working_until = models.CharField(
        max_length=5, blank=True, default="", db_default="", validators=[validate_hour]
    )
    second_factor_for = models.CharField(max_length=9, choices=SecondFactorFor, blank=True)
    # Whom it wants as customers: industries and countries by commas, and how many people they have.
    target_industries = models.CharField(max_length=500, blank=True, default="", db_default="")
    target_countries = models.CharField(max_length=500, blank=True, default="", db_default="")
    target_employees_from = models.PositiveIntegerField(null=True, blank=True)
    target_employees_to = models.PositiveIntegerField(null=True, blank=True)
    # Who answers what no leader of a team does; empty leaves it to who leads the organisation.
    process_owner = models.ForeignKey(
        "User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = TeamManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["parent"],
                condition=Q(parent=None),
                nulls_distinct=False,
                name="team_one_root",
            ),
            models.UniqueConstraint(
                "parent", Lower("name"), name="team_name_once_below_its_parent"
            ),
            models.CheckConstraint(
                condition=Q(parent=None) & ~Q(currency="") & ~Q(time_zone="") & ~Q(country="")
                | Q(
                    parent__isnull=False,
                    currency="",
                    time_zone="",
                    country="",
                    fiscal_month=None,
                    reliable_from=None,
                    working_days="",
                    working_from="",
                    working_until="",
                    second_factor_for="",
                    process_owner=None,
                    target_industries="",
                    target_countries="",
                    target_employees_from=None,
                    target_employees_to=None,
                ),
                name="team_settings_on_the_root_only",
            ),
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("id")), name="team_not_its_own_parent"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The organisation's time zone; reports are in it. On the root only."""
        return zoneinfo.ZoneInfo(self.time_zone or "UTC")

    @property
    def working_hours(self) -> WorkingHours:
        """Those of the organisation. On the root only."""
        usual = WorkingHours()
        return WorkingHours(
            days=frozenset(map(int, self.working_days)) or usual.days,
            opens=minutes_of(self.working_from) if self.working_from else usual.opens,
            closes=minutes_of(self.working_until) if self.working_until else usual.closes,
        )


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def visible_to(self, user: "User") -> Self:
        """Colleagues' names are common knowledge; their records and figures are scoped."""
        return self.filter() if user.is_active else self.none()

    def editable_by(self, user: "User") -> Self:
        """Oneself, and the people of the teams that one leads."""
        if not user.is_active:
            return self.none()
        scope = user.scope
        if scope.everything:
            return self.filter()
        return self.filter(Q(pk=user.pk) | Q(team_id__in=sorted(scope.managed_team_ids)))

    def manageable_by(self, user: "User") -> Self:
        """The people whose role, team and place among us one may decide about.

        Never oneself; for a manager no admin either, nor anybody who leads a team out of the
        manager's own reach: a manager above may well be a member of a team below.
        """
        others = self.editable_by(user).exclude(pk=user.pk)
        if user.scope.everything:
            return others
        led = sorted(user.scope.managed_team_ids)
        above = Team.objects.filter(manager__isnull=False).exclude(pk__in=led)
        return others.exclude(role=Role.ADMIN).exclude(pk__in=above.values("manager"))

    def able_to_sign_in(self) -> Self:
        """Active, with an address and a password or single sign-on; `User.has_joined` says the same
        of one person."""
        with_address = self.active().filter(email__isnull=False)
        return with_address.filter(Q(signs_on=True) | ~Q(password__startswith=UNUSABLE_PREFIX))

    def notified_of_process(self) -> Self:
        """Those who get mails about it: whoever has left reads none, and who wants none."""
        return self.able_to_sign_in().filter(process_mails=True)

    def whose_records_are_visible_to(self, user: HasScope) -> Self:
        """The people one may filter lists by, because their records are in one's scope."""
        scope = user.scope
        return self.filter() if scope.everything else self.filter(pk__any_of=scope.owner_ids)

    def assignable_by(self, user: "User") -> Self:
        """The people to whom one may hand a record over."""
        scope = user.scope
        people = self.active()
        return people if scope.everything else people.filter(pk__in=sorted(scope.assignable_ids))


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_user(self, *, name: str, email: str | None = None, **fields: Any) -> "User":
        password = fields.pop("password", None)
        user: User = self.model(name=name, email=normal_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        user: User = self.get(email=normal_email(username))
        return user


@lru_cache(maxsize=4096)
def initials_of(name: str) -> str:
    """The first letters of the first and the last word, for lists that read only names.

    What stands behind a name in brackets says something of the person, and is no part of it.
    """
    words = [word for word in name.split() if not word.startswith("(")] or name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def normal_email(email: str | None) -> str | None:
    """Empty means not invited yet. Addresses are compared without regard to case."""
    return email.strip().lower() or None if email else None


class User(AbstractBaseUser):
    email = models.EmailField(_("E-mail"), null=True, blank=True, unique=True)
    name = models.CharField(_("Name"), max_length=120)
    role = models.CharField(max_length=12, choices=Role, default=Role.SALESPERSON)
    style = models.CharField(max_length=20, choices=SellingStyle, default=SellingStyle.MIXED)
    # People without a team see their own records only; a salesperson has one team.
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="members"
    )
    hired_on = models.DateField(null=True, blank=True)
    # Empty inherits the organisation's.
    time_zone = models.CharField(max_length=64, blank=True, validators=[validate_time_zone])
    theme = models.CharField(max_length=5, choices=Theme, default=Theme.AUTO)
    # In which pages are shown and mails are written.
    language = models.CharField(max_length=5, choices=Language, default=Language.ENGLISH)
    start_page = models.CharField(
        max_length=7, choices=StartPage, blank=True, default="", db_default=""
    )
    # Whether mails tell of a new version of the process, and of questions about it.
    process_mails = models.BooleanField(default=True)
    # Whether the browser counts the seconds in forms, for the person alone.
    form_times = models.BooleanField(default=True, db_default=True)
    # The keys that this person has put in the place of others, as "c=q, g b=k" (`people.keys`), and
    # whether single ones count at all.
    keys = models.CharField(max_length=400, blank=True, default="", db_default="")
    single_keys = models.BooleanField(default=True, db_default=True)
    # How each list looks for this person, as the query of its address, by list; JSON.
    list_looks = models.CharField(max_length=2000, blank=True, default="", db_default="")
    is_active = models.BooleanField(default=True)
    # Came in by single sign-on, and so has joined without a password.
    signs_on = models.BooleanField(default=False)
    # How often everybody who was signed in as this person was signed out; see the session's hash.
    sign_outs = models.PositiveIntegerField(default=0)
    batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["name"]

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(email=None) | Q(email=Lower("email")),
                name="user_email_lower_case",
                violation_error_message=_("Enter a valid e-mail address."),
            ),
            models.CheckConstraint(
                condition=~Q(role=Role.SALESPERSON) | Q(team__isnull=False),
                name="user_salesperson_has_a_team",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session is checked against at every request; also when a key is replaced."""
        return salted_hmac(
            "pipeline.User.session",
            f"{self.password}:{self.sign_outs}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()

    @property
    def has_joined(self) -> bool:
        """Has chosen a password or come in by single sign-on: no longer to be invited, and the address
        is the person's own."""
        return self.signs_on or self.has_usable_password()

    @property
    def initials(self) -> str:
        return initials_of(self.name)

    @property
    def is_manager(self) -> bool:
        return self.role in (Role.MANAGER, Role.ADMIN)

    @property
    def begins_with(self) -> StartPage:
        """The page with which the person begins: the own choice, else the day of who sells, and the
        board of who leads."""
        if self.start_page:
            return StartPage(self.start_page)
        return StartPage.DAY if self.role == Role.SALESPERSON else StartPage.BOARD

    @cached_property
    def organisation(self) -> Team:
        """The root of the tree, with the organisation's settings; memoised here.

        Raises Team.DoesNotExist before the organisation is founded.
        """
        root = self._standing[0]
        if root is None:
            raise Team.DoesNotExist
        return root

    @property
    def must_have_second_factor(self) -> bool:
        """Whether the organisation asks for more than a password from somebody of this role."""
        asked = self._standing[0].second_factor_for if self._standing[0] else ""
        return self.role in _ASKED_ROLES.get(asked, ())

    @cached_property
    def zone(self) -> zoneinfo.ZoneInfo:
        """Where this person's days begin and end."""
        return zoneinfo.ZoneInfo(self.time_zone) if self.time_zone else self.organisation.zone

    @cached_property
    def scope(self) -> Scope:
        """Whose records this person may see; memoised on this object only."""
        return self._standing[1]

    @cached_property
    def process_now(self) -> ProcessNow:
        """Which process each team works by just now, and this person; memoised like the scope."""
        return self._standing[2]

    @cached_property
    def _standing(self) -> tuple[Team | None, Scope, ProcessNow]:
        """All three by one query: hardly a page does without any."""
        return standing_of(self)


def standing_of(user: User) -> tuple[Team | None, Scope, ProcessNow]:
    """The organisation, a person's reach in it, and which process is in force where, from the tree
    of teams as it stands now.

    A manager sees the own records and those of everybody in the teams that he or she leads, with
    all teams below them; a salesperson the own ones and the own team's pool; an admin everything;
    a deactivated person nothing.
    """
    leads = user.is_active and user.role == Role.MANAGER
    ((led, people, assignable, sample_id, tour_id, teams, names, *root),) = run(
        _REACH, {"user": user.pk, "leads": leads}
    )
    organisation = None if root[0] is None else Team.from_db(DEFAULT_DB_ALIAS, _ROOT, root)
    now = ProcessNow(
        team_id=user.team_id,
        teams={pk: (above, version) for pk, above, version in json.loads(teams or "[]")},
        own_names=dict(json.loads(names or "[]")),
    )
    return organisation, _scope(user, led, people, assignable, sample_id, tour_id), now


def _scope(
    user: User,
    led: list[int],
    people: list[int],
    assignable: list[int],
    sample_id: int | None,
    tour_id: int | None,
) -> Scope:
    if not user.is_active:
        return Scope(user_id=user.pk, is_active=False)
    if user.role == Role.ADMIN:
        return Scope(user_id=user.pk, everything=True, sample_id=sample_id, tour_id=tour_id)
    own_team = {user.team_id} if user.team_id else set()
    return Scope(
        user_id=user.pk,
        owner_ids=frozenset(people) | {user.pk},
        assignable_ids=frozenset(assignable) | {user.pk},
        pool_team_ids=frozenset(led) | own_team,
        managed_team_ids=frozenset(led),
        sample_id=sample_id,
        tour_id=tour_id,
    )


_ASKED_ROLES: dict[str, tuple[str, ...]] = {
    SecondFactorFor.ADMINS: (Role.ADMIN,),
    SecondFactorFor.MANAGERS: (Role.ADMIN, Role.MANAGER),
    SecondFactorFor.EVERYBODY: tuple(Role),
}
# The columns of the organisation, all of them: whoever asks for it may write it.
_ROOT = [field.attname for field in Team._meta.concrete_fields]
_REACH = f"""
    WITH RECURSIVE led AS (
        SELECT id FROM pipeline_team WHERE %(leads)s AND manager_id = %(user)s
        UNION
        SELECT team.id FROM pipeline_team team JOIN led ON team.parent_id = led.id
    )
    SELECT
        ARRAY(SELECT id FROM led),
        ARRAY(SELECT id FROM pipeline_user WHERE team_id IN (SELECT id FROM led)),
        -- Who left keeps records in sight of the manager, but is given no new ones.
        ARRAY(
            SELECT id FROM pipeline_user
            WHERE is_active AND (
                team_id IN (SELECT id FROM led)
                OR team_id = (SELECT team_id FROM pipeline_user WHERE id = %(user)s)
            )
        ),
        (SELECT id FROM pipeline_batch WHERE kind = 'sample' AND undone_at IS NULL LIMIT 1),
        (SELECT id FROM pipeline_batch WHERE kind = 'tour' AND undone_at IS NULL),
        (
            SELECT json_agg(json_build_array(team.id, team.parent_id, layer.current_id))::text
            FROM pipeline_team team LEFT JOIN pipeline_layer layer ON layer.team_id = team.id
        ),
        (
            SELECT json_agg(json_build_array(wording.stage, wording.label))::text
            FROM pipeline_stagewording wording JOIN pipeline_layer mine ON mine.id = layer_id
            WHERE mine.user_id = %(user)s AND wording.label <> ''
        ),
        {", ".join(f"root.{column}" for column in _ROOT)}
    FROM (SELECT) AS whatever_there_is LEFT JOIN pipeline_team root ON root.parent_id IS NULL
"""  # noqa: S608  # columns of our own
