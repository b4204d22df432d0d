"""What this app delivers from the outbox: the mails of saved reports."""

from django.utils.translation import gettext_lazy as _

from pipeline.outbox import kinds
from reports.commands.report_mail import MAILED
from reports.mail import report_mail

kinds.register(MAILED, app="reports", label=_("Report by mail"), handler=report_mail)
