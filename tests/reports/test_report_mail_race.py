"""Two workers whose clock goes at once: each mail is left to be sent once."""

import pytest

from pipeline.models import OutboxRow
from reports.commands import report_mail, saved_report
from reports.models import ReportSubscription
from reports.rhythm import Rhythm
from tests.conftest import make_cast
from tests.crm.threads import at_once
from tests.factories import NOW


@pytest.mark.django_db(transaction=True)
def test_it_leaves_each_mail_once_whoever_looks() -> None:
    cast = make_cast()
    mona = cast.again(cast.mona)
    for number in range(8):
        report = saved_report.save(name=f"Wins {number}", page="wins", query="", by=mona, at=NOW)
        report_mail.subscribe(
            report, person=mona, rhythm=Rhythm.WEEKLY, weekday=0, hour=7, by=mona, at=NOW
        )
    ReportSubscription.objects.update(next_at=NOW)

    put = at_once(*[lambda: report_mail.put_due(at=NOW)] * 4)

    assert sum(put) == 8
    told = OutboxRow.objects.filter(kind=report_mail.MAILED).values_list("payload", flat=True)
    assert len({row["subscription"] for row in told}) == len(told) == 8
