from django.urls import path

from demo import tour_views, views

app_name = "demo"
urlpatterns = [
    path("first-run/sample/add/", views.add_sample, name="sample_add"),
    path("first-run/sample/take-away/", views.take_sample_away, name="sample_take_away"),
    path("first-run/tour/", tour_views.page, name="tour"),
    path("first-run/tour/begin/", tour_views.begin, name="tour_begin"),
    path("first-run/tour/end/", tour_views.end, name="tour_end"),
]
