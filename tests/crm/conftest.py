from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from salesprocess.lib.refused import Refused
from tests.crm.truth import all_rows

Refusal = Callable[[str | None], AbstractContextManager[None]]


@pytest.fixture
def refused() -> Refusal:
    """`with refused("reason"):` the verb names that field, in words, and changes no row."""

    @contextmanager
    def check(field: str | None) -> Iterator[None]:
        before = all_rows()
        with pytest.raises(Refused) as caught:
            yield
        assert caught.value.field == field
        assert str(caught.value.message)
        assert all_rows() == before

    return check


@pytest.fixture
def unseen() -> Callable[[type[Exception]], AbstractContextManager[None]]:
    """`with unseen(Deal.DoesNotExist):` the record is out of reach, and no row changes."""

    @contextmanager
    def check(error: type[Exception]) -> Iterator[None]:
        before = all_rows()
        with pytest.raises(error):
            yield
        assert all_rows() == before

    return check
