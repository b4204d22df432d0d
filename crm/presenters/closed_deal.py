"""What comes after a deal that is closed: its hand-off, the next touch, the next deal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from crm.queries.deal import DealRecord
from crm.queries.deal_parts import DealPerson
from crm.queries.records import Records
from crm.shipped import DUPLICATE
from pipeline.process.stages import Outcome


class AfterVerb(NamedTuple):
    """A button that opens a sheet; `id` stays the same while the page gets itself again."""

    id: str
    href: str
    icon: str
    words: str


@dataclass(frozen=True, kw_only=True)
class AfterDeal:
    """`verbs` begin with the one that is to be done first; `declined` says that there was nothing to note
    when it was asked what decided the deal."""

    title: str
    note: str
    verbs: Sequence[AfterVerb]
    declined: bool


def after_deal(
    deal: DealRecord, records: Records, people: Sequence[DealPerson]
) -> AfterDeal | None:
    """None while the deal is open. What was won is handed over first; else one stays in touch, or goes
    on to the next deal with them."""
    if deal.is_open:
        return None
    declined = records.retrospective is not None and records.retrospective.declined
    # What was merged ended in no way of its own.
    is_merged = deal.cause_key == DUPLICATE
    back = () if records.retrospective or is_merged else (_look_back(deal),)
    person = next((one for one in people if not one.is_erased), None)
    name = deal.company or (person.name if person else "")
    newer, touch = _newer(deal), _touch(deal, person)
    if deal.outcome == Outcome.WON and records.hand_off is None:
        return AfterDeal(
            title=_("Hand over to delivery"),
            note=_("Won: now delivery has to know what was promised."),
            verbs=[
                AfterVerb(
                    "write-hand-off",
                    f"/deals/{deal.pk}/hand-off/?version={deal.version}",
                    "package",
                    _("Hand over to delivery"),
                ),
                newer,
                *back,
            ],
            declined=declined,
        )
    if deal.outcome == Outcome.WON:
        title = _("Keep in touch with %(name)s") % {"name": name} if name else _("The next deal")
        note = _("Who bought once buys again, if somebody asks.")
        verbs = [*touch, newer, *back]
        return AfterDeal(title=title, note=note, verbs=verbs, declined=declined)
    return AfterDeal(
        title=_("The next deal with %(name)s") % {"name": name} if name else _("The next deal"),
        note=_("What stopped it may pass: stay in touch, and begin anew."),
        verbs=[newer, *touch, *back],
        declined=declined,
    )


def _look_back(deal: DealRecord) -> AfterVerb:
    address = f"/deals/{deal.pk}/look-back/?version={deal.version}"
    return AfterVerb("write-look-back", address, "history", _("Look back"))


def _newer(deal: DealRecord) -> AfterVerb:
    address = reverse("crm:deal_open")
    if deal.company_id is None:
        return AfterVerb("next-deal", address, "plus", _("New deal"))
    return AfterVerb(
        "next-deal", f"{address}?company={deal.company_id}", "plus", _("New deal with them")
    )


def _touch(deal: DealRecord, person: DealPerson | None) -> Sequence[AfterVerb]:
    if deal.company_id is not None:
        address = reverse("crm:company_plan", args=[deal.company_id])
    elif person is not None:
        address = reverse("crm:contact_plan", args=[person.id])
    else:
        return ()
    return (AfterVerb("next-touch", address, "calendar-plus", _("Plan a touch")),)
