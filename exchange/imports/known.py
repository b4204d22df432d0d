from typing import Any

_MOST = 1_024


def keep_known(known: dict[Any, Any], key: Any, value: Any) -> None:
    """Remember what a text means, as most columns say few things; forgotten before it is much."""
    if len(known) >= _MOST:
        known.clear()
    known[key] = value
