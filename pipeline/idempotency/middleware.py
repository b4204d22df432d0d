"""Lets a form that is sent twice have its effect once, and answers the second as the first."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from pipeline.idempotency import commands
from pipeline.idempotency.models import IdempotencyKey
from salesprocess.lib.breaker import breaker_of
from salesprocess.lib.format import clock
from salesprocess.lib.htmx import trigger, wants_fragment
from salesprocess.lib.idempotency import digest_of, first_key_of, key_of
from salesprocess.lib.time_limits import LIMITS, set_local
from salesprocess.lib.trouble import PAUSES, Trouble, may_be_tried_again, trouble_of
from salesprocess.lib.unsent import previous_page
from salesprocess.lib.uploads import upload_of

MOST_BYTES = 512_000
_KEPT = ("Content-Type", "Location")
# Somebody who holds a lock for long would hold one thread after the other: where one has waited in
# vain, the next ones ask only whether it is free.
IMPATIENT = replace(LIMITS["page"], lock=0.4)
LOCKS = "locks"


class OneEffect:
    """Lets a form that is sent several times, or at once, have one effect and one answer.

    The last middleware before the view: the key, what the view does and what it answers are written
    in one transaction. What the view refuses keeps no key. An error takes all of it back.

    So what the database undid because of somebody else, two who waited for each other, is simply done
    again; what waited too long for a lock is given back to who asked.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        for pause in (*PAUSES, None):
            request.may_be_done_again = pause is not None  # type: ignore[attr-defined]
            response = self._once(request)
            if response is not None:
                return response
            time.sleep(pause or 0)
            for _name, files in request.FILES.lists():
                for file in files:
                    file.seek(0)
        raise AssertionError("The last time answers.")

    def _once(self, request: HttpRequest) -> HttpResponseBase | None:
        """The answer; None if it is to be done again, of which nothing is there by now."""
        request.claimed_key = None  # type: ignore[attr-defined]
        try:
            with ExitStack() as stack:
                request.one_effect = stack  # type: ignore[attr-defined]
                response = self.get_response(request)
                claimed: int | None = request.claimed_key  # type: ignore[attr-defined]
                if claimed is not None:
                    _settle(claimed, response)
        except DatabaseError as error:
            # What a row refers to is looked at when all is written: then the view has answered.
            if _is_to_be_done_again(request, error):
                return None
            answer = self.not_committed(request, error)
            if answer is None:
                raise
            return answer
        if claimed is not None:
            breaker_of(LOCKS).worked()
        return None if isinstance(response, _DoneAgain) else response

    def not_committed(self, request: HttpRequest, error: DatabaseError) -> HttpResponse | None:
        """What to answer where the database did not take what the view wrote; None: an error."""
        return None

    def process_view(
        self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        if getattr(view, "commits_in_pieces", False) or upload_of(request).too_large:
            return None
        key = key_of(request) if request.method == "POST" and request.user.is_authenticated else ""
        if not key:
            return None
        may_come_late = getattr(view, "may_come_late", False)
        first = first_key_of(request) if may_come_late else ""
        if first and (before := commands.taken(user=request.user, key=first)):  # type: ignore[arg-type]  # signed in
            return _taken_before(request, before)
        stack: ExitStack = request.one_effect  # type: ignore[attr-defined]
        stack.enter_context(transaction.atomic())
        if not breaker_of(LOCKS).lets_through():
            set_local(IMPATIENT)
        claimed, before = commands.claim(
            user=request.user,  # type: ignore[arg-type]  # signed in
            key=key,
            digest=digest_of(request),
            at=timezone.now(),
            may_come_late=may_come_late,
        )
        if before is not None:
            return _answered(request, before)
        request.claimed_key = claimed  # type: ignore[attr-defined]
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Nothing stays of what the view did: it is undone before an error page asks the database."""
        claimed = getattr(request, "claimed_key", None)
        if claimed is None:
            return None
        request.claimed_key = None  # type: ignore[attr-defined]
        stack: ExitStack = request.one_effect  # type: ignore[attr-defined]
        atomic = stack.pop_all()
        atomic.__exit__(type(error), error, error.__traceback__)
        if trouble_of(error) == Trouble.LOCKED:
            if _is_to_be_done_again(request, error):
                return _DoneAgain()
            breaker_of(LOCKS).failed()
        return None


class _DoneAgain(HttpResponse):
    """Stands for an answer that there is none of yet."""


def _is_to_be_done_again(request: HttpRequest, error: Exception) -> bool:
    allowed: bool = request.may_be_done_again  # type: ignore[attr-defined]
    return allowed and may_be_tried_again(error)


def _settle(claimed: int, response: HttpResponseBase) -> None:
    is_refused = response.status_code >= HTTPStatus.BAD_REQUEST
    if transaction.get_connection().needs_rollback:
        if is_refused:
            return
        # It would be told as done, and nothing of it would be there.
        raise transaction.TransactionManagementError("a view answered for what is rolled back")
    if is_refused or response.streaming:
        commands.give_up(claimed)
        return
    assert isinstance(response, HttpResponse)  # noqa: S101  # it does not stream
    short = len(response.content) <= MOST_BYTES
    commands.keep(
        claimed,
        status=response.status_code,
        headers=_headers_of(response),
        body=response.content if short else None,
    )


def _headers_of(response: HttpResponseBase) -> Mapping[str, str]:
    return {
        name: value
        for name, value in response.items()
        if name in _KEPT or name.upper().startswith("HX-")
    }


def _taken_before(request: HttpRequest, before: IdempotencyKey) -> HttpResponse:
    """It was opened again to be changed, and had come in: what was changed stays in its form."""
    words = _(
        "This came in already, at %(time)s, as it was written first. It is not logged twice: put it"
        " right where it stands."
    )
    zone = request.user.zone  # type: ignore[union-attr]  # whose key it is
    text = words % {"time": clock(before.at, zone)}
    if not wants_fragment(request):
        messages.info(request, text)
        return redirect(before.headers.get("Location") or previous_page(request))
    response = HttpResponse(status=HTTPStatus.CONFLICT, headers={"HX-Reswap": "none"})
    response["Kept-Before"] = "true"
    return trigger(response, "toast", {"text": text, "tone": "bad"})


def _answered(request: HttpRequest, before: IdempotencyKey) -> HttpResponse:
    """What was answered the first time, while that is how it stands; later the page as it is now, and
    in words that it came in then. The same where the answer was too long to keep."""
    now = timezone.now()
    if before.body is not None and commands.is_latest(before, at=now):
        return HttpResponse(bytes(before.body), status=before.status, headers=before.headers)
    words = _(
        "This came in already, at %(time)s, and counts once. The page shows how it stands now."
    )
    zone = request.user.zone  # type: ignore[union-attr]  # whose key it is
    messages.info(request, words % {"time": clock(before.at, zone)})
    if wants_fragment(request):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return redirect(before.headers.get("Location") or previous_page(request))
