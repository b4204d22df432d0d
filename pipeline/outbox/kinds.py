"""What kinds of delivery there are. Each app registers those that it delivers when it is loaded, in
its `handlers.py`, so that this one knows nothing of the apps above it.

A kind is "app.noun.verb": of the app whose record it tells about, whichever delivers it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from pipeline.models import OutboxRow

INVITATION = "pipeline.invitation.send"
PASSWORD_RESET = "pipeline.password.reset"  # noqa: S105  # the name of a kind
EMAIL_CHANGED = "pipeline.email.change"
SIGN_IN_CHANGED = "pipeline.sign_in.change"
PROCESS_PUBLISHED = "pipeline.process.publish"
# For an app that knows what people have, and brings it along.
PERSON_MOVED = "pipeline.person.move"

Handler = Callable[[OutboxRow], None]


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """`app` is the one whose worker delivers it, `label` what admins read of it."""

    app: str
    label: str | Promise
    handler: Handler

    @property
    def relay(self) -> str:
        """The task that delivers it; its worker is the one to wake."""
        return f"{self.app}.tasks.relay_outbox"


_deliveries: dict[str, Delivery] = {}


def register(kind: str, *, app: str, label: str | Promise, handler: Handler) -> None:
    """Say who delivers a kind. Raises ValueError where somebody does already."""
    if kind in _deliveries:
        raise ValueError(f"{kind} is delivered by {_deliveries[kind].app} already")
    _deliveries[kind] = Delivery(app=app, label=label, handler=handler)


def delivery_of(kind: str) -> Delivery | None:
    """None for a kind that nobody delivers here: of another release, or of an app that is gone."""
    return _deliveries.get(kind)


def kinds() -> list[str]:
    return list(_deliveries)


def kinds_of(app: str) -> list[str]:
    return [kind for kind, delivery in _deliveries.items() if delivery.app == app]
