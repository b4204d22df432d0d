"""History is frozen in the database itself, whoever writes: no code of ours is asked here."""

import datetime as dt

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from crm.commands import deal as deal_commands
from crm.commands import deal_move as move_commands
from crm.models import Deal, StageVisit
from pipeline.process.stages import Stage
from tests.factories import NOW, ago, ready_deal, stopped_deal


def sql(statement, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


def constraint_of(error):
    assert isinstance(error.__cause__, psycopg.Error)
    return error.__cause__.diag.constraint_name


@pytest.fixture
def moved(cast):
    """A deal with a closed and an open visit."""
    deal = ready_deal(by=cast.ana, stage=Stage.PROSPECTING)
    move_commands.move(deal, to=Stage.QUALIFICATION, by=cast.ana, at=ago(days=1))
    return deal


COLUMNS = {
    "sequence": 9,
    "stage": 7,
    "entered_at": ago(days=20),
    "entered_how": "imported",
    "entered_by_id": None,
    "reason": "Rewritten.",
    "entry_owner_id": None,
    "entry_amount": 1_000_000,
}
ENDS = {
    "left_at": NOW,
    "left_how": "stopped",
    "left_by_id": None,
    "exit_owner_id": None,
    "exit_team_id": None,
    "exit_amount": 1_000_000,
}


def test_no_column_is_left_out_but_in_whose_reach_it_lies(moved):
    """The trigger names the columns that it looks at."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute JOIN pg_trigger ON tgrelid = attrelid"
            " WHERE attrelid = 'crm_stagevisit'::regclass AND tgname = 'frozen'"
            " AND attnum > 0 AND NOT attisdropped AND attnum <> ALL (tgattr::int2[])"
        )
        assert {name for (name,) in cursor.fetchall()} == {"holder_id", "holder_team_id"}


def test_it_lies_in_the_reach_of_whose_deal_it_is_whatever_is_said(cast, moved):
    sql(
        "UPDATE crm_stagevisit SET holder_id = %s, holder_team_id = %s", cast.carl.pk, cast.south.pk
    )
    held = StageVisit.objects.values_list("holder", "holder_team").distinct()
    assert list(held) == [(cast.ana.pk, moved.team_id)]


def test_it_follows_its_deal_closed_or_not(cast, moved):
    deal_commands.hand_over(moved, to=cast.ben, by=cast.mona, at=NOW)
    assert set(StageVisit.objects.values_list("holder", flat=True)) == {cast.ben.pk}
    assert StageVisit.objects.visible_to(cast.again(cast.ben)).count() == 2
    assert not StageVisit.objects.visible_to(cast.again(cast.ana)).exists()
    Deal.objects.filter(pk=moved.pk).update(owner=None)  # into the pool, and by no command
    assert StageVisit.objects.visible_to(cast.again(cast.ana)).count() == 2
    assert not StageVisit.objects.visible_to(cast.again(cast.carl)).exists()


@pytest.mark.parametrize(("column", "value"), (COLUMNS | ENDS).items())
def test_a_closed_visit_cannot_be_changed(moved, column, value):
    with pytest.raises(IntegrityError, match="is closed: it cannot be changed"):
        sql(
            f"UPDATE crm_stagevisit SET {column} = %s WHERE deal_id = %s AND sequence = 1",  # noqa: S608
            value,
            moved.pk,
        )


@pytest.mark.parametrize(("column", "value"), COLUMNS.items())
def test_how_an_open_visit_began_cannot_be_changed(moved, column, value):
    with pytest.raises(IntegrityError, match="it can only be closed"):
        sql(
            f"UPDATE crm_stagevisit SET {column} = %s WHERE deal_id = %s AND sequence = 2",  # noqa: S608
            value,
            moved.pk,
        )


def test_a_closed_visit_cannot_be_opened_again(moved):
    with pytest.raises(IntegrityError, match="is closed"):
        StageVisit.objects.filter(deal=moved, sequence=1).update(left_at=None, left_how=None)


@pytest.mark.parametrize("sequence", [1, 2])
def test_no_visit_can_be_deleted(moved, sequence):
    with pytest.raises(IntegrityError, match="it cannot be deleted"):
        sql("DELETE FROM crm_stagevisit WHERE deal_id = %s AND sequence = %s", moved.pk, sequence)


def test_a_deal_cannot_be_deleted_with_its_history(moved):
    with pytest.raises(IntegrityError, match=r"cannot be deleted|is history"), transaction.atomic():
        Deal.objects.filter(pk=moved.pk).delete()


def test_an_open_visit_can_be_closed(moved):
    assert sql(
        "UPDATE crm_stagevisit SET left_at = %s, left_how = 'stopped' "
        "WHERE deal_id = %s AND sequence = 2",
        NOW,
        moved.pk,
    )


def test_the_undo_of_a_batch_may_delete_and_nothing_else(moved):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL seven.undo = 'batch'")
        with pytest.raises(IntegrityError, match="is closed"):
            sql("UPDATE crm_stagevisit SET stage = 7 WHERE deal_id = %s", moved.pk)
        assert sql("DELETE FROM crm_stagevisit WHERE deal_id = %s", moved.pk) == 2


@pytest.mark.parametrize("setting", ["", "yes", "Batch"])
def test_no_other_word_opens_the_history(moved, setting):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('seven.undo', %s, true)", [setting])
        with pytest.raises(IntegrityError, match="it cannot be deleted"):
            sql("DELETE FROM crm_stagevisit WHERE deal_id = %s", moved.pk)


def add(deal, **values):
    with transaction.atomic():
        return StageVisit.objects.create(
            **{
                "deal": deal,
                "sequence": 3,
                "stage": Stage.PROPOSAL,
                "entered_at": NOW,
                "entered_how": "forward",
                "entry_team": deal.team,
            }
            | values
        )


ENDED = {"left_at": NOW, "left_how": "advanced"}
BROKEN = [
    ("visit_one_going_on", {}),
    ("visit_sequence_once", ENDED | {"sequence": 1, "entered_how": "created"}),
    ("visit_stage_of_seven", ENDED | {"stage": 8}),
    ("visit_stage_of_seven", ENDED | {"stage": 0}),
    ("visit_left_after_it_was_entered", ENDED | {"left_at": NOW - dt.timedelta(microseconds=1)}),
    ("visit_left_at_with_left_how", ENDED | {"left_at": None}),
    ("visit_left_at_with_left_how", {"left_at": NOW}),
    ("visit_undated_only_if_imported", ENDED | {"entered_at": None}),
    ("visit_won_only_in_the_seventh_stage", ENDED | {"left_how": "won"}),
    ("visit_first_one_begins_the_chain", ENDED | {"entered_how": "created"}),
    ("visit_return_has_a_reason", ENDED | {"entered_how": "back"}),
    ("visit_return_has_a_reason", ENDED | {"entered_how": "reopened"}),
]


@pytest.mark.parametrize(("constraint", "values"), BROKEN)
def test_the_database_refuses_a_visit_that_cannot_be(moved, constraint, values):
    with pytest.raises(IntegrityError) as refused:
        add(moved, **values)

    assert constraint_of(refused.value) == constraint


def test_the_database_takes_a_visit_that_can_be(moved):
    assert add(moved, **ENDED).pk


DEAL_BROKEN = [
    ("deal_has_a_name", {"name": ""}),
    ("deal_stage_of_seven", {"stage": 0}),
    ("deal_amount_not_negative", {"amount": -1}),
    ("deal_open_has_no_closing_date", {"closed_at": NOW}),
    ("deal_won_in_the_seventh_stage", {"outcome": "won"}),
    ("deal_stopped_by_somebody_for_a_cause", {"outcome": "stopped"}),
    ("deal_stopped_by_somebody_for_a_cause", {"initiator": "customer"}),
    ("deal_next_with_its_kind", {"next_at": NOW}),
    ("deal_next_with_its_kind", {"next_on": NOW.date()}),
    ("deal_next_with_its_kind", {"next_kind": "call"}),
    ("deal_next_with_its_kind", {"next_kind": "call", "next_at": NOW, "next_on": NOW.date()}),
]


@pytest.mark.parametrize(("constraint", "values"), DEAL_BROKEN)
def test_the_database_refuses_a_deal_that_cannot_be(moved, constraint, values):
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Deal.objects.filter(pk=moved.pk).update(**values)

    assert constraint_of(refused.value) == constraint


def test_the_database_parks_only_what_is_open(cast):
    deal = stopped_deal(by=cast.ana)

    with pytest.raises(IntegrityError, match="deal_parked_only_while_open"), transaction.atomic():
        Deal.objects.filter(pk=deal.pk).update(parked_until=NOW.date())


ACTIVITY_BROKEN = [
    ("activity_planned_or_done", {"due_at": None, "due_by": None}),
    ("activity_due_on_a_day_or_at_an_hour", {"due_on": NOW.date()}),
    ("activity_due_on_a_day_or_at_an_hour", {"due_by": ago(hours=1)}),
    ("activity_done_or_cancelled", {"done_at": NOW, "cancelled_at": NOW}),
    ("activity_note_is_not_planned", {"kind": "note"}),
    ("activity_with_somebody", {"deal": None}),
    ("activity_stage_of_seven", {"stage": 8}),
]


@pytest.mark.parametrize(("constraint", "values"), ACTIVITY_BROKEN)
def test_the_database_refuses_an_activity_that_cannot_be(moved, constraint, values):
    moved.activities.create(kind="task", owner=moved.owner, due_at=NOW, due_by=NOW, created_at=NOW)

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        moved.activities.update(**values)

    assert constraint_of(refused.value) == constraint
