from django.http import HttpResponse
from django.views.decorators.http import require_GET

from crm.queries import duplicates
from pipeline.requests import HtmxRequest
from salesprocess.lib.htmx import render


@require_GET
def pick(request: HtmxRequest) -> HttpResponse:
    """Companies like the one that is typed; with `new`, it may also be a new one."""
    typed = request.GET.get("company_name", "")
    context = {
        "typed": typed.strip(),
        "companies": duplicates.companies(typed, user=request.user),
        "chosen": request.GET.get("company", ""),
        "new": "new" in request.GET,
        "enough": duplicates.is_enough(typed),
    }
    return render(request, page="crm/deal/_pick_company.html", context=context)
