from django.urls import path

from privacy.views import contact, retention

app_name = "privacy"
urlpatterns = [
    path("contacts/<int:pk>/information/", contact.information, name="information"),
    path("contacts/<int:pk>/erase/", contact.erase, name="erase"),
    path("retention/", retention.page, name="retention"),
    path("retention/<int:pk>/keep/", retention.keep, name="retention_keep"),
    path("retention/<int:pk>/let-go/", retention.let_go, name="retention_let_go"),
]
