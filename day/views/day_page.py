"""My Day: one queue of what asks for its reader, and what belongs to it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import cached_property
from django.views.decorators.http import require_GET

from crm.presenters.proposals import proposal_lines
from crm.presenters.viewer import Viewer
from crm.queries.standing import standing_of
from day.forms.day import DayLogForm, ProtectForm
from day.presenters.day import (
    OpenedRow,
    day_head,
    done_fold,
    opened_row,
    repairs,
    schedule,
)
from day.presenters.queue import QueueItem, ShownQueue, shown_queue
from day.presenters.style import free_words, work_lists
from day.queries import own
from day.queries.done import DoneAct, done_since
from day.queries.opened import DaySubject, last_talk, subject_of
from day.queries.queue import FoundQueue, queue_of
from day.queries.repair import untrue_deals
from pipeline.models import User
from pipeline.requests import HtmxRequest
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render, wants_fragment

SHOWS = ("now", "today", "week")


@dataclass(frozen=True, kw_only=True)
class JustDone:
    """What was just done, in its own place for as long as it can be taken back."""

    text: str
    href: str = ""
    act: int | None = None
    seconds: int | None = None


class DayPage:
    """One person's day at this moment. `show` is how far ahead it looks."""

    def __init__(self, user: User, *, show: str = "now", focus: bool = False) -> None:
        self.user = user
        self.at = timezone.now()
        self.viewer = Viewer(user, at=self.at)
        self.show = show if show in SHOWS else SHOWS[0]
        self.focus = focus

    @classmethod
    def asked(cls, request: HtmxRequest) -> "DayPage":
        said = request.POST if request.method == "POST" else request.GET
        return cls(request.user, show=said.get("show", ""), focus=said.get("focus") == "1")

    @property
    def address(self) -> str:
        """The address of the page as it is looked at."""
        query = [f"show={self.show}"] * (self.show != SHOWS[0]) + ["focus=1"] * self.focus
        return f"/day/?{'&'.join(query)}" if query else "/day/"

    @cached_property
    def found(self) -> FoundQueue:
        until = self.viewer.today
        if self.show == "week":
            until += dt.timedelta(days=7 - until.isoweekday())
        return queue_of(self.user, at=self.at, until=until)

    @cached_property
    def queue(self) -> ShownQueue:
        return shown_queue(
            self.viewer,
            self.found,
            aside=own.laid_aside(self.user, at=self.at),
            places=own.places_of(self.user, on=self.viewer.today),
            later_too=self.show != "now",
        )

    @cached_property
    def done(self) -> list[DoneAct]:
        """What was done today."""
        midnight = dt.datetime.combine(self.viewer.today, dt.time.min, tzinfo=self.viewer.zone)
        return done_since(self.user, midnight, at=self.at)

    def item(self, key: str) -> QueueItem | None:
        return next((item for item in self.queue.items if item.key == key), None)

    def context(
        self,
        *,
        opened: str | None = None,
        form: DayLogForm | None = None,
        said: JustDone | None = None,
    ) -> dict[str, Any]:
        """All of the page; with `opened` the row of that key is open, if it is still to be done."""
        row = self._opened(opened, form) if opened else None
        free = own.protected_times(self.user)
        return {
            "page": self,
            "address": self.address,
            "head": day_head(self.viewer, self.queue, done=len(self.done)),
            "queue": self.queue,
            "unplanned": self.found.unplanned,
            "opened": row,
            "said": said,
            "done_fold": done_fold(self.viewer, self.done),
            "ahead": schedule(self.viewer, self.found, self.done, free),
            "repairs": repairs(self.viewer, untrue_deals(self.user, today=self.viewer.today)),
            "protected": free,
            # Whoever leads knows by what the own day is made; it is not proposed.
            "free_proposed": "" if free or self.user.is_manager else free_words(self.viewer),
            "leads": self.user.is_manager,
            "work_lists": work_lists(self.user),
            "protect_form": ProtectForm(),
        }

    def _opened(self, key: str, form: DayLogForm | None) -> OpenedRow | None:
        item = self.item(key)
        if item is None or item.verb != "log":
            return None
        return self.open(found_or_404(subject_of, self.user, key), item, form)

    def open(self, subject: DaySubject, item: QueueItem, form: DayLogForm | None) -> OpenedRow:
        """What the open row shows. Five queries at most."""
        deal = subject.deal
        standing = standing_of(deal, self.user) if deal is not None else None
        return opened_row(
            self.viewer,
            item,
            last_talk(subject),
            standing,
            form=form or self.log_form(subject, item),
            proposals=proposal_lines(self.viewer, standing),
            focus=self.focus,
        )

    def log_form(
        self, subject: DaySubject, item: QueueItem, data: Mapping[str, Any] | None = None
    ) -> DayLogForm:
        is_closed = subject.deal is not None and not subject.deal.is_open
        return DayLogForm(
            data,
            user=self.user,
            deal=subject.deal,
            at=self.at,
            auto_id=f"{item.key}-%s",
            initial={
                "kind": item.kind,
                "next_kind": item.kind,
                "next": "" if is_closed else "proposed",
            },
        )


@require_GET
def page(request: HtmxRequest) -> HttpResponse:
    day = DayPage.asked(request)
    opened = request.GET.get("open")
    if day.focus and not opened:
        opened = next((item.key for item in day.queue.items if item.verb == "log"), None)
    response = render(
        request,
        page="day/page.html",
        fragment="day/_day.html",
        context=day.context(opened=opened),
    )
    if not wants_fragment(request):
        # Whose it is: the worker keeps the day for where there is no line, and never for two people.
        response.headers["Seven-Reader"] = str(request.user.pk)
    return response


def drawn(request: HtmxRequest, day: DayPage, status: int = 200, **shown: Any) -> HttpResponse:
    """The day as it is now, for an answer that takes the place of the one before."""
    template = "day/_day.html" if wants_fragment(request) else "day/page.html"
    return HttpResponse(render_to_string(template, day.context(**shown), request), status=status)
