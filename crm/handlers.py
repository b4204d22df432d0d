"""What this app delivers from the outbox: mails about notes, and what follows for deals from a change
of people."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import mail
from crm.commands import people, process_note
from pipeline.models import OutboxRow, PeopleChange
from pipeline.outbox import kinds


def person_moved(row: OutboxRow) -> None:
    """Whoever moves to another team takes the open deals along."""
    change = PeopleChange.objects.select_related("person__team", "by").get(pk=row.payload["change"])
    if change.person and change.by:
        people.bring_along(change.person, by=change.by, at=timezone.now())


for kind, label, handler in (
    (kinds.PERSON_MOVED, _("Deals of somebody who changed teams"), person_moved),
    (process_note.ASKED, _("Question about the process"), mail.process_note),
    (process_note.ANSWERED, _("Answer about the process"), mail.process_answer),
):
    kinds.register(kind, app="crm", label=label, handler=handler)
