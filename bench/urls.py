from django.urls import include, path

from bench import limits

urlpatterns = [
    path("limit/day/", limits.day),
    path("limit/list/", limits.rows),
    path("limit/insert/", limits.insert),
    path("limit/search/", limits.search),
    path("limit/reports/<slug:key>/", limits.report),
    path("", include("salesprocess.urls")),
]

handler500 = "salesprocess.errors.server_error"
