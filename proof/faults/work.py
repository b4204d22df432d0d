"""People at work while things break: what each meant to do, and what was answered."""

import http.client
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

from bench.run import Client
from salesprocess.lib.idempotency import FIELD, new_key

# So long one waits before it is tried again, as somebody who sees the words of a 503 would.
PAUSE = 0.3
PATIENCE = 15.0
# Now and then somebody is gone before the answer comes, and sends the same form again.
HANGS_UP = 0.05
WRITES = ("call", "deal", "note")


@dataclass(kw_only=True)
class Intent:
    """Something that a person means to happen once. `mark` is found in the database, `tries` how often
    it was sent, `acknowledged_at` when the server said that it is done."""

    kind: str
    mark: str
    path: str
    said: dict[str, str]
    tries: int = 0
    acknowledged_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class SentForm:
    """One request: its status, or None where no answer came; times are monotonic seconds."""

    began_at: float
    ended_at: float
    status: int | None
    is_write: bool
    path: str


@dataclass
class Diary:
    """What all workers have seen."""

    intents: list[Intent] = field(default_factory=list)
    tries: list[SentForm] = field(default_factory=list)
    hung_up: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def status_counts(self) -> Counter[str]:
        return Counter("no answer" if t.status is None else str(t.status) for t in self.tries)


class PersonAtWork(threading.Thread):
    """One person: writes, looks at what was written, and sends again what was not acknowledged."""

    def __init__(
        self, port: int, user: Any, deals: list[int], diary: Diary, *, number: int
    ) -> None:
        super().__init__(daemon=True)
        self.client = Client(port, user, patience=PATIENCE)
        self.deals, self.diary, self.number = deals, diary, number
        self.random = random.Random(number)  # noqa: S311  # to vary, not to hide
        self.ended = threading.Event()
        self.moves, self.hangs_up = False, HANGS_UP

    @classmethod
    def moving(cls, diary: Diary, port: int) -> "PersonAtWork":
        """Somebody who moves deals as well, at another web of the same installation."""
        from crm.models import Deal
        from pipeline.models import User

        user = User.objects.get(name="Ben Okoro")
        deals = Deal.objects.filter(owner=user).order_by("pk").values_list("pk", flat=True)
        person = cls(port, user, list(deals[:5]), diary, number=99)
        person.moves = True
        return person

    def run(self) -> None:
        turn = 0
        while not self.ended.is_set():
            turn += 1
            self._do(self._intent(turn))
            if turn % 3 == 0:
                self._look(turn)
            if self.moves:
                self._move(turn)
            self.ended.wait(0.05)
        self.client.connection.close()
        connections.close_all()  # those of this thread

    def _move(self, turn: int) -> None:
        from crm.models import Deal

        deal = Deal.objects.get(pk=self.deals[turn % len(self.deals)])
        said = {"to": str(deal.stage % 3 + 1), "version": str(deal.version), "reason": "The clock"}
        self._send(f"/deals/{deal.pk}/move/", {**said, FIELD: new_key()})

    def _intent(self, turn: int) -> Intent:
        mark = f"mark-{self.number}-{turn}-{time.monotonic_ns()}"
        kind = WRITES[turn % len(WRITES)]
        deal = self.deals[turn % len(self.deals)]
        path, said = {
            "call": (f"/deals/{deal}/log/", {"kind": "call", "body": mark}),
            "deal": ("/deals/new/", {"name": mark}),
            "note": ("/process/notes/new/", {"kind": "doesnt_fit", "words": mark}),
        }[kind]
        intent = Intent(kind=kind, mark=mark, path=path, said={**said, FIELD: new_key()})
        with self.diary.lock:
            self.diary.intents.append(intent)
        return intent

    def _do(self, intent: Intent) -> None:
        """Send it until it is acknowledged; after the end, for a while longer."""
        until: float | None = None
        while intent.acknowledged_at is None:
            if self.ended.is_set():
                until = until or time.monotonic() + 30
                if time.monotonic() > until:
                    return
            intent.tries += 1
            status = self._try(intent)
            if status is not None and status < 400:
                intent.acknowledged_at = time.monotonic()
            else:
                time.sleep(PAUSE)

    def _try(self, intent: Intent) -> int | None:
        if intent.tries == 1 and self.random.random() < self.hangs_up:
            self._hang_up(intent)
            return None
        return self._send(intent.path, intent.said)

    def _send(self, path: str, said: dict[str, str] | None = None) -> int | None:
        began, status = time.monotonic(), None
        try:
            status, _text = self.client.send(path, said)
        except (OSError, http.client.HTTPException):
            self.client.connection.close()
        done = SentForm(
            began_at=began, ended_at=time.monotonic(), status=status, is_write=bool(said), path=path
        )
        with self.diary.lock:
            self.diary.tries.append(done)
        return status

    def _hang_up(self, intent: Intent) -> None:
        """Send it over a connection of its own, and be gone before the answer comes."""
        client, own = self.client, self.client.connection
        client.connection = connection = http.client.HTTPConnection("127.0.0.1", client.port)
        connection.response_class = _Gone
        try:
            client.send(intent.path, intent.said)
        except (OSError, http.client.HTTPException):
            self.diary.hung_up += 1
        finally:
            connection.close()
            client.connection = own

    def _look(self, turn: int) -> None:
        deal = self.deals[turn % len(self.deals)]
        self._send(("/board/", f"/deals/{deal}/", "/deals/", "/search/?q=mark")[turn // 3 % 4])


class _Gone(http.client.HTTPResponse):
    """Reads nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise ConnectionAbortedError
