from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from pipeline.process.queries.stages import names_of
from pipeline.process.stages import use_stage_names


def call_stages(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Calls the stages as who is signed in does, on every page, in every form and every message.

    Asked for when the first name is shown; without a session nobody is looked up, so that a health
    check never asks the database.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return get_response(request)

        def names() -> dict[int, str]:
            return dict(names_of(request.user)) if request.user.is_authenticated else {}

        with use_stage_names(names):
            return get_response(request)

    return middleware
