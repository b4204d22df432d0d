from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0012_holders_of_activities")]

    operations = [
        migrations.AddIndex(
            "deal",
            models.Index(
                models.OrderBy(models.F("attention_at"), nulls_first=True),
                models.F("id"),
                condition=models.Q(("outcome", "open"), ("stage__gte", 3)),
                name="deal_attention_of_opportunity",
            ),
        ),
    ]
