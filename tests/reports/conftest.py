import pytest

from tests.conftest import Cast, Keep
from tests.kept_rows import KeptRows
from tests.reports import worked


@pytest.fixture(scope="session")
def kept_worked(keep: Keep) -> KeptRows:
    return keep(worked.tell_all)


@pytest.fixture
def worked_cast(kept_worked: KeptRows, cast: Cast) -> Cast:
    """The cast, with the ten deals of METRICS' worked fixture; all of them are Ana's."""
    kept_worked.lay_out()
    return cast
