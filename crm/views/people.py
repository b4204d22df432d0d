"""What the people pages show of deals: how many each person carries, and handing them over."""

from http import HTTPStatus

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from crm.commands import bulk
from crm.forms.people import HandOverAllForm
from crm.queries import people as queries
from pipeline.models import User
from salesprocess.htmx import HtmxRequest, render

# So many rows on one page; what is left is offered again afterwards.
MOST = 200


@require_GET
def open_deals(request: HtmxRequest) -> HttpResponse:
    """Numbers for the tree of teams, or (`?person=`) the sentence on a person's own page."""
    loads = queries.loads(request.user)
    asked = request.GET.get("person", "")
    if asked.isascii() and asked.isdigit() and len(asked) < 19:
        count = next((load.count for load in loads if load.id == int(asked)), 0)
        context = {"count": count, "person": _in_reach(request, int(asked))}
        return render(request, page="crm/people/_load.html", context=context)
    return render(
        request,
        page="crm/people/loads.html",
        fragment="crm/people/_loads.html",
        context={"loads": loads, "left": [load for load in loads if load.has_left]},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HtmxRequest, pk: int) -> HttpResponse:
    """Give a person's open deals, or those that are ticked, to somebody else."""
    person = _in_reach(request, pk)
    data = request.POST if request.method == "POST" else None
    form = HandOverAllForm(data, by=request.user, owner=person)
    results: list[bulk.Result] = []
    if form.is_valid():
        said = form.cleaned_data
        ids = said["deals"][:MOST]
        reason, at = said["reason"], timezone.now()
        results = bulk.hand_over(ids, to=said["to"], by=request.user, at=at, reason=reason)
    rows, count = queries.carried(person, by=request.user, most=MOST)
    context = {"person": person, "form": form, "rows": rows, "count": count, "results": results}
    bad = form.is_bound and not form.is_valid()
    status = HTTPStatus.UNPROCESSABLE_ENTITY if bad else HTTPStatus.OK
    return render(request, page="crm/people/hand_over.html", context=context, status=status)


def _in_reach(request: HtmxRequest, pk: int) -> User:
    people = User.objects.whose_records_are_visible_to(request.user)
    if not request.user.is_active:
        raise Http404
    found: User = get_object_or_404(people, pk=pk)
    return found
