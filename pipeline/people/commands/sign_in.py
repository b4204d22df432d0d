"""Passwords that are tried: slowed down, by the database, so that it holds without a cache, too.

Counted for an account from one network, so that nobody locks anybody out who is elsewhere: whoever
goes on guessing waits longer and longer. And for a network over all accounts, against whoever tries
one password with many.
"""

import datetime as dt
from collections.abc import Sequence

from django.utils.crypto import salted_hmac

from pipeline.models import SignInAttempt

# So many wrong ones in WINDOW are free; then one waits, each time twice as long.
FREE = 5
WINDOW = dt.timedelta(hours=1)
FIRST_WAIT = dt.timedelta(seconds=15)
LONGEST_WAIT = dt.timedelta(minutes=15)
# Of one network, whatever accounts they are for.
NETWORK_FREE = 30
NETWORK_WINDOW = dt.timedelta(minutes=5)
KEPT = dt.timedelta(days=1)


class TooSoon(Exception):
    """The next password may be tried after `wait`."""

    def __init__(self, wait: dt.timedelta) -> None:
        super().__init__(f"in {wait}")
        self.wait = wait


def begin_attempt(*, account: str, network: str, at: dt.datetime) -> SignInAttempt:
    """Count a password that is about to be looked at. Written before it is judged, so that many at
    once know of each other.

    `account` is what was typed, known or not; `network` the address that it came from.
    Raises TooSoon, and then it is not counted.
    """
    network_digest = _digest(network)
    place = _digest(f"{network} {account.strip().lower()}")
    attempt = SignInAttempt.objects.create(network=network_digest, place=place, at=at)
    others = SignInAttempt.objects.exclude(pk=attempt.pk)
    here = others.filter(place=place, at__gt=at - WINDOW).order_by("at")
    near = others.filter(network=network_digest, at__gt=at - NETWORK_WINDOW).order_by("-at")
    until = max(
        wait_after(list(here.values_list("at", flat=True))),
        *(
            time + NETWORK_WINDOW
            for time in near.values_list("at", flat=True)[NETWORK_FREE - 1 :][:1]
        ),
        at,
    )
    if until > at:
        attempt.delete()
        raise TooSoon(until - at)
    return attempt


def wait_after(failures: Sequence[dt.datetime]) -> dt.datetime:
    """Until when one waits after failures at these instants, the latest last."""
    if len(failures) < FREE:
        return dt.datetime.min.replace(tzinfo=dt.UTC)
    wait: dt.timedelta = min(FIRST_WAIT * 2 ** (len(failures) - FREE), LONGEST_WAIT)
    return failures[-1] + wait


def succeed(attempt: SignInAttempt) -> None:
    """It was the right one: whoever knows it has not been guessing from here."""
    SignInAttempt.objects.filter(place=attempt.place).delete()


def forget_attempts(*, at: dt.datetime) -> int:
    """How many were forgotten."""
    gone, _by_model = SignInAttempt.objects.filter(at__lt=at - KEPT).delete()
    return int(gone)


def _digest(text: str) -> str:
    return salted_hmac("pipeline.sign_in_attempt", text, algorithm="sha256").hexdigest()
