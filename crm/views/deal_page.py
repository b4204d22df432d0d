"""The deal page, whole, in parts, and the parts that are got on their own."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from crm.commands.undo import LASTING
from crm.forms.activity import KINDS, LogForm, PlanForm
from crm.forms.step import OwnStepForm
from crm.models import Deal
from crm.presenters.closed_deal import after_deal
from crm.presenters.deal_fields import (
    Way,
    deal_fields,
    deal_people,
    product_lines,
    pushes,
    roles,
    ways_to_reach,
    worth_lines,
)
from crm.presenters.plans import Plan, plans
from crm.presenters.proposals import proposal_lines
from crm.presenters.questions import DealAnswer, DealLook, deal_answers
from crm.presenters.records import record_cards
from crm.presenters.stages import VisitLine, stage_card, stage_history, stage_path
from crm.presenters.steps import step_files, step_panel
from crm.presenters.timeline import timeline_items
from crm.presenters.viewer import Viewer, labels
from crm.proposal import DealStanding
from crm.queries import deal as queries
from crm.queries import deal_parts
from crm.queries import timeline as timeline_queries
from crm.queries.deal import Talk, VisitRecord
from crm.queries.deal_merges import SAME_AS, DealMerge, merge_of
from crm.queries.deal_parts import DealPerson
from crm.queries.deal_value import value_sources
from crm.queries.records import Records, records
from crm.queries.steps import Recorded, recorded_steps, versions_at
from crm.queries.timeline import ORDER, SHOWS
from crm.shipped import shipped_name
from crm.views.verbs import DEAL
from pipeline.audit.commands import record_opening
from pipeline.models import User
from pipeline.people.models.people import initials_of
from pipeline.process.playbook import Playbook
from pipeline.process.queries import news
from pipeline.process.queries.in_force import InForce, in_force
from pipeline.process.stages import Initiator, Outcome, Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import money
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render, wants_fragment
from salesprocess.lib.keyset import Cursor


@require_GET
def page(request: HtmxRequest, pk: int) -> HttpResponse:
    """The page; for htmx each of its parts, to take the place of the one that is shown."""
    look = opened(request, pk)
    merge = look.merge
    if merge and "itself" not in request.GET and not wants_fragment(request):
        return redirect(f"/deals/{merge.into}/?merged={pk}")
    context = look.page(stage=_stage(request.GET.get("stage")), show=_show(request))
    context["merge"] = merge or _merged_here(request, pk)
    return render(
        request, page="crm/deal/page.html", fragment="crm/deal/_parts.html", context=context
    )


def _merged_here(request: HtmxRequest, pk: int) -> DealMerge | None:
    """Which deal led here by its address."""
    said = request.GET.get("merged", "")
    if not (said.isascii() and said.isdecimal() and len(said) < 19):
        return None
    if not queries.is_visible(request.user, int(said)):
        return None
    found = merge_of(request.user, int(said), since=timezone.now() - LASTING[SAME_AS])
    return found if found and found.into == pk else None


@require_GET
def stage(request: HtmxRequest, pk: int, number: int) -> HttpResponse:
    """What one stage is for, and what this deal did in it."""
    wanted = _stage(str(number))
    if wanted is None:
        raise Http404
    look = opened(request, pk)
    return render(
        request,
        page="crm/deal/page.html",
        fragment="crm/deal/_stage.html",
        context=look.stage(wanted) if wants_fragment(request) else look.page(stage=wanted),
    )


@require_GET
def timeline(request: HtmxRequest, pk: int) -> HttpResponse:
    """The timeline narrowed down, or what is older than a place in it."""
    before, show = _left_off(request), _show(request)
    look = opened(request, pk)
    alone = wants_fragment(request)
    return render(
        request,
        page="crm/deal/page.html",
        fragment="crm/deal/_items.html" if before else "crm/deal/_timeline.html",
        context=look.timeline(show, before) if alone else look.page(show=show, before=before),
    )


def find(request: HtmxRequest, pk: int) -> "DealPage":
    return DealPage(found_or_404(queries.find, request.user, pk), request.user)


def opened(request: HtmxRequest, pk: int) -> "DealPage":
    """Found, and on record for its owner where that is somebody else."""
    look = find(request, pk)
    record_opening(look.deal.owner_id, what=DEAL, pk=pk, by=request.user, at=look.at)
    return look


class DealPage:
    """One person's look at one deal: gets only what the asked part needs."""

    def __init__(self, deal: queries.DealRecord, user: User) -> None:
        self.deal = deal
        self.user = user
        self.at: dt.datetime = timezone.now()
        self._recorded: dict[Stage, Recorded] = {}

    @cached_property
    def viewer(self) -> Viewer:
        return Viewer(self.user, at=self.at)

    @cached_property
    def merge(self) -> DealMerge | None:
        """Which deal this one is the same as; asked only of what we stopped ourselves."""
        if self.deal.outcome != Outcome.STOPPED or self.deal.initiator != Initiator.US:
            return None
        return merge_of(self.user, self.deal.pk, since=self.at - LASTING[SAME_AS])

    @cached_property
    def force(self) -> InForce:
        return in_force(team_id=self.deal.team_id, user_id=self.user.pk)

    def version_ids(self, stage: Stage) -> tuple[int, ...]:
        named = versions_at(stage, self.visits, kept=self.deal.kept_version_ids)
        return named or self.force.version_ids

    def book(self, stage: Stage) -> Playbook:
        """What the reader works by in a stage of the deal."""
        return self.force.playbook(self.version_ids(stage))

    @cached_property
    def visits(self) -> list[VisitRecord]:
        return queries.visits(self.deal.pk)

    @cached_property
    def history(self) -> list[VisitLine]:
        return stage_history(self.viewer, self.deal, self.visits)

    @cached_property
    def activities(self) -> tuple[list[Talk], list[Talk]]:
        """What is planned, and what was done lately."""
        return queries.activities(self.deal.pk)

    @cached_property
    def plans(self) -> list[Plan]:
        return plans(self.viewer, self.activities[0], owner_id=self.deal.owner_id)

    @cached_property
    def records(self) -> Records:
        return records(self.deal.pk, user=self.user.pk)

    @cached_property
    def persons(self) -> list[DealPerson]:
        return deal_parts.people(self.deal.pk)

    def page(
        self, *, stage: Stage | None = None, show: str = "all", before: Cursor | None = None
    ) -> dict[str, Any]:
        deal, viewer = self.deal, self.viewer
        rows = deal_parts.lines(deal)
        lines, total = product_lines(rows, deal.currency)
        return {
            **self.head(),
            **self.next(),
            **self.composer(),
            **self.stage(stage or Stage(deal.stage)),
            **self.timeline(show, before),
            **self.news(),
            "history": self.history,
            "people": deal_people(viewer, self.persons),
            "roles": roles(),
            "facts": deal_fields(viewer, deal),
            **record_cards(viewer, deal, self.records),
            "lines": lines,
            "lines_total": total,
            "worths": worth_lines(value_sources(deal, rows, self.records.offer)),
        }

    def news(self) -> dict[str, Any]:
        """What came into force lately of the process that an open deal goes by."""
        sources = self.book(Stage(self.deal.stage)).sources if self.deal.is_open else ()
        today = self.at.astimezone(self.user.zone).date()
        return {"process_news": news.recent_versions(sources, at=self.at), "process_today": today}

    def head(self) -> dict[str, Any]:
        deal, viewer = self.deal, self.viewer
        here = Stage(deal.stage)
        return {
            **self._who_may(),
            "path": stage_path(viewer, deal, self.visits),
            "value": money(deal.amount, deal.currency),
            "closes": viewer.date(deal.expected_close_on),
            "pushes": pushes(deal),
            "ahead": here + 1 if here < Stage.CLOSING else None,
            "ahead_name": Stage(here + 1).short if here < Stage.CLOSING else "",
            "initials": initials_of(deal.owner) if deal.owner else "",
            "answers": self._answers(),
            "ways": self._ways(),
        }

    def _ways(self) -> list[Way]:
        """How to reach the other side; who is planned to be talked to next comes first."""
        first = next((talk.contact for talk in self.activities[0]), None)
        return ways_to_reach(deal_people(self.viewer, self.persons), first=first)

    def _answers(self) -> list[DealAnswer]:
        """The five questions, answered by what the page has read anyway."""
        return deal_answers(
            DealLook(
                viewer=self.viewer,
                deal=self.deal,
                visits=self.visits,
                records=self.records,
                people=self.persons,
                done=self.activities[1],
            )
        )

    def _who_may(self) -> dict[str, Any]:
        deal = self.deal
        return {
            "deal": deal,
            "may_edit": deal.may_edit,
            "may_take_back": self._may_take_back,
            # In the pool, and in sight: one's own team's.
            "may_claim": deal.is_open and deal.owner_id is None,
        }

    @property
    def _may_take_back(self) -> bool:
        """Whether it may have been opened by mistake: as far as the page knows of it already."""
        deal = self.deal
        untouched = deal.is_open and not deal.talks and not self.plans and len(self.visits) == 1
        return untouched and deal.may_edit and deal.created_by_id == self.user.pk

    def next(self) -> dict[str, Any]:
        deal = self.deal
        parked = deal.parked_until if deal.is_parked(self.viewer.today) else None
        return {
            **self._who_may(),
            "plans": self.plans,
            "parked": self.viewer.date(parked),
            "keep": self.keep,
            "plan_form": self._plan_form(),
            "kinds": KINDS,
            "after": after_deal(deal, self.records, self.persons),
            "closed": self.viewer.short_day(deal.closed_at),
            "outcome": Outcome(deal.outcome),
            "cause": shipped_name(deal.cause),
            "stopped_by": labels(Initiator, self.viewer.language).get(deal.initiator, ""),
        }

    def _plan_form(self) -> PlanForm | None:
        """Where nothing is planned, the strip is the form itself."""
        if self.plans or not self.deal.may_edit:
            return None
        return PlanForm(user=self.user, at=self.at, auto_id="plan-%s")

    @property
    def keep(self) -> str:
        """The day of what is planned already, or of which nothing is expected before."""
        if self.plans:
            return self.plans[0].short
        parked = self.deal.is_parked(self.viewer.today)
        return self.viewer.date(self.deal.parked_until) if parked else ""

    def composer(self, form: LogForm | None = None) -> dict[str, Any]:
        return composer(
            self.viewer,
            self.deal,
            form or LogForm(user=self.user, at=self.at, auto_id="log-%s"),
            people=self.persons,
            keep=self.keep,
            plans=self.plans,
            standing=self._standing(),
        )

    def _standing(self) -> DealStanding | None:
        if not (self.deal.is_open and self.deal.may_edit):
            return None
        here = Stage(self.deal.stage)
        facts = self.recorded(here).facts
        return DealStanding(stage=here, playbook=self.book(here), facts=facts)

    def recorded(self, stage: Stage) -> Recorded:
        """What stands against the steps of a stage, asked once."""
        if stage not in self._recorded:
            self._recorded[stage] = recorded_steps(self.deal.pk, stage=stage, user=self.user.pk)
        return self._recorded[stage]

    def stage(self, stage: Stage, own_form: OwnStepForm | None = None) -> dict[str, Any]:
        deal, viewer, book = self.deal, self.viewer, self.book(stage)
        found = self.recorded(stage)
        panel = step_panel(
            viewer,
            stage,
            deal,
            book,
            found,
            self.records,
            people=self.persons,
            done=self.activities[1],
        )
        return {
            "deal": deal,
            "may_edit": deal.may_edit,
            "card": stage_card(viewer, stage, deal, self.visits, self.history, book),
            "panel": panel,
            "files": step_files(viewer, found),
            "own_form": own_form,
        }

    def timeline(self, show: str = "all", before: Cursor | None = None) -> dict[str, Any]:
        deal = self.deal
        done = self.activities[1] if before is None and show != "changes" else []
        entries, more = timeline_queries.timeline(deal, self.visits, done, show=show, before=before)
        moves = len(list(timeline_queries.moves_of(self.visits)))
        counts = {"all": deal.talks + deal.edits + moves, "talks": deal.talks}
        count = counts.get(show, deal.edits + moves)
        return {
            "deal": deal,
            "items": timeline_items(self.viewer, entries, deal, after=before),
            "more": str(entries[-1].cursor) if more else "",
            "show": show,
            "count": count,
            "left": _("%(n)s more") % {"n": count - len(entries)} if before is None else _("More"),
        }


