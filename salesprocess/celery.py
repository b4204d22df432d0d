"""Background work. The database is the queue of record: a message only says that there is work.

So losing a message may delay work but never lose it, and a task must bear running twice.
"""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesprocess.settings")

app = Celery("salesprocess")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    result_serializer="json",
    task_ignore_result=True,
    # A task is gone from the queue when it is done, not when it is taken: a killed worker loses none.
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    # Longer work is cut into pieces; the broker gives a task to a second worker at twice the limit, which
    # finds the lock of the first where one cannot be cut (an export of everything).
    task_soft_time_limit=60,
    task_time_limit=90,
    worker_max_tasks_per_child=500,
    broker_transport_options={
        "visibility_timeout": 180,
        # What a killed worker had comes back when that time is over, and not up to 100 s later, which
        # is how seldom it is looked for by default.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 2,
        # A broker that has fallen silent is left and looked for anew, by workers and by the clock.
        "socket_timeout": 5,
        "socket_keepalive": True,
    },
    timezone="UTC",
    worker_hijack_root_logger=False,
    beat_schedule={
        # Every row of the outbox also wakes a worker by itself: this is for those that failed, and
        # for a broker that was away. A message that nobody took in time is not needed any more.
        "relay-outbox": {
            "task": "pipeline.tasks.relay_outbox",
            "schedule": 5.0,
            "options": {"expires": 10},
        },
        "relay-outbox-of-deals": {
            "task": "crm.tasks.relay_outbox",
            "schedule": 5.0,
            "options": {"expires": 10},
        },
        "relay-outbox-of-reports": {
            "task": "reports.tasks.relay_outbox",
            "schedule": 5.0,
            "options": {"expires": 10},
        },
        # Reports go on the hour of their readers, whose clocks differ by quarters of one at least.
        "put-due-reports": {
            "task": "reports.tasks.put_due_reports",
            "schedule": crontab(minute="*/5"),
            "options": {"expires": 240},
        },
        "give-sign-of-life": {
            "task": "pipeline.tasks.give_sign_of_life",
            "schedule": 30.0,
            "options": {"expires": 60},
        },
        "forget-incidents": {
            "task": "pipeline.tasks.forget_incidents",
            "schedule": crontab(hour="3", minute="57"),
        },
        "forget-deleted": {
            "task": "crm.tasks.forget_deleted",
            "schedule": crontab(hour="3", minute="7"),
        },
        "keep-to-rules": {
            "task": "privacy.tasks.keep_to_rules",
            "schedule": crontab(minute="7"),
        },
        "forget-delivered": {
            "task": "pipeline.tasks.forget_delivered",
            "schedule": crontab(hour="3", minute="27"),
        },
        "forget-idempotency-keys": {
            "task": "pipeline.tasks.forget_idempotency_keys",
            "schedule": crontab(minute="37"),
        },
        "forget-sign-in-attempts": {
            "task": "pipeline.tasks.forget_sign_in_attempts",
            "schedule": crontab(minute="47"),
        },
        # Woken by itself as well: this is for what a killed worker or a broker that was away left.
        "work-on-imports": {
            "task": "exchange.tasks.work_on_imports",
            "schedule": 5.0,
            "options": {"expires": 10},
        },
        "write-exports": {
            "task": "exchange.tasks.write_exports",
            "schedule": 30.0,
            "options": {"expires": 60},
        },
        "clear-old-exports": {
            "task": "exchange.tasks.clear_old_exports",
            "schedule": crontab(minute="27"),
        },
        "clear-old-import-files": {
            "task": "exchange.tasks.clear_old_import_files",
            "schedule": crontab(hour="3", minute="47"),
        },
        "hash-recovery-codes": {
            "task": "salesprocess.tasks.hash_recovery_codes",
            "schedule": crontab(minute="*/5"),
            "options": {"expires": 240},
        },
        "clear-expired-sessions": {
            "task": "salesprocess.tasks.clear_expired_sessions",
            "schedule": crontab(hour="3", minute="17"),
        },
    },
)
app.autodiscover_tasks()
