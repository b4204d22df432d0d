from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("crm", "0038_lead_rules")]

    operations = [
        AddIndexConcurrently(
            model_name='deal',
            index=models.Index(condition=models.Q(('next_kind', ''), ('outcome', 'open'), ('stage', 1)), fields=['owner', 'created_at', 'id'], name='deal_to_sort'),
        ),
        AddIndexConcurrently(
            model_name='deal',
            index=models.Index(condition=models.Q(('next_kind', ''), ('outcome', 'open'), ('owner', None), ('stage', 1)), fields=['team', 'created_at', 'id'], name='deal_to_sort_in_pool'),
        ),
    ]
