"""The records of a deal one at a time, as the verbs that change them take them.

Whoever asks has the deal already, and what may be done to it. Each raises DoesNotExist for a record
that the deal does not have.
"""

from crm.models import (
    Concern,
    Contact,
    Deal,
    DealLine,
    DecisionPath,
    HandOff,
    Need,
    Offer,
    OfferLine,
    Retrospective,
    Verdict,
)


def person(deal: Deal, pk: int) -> Contact:
    return Contact.objects.filter(deals=deal).get(pk=pk)


def line(deal: Deal, pk: int) -> DealLine:
    found: DealLine = deal.lines.select_related("product").get(pk=pk)
    return found


def need(deal: Deal, pk: int) -> Need:
    found: Need = Need.objects.filter(deal=deal).select_related("deal", "said_by").get(pk=pk)
    return found


def concern(deal: Deal, pk: int) -> Concern:
    found: Concern = (
        Concern.objects.filter(deal=deal).select_related("deal", "raised_by").get(pk=pk)
    )
    return found


def offer(deal: Deal, pk: int) -> Offer:
    found: Offer = Offer.objects.filter(deal=deal).select_related("deal").get(pk=pk)
    return found


def lines_and_recipients(offer: Offer) -> tuple[list[OfferLine], list[Contact]]:
    """The lines of an offer, and to whom it went."""
    lines = offer.lines.select_related("product", "need").order_by("id")
    return list(lines), list(offer.recipients.order_by("id"))


def decision_path(deal: Deal) -> DecisionPath | None:
    return DecisionPath.objects.filter(deal=deal).first()


def hand_off(deal: Deal) -> HandOff | None:
    return HandOff.objects.filter(deal=deal).first()


def retrospective(deal: Deal) -> Retrospective | None:
    """The look back at the ending that is in force, if there is one."""
    if deal.closed_at is None:
        return None
    return Retrospective.objects.filter(deal=deal, closed_at=deal.closed_at).first()


def last_verdict(deal: Deal) -> Verdict | None:
    return deal.verdicts.order_by("-at", "-id").first()
