from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from pipeline.operations import queries
from pipeline.operations.metrics import exposition


@require_safe
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, which sends METRICS_TOKEN as its bearer; to anybody else it does not exist."""
    sent = request.headers.get("Authorization", "")
    token = settings.METRICS_TOKEN
    if not token or not constant_time_compare(sent, f"Bearer {token}"):
        raise Http404
    found = queries.installation(at=timezone.now())
    return HttpResponse(exposition(found), content_type=CONTENT_TYPE_LATEST)
