from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from crm.models import Deal
from pipeline.models import User
from tests.conftest import Cast, Keep
from tests.factories import make_company, make_deal
from tests.kept_rows import KeptRows


@dataclass(frozen=True, kw_only=True)
class Regress:
    """Ana's deal and Carl's, who sells in another branch."""

    cast: Cast
    anas: Deal
    carls: Deal


def _deals(cast: Cast) -> tuple[Deal, Deal]:
    norte = make_company(by=cast.ana, name="Norte SA")
    return (
        make_deal(by=cast.ana, name="Anas canary", company=norte),
        make_deal(by=cast.carl, name="Carls canary", company=norte),
    )


@pytest.fixture(scope="module")
def kept_deals(keep: Keep) -> KeptRows:
    return keep(_deals)


@pytest.fixture
def they(cast: Cast, kept_deals: KeptRows, settings: Any, tmp_path: Path) -> Regress:
    settings.MEDIA_ROOT = tmp_path / "media"
    anas, carls = kept_deals.lay_out()
    return Regress(cast=cast, anas=anas, carls=carls)


@pytest.fixture
def as_(client: Client) -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client.force_login(user)
        return client

    return sign_in
