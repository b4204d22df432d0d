from django.urls import path

from privacy.views import contact

app_name = "privacy"
urlpatterns = [
    path("contacts/<int:pk>/information/", contact.information, name="information"),
    path("contacts/<int:pk>/erase/", contact.erase, name="erase"),
]
