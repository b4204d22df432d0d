from collections.abc import Callable
from dataclasses import dataclass

# From the number of a turn to what is posted: an address and its fields.
Post = Callable[[int], tuple[str, dict[str, str]]]


@dataclass(frozen=True, kw_only=True)
class Page:
    """What is measured: who asks, how, the limit it is held to and the goal at p50, 1 client."""

    name: str
    reader: str
    limit: str
    goal: float | None = None
    get: str = ""
    post: Post | None = None
    htmx: bool = False
