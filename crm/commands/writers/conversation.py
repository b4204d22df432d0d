"""A conversation that was held, and what the other side agreed to."""

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from crm.commands.contact import NewContact, on_record
from crm.commands.deal_people import add_person
from crm.commands.locked_deal import add_change, refresh_next
from crm.commands.writers import activity as activities
from crm.commands.writers import step_result
from crm.commands.writers.activity import About, Next
from crm.events import StepAnswered
from crm.models import Activity, ActivityKind, ActivityResult, Contact, Deal
from crm.queries.facts import AGREEMENT_STEP
from pipeline.models import User
from pipeline.process.playbook import AnswerKind, Fact, Playbook
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused


@dataclass(frozen=True, kw_only=True)
class ConversationInput:
    """One that was held, at `done_at` (by default now), with `contact` where it is known; or
    `logged`, one that stands on the deal already and did not say that both sides spoke.
    """

    kind: ActivityKind = ActivityKind.CALL
    done_at: dt.datetime | None = None
    contact: Contact | NewContact | None = None
    words: str = ""
    logged: Activity | None = None


@dataclass(frozen=True, kw_only=True)
class AgreementInput:
    """What the other side agreed to, and for which day: one ahead is planned as a meeting. One that
    is past was agreed before it: it came with a conversation, `held_at`, that was entered late, or
    with an act that was.
    """

    to: str
    on: dt.date | None = None
    held_at: dt.datetime | None = None


def held_at(row: Deal, said: ConversationInput | None, *, at: dt.datetime) -> dt.datetime | None:
    """When a conversation that is to be written was held."""
    if said is None:
        return None
    if said.logged is not None:
        logged: Activity | None = row.activities.filter(pk=said.logged.pk).first()
        return logged.done_at if logged else None
    return said.done_at or at


def write(row: Deal, said: ConversationInput, *, by: User, at: dt.datetime) -> Activity:
    """Log a conversation that was held (G2), or say of what was logged that it was one.

    Raises Refused for one that lies ahead, or is not there any more to be spoken of.
    """
    if said.logged is not None:
        return _spoke(row, said.logged, by=by, at=at)
    contact = None
    if said.contact is not None:
        contact = on_record(said.contact, company=row.company, by=by, at=at)
        add_person(row, contact, by=by, at=at)
    held = activities.new_done(
        About(deal=row, contact=contact),
        row,
        kind=said.kind,
        done_at=said.done_at or at,
        # By telephone or in person both were there; of an e-mail it has to be said.
        result=ActivityResult.REACHED,
        body=said.words,
        by=by,
        at=at,
    )
    held.save(force_insert=True)
    activities.touch(row, held)
    return held


def _spoke(row: Deal, logged: Activity, *, by: User, at: dt.datetime) -> Activity:
    """Say of something that was logged without a result that both sides spoke."""
    found: Activity | None = (
        Activity.objects.without_result(row, by=by)
        .select_for_update(of=("self",))
        .filter(pk=logged.pk)
        .first()
    )
    if found is None:
        raise Refused(
            _("What was logged has changed: choose again, or log it here."), field="logged"
        )
    activities.rewrite(found, row, {"result": ActivityResult.REACHED.value}, by=by, at=at)
    return found


def write_agreement(
    row: Deal, said: AgreementInput, playbook: Playbook, *, by: User, at: dt.datetime
) -> None:
    """Record what the other side agreed to (G3). For a day ahead it is planned while the deal is
    open, for its owner, or for `by` where nothing can be planned for that one (who left, for
    instance).

    Raises Refused for no words, and for a day before `at`, unless the conversation was held no later:
    then they agreed to a day that lay ahead. Once it is past nothing is left to be planned.
    """
    words = said.to.strip()
    if not words:
        raise Refused(_("Write what they agreed to."), field="to")
    on, held = said.on, said.held_at
    agreed_on = min(timezone.localdate(moment, by.zone) for moment in (at, held or at))
    if on is not None and on < agreed_on:
        raise Refused(_("That day is past: choose one ahead, or leave it empty."), field="on")
    step = playbook.find(Stage.PROSPECTING, AGREEMENT_STEP)
    label = str(step.label if step else Fact.AGREEMENT.label)
    step_result.replace_result(
        row,
        stage=Stage.PROSPECTING,
        key=AGREEMENT_STEP,
        label=label,
        value=words,
        version_ids=playbook.version_ids,
        at=at,
        by=by,
    )
    add_change(row, StepAnswered(answer=AnswerKind.TEXT, step=label, said=words), by=by, at=at)
    if on is None or on < timezone.localdate(timezone=by.zone) or not row.is_open:
        return
    plan = Next(kind=ActivityKind.MEETING, due_on=on, subject=words[:200])
    owner = row.owner if row.owner and activities.may_plan_for(row.owner, by=by) else by
    activities.new_plan(About(deal=row), row, plan, owner=owner, by=by, at=at).save(
        force_insert=True
    )
    refresh_next(row)
