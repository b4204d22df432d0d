from django.db import migrations


class Migration(migrations.Migration):
    """Deals that were brought in held a null of JSON where no versions are kept, which is a value
    to `kept_version_ids IS NULL`: telling deals to keep their process passed them over."""

    dependencies = [("crm", "0015_versions_of_plans_and_views")]

    operations = [
        migrations.RunSQL(
            "UPDATE crm_deal SET kept_version_ids = NULL WHERE kept_version_ids = 'null'",
            migrations.RunSQL.noop,
        )
    ]
