"""Two workers at once."""

import threading

import pytest
from django.db import connection, connections, transaction

from pipeline.models import OutboxRow
from pipeline.outbox import commands as outbox
from pipeline.outbox import kinds
from tests.factories import NOW

KIND = kinds.INVITATION


@pytest.mark.django_db(transaction=True)
def test_it_gives_each_row_to_one_of_many_workers():
    rows = {outbox.put(KIND, {"invitation": n}, at=NOW).pk for n in range(20)}
    taken: list[int] = []
    start = threading.Barrier(4)

    def work():
        start.wait()
        while claimed := outbox.claim(of=[KIND], at=NOW):
            taken.extend(row.pk for row in claimed)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == sorted(rows)


@pytest.mark.django_db(transaction=True)
def test_it_passes_over_a_row_that_another_worker_is_just_claiming():
    first = outbox.put(KIND, {"invitation": 1}, at=NOW)
    second = outbox.put(KIND, {"invitation": 2}, at=NOW)
    found: list[OutboxRow] = []

    def work():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        found.extend(outbox.claim(of=[KIND], at=NOW))
        connections.close_all()

    with transaction.atomic():
        OutboxRow.objects.select_for_update().get(pk=first.pk)
        other = threading.Thread(target=work)
        other.start()
        other.join()

    assert found == [second]
