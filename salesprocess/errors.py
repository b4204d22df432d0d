"""Error pages in the product's look. Those for 500 and 503 stand alone: they must work when nothing
does."""

import sys
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from salesprocess.lib import unsent
from salesprocess.lib.htmx import trigger
from salesprocess.lib.trouble import Trouble, trouble_of

# Title, text, after how many seconds to ask again.
_TROUBLES = {
    Trouble.LOCKED: (
        gettext_lazy("Somebody else is just saving here"),
        gettext_lazy("Nothing was changed. Try again in a moment."),
        2,
    ),
    Trouble.SLOW: (
        gettext_lazy("That took too long"),
        gettext_lazy(
            "It was stopped, and nothing was changed. Ask for less at once, or try again."
        ),
        10,
    ),
    Trouble.FULL: (
        gettext_lazy("There is no room to save anything"),
        gettext_lazy("Nothing was changed. Tell whoever looks after Seven for you."),
        60,
    ),
    Trouble.AWAY: (
        gettext_lazy("Seven is not available at the moment"),
        gettext_lazy("It comes back by itself. Nothing that was saved is lost."),
        5,
    ),
}


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return render(request, "errors/400.html", status=HTTPStatus.BAD_REQUEST)
    text = _("Something in it was damaged on the way, so nothing was saved. Try again.")
    answer = HttpResponse(status=HTTPStatus.BAD_REQUEST, headers={"HX-Reswap": "none"})
    return trigger(answer, "toast", {"text": text, "tone": "bad"})


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


def version_missing(request: HttpRequest) -> HttpResponse:
    """What would overwrite what its page has not shown; only what no page of ours sent comes here."""
    if not request.headers.get("HX-Request"):
        return render(request, "errors/428.html", status=HTTPStatus.PRECONDITION_REQUIRED)
    text = _(
        "It was not said which version this is meant for, so nothing was saved. Reload the page."
    )
    answer = HttpResponse(status=HTTPStatus.PRECONDITION_REQUIRED, headers={"HX-Reswap": "none"})
    return trigger(answer, "toast", {"text": text, "tone": "bad"})


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django asks for it while it handles what was raised, in a view or in any middleware."""
    trouble = trouble_of(sys.exc_info()[1])
    if trouble is not None:
        return unavailable(request, trouble)
    return render(request, "errors/500.html", status=500)


def unavailable(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    """Says in words what the database cannot do now (503), and when to ask again.

    A form that a script sent stays as it is; any other is offered again with what was typed, and with
    its key, so that it counts once even if it did arrive.
    """
    title, words, seconds = _TROUBLES[trouble]
    text = str(words)
    if trouble == Trouble.AWAY and request.method == "POST":
        text = _("It is not known whether that arrived. Send it again as it is: it counts once.")
    headers = {"Retry-After": str(seconds), "Cache-Control": "no-store"}
    if request.headers.get("HX-Request"):
        said = f"{title}. {text}"
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return HttpResponse(said, content_type="text/plain", status=status, headers=headers)
    back = unsent.page_before(request) if request.method == "POST" else request.get_full_path()
    context = {"title": title, "text": text, "unsent": unsent.offer(request), "back": back}
    response = render(request, "errors/503.html", context, status=HTTPStatus.SERVICE_UNAVAILABLE)
    for name, value in headers.items():
        response[name] = value
    return response
