"""How long what is kept: rules of admins, who is told first, and what is then done by the clock."""

import datetime as dt
from collections.abc import Mapping

from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm.events import RetentionChanged
from crm.models import Contact, Setting, SettingChange
from pipeline.audit.models import AuditEntry, AuditKind
from pipeline.models import Team, User
from privacy.commands.erasure import erase_for_good
from privacy.models import OF_PEOPLE, ErasureNotice, Kept, RetentionRule
from privacy.queries import retention as queries
from salesprocess.lib.events import event_columns
from salesprocess.lib.refused import Refused, Stale
from salesprocess.lib.time_limits import within

# Between the list and the erasure: long enough for whoever is away for some weeks.
NOTICE = dt.timedelta(days=30)
# How many people a rule may put on the list at once.
AT_ONCE = 1000
# Any number, but no other lock's: one change of the rules at a time.
RULES_LOCK = 77_027
_AUDIT_KINDS = {
    Kept.TAKEN_FILES: [
        AuditKind.EXPORT.value,
        AuditKind.EXPORT_REFUSED.value,
        AuditKind.VIEW.value,
    ],
    Kept.SIGN_INS: [AuditKind.SIGN_IN.value],
}


def set_rules(
    months: Mapping[Kept, int | None], *, by: User, at: dt.datetime, seen: int | None = None
) -> None:
    """Say for how many months something is kept (1 to 240); None is without end. Whom a new rule
    meets is on the list at once.

    `seen` is the state that the page has shown (`queries.retention.latest_change`).

    Raises Refused for whoever is no admin, Stale.
    """
    with within("task"):
        _lock()
        if not User.objects.get(pk=by.pk).scope.everything:
            raise Refused(_("Only an admin changes this."))
        now = queries.latest_change()
        if seen is not None and seen < now:
            raise Stale(RetentionRule, version=now)
        rules = queries.rules()
        for kind, wanted in months.items():
            rule = rules.get(kind)
            old = rule.months if rule else None
            if wanted == old:
                continue
            _write(kind, wanted, by=by, at=at)
            event = RetentionChanged(old=old, new=wanted)
            SettingChange.objects.create(
                setting=Setting.RETENTION, name=kind, by=by, at=at, **event_columns(event)
            )
        list_people(at=at)


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [RULES_LOCK])


def _write(kind: Kept, months: int | None, *, by: User, at: dt.datetime) -> None:
    if months is None:
        RetentionRule.objects.filter(kind=kind).delete()
        return
    said = {"months": months, "changed_by": by, "changed_at": at}
    RetentionRule.objects.update_or_create(kind=kind, defaults=said)


def list_people(*, at: dt.datetime) -> None:
    """Put on the list whom a rule meets by now, and take off it whom none does any more."""
    today = at.astimezone(Team.objects.root().zone).date()
    met: set[int] = set()
    for kind, rule in queries.rules().items():
        if kind in OF_PEOPLE:
            people = queries.met_by(rule, at=at).order_by("pk").values_list("pk", flat=True)
            found = list(people)
            met.update(found)
            listed = set(ErasureNotice.objects.values_list("contact_id", flat=True))
            ErasureNotice.objects.bulk_create(
                ErasureNotice(contact_id=pk, kind=kind, noted_at=at, due_on=today + NOTICE)
                for pk in [one for one in found if one not in listed][:AT_ONCE]
            )
    ErasureNotice.objects.filter(kept_at=None).exclude(contact__in=met).delete()


def keep(notice: ErasureNotice, *, by: User, at: dt.datetime) -> None:
    """Let somebody stay, whatever the rules say. Raises ErasureNotice.DoesNotExist out of reach."""
    rows = ErasureNotice.objects.editable_by(by).filter(pk=notice.pk, kept_at=None)
    rows.update(kept_at=at, kept_by=by)


def let_go(notice: ErasureNotice, *, by: User, at: dt.datetime) -> None:
    """Let the rules hold again for somebody who was kept: due anew after the whole time of notice."""
    today = at.astimezone(Team.objects.root().zone).date()
    rows = ErasureNotice.objects.editable_by(by).filter(pk=notice.pk, kept_at__isnull=False)
    rows.update(kept_at=None, kept_by=None, due_on=today + NOTICE)


def erase_next(*, at: dt.datetime) -> bool:
    """Erase one of those that are due, in the name of who made the rule; False if nobody is left.

    Whoever is about to come in again with a file waits until tomorrow.
    """
    today = at.astimezone(Team.objects.root().zone).date()
    with within("task"):
        due = ErasureNotice.objects.filter(kept_at=None, due_on__lte=today).order_by("due_on", "pk")
        notice = due.select_for_update(of=("self",), skip_locked=True).first()
        if notice is None:
            return False
        rule = queries.rules().get(notice.kind)
        if rule is None or not queries.met_by(rule, at=at).filter(pk=notice.contact_id).exists():
            notice.delete()
            return True
        contact = Contact.objects.select_for_update(of=("self",)).get(pk=notice.contact_id)
        try:
            with transaction.atomic():
                erase_for_good(contact, by=rule.changed_by, at=at)
        except Refused:
            notice.due_on = today + dt.timedelta(days=1)
            notice.save(update_fields=["due_on"])
    return True


def forget_audit(*, at: dt.datetime) -> None:
    """Delete old entries of the audit, and enter how many."""
    rules = queries.rules()
    for kind, entries in _AUDIT_KINDS.items():
        rule = rules.get(kind)
        if rule is None:
            continue
        before = queries.months_before(at, rule.months)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT seven_forget_audit(%s, %s)", [entries, before])
            (gone,) = cursor.fetchone()
            if gone:
                AuditEntry.objects.create(
                    at=at,
                    by=rule.changed_by,
                    kind=AuditKind.ERASURE,
                    what="audit",
                    asked=kind,
                    rows=gone,
                )
