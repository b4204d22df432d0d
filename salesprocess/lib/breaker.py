import threading
import time
from functools import cache

# Seconds: so long a part is left alone, and at most so long it is not noticed that it works again.
PAUSE = 2.0


class Breaker:
    """Lets not everybody wait, one after the other, for a part that does not answer.

    After it failed, nobody tries it for `pause` seconds; then one does, while the others still go
    without, and so on until it works again. Asked before each call; told after it how it went.
    """

    def __init__(self, pause: float = PAUSE) -> None:
        self._pause = pause
        self._lock = threading.Lock()
        self._broken_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it failed so lately that nobody tries it."""
        return time.monotonic() < self._broken_until

    def lets_through(self) -> bool:
        if not self._broken_until:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._broken_until:
                return False
            if self._broken_until:
                self._broken_until = now + self._pause  # whoever asks next waits for this one
            return True

    def failed(self) -> None:
        with self._lock:
            self._broken_until = time.monotonic() + self._pause

    def worked(self) -> None:
        if self._broken_until:
            with self._lock:
                self._broken_until = 0.0


@cache
def breaker_of(address: str) -> Breaker:
    """The one that all of this process share for the part at that address."""
    return Breaker()
