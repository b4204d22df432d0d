from django.urls import path

from reports.views import funnel

app_name = "reports"

urlpatterns = [
    path("reports/funnel/", funnel.funnel, name="funnel"),
    path("reports/funnel/rows/", funnel.rows, name="funnel_rows"),
    path("reports/funnel/medians/", funnel.medians, name="funnel_medians"),
]
