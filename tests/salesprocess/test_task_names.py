"""A message names its task: what the release before left in the queue is done as well."""

from typing import Any

import pytest
from celery import current_app

from exchange.commands import work
from exchange.models import ImportJob, ImportState
from salesprocess.celery import app
from tests.conftest import Cast
from tests.factories import NOW

# Every name that a release has ever sent.
NAMES = {
    *("pipeline.tasks.relay_outbox", "pipeline.tasks.forget_delivered", "crm.tasks.relay_outbox"),
    *("pipeline.tasks.forget_idempotency_keys", "pipeline.tasks.forget_incidents"),
    *("crm.tasks.forget_deleted", "privacy.tasks.keep_to_rules"),
    *("pipeline.tasks.give_sign_of_life", "pipeline.tasks.forget_sign_in_attempts"),
    *("exchange.tasks.work_on_imports", "exchange.tasks.clear_old_import_files"),
    *("crm.tasks.work_on_imports", "crm.tasks.clear_old_import_files"),
    *("reports.tasks.relay_outbox", "reports.tasks.put_due_reports"),
    *("exchange.tasks.write_exports", "exchange.tasks.clear_old_exports"),
    *("salesprocess.tasks.clear_expired_sessions", "salesprocess.tasks.hash_recovery_codes"),
}


@pytest.fixture(autouse=True)
def _as_a_worker_begins() -> None:
    app.loader.import_default_modules()


def test_every_name_that_was_ever_sent_is_known():
    ours = {name for name in current_app.tasks if not name.startswith("celery.")}
    assert ours == NAMES
    assert {each["task"] for each in app.conf.beat_schedule.values()} <= NAMES


@pytest.mark.parametrize("name", ["crm.tasks.work_on_imports", "exchange.tasks.work_on_imports"])
def test_an_import_is_gone_on_with_by_either_name(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, name: str
):
    job = ImportJob.objects.create(
        owner=cast.ana, kind="deals", state=ImportState.LOADING, name="a.csv", size=1,
        columns=[], created_at=NOW, changed_at=NOW,
    )  # fmt: skip
    done: list[int] = []

    def step(pk: int, **_options: Any) -> bool:
        done.append(pk)
        return False

    monkeypatch.setattr(work, "step", step)
    task = current_app.tasks[name]
    task.apply(kwargs={"pk": job.pk}).get()
    assert done == [job.pk]
    assert (task.soft_time_limit, task.time_limit) == (540, 600)
