from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0027_working_hours")]

    operations = [ValidateConstraint("team", name="team_settings_on_the_root_only")]
