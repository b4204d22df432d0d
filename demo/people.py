"""Who works in the demo organisation: three levels of teams, three styles, unequal skill."""

import datetime as dt
import zoneinfo
from dataclasses import dataclass

from pipeline.models import Role, SellingStyle

ORGANISATION = "Brunnmark Systems"
CURRENCY, TIME_ZONE, COUNTRY = "EUR", "Europe/Vienna", "AT"

PASSWORD = "seven-stages"  # noqa: S105  # public on purpose; the demo refuses in production

ACCOUNT, NEW, MIXED = (
    SellingStyle.ACCOUNT_MANAGEMENT,
    SellingStyle.NEW_BUSINESS,
    SellingStyle.MIXED,
)


@dataclass(frozen=True, kw_only=True)
class DemoTeam:
    name: str
    parent: str | None
    manager: str | None = None


@dataclass(frozen=True, kw_only=True)
class DemoPerson:
    """`skill` multiplies the odds of getting on from a stage, `share` the number of deals.

    `months` ago the person was hired and, if he or she left, `left_months` ago that was;
    `heir` has that person's companies since.
    """

    name: str
    team: str
    months: int
    role: Role = Role.SALESPERSON
    style: SellingStyle = MIXED
    skill: float = 1.0
    share: float = 1.0
    left_months: int = 0
    heir: str = ""

    @property
    def email(self) -> str:
        return f"{self.name.split()[0].lower()}@brunnmark.example"

    @property
    def sells(self) -> bool:
        return self.role == Role.SALESPERSON

    def hired_on(self, today: dt.date) -> dt.date:
        return months_before(today, self.months)


def zone() -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(TIME_ZONE)


def months_before(day: dt.date, months: int) -> dt.date:
    """The first of the month that lies so many months back: people start on a first."""
    count = day.year * 12 + day.month - 1 - months
    return dt.date(count // 12, count % 12 + 1, 1)


def left_on(person: DemoPerson, today: dt.date) -> dt.date:
    return months_before(today, person.left_months)


TEAMS = [
    DemoTeam(name=ORGANISATION, parent=None),
    DemoTeam(name="Region Centre", parent=ORGANISATION, manager="Helene Brandauer"),
    DemoTeam(name="Region North", parent=ORGANISATION, manager="Pieter van Aalst"),
    DemoTeam(name="Vienna", parent="Region Centre", manager="Tomasz Wilk"),
    DemoTeam(name="Alps", parent="Region Centre", manager="Noor Haddad"),
    DemoTeam(name="Hamburg", parent="Region North", manager="Birgit Lohse"),
    # The region's manager leads this one as well.
    DemoTeam(name="Nordics", parent="Region North", manager="Pieter van Aalst"),
]

PEOPLE = [
    DemoPerson(name="Agnes Kovar", team=ORGANISATION, months=70, role=Role.ADMIN),
    DemoPerson(name="Helene Brandauer", team="Region Centre", months=88, role=Role.MANAGER),
    DemoPerson(name="Pieter van Aalst", team="Region North", months=52, role=Role.MANAGER),
    DemoPerson(name="Tomasz Wilk", team="Vienna", months=61, role=Role.MANAGER),
    DemoPerson(name="Noor Haddad", team="Alps", months=40, role=Role.MANAGER),
    DemoPerson(name="Birgit Lohse", team="Hamburg", months=33, role=Role.MANAGER),
    DemoPerson(name="Mira Sandoval", team="Vienna", months=44, skill=1.15),
    DemoPerson(name="Emeka Obi", team="Vienna", months=19, style=NEW, skill=0.9, share=1.25),
    DemoPerson(name="Ilse Traun", team="Vienna", months=97, style=ACCOUNT, skill=1.45),
    DemoPerson(name="Luca Ferrantino", team="Alps", months=30, style=NEW, skill=1.1, share=1.2),
    DemoPerson(name="Zeynep Aksu", team="Alps", months=57, style=ACCOUNT, skill=1.25, share=0.9),
    DemoPerson(name="Jonas Petersen", team="Hamburg", months=25, skill=0.8),
    DemoPerson(name="Thuy Linh Pham", team="Hamburg", months=4, style=NEW, skill=0.7, share=1.1),
    DemoPerson(name="Astrid Nyholm", team="Nordics", months=66, style=ACCOUNT, skill=1.3),
    DemoPerson(
        name="Ronan Keely",
        team="Hamburg",
        months=36,
        style=NEW,
        skill=0.75,
        left_months=5,
        heir="Jonas Petersen",
    ),
]

BY_NAME = {person.name: person for person in PEOPLE}
MANAGER_OF = {team.name: team.manager or "Agnes Kovar" for team in TEAMS}

# One for each thing that a visitor may want to see: role, e-mail, password.
SIGN_INS = [
    (role, BY_NAME[name].email, PASSWORD)
    for role, name in (
        ("Salesperson", "Mira Sandoval"),
        ("Team manager", "Tomasz Wilk"),
        ("Region manager", "Helene Brandauer"),
        ("Admin", "Agnes Kovar"),
    )
]
