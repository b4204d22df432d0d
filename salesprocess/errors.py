"""Error pages in the product's look. That for 500 stands alone: it must work when nothing does."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from salesprocess.lib import unsent
from salesprocess.lib.htmx import trigger


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form with the token of an earlier sign-in costs nobody's words.

    Only what a page of ours sent is heard at all. Where nobody is signed in any more, that comes
    first; where the same person is, the form is offered again with a new token; where somebody else
    is, nothing is taken in that name and nothing of it shown.
    """
    if not unsent.is_same_origin(request):
        return render(request, "errors/csrf.html", status=403)
    if not request.user.is_authenticated:
        return unsent.redirect_to_sign_in(request)
    reader = unsent.reader_of(request)
    if reader == request.user.pk:
        return _sent_again(request, reader)
    return _not_in_that_name(request) if reader else render(request, "errors/csrf.html", status=403)


def _sent_again(request: HttpRequest, reader: int) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return unsent.csrf_token_response(request)
    context = {"unsent": unsent.unsent_from(request, reader=reader)}
    return render(request, "errors/send_again.html", context, status=403)


def _not_in_that_name(request: HttpRequest) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return render(request, "errors/somebody_else.html", status=403)
    name = request.user.name  # type: ignore[union-attr]  # whoever is signed in has one
    text = _("%(name)s is signed in here now, so nothing was sent.") % {"name": name}
    answer = HttpResponse(status=HTTPStatus.FORBIDDEN)
    return trigger(answer, "toast", {"text": text, "tone": "bad"})


def gone(request: HttpRequest) -> HttpResponse:
    """What was chosen went while it was being chosen; the form stays as it is."""
    if not request.headers.get("HX-Request"):
        return render(request, "errors/409.html", status=HTTPStatus.CONFLICT)
    text = _("Something that you chose was removed just now, so nothing was saved. Choose again.")
    answer = HttpResponse(status=HTTPStatus.CONFLICT, headers={"HX-Reswap": "none"})
    return trigger(answer, "toast", {"text": text, "tone": "bad"})


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "errors/500.html", status=500)
