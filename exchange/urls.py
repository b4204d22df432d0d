from django.urls import path

from exchange import views

app_name = "exchange"
urlpatterns = [
    path("imports/", views.imports, name="imports"),
    path("imports/<int:pk>/", views.page, name="import"),
    path("imports/<int:pk>/columns/", views.columns, name="import_columns"),
    path("imports/<int:pk>/answers/", views.answer, name="import_answer"),
    path("imports/<int:pk>/errors.csv", views.errors, name="import_errors"),
    *(
        path(f"imports/<int:pk>/{verb}/", views.act, {"verb": verb}, name=f"import_{verb}")
        for verb in ("load", "undo", "discard")
    ),
    path("imports/<int:pk>/again/", views.check_again, name="import_check_again"),
    path("settings/export/", views.whole_exports, name="whole_exports"),
    path("settings/export/<int:pk>/file/", views.whole_export_file, name="whole_export_file"),
    path("people/<int:pk>/imports/", views.unfinished_imports_of, name="person_imports"),
]
