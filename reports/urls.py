from django.urls import path

from reports.views import funnel, funnel_drill_down, page, process_health, rows

app_name = "reports"

urlpatterns = [
    path("reports/funnel/", funnel.funnel, name="funnel"),
    path("reports/funnel/rows/", funnel_drill_down.rows, name="funnel_rows"),
    path("reports/funnel/rows/export/", funnel_drill_down.export, name="funnel_rows_export"),
    path("reports/funnel/medians/", funnel.medians, name="funnel_medians"),
    path(
        "reports/process-health/<whose:of>/",
        process_health.process_health,
        name="process_health",
    ),
    path("reports/", page.show, name="overview"),
    path("reports/rows/<slug:slug>/", rows.rows, name="rows"),
    path("reports/rows/<slug:slug>/export/", rows.export, name="rows_export"),
    path("reports/people/<int:pk>/", page.person, name="person"),
    path("reports/<slug:key>/", page.show, name="page"),
    path("reports/<slug:key>/<slug:panel>.csv", page.table, name="table"),
]
