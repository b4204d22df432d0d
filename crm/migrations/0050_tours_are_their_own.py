"""The tours that people were on when tours became a batch of their own, and not a part of the sample data
any more."""

from django.db import migrations
from django.utils import timezone


def move(apps, schema_editor):
    batches = apps.get_model("pipeline", "Batch").objects
    companies = apps.get_model("crm", "Company").objects
    deals = apps.get_model("crm", "Deal").objects
    # What people opened themselves among the sample data.
    begun = deals.filter(batch__kind="sample", batch__undone_at=None, created_by__batch=None)
    begun = list(begun.exclude(created_by=None).order_by("pk"))
    if not begun:
        return
    tours, _made = batches.get_or_create(
        kind="tour", undone_at=None, defaults={"name": "tour", "at": timezone.now()}
    )
    # The deal last, by which the others are found if this is run once more.
    for deal in begun:
        companies.filter(batch=deal.batch_id, created_at=deal.created_at).update(batch=tours)
        deals.filter(pk=deal.pk).update(batch=tours)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("crm", "0049_found_by_what_they_did"), ("pipeline", "0033_tours")]

    operations = [migrations.RunPython(move, migrations.RunPython.noop)]
