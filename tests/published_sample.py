"""The published sample "CRM Sales Opportunities": where it is, and how it comes in."""

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.utils import timezone

from crm import reference
from exchange.commands import files
from exchange.imports import mapping
from pipeline.models import Role, Team, User
from pipeline.people.commands.people import found_organisation
from tests.exchange.uploads import brought_in
from tests.factories import make_user

HERE = Path(__file__).resolve().parent
MAPPING = HERE / "data" / "crm_sales_opportunities.toml"
SAMPLE = Path(
    os.environ.get("SEVEN_SAMPLE", HERE.parent.parent / "shared/data/crm-sales-opportunities")
)

# The sample ends with the year 2017.
AFTER_IT = dt.datetime(2018, 1, 2, 17, tzinfo=dt.UTC)

needs_the_sample = pytest.mark.skipif(
    not (SAMPLE / "sales_pipeline.csv").is_file(),
    reason="the published sample is not here: name its folder in SEVEN_SAMPLE",
)


def found_hardware_inc() -> Team:
    """The organisation whose deals the sample tells."""
    reference.seed()
    return found_organisation(
        name="Hardware Inc", currency="USD", time_zone="America/New_York", country="US"
    )


def bring_in(
    folder: Path = SAMPLE, *, at: dt.datetime | None = None, commit: bool = True
) -> files.ImportResult:
    return brought_in(mapping.load(MAPPING), [folder], at=at or timezone.now(), commit=commit)


@dataclass(frozen=True)
class Hardware:
    """The sample as it came in: the organisation, an admin who sees all of it, and what the import
    said of itself."""

    root: Team
    admin: User
    result: files.ImportResult


def make_hardware() -> Hardware:
    root = found_hardware_inc()
    admin = make_user(name="Hardy Ware", team=root, role=Role.ADMIN)
    return Hardware(root=root, admin=admin, result=bring_in(at=AFTER_IT))
