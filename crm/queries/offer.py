"""Offers of a deal."""

from crm.models import Offer, OfferOutcome


def current(deal: int) -> Offer | None:
    """The one that counts: the latest revision that was not withdrawn."""
    offers = Offer.objects.filter(deal=deal).exclude(outcome=OfferOutcome.WITHDRAWN)
    found: Offer | None = offers.order_by("-revision").first()
    return found
