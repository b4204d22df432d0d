import logging

import pytest
from django.core.cache import cache

from salesprocess.lib.cache import ForgivingRedisCache


@pytest.fixture
def away() -> ForgivingRedisCache:
    return ForgivingRedisCache("unix:///nowhere/valkey.sock", {})


def test_it_keeps_what_it_is_given():
    cache.set("kept", [1, 2], 30)

    assert cache.get("kept") == [1, 2]
    assert cache.incr("visits-of-nobody", 1) if cache.add("visits-of-nobody", 1) else True
    cache.delete_many(["kept", "visits-of-nobody"])


def test_it_is_empty_while_its_server_is_away(
    away: ForgivingRedisCache, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING):
        away.set("key", 1)
        assert away.get("key", "nothing") == "nothing"
        assert away.add("key", 1) is True
        assert away.incr("key", 3) == 3
        assert away.touch("key") is False
        assert away.delete("key") is False

    assert "cache unavailable" in caplog.text
    assert "key" not in caplog.text
