"""One look at a quick log: what was typed and pressed so far, and what it is understood as."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.functional import cached_property

from crm.forms.activity import PROPOSED
from crm.forms.quick_log import QuickLogForm
from crm.models import ActivityKind, ActivityResult, Company, Contact, Deal, SearchKind
from crm.presenters.plans import Plan, plans
from crm.presenters.proposals import ProposalLine, proposal_lines
from crm.presenters.viewer import Viewer
from crm.proposal import DealStanding
from crm.queries import deal as deal_queries
from crm.queries import quick_log as queries
from crm.queries.quick_log import Candidates, Named, NamedDeal
from crm.queries.standing import standing_of
from crm.quick_log import LONGEST, QuickLine, read_line
from pipeline.models import User
from salesprocess.lib.format import clock
from salesprocess.lib.natural_dates import DayAhead
from salesprocess.lib.said_at import FIELD, said_at

# What a person may put right; the line has no say any more in what was.
FIELDS = ("kind", "who", "deal", "result", "body", "next")
# What stands in `who` and `deal` while several may be meant.
OPEN = "?"


class QuickLook:
    """What is asked of the server at each stop of typing, and once more when it is sent.

    `said` are the fields as they were sent. `fixed` names those that were put right by hand: all of
    them where the line is still the one that was `read` for the form, so that what is saved is what
    was shown. Each of the others follows from the line, the place where it was opened (`deal`,
    `company` or `contact` of `place`), and what is usual.
    """

    form_class = QuickLogForm

    def __init__(self, user: User, *, said: QueryDict, place: QueryDict, at: dt.datetime) -> None:
        self.user, self.said, self.place, self.at = user, said, place, at
        self.viewer = Viewer(user, at=at)
        # What the line says of time is meant as of when it was said.
        self.said_at = said_at(said, now=at)
        self.now = (self.said_at or at).astimezone(user.zone)
        self.is_new_line = said.get("read") != said.get("line", "")
        named = said.get("fixed", "").split(",")
        shown = () if self.is_new_line else said
        self.fixed = {name for name in FIELDS if name in named or name in shown}

    @cached_property
    def line(self) -> QuickLine:
        text = self.said.get("line", "").replace("\0", "")[:LONGEST]
        return read_line(text, now=self.now)

    @cached_property
    def found(self) -> Candidates:
        return queries.candidates(self.line.lead, reader=self.user)

    # whom and on which deal ---------------------------------------------------------------------

    @cached_property
    def here(self) -> Deal | None:
        """The deal from which it was opened; none once the line names somebody."""
        pk = _id(self.place.get("deal"))
        return None if pk is None or self.found.words else self._editable(pk)

    def _editable(self, pk: int) -> Deal | None:
        try:
            return deal_queries.editable(self.user, pk)
        except Deal.DoesNotExist:
            return None

    @cached_property
    def deals(self) -> list[NamedDeal]:
        """Which deals it may be on: of the named ones, else of whoever was chosen, else the next."""
        if self.here is not None:
            return queries.named_deals([self.here.pk], self.user)
        chosen = self._fixed_party if self._is_said("who") else None
        if self.found.words and chosen is None:
            return list(self.found.deals)
        party = chosen or self._party_here
        if party is not None:
            return queries.deals_of(party, self.user)
        return queries.next_deals(self.user)

    @cached_property
    def _party_here(self) -> Named | None:
        """The company or person from whose page it was opened."""
        for kind in (SearchKind.CONTACT, SearchKind.COMPANY):
            pk = _id(self.place.get(kind.value))
            if pk is not None:
                return queries.party(kind, pk, self.user)
        return None

    @cached_property
    def deal(self) -> Deal | None:
        if self._is_said("deal"):
            pk = _id(self.said.get("deal"))
            return None if pk is None else self._editable(pk)
        if self.is_no_deal:
            return None
        if self.here is not None:
            return self.here
        is_told = self.found.words or self._party_here or self._is_said("who")
        return self._editable(self.deals[0].id) if is_told and len(self.deals) == 1 else None

    @cached_property
    def parties(self) -> list[Named]:
        """With whom it may have been."""
        if self.found.parties:
            return list(self.found.parties)
        if self.deal is not None:
            return queries.people_of(self.deal)
        return [self._party_here] if self._party_here else []

    @cached_property
    def party(self) -> Named | None:
        if self._is_said("who"):
            return self._fixed_party
        named = self.found.parties or ([self._party_here] if self._party_here else [])
        if named:
            return named[0] if len(named) == 1 else None
        return self.parties[0] if len(self.parties) == 1 else None

    @cached_property
    def _fixed_party(self) -> Named | None:
        kind, _colon, pk = self.said.get("who", "").partition(":")
        number = _id(pk)
        if kind not in (SearchKind.CONTACT, SearchKind.COMPANY) or number is None:
            return None
        return queries.party(SearchKind(kind), number, self.user)

    @property
    def is_party_open(self) -> bool:
        """Whether several may be meant: to be chosen before it is saved."""
        several = len(self.found.parties) > 1 and self.party is None
        return several and not self._is_said("who")

    def _is_said(self, name: str) -> bool:
        """Whether it was chosen by hand, be it nobody or no deal."""
        return name in self.fixed and self.said.get(name) != OPEN

    @property
    def is_no_deal(self) -> bool:
        """Whether the line says that it belongs to none."""
        return self.line.has_no_deal and "deal" not in self.fixed

    @property
    def is_deal_open(self) -> bool:
        if self._is_said("deal"):
            # One that was taken out of reach meanwhile is not silently none.
            return self.deal is None and (self.party is None or bool(self.said.get("deal")))
        if self.deal is not None:
            return False
        if self.is_no_deal:
            return self.party is None
        return len(self.deals) > 1 or self.party is None

    @property
    def called_at(self) -> str:
        """The hour of the call from which somebody came back; empty where it is opened otherwise."""
        if self.said_at is None or not self.said.get("called"):
            return ""
        return clock(self.said_at, self.user.zone)

    # how it went --------------------------------------------------------------------------------

    @cached_property
    def kind(self) -> ActivityKind:
        told = self.said.get("kind", "")
        if "kind" in self.fixed and told in ActivityKind.values:
            return ActivityKind(told)
        return self.line.kind or ActivityKind.CALL

    @cached_property
    def result(self) -> ActivityResult | None:
        if self.kind == ActivityKind.NOTE:
            return None
        told = self.said.get("result", "")
        if self.said.get("move"):
            return ActivityResult.MOVED_FORWARD
        if "result" in self.fixed:
            return ActivityResult(told) if told in ActivityResult.values else None
        return self.line.result

    @property
    def body(self) -> str:
        if "body" in self.fixed:
            return self.said.get("body", "")
        return self.line.note_after(self.found.words)

    # what follows -------------------------------------------------------------------------------

    @cached_property
    def plans(self) -> list[Plan]:
        """What is planned on the deal, the next one first."""
        if self.deal is None:
            return []
        rows = deal_queries.planned_talks(self.deal.pk)
        return plans(self.viewer, rows, owner_id=self.deal.owner_id)

    @property
    def closes(self) -> Plan | None:
        """What had been planned of this kind is done by it."""
        return next((plan for plan in self.plans if plan.kind == self.kind), None)

    @property
    def stays(self) -> Plan | None:
        """What stays planned then."""
        return next((plan for plan in self.plans if plan is not self.closes), None)

    @cached_property
    def standing(self) -> DealStanding | None:
        return standing_of(self.deal, self.user) if self.deal is not None else None

    @cached_property
    def proposals(self) -> list[ProposalLine]:
        if self.deal is not None and self.standing is None:
            return []
        return proposal_lines(self.viewer, self.standing, moves=self.standing is not None)

    @property
    def proposal(self) -> ProposalLine | None:
        """The one for what is said of the result."""
        of = self.result or ("email" if self.kind == ActivityKind.EMAIL else "plain")
        return next((one for one in self.proposals if one.of == of), None)

    @cached_property
    def next_choice(self) -> str:
        """What is chosen of the form's `next`."""
        if "next" in self.fixed:
            return self.said.get("next", "")
        if self.line.has_next:
            return "on"
        proposal = self.proposal
        if proposal is None:
            return ""
        # Without a deal nothing falls silent; and what is planned already goes on.
        is_optional = self.deal is None or self.stays is not None
        return "" if is_optional and not proposal.is_beside else PROPOSED

    @cached_property
    def next_day(self) -> DayAhead:
        """As the line says; a few working days ahead where it names no day."""
        hours = self.user.organisation.working_hours
        return self.line.next_due or DayAhead(hours.day_after(self.now.date(), 3))

    @property
    def is_meeting_day_open(self) -> bool:
        """A meeting was set and nobody said for when."""
        proposal = self.proposal
        is_taken = self.next_choice == PROPOSED and proposal is not None
        return is_taken and proposal is not None and proposal.is_day_assumed

    @property
    def is_sure(self) -> bool:
        return not (self.is_party_open or self.is_deal_open or self.is_meeting_day_open)

    # as a form ----------------------------------------------------------------------------------

    def values(self) -> dict[str, Any]:
        """All of it as the form's fields."""
        party, line, day = self.party, self.line, self.next_day
        found: dict[str, Any] = {
            "line": line.text,
            "kind": self.kind.value,
            "result": self.result.value if self.result else "",
            "body": self.body,
            **{
                name: self.said.get(name, "")
                for name in ("done_when", "done_on", "done_time", FIELD)
            },
            "contact": str(party.id) if party and party.kind == SearchKind.CONTACT else "",
            "company": str(party.id) if party and party.kind == SearchKind.COMPANY else "",
            "next": self.next_choice,
            "closes": [str(self.closes.id)] if self.closes else [],
            "from_stage": str(self.deal.stage) if self.deal else "",
        }
        if line.done_at is not None:
            local = line.done_at.astimezone(self.user.zone)
            found |= {"done_on": local.date().isoformat(), "done_time": f"{local:%H:%M}"}
        found |= {f"proposed_{one.of}": one.value for one in self.proposals}
        if "next" in self.fixed:
            names = ("next_kind", "next_subject", "next_on", "next_at", "because")
            return found | {name: self.said.get(name, "") for name in names}
        usual = ActivityKind.MEETING if self.is_meeting_day_open else ActivityKind.CALL
        return found | {
            "next_kind": (line.next_kind or usual).value,
            "next_subject": line.next_about,
            "next_on": day.day.isoformat(),
            "next_at": f"{day.time:%H:%M}" if day.time else "",
        }

    def form(self, *, bound: bool) -> QuickLogForm:
        values: Mapping[str, Any] = self.values()
        given: dict[str, Any] = {"data": values} if bound else {"initial": values}
        return self.form_class(
            **given, user=self.user, deal=self.deal, at=self.at, auto_id="quick-%s"
        )

    def about(self) -> tuple[Company | None, Contact | None]:
        """Whom a touch without a deal is with."""
        party = self.party
        if party is None:
            return None, None
        if party.kind == SearchKind.COMPANY:
            return Company.objects.visible_to(self.user).get(pk=party.id), None
        return None, Contact.objects.visible_to(self.user).get(pk=party.id)


def _id(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None
