"""The tour: a practice deal of one's own that somebody takes through all seven stages by doing it
(CHECKLIST A19), with sample data or without.

The deal and its company are of a batch of their own kind, so that they say that they are a sample and
count in no figure. It leaves whole, with whatever was done on it and whoever was named for it.
"""

import datetime as dt

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from crm.commands import company as company_commands
from crm.commands import deal as deal_commands
from crm.models import Activity, Company, Contact, Deal
from crm.models.deal import DealQuerySet
from exchange.commands import batch as batch_commands
from pipeline.models import Batch, BatchKind, User


def tour_of(user: User) -> Deal | None:
    """The deal of the tour that `user` is on, if any; the latest. One query."""
    tours = _tours().filter(created_by=user).select_related("hand_off")
    return tours.order_by("-pk").first()


def begin(*, by: User, at: dt.datetime) -> Deal:
    """Begin the tour, or go on with the one that was begun."""
    with transaction.atomic():
        batch, _made = Batch.objects.get_or_create(
            kind=BatchKind.TOUR, undone_at=None, defaults={"name": "tour", "by": by, "at": at}
        )
        found = tour_of(by)
        if found is not None:
            return found
        company = company_commands.create(
            name=_("Practice customer of %(name)s") % {"name": by.name}, owner=by, by=by, at=at
        )
        deal = deal_commands.open(
            name=_("Tour through the seven stages"), company=company, owner=by, by=by, at=at
        )
        for record in (company, deal):
            record.batch = batch
            record.save(update_fields=["batch"])
    return deal


def take_away(*, at: dt.datetime, of: User | None = None) -> None:
    """Take the tour of somebody away, by default those of all, as if they had never been."""
    with transaction.atomic():
        for deal in _tours() if of is None else _tours().filter(created_by=of):
            _take_away(deal, at=at)
        batch = Batch.objects.tour()
        if batch is not None and not _tours().exists():
            # A company that the deal was moved from may be left of it: a record like any other.
            Company.objects.filter(batch=batch).update(batch=None)
            batch.delete()


def _take_away(deal: Deal, *, at: dt.datetime) -> None:
    # What leaves together is a batch of its own, which others' tours are no part of; it is untouched
    # since now.
    going = Batch.objects.create(kind=BatchKind.SAMPLE, name="tour", by=deal.created_by, at=at)
    # Made with the deal, and not one that the deal was moved to.
    made = Company.objects.filter(batch=deal.batch_id, created_at=deal.created_at)
    own = made.filter(Q(deals=deal) | Q(owner=deal.created_by))
    firms = list(own.values_list("pk", flat=True).distinct())
    # Whoever was on record before, or is of another company, is no part of it: only the deal forgets
    # them.
    named = Contact.objects.filter(company__in=firms, batch=None, created_at__gte=deal.created_at)
    elsewhere = Deal.objects.exclude(pk=deal.pk)
    people = list(named.exclude(deals__in=elsewhere).values_list("pk", flat=True))
    Contact.objects.filter(pk__in=people).update(batch=going)
    Company.objects.filter(pk__in=firms).update(batch=going)
    Deal.objects.filter(pk=deal.pk).update(batch=going)
    Activity.objects.filter(deal=deal).update(batch=going)
    Activity.objects.filter(Q(company__in=firms) | Q(contact__batch=going), deal=None).delete()
    batch_commands.undo(going, by=deal.created_by, at=at)
    # What something else uses by now stays, as a record like any other.
    for model in (Contact, Company, Deal, Activity):
        model._base_manager.filter(batch=going).update(batch=None)
    going.delete()


def _tours() -> DealQuerySet:
    return Deal.objects.filter(batch__kind=BatchKind.TOUR, batch__undone_at=None)
