"""Trying out what was written on paper before it is kept."""

from collections.abc import Callable

from django.db import transaction


def try_out(run: Callable[[], object]) -> None:
    """Do it and take all of it back: raises what doing it would raise."""
    with transaction.atomic():
        run()
        transaction.set_rollback(True)
