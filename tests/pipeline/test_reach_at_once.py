"""Many threads of one process ask who may see what; each for its own reader."""

import threading
from typing import Any

import pytest

from pipeline.people.models import people


def test_one_that_waits_for_the_database_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answered = threading.Event(), threading.Event()

    def standing_of(user: people.User) -> Any:
        if user.name == "Slow":
            asked.set()
            assert answered.wait(10)
        return None, user.name, None

    monkeypatch.setattr(people, "standing_of", standing_of)
    slow, quick = people.User(name="Slow"), people.User(name="Quick")
    waiting = threading.Thread(target=lambda: slow.scope, daemon=True)
    waiting.start()
    assert asked.wait(10)
    asking = threading.Thread(target=lambda: quick.scope, daemon=True)
    asking.start()
    asking.join(5)
    held_up = asking.is_alive()
    answered.set()
    waiting.join(10)
    assert not held_up
    of_each: list[Any] = [quick.scope, slow.scope]
    assert of_each == ["Quick", "Slow"]
