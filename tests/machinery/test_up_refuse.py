import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from salesprocess import embedded
from tests.machinery.running import ROOT, Run

pytestmark = pytest.mark.machinery


def reset(run: Run) -> subprocess.CompletedProcess[str]:
    own = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    own |= {"SEVEN_ENV": "demo", "SEVEN_STATE": str(run.state)}
    return subprocess.run(
        [sys.executable, "manage.py", "reset"],
        cwd=ROOT,
        env=own,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_it_says_what_is_in_its_way_and_is_emptied_only_when_it_stands(start: Callable[..., Run]):
    first = start().ready()

    again = start()
    assert again.process.wait(30) != 0
    assert f"Already running (process {first.process.pid})" in again.text()

    neighbour = start("elsewhere", port=first.port)
    assert neighbour.process.wait(30) != 0
    assert f"Port {first.port} is taken" in neighbour.text()

    early = reset(first)
    assert early.returncode != 0
    assert "Stop it first" in early.stderr
    assert first.get("/readyz") == 200

    assert first.interrupt() == 0
    assert (embedded.home(first.state) / "postgres").exists()
    assert reset(first).returncode == 0
    assert not (embedded.home(first.state) / "postgres").exists()
