from django.urls import path, register_converter

from pipeline.operations import views as operations
from pipeline.outbox import views as outbox
from pipeline.people.views import invitation, people, profile, team
from pipeline.process.views import collision, compare, history, page, whose

register_converter(whose.WhoseConverter, "whose")

app_name = "pipeline"
urlpatterns = [
    path("people/", people.people, name="people"),
    path("people/new/", people.add, name="person_add"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/edit/", people.change, name="person_change"),
    path("people/<int:pk>/e-mail/", people.email, name="person_email"),
    path("people/<int:pk>/invite/", people.invite, name="person_invite"),
    path(
        "people/<int:pk>/second-factors/remove/",
        people.remove_second_factors,
        name="person_second_factors_remove",
    ),
    path("people/<int:pk>/sessions/end/", people.sign_out, name="person_sign_out"),
    path(
        "people/<int:pk>/sessions/<int:session>/end/", people.end_session, name="person_session_end"
    ),
    path("people/<int:pk>/deactivate/", people.deactivate, name="person_deactivate"),
    path("people/<int:pk>/reactivate/", people.reactivate, name="person_reactivate"),
    # teams
    path("people/teams/new/", team.add, name="team_add"),
    path("people/teams/<int:pk>/edit/", team.change, name="team_change"),
    # what could not be delivered
    path("people/outbox/", outbox.outbox, name="outbox"),
    path("people/outbox/<int:pk>/retry/", outbox.retry, name="outbox_retry"),
    # how the installation is, for Prometheus
    path("metrics", operations.metrics, name="metrics"),
    # joining
    path("invitations/accept/", invitation.accept, name="invitation_accept"),
    path("invitations/<slug:token>/", invitation.follow, name="invitation"),
    # the process, level by level
    path("process/", page.page, name="process"),
    path("process/compare/", compare.compare, name="process_compare"),
    path("process/preview/", compare.preview, name="process_preview"),
    path("process/collisions/", collision.inbox, name="collisions"),
    path("process/collisions/<int:pk>/", collision.decide, name="collision_decide"),
    path("process/<whose:of>/", page.page, name="process_layer"),
    path("process/<whose:of>/history/", history.history, name="process_history"),
    path(
        "process/<whose:of>/history/<int:number>/restore/",
        history.restore,
        name="process_restore",
    ),
    path("process/<whose:of>/discard/", history.discard, name="process_discard"),
    path("process/<whose:of>/strength/", page.strength, name="process_strength"),
    path("process/<whose:of>/<int:number>/", page.name_stage, name="process_stage"),
    path("process/<whose:of>/<int:number>/add/", page.add, name="step_add"),
    *(
        path(f"process/<whose:of>/<int:number>/<slug:key>/{verb}/", view, name=f"step_{name}")
        for verb, view, name in (
            ("change", page.change, "change"),
            ("hide", page.hide, "hide"),
            ("show", page.show, "show"),
            ("move", page.move, "move"),
            ("take-back", page.take_back, "take_back"),
        )
    ),
    # oneself
    path("profile/", profile.profile, name="profile"),
    path("profile/keys/", profile.keys, name="profile_keys"),
    path("profile/keys/single/", profile.single_keys, name="profile_single_keys"),
    path("profile/e-mail/", profile.email, name="profile_email"),
    path("profile/sign-out/", profile.sign_out, name="profile_sign_out"),
    path("profile/second-factor/", profile.second_factor, name="second_factor"),
    path("profile/download/", profile.download, name="download"),
    path("profile/sessions/<int:pk>/end/", profile.end_session, name="session_end"),
]
