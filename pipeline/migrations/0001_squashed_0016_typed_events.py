"""The first 16 migrations as one, for a database that has none of them: the tables as they are after
all of these, without what carried rows from one shape to the next. A database that has them knows this
one as done; one that has some goes on with them. What a test holds equal (tests/salesprocess/
test_migration_squash.py) is every table, constraint, index, trigger, function and view.
"""

from importlib import import_module

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import pipeline.people.models.invitation
import pipeline.people.models.people
from django.conf import settings
from django.db import migrations, models


_frozen = import_module("pipeline.migrations.0005_versions_are_frozen")
_let_go = import_module("pipeline.migrations.0007_versions_leave_with_their_batch")


class Migration(migrations.Migration):
    replaces = [
        ('pipeline', '0001_initial'),
        ('pipeline', '0002_invitations_and_outbox'),
        ('pipeline', '0003_language'),
        ('pipeline', '0004_process'),
        ('pipeline', '0005_versions_are_frozen'),
        ('pipeline', '0006_restored_version'),
        ('pipeline', '0007_versions_leave_with_their_batch'),
        ('pipeline', '0008_mails_about_the_process'),
        ('pipeline', '0009_demo_batches'),
        ('pipeline', '0010_first_run'),
        ('pipeline', '0011_settings'),
        ('pipeline', '0012_fact_words'),
        ('pipeline', '0013_import_begun'),
        ('pipeline', '0014_kinds_by_app'),
        ('pipeline', '0015_idempotency_keys'),
        ('pipeline', '0016_typed_events'),
    ]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name='OutboxRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=60)),
                ('payload', models.JSONField()),
                ('created_at', models.DateTimeField()),
                ('next_at', models.DateTimeField()),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease', models.UUIDField(blank=True, null=True)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('dead_at', models.DateTimeField(blank=True, null=True)),
                ('error', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'indexes': [models.Index(models.OrderBy(models.F('next_at')), models.F('id'), condition=models.Q(('dead_at', None), ('done_at', None)), name='outbox_waiting'), models.Index(models.OrderBy(models.F('dead_at'), descending=True), condition=models.Q(('dead_at__isnull', False)), name='outbox_dead')],
                'constraints': [models.CheckConstraint(condition=models.Q(('done_at', None), ('dead_at', None), _connector='OR'), name='outbox_done_or_dead'), models.CheckConstraint(condition=models.Q(models.Q(('lease', None), ('leased_until', None)), models.Q(('lease__isnull', False), ('leased_until__isnull', False)), _connector='OR'), name='outbox_lease_with_its_end')],
            },
        ),
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('import', 'Import'), ('demo', 'Demo organisation'), ('sample', 'Sample data')], max_length=10)),
                ('name', models.CharField(max_length=200)),
                ('at', models.DateTimeField()),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
                ('summary', models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('email', models.EmailField(blank=True, max_length=254, null=True, unique=True, verbose_name='E-mail')),
                ('name', models.CharField(max_length=120, verbose_name='Name')),
                ('role', models.CharField(choices=[('salesperson', 'Salesperson'), ('manager', 'Manager'), ('admin', 'Admin')], default='salesperson', max_length=12)),
                ('style', models.CharField(choices=[('account_management', 'Account management'), ('new_business', 'New business'), ('mixed', 'Mixed')], default='mixed', max_length=20)),
                ('hired_on', models.DateField(blank=True, null=True)),
                ('time_zone', models.CharField(blank=True, max_length=64, validators=[pipeline.people.models.people.validate_time_zone])),
                ('theme', models.CharField(choices=[('auto', 'As the device'), ('light', 'Light'), ('dark', 'Dark')], default='auto', max_length=5)),
                ('is_active', models.BooleanField(default=True)),
                ('batch', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pipeline.batch')),
                ('sign_outs', models.PositiveIntegerField(default=0)),
                ('language', models.CharField(choices=[('en', 'English'), ('de', 'Deutsch')], default='en', max_length=5)),
                ('process_mails', models.BooleanField(default=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('email', None), ('email', django.db.models.functions.text.Lower('email')), _connector='OR'), name='user_email_lower_case')],
            },
        ),
        migrations.AddField(
            model_name='Batch',
            name='by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('currency', models.CharField(blank=True, max_length=3, validators=[django.core.validators.RegexValidator('^[A-Z]{3}$')])),
                ('time_zone', models.CharField(blank=True, max_length=64, validators=[pipeline.people.models.people.validate_time_zone])),
                ('country', models.CharField(blank=True, max_length=2, validators=[django.core.validators.RegexValidator('^[A-Z]{2}$')])),
                ('batch', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pipeline.batch')),
                ('manager', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='teams_led', to=settings.AUTH_USER_MODEL)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='pipeline.team')),
                ('fiscal_month', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(12)])),
                ('process_owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reliable_from', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(90), django.core.validators.MaxValueValidator(100)])),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('parent', None)), fields=('parent',), name='team_one_root', nulls_distinct=False), models.UniqueConstraint(models.F('parent'), django.db.models.functions.text.Lower('name'), name='team_name_once_below_its_parent'), models.CheckConstraint(condition=models.Q(('parent', None), models.Q(('parent', models.F('id')), _negated=True), _connector='OR'), name='team_not_its_own_parent'), models.CheckConstraint(condition=models.Q(models.Q(('parent', None), models.Q(('currency', ''), _negated=True), models.Q(('time_zone', ''), _negated=True), models.Q(('country', ''), _negated=True)), models.Q(('country', ''), ('currency', ''), ('fiscal_month', None), ('parent__isnull', False), ('process_owner', None), ('reliable_from', None), ('time_zone', '')), _connector='OR'), name='team_settings_on_the_root_only')],
            },
        ),
        migrations.AddField(
            model_name='User',
            name='team',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='pipeline.team'),
        ),
        migrations.AddConstraint(
            model_name='User',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('role', 'salesperson'), _negated=True), ('team__isnull', False), _connector='OR'), name='user_salesperson_has_a_team'),
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254)),
                ('nonce', models.CharField(default=pipeline.people.models.invitation.new_nonce, editable=False, max_length=32)),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('accepted_at', None), ('revoked_at', None)), fields=('person',), name='invitation_one_open_per_person'), models.CheckConstraint(condition=models.Q(('accepted_at', None), ('revoked_at', None), _connector='OR'), name='invitation_accepted_or_revoked')],
            },
        ),
        migrations.CreateModel(
            name='PeopleChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='pipeline.team')),
                ('kind', models.CharField(max_length=40)),
                ('data', models.JSONField(default=dict)),
            ],
            options={
                'indexes': [models.Index(fields=['person', '-at'], name='people_change_of_person')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('person', None), ('team__isnull', False)), models.Q(('person__isnull', False), ('team', None)), _connector='OR'), name='people_change_of_one_thing')],
            },
        ),
        migrations.CreateModel(
            name='StepVote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.PositiveSmallIntegerField(choices=[(1, 'Lead generation'), (2, 'Prospecting'), (3, 'Qualification'), (4, 'Needs analysis'), (5, 'Proposal'), (6, 'Objections & negotiations'), (7, 'Closing')])),
                ('key', models.SlugField(max_length=60)),
                ('vote', models.CharField(choices=[('helps', 'Helps'), ('doesnt_help', 'Doesn’t help')], max_length=12)),
                ('at', models.DateTimeField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='step_votes', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['stage', 'key'], name='step_votes_of_a_step')],
                'constraints': [models.UniqueConstraint(fields=('user', 'stage', 'key'), name='step_vote_once'), models.CheckConstraint(condition=models.Q(('stage__range', (1, 7))), name='step_vote_stage')],
            },
        ),
        migrations.CreateModel(
            name='FirstRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('put_away_at', models.DateTimeField(blank=True, null=True)),
                ('put_off', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None)),
                ('process_seen_at', models.DateTimeField(blank=True, null=True)),
                ('recalled_at', models.DateTimeField(blank=True, null=True)),
                ('put_away_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='first_run', to='pipeline.team')),
                ('import_begun_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64)),
                ('digest', models.BinaryField(max_length=32)),
                ('at', models.DateTimeField(db_index=True)),
                ('status', models.PositiveSmallIntegerField(default=0)),
                ('headers', models.JSONField(default=dict)),
                ('body', models.BinaryField(null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'key', 'digest'), name='one_intent_one_effect')],
            },
        ),
        migrations.CreateModel(
            name='Layer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('strengths', models.JSONField(blank=True, default=dict)),
                ('revision', models.PositiveIntegerField(default=1)),
                ('changed_at', models.DateTimeField()),
                ('changed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='layer', to='pipeline.team')),
                ('user', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='layer', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('team', None), ('user__isnull', False)), models.Q(('team__isnull', False), ('user', None)), _connector='OR'), name='layer_of_a_team_or_a_person')],
            },
        ),
        migrations.CreateModel(
            name='Version',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('content', models.JSONField()),
                ('note', models.TextField(blank=True, verbose_name='Note to the team')),
                ('published_at', models.DateTimeField()),
                ('layer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='pipeline.layer')),
                ('published_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('restores', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pipeline.version')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('layer', 'number'), name='version_number_once')],
            },
        ),
        migrations.AddField(
            model_name='Layer',
            name='current',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pipeline.version'),
        ),
        migrations.AddField(
            model_name='Layer',
            name='restores',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pipeline.version'),
        ),
        migrations.AddConstraint(
            model_name='Layer',
            constraint=models.CheckConstraint(condition=models.Q(('user', None), ('current', None), _connector='OR'), name='layer_of_a_person_has_no_versions'),
        ),
        migrations.CreateModel(
            name='Collision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.PositiveSmallIntegerField(choices=[(1, 'Lead generation'), (2, 'Prospecting'), (3, 'Qualification'), (4, 'Needs analysis'), (5, 'Proposal'), (6, 'Objections & negotiations'), (7, 'Closing')])),
                ('key', models.SlugField(max_length=60)),
                ('clash', models.CharField(blank=True, choices=[('orphan', 'The step was taken out above.'), ('twin', 'A layer above has a step of the same name.'), ('locked', 'This step is locked above: it can be moved or tightened only.'), ('weakens', 'A gate cannot be weakened or hidden below.'), ('personal', 'One’s own layer changes how steps are shown, not what they ask.'), ('unlocks', 'A lock can be opened only where it was set.')], max_length=10)),
                ('was', models.JSONField(null=True)),
                ('now', models.JSONField(null=True)),
                ('at', models.DateTimeField()),
                ('choice', models.CharField(blank=True, choices=[('keep', 'Keep ours'), ('take', 'Take theirs')], max_length=4)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('layer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='collisions', to='pipeline.layer')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='collisions', to='pipeline.version')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('choice', '')), fields=['layer'], name='collision_undecided')],
                'constraints': [models.UniqueConstraint(fields=('layer', 'version', 'stage', 'key'), name='collision_once'), models.CheckConstraint(condition=models.Q(models.Q(('choice', ''), ('decided_at', None)), models.Q(models.Q(('choice', ''), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='collision_decided_with_its_choice')],
            },
        ),
        migrations.CreateModel(
            name='StageWording',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.PositiveSmallIntegerField(choices=[(1, 'Lead generation'), (2, 'Prospecting'), (3, 'Qualification'), (4, 'Needs analysis'), (5, 'Proposal'), (6, 'Objections & negotiations'), (7, 'Closing')])),
                ('label', models.CharField(blank=True, max_length=60, verbose_name='Name')),
                ('norm_days', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)], verbose_name='Usual days')),
                ('layer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='wordings', to='pipeline.layer')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('layer', 'stage'), name='wording_once_on_a_layer'), models.CheckConstraint(condition=models.Q(('stage__range', (1, 7))), name='wording_stage_of_seven')],
            },
        ),
        migrations.CreateModel(
            name='Step',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.PositiveSmallIntegerField(choices=[(1, 'Lead generation'), (2, 'Prospecting'), (3, 'Qualification'), (4, 'Needs analysis'), (5, 'Proposal'), (6, 'Objections & negotiations'), (7, 'Closing')])),
                ('key', models.SlugField(max_length=60)),
                ('adds', models.BooleanField(default=False)),
                ('label', models.CharField(blank=True, max_length=160, null=True, verbose_name='Name')),
                ('kind', models.CharField(blank=True, choices=[('check', 'Check'), ('question', 'Question'), ('evidence', 'Evidence'), ('activity', 'Activity'), ('hint', 'Hint or script')], max_length=10, null=True, verbose_name='Kind')),
                ('answer', models.CharField(blank=True, choices=[('text', 'Text'), ('number', 'Number'), ('money', 'Money'), ('date', 'Date'), ('choice', 'Choice'), ('contact', 'Person of the other side')], max_length=10, null=True, verbose_name='Answer')),
                ('choices', models.JSONField(blank=True, null=True, verbose_name='Choices')),
                ('proof', models.CharField(blank=True, choices=[('any', 'File, link or activity'), ('file', 'File'), ('link', 'Link'), ('activity', 'Activity')], max_length=10, null=True, verbose_name='Evidence')),
                ('doing', models.CharField(blank=True, choices=[('call', 'Call'), ('email', 'E-mail'), ('meeting', 'Meeting'), ('task', 'Task')], max_length=10, null=True, verbose_name='Activity')),
                ('importance', models.PositiveSmallIntegerField(blank=True, choices=[(1, 'Hint'), (2, 'Expected'), (3, 'Gate')], null=True, verbose_name='Importance')),
                ('applies', models.CharField(blank=True, choices=[('always', 'Every deal'), ('new', 'New customers'), ('existing', 'Existing customers')], max_length=10, null=True, verbose_name='For')),
                ('side', models.CharField(blank=True, choices=[('ours', 'We in them'), ('theirs', 'They in us')], max_length=10, null=True, verbose_name='Criterion')),
                ('fact', models.CharField(blank=True, choices=[('party', 'There is somebody to talk to'), ('source', 'The source is known'), ('conversation', 'A sales conversation was held'), ('agreement', 'The other side agreed to a conversation'), ('qualified', 'Both sides want to proceed'), ('problem', 'The problem is known in the customer’s words'), ('worth', 'What the problem is worth is known'), ('decision_path', 'Who decides, and how, is known'), ('confirmed', 'The customer confirmed it'), ('offer', 'An offer was made'), ('offer_sent_to', 'The offer went to named people'), ('offer_fits', 'The offer’s lines are tied to needs'), ('decision_date', 'It is known when they decide'), ('concerns_recorded', 'Concerns are recorded in their words'), ('concerns_settled', 'Every concern is settled'), ('asked', 'We asked for the agreement'), ('hand_off', 'Delivery knows what was promised'), ('next', 'What’s next is set')], max_length=20, null=True, verbose_name='Done by')),
                ('gives_you', models.CharField(blank=True, max_length=300, null=True, verbose_name='Gives you')),
                ('gives_managers', models.CharField(blank=True, max_length=300, null=True, verbose_name='Gives the team')),
                ('help', models.TextField(blank=True, null=True, verbose_name='Help or script')),
                ('position', models.FloatField(blank=True, null=True)),
                ('hidden', models.BooleanField(blank=True, null=True)),
                ('locked', models.BooleanField(blank=True, null=True, verbose_name='Locked for those below')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='Reason')),
                ('made_at', models.DateTimeField()),
                ('author', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('layer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='pipeline.layer')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('layer', 'stage', 'key'), name='step_once_on_a_layer'), models.CheckConstraint(condition=models.Q(('stage__range', (1, 7))), name='step_stage_of_seven'), models.CheckConstraint(condition=models.Q(('adds', False), models.Q(('importance__isnull', False), ('kind__isnull', False), ('label__isnull', False), models.Q(('label', ''), _negated=True)), _connector='OR'), name='step_that_begins_here_is_whole'), models.CheckConstraint(condition=models.Q(('adds', True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='step_override_has_a_reason')],
            },
        ),
        migrations.RunSQL([_frozen.FREEZE, _let_go.LET_GO], _frozen.THAW),
    ]
