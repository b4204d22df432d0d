"""One thing of somebody's day, looked at closely: whom to call, what was said last, what is missing."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from django.core.exceptions import ObjectDoesNotExist

from crm.models import Activity, Company, Contact, Deal
from crm.queries import deal as deal_queries
from pipeline.models import User
from salesprocess.lib.prepared import run


@dataclass(frozen=True, kw_only=True)
class DaySubject:
    """What a key of the queue names, within the reach of its reader: an act, on a deal or without
    one; a deal; or a company."""

    key: str
    act: Activity | None = None
    deal: Deal | None = None
    company: Company | None = None

    @property
    def is_unplanned(self) -> bool:
        """Whether it is an open deal without what's next."""
        deal = self.deal
        return self.act is None and deal is not None and deal.is_open and not deal.next_kind

    @property
    def contact(self) -> Contact | None:
        return self.act.contact if self.act is not None else None


def subject_of(user: User, key: str) -> DaySubject:
    """Raises ObjectDoesNotExist for what is not there, out of reach, or no longer to be done."""
    kind, _dash, number = key.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise ObjectDoesNotExist(key)
    pk = int(number)
    if kind == "act":
        rows = Activity.objects.planned().editable_by(user).select_related("contact", "company")
        act = rows.get(pk=pk)
        deal = deal_queries.editable(user, act.deal_id) if act.deal_id is not None else None
        return DaySubject(key=key, act=act, deal=deal, company=act.company)
    if kind in ("deal", "won"):
        return DaySubject(key=key, deal=deal_queries.editable(user, pk))
    if kind == "company":
        return DaySubject(key=key, company=Company.objects.visible_to(user).get(pk=pk))
    raise ObjectDoesNotExist(key)


class LastTalk(NamedTuple):
    """The last that was said, with whom, and what can be dialled."""

    kind: str | None
    body: str | None
    done_at: dt.datetime | None
    result: str | None
    phone: str | None
    phone_of: str | None


_LAST = """
    SELECT last.kind, last.body, last.done_at, last.result, dial.typed, dial.name
    FROM (SELECT 1) AS one
    LEFT JOIN LATERAL (
        SELECT act.kind, act.body, act.done_at, act.result FROM crm_activity act
        WHERE act.done_at IS NOT NULL
            AND (act.deal_id = %(deal)s OR %(deal)s::bigint IS NULL AND act.company_id = %(company)s)
        ORDER BY act.done_at DESC, act.id DESC LIMIT 1
    ) last ON true
    LEFT JOIN LATERAL (
        SELECT point.typed, contact.name FROM crm_contact contact
        JOIN crm_contactpoint point ON point.contact_id = contact.id AND point.kind = 'phone'
        WHERE contact.id = %(contact)s OR %(contact)s::bigint IS NULL AND contact.id IN (
            SELECT with_deal.contact_id FROM crm_dealcontact with_deal
            WHERE with_deal.deal_id = %(deal)s
        )
        ORDER BY point.id LIMIT 1
    ) dial ON true
"""


def last_talk(subject: DaySubject) -> LastTalk:
    """One query."""
    asked = {
        "deal": subject.deal.pk if subject.deal else None,
        "company": subject.company.pk if subject.company else None,
        "contact": subject.contact.pk if subject.contact else None,
    }
    (row,) = run(_LAST, asked)
    return LastTalk._make(row)
