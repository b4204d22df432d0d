"""Whatever people can delete comes back as it was, for who deleted it and for admins, for 30 days."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, models
from django.test import Client

from crm.commands import activity as activity_commands
from crm.commands import (
    activity_correct,
    deal_line,
    deal_take_back,
    deleted,
    rate,
    reference,
    restore,
    saved_view,
)
from crm.commands import deal as deal_commands
from crm.commands.writers.activity import About
from crm.models import (
    Activity,
    ActivityKind,
    ActivityResult,
    Deal,
    DealChange,
    DealContact,
    DealLine,
    DealRole,
    DeletedKind,
    DeletedRecord,
    ListKind,
    Product,
    Rate,
    SavedView,
    SearchEntry,
    Source,
    SourceKind,
)
from reports.commands import report_mail, saved_report
from reports.models import ReportPin, ReportSubscription, SavedReport
from reports.rhythm import Rhythm
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import NOW, make_company, make_contact, make_deal

Delete = Callable[[], object]
LATER = NOW + dt.timedelta(days=2)


def _deal(cast: Cast) -> tuple[models.Model, Delete]:
    contact = make_contact(by=cast.ana, company=make_company(by=cast.ana))
    deal = make_deal(by=cast.ana, at=NOW, contact=contact, amount=Decimal("12345678901.05"))
    return deal, lambda: deal_take_back.take_back(deal, by=cast.ana, at=NOW)


def _activity(cast: Cast) -> tuple[models.Model, Delete]:
    deal = make_deal(by=cast.ana)
    activity_commands.log(
        About(deal=deal), kind=ActivityKind.CALL, body="Ö “said”\n\\x", done_at=NOW,
        result=ActivityResult.REACHED, by=cast.ana, at=NOW,
    )  # fmt: skip
    row = Activity.objects.get(deal=deal, done_at=NOW)
    return row, lambda: activity_correct.remove(row, by=cast.ana, at=NOW)


def _line(cast: Cast) -> tuple[models.Model, Delete]:
    product = Product.objects.create(name="Pump", currency="EUR")
    line = deal_line.add(
        make_deal(by=cast.ana), product=product, quantity=Decimal("1.125"), unit_price=Decimal("0.10"),
        by=cast.ana, at=NOW,
    )  # fmt: skip
    return line, lambda: deal_line.remove(line, by=cast.ana, at=NOW)


def _person(cast: Cast) -> tuple[models.Model, Delete]:
    deal, contact = make_deal(by=cast.ana), make_contact(by=cast.ana)
    link = deal_commands.set_contact(
        deal, contact=contact, role=DealRole.DECIDES, by=cast.ana, at=NOW
    )
    return link, lambda: deal_commands.remove_contact(deal, contact=contact, by=cast.ana, at=NOW)


def _view(cast: Cast) -> tuple[models.Model, Delete]:
    view = saved_view.save(kind=ListKind.LEADS, name="Cold", query="q=a", by=cast.ana, at=NOW)
    return view, lambda: saved_view.delete(view, by=cast.ana, at=NOW)


def _report(cast: Cast) -> tuple[models.Model, Delete]:
    report = saved_report.save(name="Wins", page="wins", query="span=30d", by=cast.ana, at=NOW)
    saved_report.pin(report, by=cast.ana, at=NOW)
    report_mail.subscribe(
        report, person=cast.ana, rhythm=Rhythm.MONTHLY, weekday=0, hour=7, by=cast.ana, at=NOW
    )
    return report, lambda: saved_report.delete(report, by=cast.ana, at=NOW)


def _list_row(cast: Cast) -> tuple[models.Model, Delete]:
    row = reference.add(Source(name="Fair 7", kind=SourceKind.EVENT), by=cast.adele, at=NOW)
    return row, lambda: reference.delete(row, by=cast.adele, at=NOW)


def _rate(cast: Cast) -> tuple[models.Model, Delete]:
    day = NOW.date()
    row = rate.set_rate(currency="USD", on=day, value=Decimal("0.91234567"), by=cast.adele, at=NOW)
    return row, lambda: rate.remove_rate(row, by=cast.adele, at=NOW)


WAYS = {
    DeletedKind.DEAL: _deal,
    DeletedKind.ACTIVITY: _activity,
    DeletedKind.LINE: _line,
    DeletedKind.PERSON: _person,
    DeletedKind.VIEW: _view,
    DeletedKind.REPORT: _report,
    DeletedKind.LIST_ROW: _list_row,
    DeletedKind.RATE: _rate,
}
TABLES = (
    *(Deal, Activity, DealLine, DealContact, SavedView, Source, Rate),
    *(SavedReport, ReportPin, ReportSubscription),
)


def rows() -> dict[str, Any]:
    """What is there, but for how often a deal was changed and when that was."""
    with connection.cursor() as cursor:
        found = {}
        for model in (*TABLES, *(rel.related_model for rel in Deal._meta.related_objects)):
            table = model._meta.db_table  # type: ignore[union-attr]  # a model
            counts = "'version', 'changed_at', 'changed_by_id'"
            cursor.execute(
                f"SELECT to_jsonb(t) - ARRAY[{counts}] FROM {table} t ORDER BY id"  # noqa: S608
            )
            found[table] = cursor.fetchall()
    del found["crm_dealchange"]
    return found


@pytest.mark.parametrize("kind", DeletedKind, ids=str)
def test_it_comes_back_as_it_was(cast: Cast, kind: DeletedKind):
    row, delete = WAYS[kind](cast)
    before = rows()
    history = set(DealChange.objects.values_list("pk", flat=True))
    delete()
    kept = DeletedRecord.objects.get(kind=kind)
    assert not type(row)._default_manager.filter(pk=row.pk).exists()
    assert rows() != before

    restore.restore(kept, by=cast.adele, at=LATER)

    assert rows() == before
    assert history <= set(DealChange.objects.values_list("pk", flat=True))
    assert not DeletedRecord.objects.exists()
    if kind == DeletedKind.DEAL:
        assert SearchEntry.objects.filter(kind="deal", record_id=row.pk).exists()


def test_it_is_offered_to_who_deleted_it_and_to_admins_alone(cast: Cast, client: Client):
    row, delete = _deal(cast)
    delete()
    kept = DeletedRecord.objects.get()
    way = f"/deleted/{kept.pk}/restore/"
    for person in (cast.ben, cast.mona, cast.carl):
        client.force_login(person)
        assert "Line 3 retrofit" not in client.get("/deleted/").content.decode()
        assert client.post(way).status_code == 404
    for person in (cast.adele, cast.ana):
        client.force_login(person)
        assert "Line 3 retrofit" in client.get("/deleted/").content.decode()
    assert client.post(way).status_code == 302
    assert Deal.objects.filter(pk=row.pk).exists()
    assert client.post(way).status_code == 404


def test_it_does_not_come_back_where_it_does_not_fit(cast: Cast):
    for kind, by in ((DeletedKind.LINE, cast.ana), (DeletedKind.VIEW, cast.ana)):
        row, delete = WAYS[kind](cast)
        delete()
        kept = DeletedRecord.objects.get(kind=kind)
        if isinstance(row, DealLine):
            Deal.objects.filter(pk=row.deal_id).update(owner=cast.carl, team=cast.south)
        else:
            saved_view.save(kind=ListKind.LEADS, name="cold", query="", by=cast.ana, at=NOW)
        with pytest.raises(Refused):
            restore.restore(kept, by=by, at=LATER)
        assert DeletedRecord.objects.filter(pk=kept.pk).exists()


def test_after_thirty_days_it_is_gone(cast: Cast):
    _row, delete = _view(cast)
    delete()
    kept = DeletedRecord.objects.get()
    with pytest.raises(Refused, match="30 days"):
        restore.restore(kept, by=cast.ana, at=NOW + deleted.KEPT + dt.timedelta(seconds=1))
    assert deleted.forget(at=NOW + deleted.KEPT) == 0
    assert deleted.forget(at=NOW + deleted.KEPT + dt.timedelta(seconds=1)) == 1
