"""What happens to people, teams and the organisation, as their history keeps it; pure.

Facts that records of several kinds have (a name, a currency, an owner) are here once for all.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from salesprocess.lib.events import Event, RecordRef, ValueChanged

# Facts that others than people have, too ------------------------------------------------------


class NameChanged(ValueChanged[str], kind="name", label=_("Name")): ...


class CurrencyChanged(ValueChanged[str], kind="currency", label=_("Currency")): ...


class TeamChanged(ValueChanged[RecordRef], kind="team", label=_("Team")): ...


class TimeZoneChanged(ValueChanged[str], kind="time_zone", label=_("Time zone")): ...


@dataclass(frozen=True, kw_only=True)
class Added(Event, kind="added", label=_("Added")):
    """A person, a team, or a row of a list; `name` where the row itself does not keep it."""

    name: str = ""


# People -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Invited(Event, kind="invited", label=_("Invited")):
    email: str


@dataclass(frozen=True, kw_only=True)
class Joined(Event, kind="joined", label=_("Joined")):
    email: str


class EmailChanged(ValueChanged[str], kind="email", label=_("E-mail")): ...


class RoleChanged(ValueChanged[str], kind="role", label=_("Role")): ...


class StyleChanged(ValueChanged[str], kind="style", label=_("Selling style")): ...


class HiredOnChanged(ValueChanged[dt.date], kind="hired_on", label=_("Hired on")): ...


class ThemeChanged(ValueChanged[str], kind="theme", label=_("Theme")): ...


class LanguageChanged(ValueChanged[str], kind="language", label=_("Language")): ...


class StartPageChanged(ValueChanged[str], kind="start_page", label=_("Begins with")): ...


class ProcessMailsChanged(
    ValueChanged[bool], kind="process_mails", label=_("Mails about the process")
): ...


class FormTimesChanged(ValueChanged[bool], kind="form_times", label=_("Time in forms")): ...


class KeysChanged(ValueChanged[str], kind="keys", label=_("Own keys")): ...


class SingleKeysChanged(ValueChanged[bool], kind="single_keys", label=_("Single keys")): ...


class AccessChanged(ValueChanged[bool], kind="is_active"):
    """Deactivated, or let in again."""


class SignedOutEverywhere(ValueChanged[int], kind="sign_outs", label=_("Signed out everywhere")):
    """How often so far; but for the browser of who has done it."""


@dataclass(frozen=True, kw_only=True)
class SessionEnded(Event, kind="session_ended", label=_("Signed out of one browser")):
    """`agent` is what the browser said of itself."""

    agent: str


@dataclass(frozen=True, kw_only=True)
class SecondFactorsRemoved(Event, kind="second_factors_removed", label=_("Second factors removed")):
    """By an admin, because the person has lost them."""


class SignInChange(StrEnum):
    PASSWORD = "password"  # noqa: S105  # the name of a change
    APP_ADDED = "app_added"
    APP_REMOVED = "app_removed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    CODES_MADE = "codes_made"
    SIGN_ON_ADDED = "sign_on_added"


@dataclass(frozen=True, kw_only=True)
class SignInChanged(Event, kind="sign_in", label=_("Sign-in")):
    """How somebody signs in, changed by himself or herself: nothing of what is asked for is kept."""

    # One of SignInChange.
    what: str


# Teams and the organisation ---------------------------------------------------------------------


class ParentChanged(ValueChanged[RecordRef], kind="parent", label=_("Below")): ...


class ManagerChanged(ValueChanged[RecordRef], kind="manager", label=_("Manager")): ...


class CountryChanged(ValueChanged[str], kind="country", label=_("Country")): ...


class FiscalMonthChanged(ValueChanged[int], kind="fiscal_month", label=_("The year begins in")): ...


class WorkingDaysChanged(ValueChanged[str], kind="working_days", label=_("Working days")): ...


class WorkingFromChanged(ValueChanged[str], kind="working_from", label=_("Work begins at")): ...


class WorkingUntilChanged(ValueChanged[str], kind="working_until", label=_("Work ends at")): ...


class ReliableFromChanged(ValueChanged[int], kind="reliable_from", label=_("Reliable from")):
    """The coverage in percent from which a figure is shown as reliable."""


class SecondFactorForChanged(
    ValueChanged[str], kind="second_factor_for", label=_("Second factor for")
):
    """Who is to have more than a password."""


class TargetIndustriesChanged(
    ValueChanged[str], kind="target_industries", label=_("Industries we want")
): ...


class TargetCountriesChanged(
    ValueChanged[str], kind="target_countries", label=_("Countries we want")
): ...


class TargetEmployeesFromChanged(
    ValueChanged[int], kind="target_employees_from", label=_("Employees from")
): ...


class TargetEmployeesToChanged(
    ValueChanged[int], kind="target_employees_to", label=_("Employees up to")
): ...


class ProcessOwnerChanged(
    ValueChanged[RecordRef], kind="process_owner", label=_("Process owner")
): ...


# What of the organisation's history is a setting; the rest of it is about its people.
ORGANISATION_KINDS = tuple(
    one.kind
    for one in (
        NameChanged,
        CurrencyChanged,
        TimeZoneChanged,
        CountryChanged,
        FiscalMonthChanged,
        WorkingDaysChanged,
        WorkingFromChanged,
        WorkingUntilChanged,
        ReliableFromChanged,
        SecondFactorForChanged,
        ProcessOwnerChanged,
        TargetIndustriesChanged,
        TargetCountriesChanged,
        TargetEmployeesFromChanged,
        TargetEmployeesToChanged,
    )
)
