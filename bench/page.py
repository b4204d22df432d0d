from collections.abc import Callable
from dataclasses import dataclass

from pipeline.models import User
from salesprocess.lib.idempotency import FIELD, new_key

# From who asks and the number of a turn to an address, and the fields of what is posted.
Asks = Callable[[User, int], tuple[str, dict[str, str] | None]]


@dataclass(frozen=True, kw_only=True)
class MeasuredPage:
    """What is measured: who asks for what, the limit it is held to and the goal at p50, 1 client. A page
    of the reports, or its limit, may ask for more than a page gets: then it is refused in words."""

    name: str
    reader: str
    limit: str
    goal: float | None = None
    asks: Asks
    htmx: bool = False
    is_report: bool = False

    def request(self, reader: User, turn: int) -> tuple[str, dict[str, str] | None]:
        """As a page sends it: a form with a key of its own."""
        path, data = self.asks(reader, turn)
        return path, data if data is None else {**data, FIELD: new_key()}
