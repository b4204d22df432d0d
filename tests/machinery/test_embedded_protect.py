import os
from pathlib import Path

import pytest

from salesprocess import embedded
from salesprocess.child_processes import NOBODY


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The path of a run that nobody starts; only its folders are tried."""
    return tmp_path / "state"


def test_it_gives_each_state_its_own_servers(tmp_path: Path):
    one, other = tmp_path / "one", tmp_path / "other"

    assert embedded.database_url(one) != embedded.database_url(other)
    assert embedded.redis_url(one) != embedded.redis_url(other)


def test_its_socket_paths_stay_short_in_a_deep_folder(tmp_path: Path):
    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 8)

    assert len(str(embedded.sockets(deep) / ".s.PGSQL.5432.lock")) < 104


@pytest.mark.parametrize("kind", ["open", "link"])
def test_it_refuses_a_folder_that_others_can_enter_or_have_put_there(state: Path, kind: str):
    if kind == "open":
        state.mkdir(mode=0o755)
    else:
        state.with_name("elsewhere").mkdir(mode=0o700)
        state.symlink_to(state.with_name("elsewhere"))
    before = [(path, path.stat().st_uid) for path in state.parent.iterdir()]

    with pytest.raises(embedded.EmbeddedError, match="not a private folder"):
        embedded._private(state)

    assert [(path, path.stat().st_uid) for path in state.parent.iterdir()] == before


def test_it_makes_a_folder_that_only_the_servers_can_enter(state: Path):
    embedded._private(state)

    assert state.stat().st_mode & 0o777 == 0o700
    assert state.stat().st_uid == (NOBODY if os.geteuid() == 0 else os.geteuid())


def test_it_refuses_data_of_another_major_version(tmp_path: Path):
    (tmp_path / "PG_VERSION").write_text("17\n")

    with pytest.raises(embedded.EmbeddedError, match="made by PostgreSQL 17"):
        embedded._check_version(embedded._postgres_binaries(), tmp_path)
