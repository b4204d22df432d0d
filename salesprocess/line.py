"""Whether there is a line, and whose."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_safe

from salesprocess.lib.unsent import sign_reader


@require_safe
@login_not_required
def line(request: HttpRequest) -> JsonResponse:
    """Who is signed in here, with a token for what is sent next; nobody, for a browser that kept
    something until its person is back."""
    signed_in = request.user.is_authenticated
    said = {
        "reader": sign_reader(request.user),
        "csrf": get_token(request) if signed_in else "",
    }
    return JsonResponse(said, headers={"Cache-Control": "no-store"})
