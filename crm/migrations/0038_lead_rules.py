import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0037_reports_are_deleted'),
        ('pipeline', '0028_working_hours_are_checked'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LeadAssignment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule_name', models.CharField(max_length=80)),
                ('dealing', models.CharField(choices=[('in_turn', 'In turn'), ('most_room', 'Whoever has the fewest to sort')], max_length=10)),
                ('waiting', models.PositiveIntegerField(default=0)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='LeadRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='Name')),
                ('position', models.PositiveSmallIntegerField(default=1)),
                ('region', models.CharField(blank=True, max_length=80, verbose_name='Country')),
                ('dealing', models.CharField(choices=[('in_turn', 'In turn'), ('most_room', 'Whoever has the fewest to sort')], default='in_turn', max_length=10)),
                ('capacity', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)])),
                ('is_on', models.BooleanField(default=True)),
                ('turn', models.PositiveIntegerField(default=0)),
                ('version', models.PositiveIntegerField(default=1)),
                ('changed_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='LeadTaker',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('last_turn', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name='leadassignment',
            name='deal',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lead_assignments', to='crm.deal'),
        ),
        migrations.AddField(
            model_name='leadassignment',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pipeline.team'),
        ),
        migrations.AddField(
            model_name='leadassignment',
            name='to',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='leadrule',
            name='changed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='leadrule',
            name='source',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.source'),
        ),
        migrations.AddField(
            model_name='leadrule',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lead_rules', to='pipeline.team'),
        ),
        migrations.AddField(
            model_name='leadassignment',
            name='rule',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='assignments', to='crm.leadrule'),
        ),
        migrations.AddField(
            model_name='leadtaker',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lead_takings', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='leadtaker',
            name='rule',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='takers', to='crm.leadrule'),
        ),
        migrations.AddConstraint(
            model_name='leadrule',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='lead_rule_has_a_name'),
        ),
        migrations.AddConstraint(
            model_name='leadrule',
            constraint=models.CheckConstraint(condition=models.Q(('capacity', None), ('capacity__gte', 1), _connector='OR'), name='lead_rule_has_room'),
        ),
        migrations.AddIndex(
            model_name='leadassignment',
            index=models.Index(fields=['team', '-at', '-id'], name='lead_assignment_log'),
        ),
        migrations.AddConstraint(
            model_name='leadtaker',
            constraint=models.UniqueConstraint(fields=('rule', 'person'), name='lead_taker_once_a_rule'),
        ),
    ]
