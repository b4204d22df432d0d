from django.db import migrations


class Migration(migrations.Migration):
    """Imports belong to an app of their own (exchange 0001). Their tables stay where they are."""

    dependencies = [("crm", "0027_offers_say_why")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel(name="ImportFault"),
                migrations.DeleteModel(name="ImportJob"),
                migrations.DeleteModel(name="ImportMapping"),
            ]
        ),
    ]
