from django.urls import path

from reports.views import funnel, funnel_rows, process_health

app_name = "reports"

urlpatterns = [
    path("reports/funnel/", funnel.funnel, name="funnel"),
    path("reports/funnel/rows/", funnel_rows.rows, name="funnel_rows"),
    path("reports/funnel/rows/export/", funnel_rows.export, name="funnel_rows_export"),
    path("reports/funnel/medians/", funnel.medians, name="funnel_medians"),
    path(
        "reports/process-health/<whose:of>/",
        process_health.process_health,
        name="process_health",
    ),
]
