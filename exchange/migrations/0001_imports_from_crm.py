import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

# What Django keeps about the models by the name of their app, with the permissions that hang on it.
_KINDS = "UPDATE django_content_type SET app_label = '{to}' WHERE app_label = '{of}' AND model IN ('importjob', 'importfault', 'importmapping')"
# What the page of the first steps read from the jobs.
# An organisation from before there were first steps has none to look at, but may have begun.
_FIRST_RUN = "INSERT INTO pipeline_firstrun (team_id, put_off, put_away_at) SELECT id, '{}', now() FROM pipeline_team team WHERE parent_id IS NULL AND NOT EXISTS (SELECT FROM pipeline_firstrun WHERE team_id = team.id)"
_BEGUN = "UPDATE pipeline_firstrun SET import_begun_at = (SELECT min(created_at) FROM crm_importjob)"


class Migration(migrations.Migration):
    """What crm had of imports becomes an app of its own; its tables keep their names and rows."""

    initial = True

    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("pipeline", "0013_import_begun"),
        ("crm", "0028_imports_leave_for_exchange"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='ImportJob',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('kind', models.CharField(choices=[('deals', 'Deals'), ('companies', 'Companies'), ('contacts', 'Contacts'), ('people', 'People and teams')], max_length=10)),
                        ('state', models.CharField(choices=[('mapping', 'Columns to be named'), ('checking', 'Being checked'), ('asking', 'Questions to be answered'), ('checked', 'Checked, not loaded yet'), ('loading', 'Being loaded'), ('stuck', 'Interrupted'), ('done', 'Loaded'), ('undoing', 'Being taken back'), ('undone', 'Taken back'), ('discarded', 'Discarded')], default='mapping', max_length=10)),
                        ('name', models.CharField(max_length=200)),
                        ('file', models.FileField(blank=True, upload_to='imports')),
                        ('size', models.PositiveBigIntegerField()),
                        ('encoding', models.CharField(max_length=12)),
                        ('delimiter', models.CharField(max_length=1)),
                        ('above', models.PositiveSmallIntegerField(default=0)),
                        ('letters', models.JSONField(default=dict)),
                        ('columns', models.JSONField()),
                        ('sample', models.JSONField(default=list)),
                        ('answers', models.JSONField(default=dict)),
                        ('readings', models.JSONField(default=dict)),
                        ('questions', models.JSONField(default=dict)),
                        ('repeats', models.JSONField(default=dict)),
                        ('rows', models.PositiveIntegerField(default=0)),
                        ('done', models.PositiveIntegerField(default=0)),
                        ('counts', models.JSONField(default=dict)),
                        ('kept', models.JSONField(default=list)),
                        ('error', models.TextField(blank=True)),
                        ('attempts', models.PositiveSmallIntegerField(default=0)),
                        ('created_at', models.DateTimeField()),
                        ('changed_at', models.DateTimeField()),
                        ('batch', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pipeline.batch')),
                        ('owner', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='imports', to=settings.AUTH_USER_MODEL)),
                        ('undo_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ],
                    options={
                        'db_table': 'crm_importjob',
                    },
                ),
                migrations.CreateModel(
                    name='ImportFault',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('line', models.PositiveIntegerField()),
                        ('column', models.CharField(max_length=500)),
                        ('value', models.CharField(max_length=200)),
                        ('reason', models.TextField()),
                        ('comes_in', models.BooleanField(default=False)),
                        ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='faults', to='exchange.importjob')),
                    ],
                    options={
                        'db_table': 'crm_importfault',
                    },
                ),
                migrations.CreateModel(
                    name='ImportMapping',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('kind', models.CharField(choices=[('deals', 'Deals'), ('companies', 'Companies'), ('contacts', 'Contacts'), ('people', 'People and teams')], max_length=10)),
                        ('name', models.CharField(max_length=80)),
                        ('headings', models.JSONField(default=list)),
                        ('shape', models.CharField(blank=True, max_length=32)),
                        ('answers', models.JSONField()),
                        ('used_at', models.DateTimeField()),
                        ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='import_mappings', to=settings.AUTH_USER_MODEL)),
                    ],
                    options={
                        'db_table': 'crm_importmapping',
                    },
                ),
                migrations.AddIndex(
                    model_name='importjob',
                    index=models.Index(models.F('id'), condition=models.Q(('state__in', ('checking', 'loading', 'undoing'))), name='import_job_working'),
                ),
                migrations.AddConstraint(
                    model_name='importfault',
                    constraint=models.UniqueConstraint(fields=('job', 'line'), name='import_fault_once_a_row'),
                ),
                migrations.AddConstraint(
                    model_name='importmapping',
                    constraint=models.UniqueConstraint(models.F('owner'), models.F('kind'), django.db.models.functions.text.Lower('name'), models.F('shape'), name='import_mapping_once_a_person_and_shape'),
                ),
            ]
        ),
        migrations.RunSQL(
            _KINDS.format(of="crm", to="exchange"), _KINDS.format(of="exchange", to="crm")
        ),
        migrations.RunSQL([_FIRST_RUN, _BEGUN], migrations.RunSQL.noop),
    ]
