"""What this app delivers from the outbox."""

from django.utils.translation import gettext_lazy as _

from pipeline import mail
from pipeline.outbox import kinds

for kind, label, handler in (
    (kinds.INVITATION, _("Invitation"), mail.invitation),
    (kinds.PASSWORD_RESET, _("Link for a new password"), mail.password_reset),
    (kinds.EMAIL_CHANGED, _("Notice of a changed e-mail address"), mail.email_changed),
    (kinds.SIGN_IN_CHANGED, _("Notice of a changed sign-in"), mail.sign_in_changed),
    (kinds.PROCESS_PUBLISHED, _("News of a version of the process"), mail.process_published),
):
    kinds.register(kind, app="pipeline", label=label, handler=handler)
