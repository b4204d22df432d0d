import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

from salesprocess.lib.breaker import breaker_of

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class ForgivingRedisCache(RedisCache):
    """A cache that is empty while its server is down or silent, instead of raising.

    Only what may be lost is cached: sign-in must work without it, so rate limits fail open. One
    caller waits for a server that says nothing, the next ones do without.
    """

    _servers: list[str]

    def _fail_open(self, fallback: Answer, call: Callable[[], Answer]) -> Answer:
        breaker = breaker_of(" ".join(self._servers))
        if not breaker.lets_through():
            return fallback
        try:
            answer = call()
        except (RedisError, OSError) as error:
            breaker.failed()
            logger.warning("cache unavailable: %s", type(error).__name__)
            return fallback
        breaker.worked()
        return answer

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._fail_open(
            default, lambda: super(ForgivingRedisCache, self).get(key, default, version)
        )

    def set(self, *args: Any, **kwargs: Any) -> None:
        return self._fail_open(None, lambda: super(ForgivingRedisCache, self).set(*args, **kwargs))

    def add(self, *args: Any, **kwargs: Any) -> bool:
        # As if it had been added: a limit or a lock kept here fails open.
        return self._fail_open(True, lambda: super(ForgivingRedisCache, self).add(*args, **kwargs))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._fail_open(False, lambda: super(ForgivingRedisCache, self).delete(key, version))

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return self._fail_open(
            False, lambda: super(ForgivingRedisCache, self).touch(*args, **kwargs)
        )

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return self._fail_open(
            delta, lambda: super(ForgivingRedisCache, self).incr(key, delta, version)
        )
