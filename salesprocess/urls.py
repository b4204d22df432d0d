from django.urls import include, path

from crm.views import first_run
from salesprocess import health, line
from salesprocess.lib import unsent

urlpatterns = [
    path("", first_run.home, name="home"),
    path("", include("pipeline.urls")),
    # Before the settings of any name.
    path("", include("exchange.urls")),
    path("", include("crm.urls")),
    path("", include("reports.urls")),
    path("", include("day.urls")),
    path("", include("privacy.urls")),
    path("", include("demo.urls")),
    path("accounts/", include("salesprocess.accounts_urls")),
    path("unsent/put-away/", unsent.discard_view, name="unsent_put_away"),
    path("line/", line.line, name="line"),
    path("worker.js", line.worker, name="worker"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

handler400 = "salesprocess.errors.bad_request"
handler403 = "salesprocess.errors.forbidden"
handler404 = "salesprocess.errors.not_found"
handler500 = "salesprocess.errors.server_error"
