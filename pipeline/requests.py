"""What the views of all apps are given."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from pipeline.models import User


class HtmxRequest(HttpRequest):
    """What a view behind the sign-in gets: a known user, and what htmx said about itself."""

    user: User
    htmx: HtmxDetails
