from django.urls import path

from demo import views

app_name = "demo"
urlpatterns = [
    path("first-run/sample/add/", views.add_sample, name="sample_add"),
    path("first-run/sample/take-away/", views.take_sample_away, name="sample_take_away"),
]
