from django.urls import include, path

from bench import limits

urlpatterns = [
    path("limit/list/", limits.rows),
    path("limit/insert/", limits.insert),
    path("limit/search/", limits.search),
    path("limit/funnel/", limits.funnel),
    path("", include("salesprocess.urls")),
]
