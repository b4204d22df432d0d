from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.machinery.running import Run


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Starts `up` in `tmp_path / "state"`, or another folder there; all of it ends with the test."""
    runs: list[Run] = []

    def _start(folder: str = "state", *, port: int | None = None, **environment: str) -> Run:
        runs.append(Run(tmp_path / folder, port=port, **environment))
        return runs[-1]

    yield _start
    for run in runs:
        run.end()
