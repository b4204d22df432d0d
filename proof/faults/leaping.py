"""The web with a clock that leaps: what gunicorn serves in place of `salesprocess.wsgi`.

Python is told another time, as the file named by CLOCK says (seconds, or nothing), which is read with
each request. libfaketime cannot do it: Python 3.11 sleeps by a call that it fails (0.9.10).
"""

import datetime as dt
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import time_machine

from proof.faults import CLOCK
from salesprocess.wsgi import application as own

_offset = Path(os.environ[CLOCK])
_traveller = time_machine.travel(dt.datetime.now(dt.UTC), tick=True).start()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    seconds = float(_offset.read_text() or 0)
    _traveller.move_to(time_machine.escape_hatch.time.time() + seconds)
    return own(environ, start_response)
