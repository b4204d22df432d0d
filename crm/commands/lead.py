"""What can be done to a new lead: accept it, give it away by the rules of its pool."""

import datetime as dt
from contextlib import nullcontext

from django.db import transaction
from django.utils.translation import gettext as _

from crm.commands import deal as deal_commands
from crm.commands import lead_dealing
from crm.commands.deal_move import move_locked
from crm.commands.gate import GoAhead
from crm.commands.gate_input import NOTHING, GateInput
from crm.commands.lead_dealing import LeadFacts, PoolDealer
from crm.commands.locked_deal import NEXT_FIELDS, locked, refresh_next, require_open, save
from crm.commands.writers import activity as writer
from crm.commands.writers.activity import About, Next
from crm.models import Deal
from pipeline.models import User
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused


def accept(
    deal: Deal,
    *,
    first: Next,
    by: User,
    at: dt.datetime,
    version: int | None = None,
    gate_input: GateInput = NOTHING,
    go_ahead: GoAhead | None = None,
) -> None:
    """Take a new lead up: plan the first touch, and move on to prospecting by its gates.

    A lead of the pool becomes `by`'s own first. Nothing was said to anybody yet, so nothing counts as
    an attempt.

    Raises Gap as `gate.check` does; Refused for a deal that is no new lead any more, for somebody
    who was quicker, or a first touch that cannot be planned; Stale as in `locked`.
    """
    unowned = deal.owner_id is None
    taken = deal_commands.claimed(deal, by=by, at=at) if unowned else nullcontext()
    seen = None if unowned else version
    with transaction.atomic(), taken, locked(deal, by=by, version=seen) as row:
        _require_new(row)
        plan = writer.new_plan(About(deal=row), row, first, by=by, at=at)
        plan.save(force_insert=True)
        move_locked(
            row, to=Stage.PROSPECTING, by=by, at=at, gate_input=gate_input, go_ahead=go_ahead
        )
        refresh_next(row)
        save(row, *NEXT_FIELDS, "parked_until", by=by, at=at)


def deal_out(deal: Deal, *, by: User, at: dt.datetime) -> None:
    """Give a lead that lies in the pool to whom the rules of its team choose.

    Raises Refused if no rule is for it or nobody has room; Deal.DoesNotExist out of the reach of
    `by`, who must lead the team.
    """
    with locked(deal, by=by) as row:
        _require_new(row)
        if row.owner_id is not None:
            raise Refused(_("It is somebody’s already."))
        dealer = PoolDealer.of(row.team_id)
        region = row.company.country if row.company else ""
        dealt = dealer.deal(LeadFacts(source_id=row.source_id, region=region))
        if dealt is None:
            raise Refused(_("No rule of the team is for it."))
        if dealt.to is None:
            raise Refused(
                _("Nobody of “%(rule)s” has room for another lead.") % {"rule": dealt.rule.name}
            )
        dealer.finish()
        lead_dealing.note([(row.pk, dealt)], at=at)
        deal_commands.change_owner(row, dealt.to, by=by, at=at, reason=dealt.rule.name)


def _require_new(row: Deal) -> None:
    require_open(row)
    if row.stage != Stage.LEAD_GENERATION:
        raise Refused(_("This lead was taken up already."))