def composer(
    viewer: Viewer,
    deal: queries.DealRecord | Deal,
    form: LogForm,
    *,
    people: Iterable[DealPerson],
    keep: str,
    plans: Sequence[Plan],
    standing: DealStanding | None,
) -> dict[str, Any]:
    """`keep` is the day of what is planned already, if anything is; any of `plans` may be closed by
    what is logged. What is proposed next follows from `standing`."""
    with_whom = [(person.id, person.name) for person in people if not person.is_erased]
    return {
        "deal": deal,
        "form": form,
        "with_whom": with_whom,
        "keep": keep,
        "kinds": KINDS,
        "closable": plans,
        "proposals": proposal_lines(viewer, standing) if standing else (),
    }


def _whats_next(viewer: Viewer, deal: Deal) -> str:
    """The day of what is planned already, if anything is."""
    return viewer.date(deal.whats_next.day(viewer.zone)) if deal.whats_next else ""


def fresh_composer(request: HtmxRequest, deal: Deal, standing: DealStanding | None) -> HttpResponse:
    """The composer, empty again; `deal` and its `standing` are as they were just left."""
    at = timezone.now()
    viewer = Viewer(request.user, at=at)
    planned = queries.planned_talks(deal.pk) if deal.next_kind else []
    context = composer(
        viewer,
        deal,
        LogForm(user=request.user, at=at, auto_id="log-%s"),
        people=deal_parts.people(deal.pk),
        keep=_whats_next(viewer, deal),
        plans=plans(viewer, planned, owner_id=deal.owner_id),
        standing=standing,
    )
    return HttpResponse(render_to_string("crm/deal/_composer.html", context, request))


def _stage(text: str | None) -> Stage | None:
    return Stage(int(text)) if text in {str(stage.value) for stage in Stage} else None


def _show(request: HtmxRequest) -> str:
    show = request.GET.get("show", "")
    return show if show in SHOWS else "all"


def _left_off(request: HtmxRequest) -> Cursor | None:
    text = request.GET.get("before", "")
    try:
        return Cursor.parse(text, ORDER) if text else None
    except ValueError as error:
        raise BadRequest("no place of a timeline") from error
