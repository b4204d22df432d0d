from allauth.core import ratelimit
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from salesprocess.lib.refused import Refused


def posted_data(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to; an empty POST is one, too, and gets its mistakes told."""
    return request.POST if request.method == "POST" else None


def limit_guesses(request: HttpRequest) -> None:
    """Before a password is tried: who finds a browser open must not try a thousand.

    Raises Refused beyond the limit that re-entering one's password has.
    """
    if not ratelimit.consume(request, action="reauthenticate", user=request.user):
        raise Refused(_("Too many attempts. Wait a minute."), field="password")
