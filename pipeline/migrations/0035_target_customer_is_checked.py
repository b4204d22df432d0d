from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0034_target_customer")]

    operations = [ValidateConstraint("team", name="team_settings_on_the_root_only")]
