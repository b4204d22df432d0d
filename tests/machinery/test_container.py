import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.machinery.running import ROOT

pytestmark = pytest.mark.machinery

TOOLS = Path(sysconfig.get_path("scripts"))
VARIABLES = {
    "SECRET_KEY": "not-read-by-compose",
    "SITE_URL": "https://crm.example.com",
    "POSTGRES_PASSWORD": "for-this-test-only",
    "SEVEN_OWNER_PASSWORD": "for-this-test-only",
    "SEVEN_WEB_PASSWORD": "for-this-test-only",
    "VALKEY_PASSWORD": "forThisTestOnly",
    "EMAIL_URL": "smtp://mail.example.com",
}


def compose(variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TOOLS / "docker-compose", "--env-file", os.devnull, "config", "--quiet"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_composes_with_its_variables():
    answer = compose(VARIABLES)

    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("missing", sorted(VARIABLES))
def test_it_has_no_default_for(missing: str):
    answer = compose({name: value for name, value in VARIABLES.items() if name != missing})

    assert answer.returncode != 0
    assert f"set {missing} in .env" in answer.stderr


def test_its_image_follows_the_rules():
    answer = subprocess.run(
        [TOOLS / "hadolint", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert answer.returncode == 0, answer.stdout
