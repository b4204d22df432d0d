from django.urls import path

from reports.views import (
    ask,
    compared,
    day_notes,
    form_times,
    medians,
    page,
    process_health,
    report_mail,
    rows,
    saved,
    stage_figures,
)

app_name = "reports"

urlpatterns = [
    path("reports/funnel/medians/", medians.medians, name="funnel_medians"),
    path(
        "reports/process-health/<whose:of>/",
        process_health.process_health,
        name="process_health",
    ),
    path(
        "reports/process-stages/<whose:of>/<int:number>/",
        stage_figures.stage_figures,
        name="stage_figures",
    ),
    path("reports/deals/<int:pk>/compared/", compared.compared, name="deal_compared"),
    path("reports/", page.show, name="overview"),
    path("reports/rows/<slug:slug>/", rows.rows, name="rows"),
    path("reports/rows/<slug:slug>/export/", rows.export, name="rows_export"),
    path("reports/people/<int:pk>/", page.person, name="person"),
    path("reports/form-times/", form_times.count, name="form_times_count"),
    path("reports/form-times/forget/", form_times.forget, name="form_times_forget"),
    path("reports/notes/", day_notes.day_notes, name="day_notes"),
    path("reports/notes/<int:pk>/", day_notes.day_note, name="day_note"),
    path("reports/notes/<int:pk>/remove/", day_notes.remove, name="day_note_remove"),
    path("reports/notes/<int:pk>/put-back/", day_notes.put_back, name="day_note_put_back"),
    path("reports/ask/with/", ask.reword, name="ask_with"),
    path("reports/saved/save/", saved.save, name="saved_save"),
    path("reports/saved/pins/", saved.pins, name="saved_pins"),
    path("reports/saved/<int:pk>/", saved.show, name="saved"),
    path("reports/saved/<int:pk>/open/", saved.go_to, name="saved_open"),
    path("reports/saved/<int:pk>/change/", saved.change, name="saved_change"),
    path("reports/saved/<int:pk>/delete/", saved.delete, name="saved_delete"),
    path("reports/saved/<int:pk>/pin/", saved.pin, name="saved_pin"),
    path("reports/saved/<int:pk>/unpin/", saved.unpin, name="saved_unpin"),
    path("reports/saved/<int:pk>/card/", saved.card, name="saved_card"),
    path("reports/saved/<int:pk>/mail/", report_mail.mail, name="saved_mail"),
    path("reports/saved/<int:pk>/mail/add/", report_mail.add, name="saved_mail_add"),
    path("reports/saved/<int:pk>/mail/look/", report_mail.look, name="saved_mail_look"),
    path("reports/mails/<int:pk>/stop/", report_mail.stop, name="subscription_stop"),
    path("reports/mails/stop/<str:token>/", report_mail.stop_by_link, name="mail_stop"),
    path("reports/<slug:key>/", page.show, name="page"),
    path("reports/<slug:key>/<slug:panel>.csv", page.table, name="table"),
]
