"""How a proof ends: figures as JSON, and an exit code that says whether each zero is zero."""

import json
import os
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".state"


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy it was with other work."""
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cores": os.cpu_count(),
        "load_average": [round(each, 1) for each in os.getloadavg()],
    }


def finish(figures: Mapping[str, Any], *, zeros: Collection[str], to: Path) -> int:
    """Write and print the figures; 1 if one of those named in `zeros` is not 0, else 0."""
    broken = [name for name in zeros if figures[name]]
    text = json.dumps({**figures, "kept": not broken}, indent=1, default=str)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(f"{text}\n")
    print(text)  # noqa: T201  # a tool for a terminal
    if broken:
        print(f"Not zero: {', '.join(broken)}", file=sys.stderr)  # noqa: T201
    return 1 if broken else 0
