from django.urls import path

from pipeline.views import invitation, outbox, people, profile, team

app_name = "pipeline"
urlpatterns = [
    path("people/", people.people, name="people"),
    path("people/new/", people.add, name="person_add"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/edit/", people.change, name="person_change"),
    path("people/<int:pk>/e-mail/", people.email, name="person_email"),
    path("people/<int:pk>/invite/", people.invite, name="person_invite"),
    path("people/<int:pk>/deactivate/", people.deactivate, name="person_deactivate"),
    path("people/<int:pk>/reactivate/", people.reactivate, name="person_reactivate"),
    # teams
    path("people/teams/new/", team.add, name="team_add"),
    path("people/teams/<int:pk>/edit/", team.change, name="team_change"),
    # what could not be delivered
    path("people/outbox/", outbox.outbox, name="outbox"),
    path("people/outbox/<int:pk>/retry/", outbox.retry, name="outbox_retry"),
    # joining
    path("invitations/accept/", invitation.accept, name="invitation_accept"),
    path("invitations/<slug:token>/", invitation.follow, name="invitation"),
    # oneself
    path("profile/", profile.profile, name="profile"),
    path("profile/e-mail/", profile.email, name="profile_email"),
    path("profile/sign-out/", profile.sign_out, name="profile_sign_out"),
]
