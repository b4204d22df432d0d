"""Whether there is a line, and whose; and what works in the browser where there is none."""

from pathlib import Path

from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, JsonResponse
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


@require_safe
@login_not_required
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker. Not with the other files, because one counts below its own address only, and
    under one name, because a browser asks by itself whether there is a newer one."""
    name = "dist/worker.js"
    found = finders.find(name) or staticfiles_storage.path(name)
    headers = {"Cache-Control": "no-cache"}
    return HttpResponse(Path(found).read_bytes(), content_type="text/javascript", headers=headers)
