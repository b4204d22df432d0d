"""What the pages of companies and contacts have in common: how they are told, asked and answered."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from crm.commands import activity as commands
from crm.commands import party as party_commands
from crm.commands.undo import undoable
from crm.commands.writers.activity import About
from crm.forms.activity import KINDS, DoneForm, PlanForm
from crm.forms.fields import VerbForm
from crm.forms.party import OwnerForm, TouchForm
from crm.models import Activity, Company, Contact
from crm.presenters.cards import path_of
from crm.presenters.list_rows import deal_line
from crm.presenters.party import OwnerChange, Planned, owner_changes, planned_lines, touches
from crm.presenters.proposals import proposal_lines
from crm.presenters.viewer import Viewer
from crm.queries import party as queries
from crm.queries.deal import GIVEN_AWAY
from crm.queries.party import ORDERING, PartyRecord
from crm.views import activity_undo
from crm.views.activity import log_or_close
from crm.views.bulk import undo_many
from crm.views.verbs import Conflict, attempt, posted_data, stay
from pipeline.models import User
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import attempt as try_form
from salesprocess.lib.attempt import status_of
from salesprocess.lib.htmx import render, trigger, wants_fragment
from salesprocess.lib.keyset import Cursor
from salesprocess.lib.notes import note


class PartyPage:
    """One person's look at one party. `address` is its page."""

    def __init__(self, found: PartyRecord, user: User) -> None:
        self.found = found
        self.party: Company | Contact = found.company or found.contact  # type: ignore[assignment]  # one of them is there
        self.user = user
        self.at = timezone.now()
        self.viewer = Viewer(user, at=self.at)
        self.noun = "company" if found.company else "contact"
        self.address = address_of_party(self.party)

    @property
    def about(self) -> About:
        """Whom a touch concerns; a contact brings its company along."""
        return About(company=self.found.company, contact=self.found.contact)

    def common(self) -> dict[str, Any]:
        return {
            "party": self.party,
            "address": self.address,
            "may_edit": self.found.may_edit,
            "is_company": self.found.company is not None,
        }

    def parts(self, *, before: Cursor | None = None) -> dict[str, Any]:
        """What both pages show beside facts. Four queries."""
        deals = queries.deals(self.user, self.found)
        return {
            **self.common(),
            **self.timeline(before),
            "deals": [deal_line(self.viewer, row) for row in deals.rows],
            "deals_count": deals.count,
            "plans": self.plans,
            "owners": self.owners(),
        }

    @cached_property
    def plans(self) -> list[Planned]:
        """What is to be done. One query."""
        return planned_lines(self.viewer, queries.planned_activities(self.user, self.found))

    def owners(self) -> list[OwnerChange]:
        """Who has looked after it before. One query, and none where nothing was ever changed."""
        if self.party.version == 1:
            return []
        return owner_changes(self.viewer, queries.owners(self.user, self.found))

    def timeline(self, before: Cursor | None = None) -> dict[str, Any]:
        rows, more = queries.touches(self.user, self.found, before=before)
        last = rows[-1] if rows else None
        changes = queries.corrections(
            self.user,
            self.found,
            since=last.done_at if more and last else None,
            before=before.key if before else None,
        )
        more_from = Cursor(last.done_at, last.pk) if more and last else ""
        return {
            "address": self.address,
            "touches": touches(self.viewer, rows, changes, after=before),
            "more": str(more_from),
            "older": before is not None,
        }

    def composer(
        self, people: Sequence[tuple[int, str]], form: TouchForm | None = None
    ) -> dict[str, Any]:
        return {
            **self.common(),
            "form": form or self.touch_form(None),
            "with_whom": people,
            "kinds": KINDS,
            "closable": [plan for plan in self.plans if plan.may and not plan.deal],
            "proposals": proposal_lines(Viewer(self.user, at=self.at), None, moves=False),
            "plan_form": PlanForm(user=self.user, at=self.at, auto_id="plan-%s"),
        }

    def touch_form(self, data: Any) -> TouchForm:
        return TouchForm(
            data,
            user=self.user,
            company=self.found.company,
            of_contact=self.found.contact,
            at=self.at,
            auto_id="log-%s",
        )


@dataclass(frozen=True, kw_only=True)
class PartyDialog:
    """As for a deal (`verbs.Ask`): what is shown before it is done, and said afterwards."""

    template: str
    title: str
    back: str
    said: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    done: Callable[[], HttpResponse] = stay
    undo: Callable[[], dict[str, Any] | None] | None = None


def answer(
    request: HtmxRequest, form: VerbForm, ask: PartyDialog, run: Callable[[], object]
) -> HttpResponse:
    """Show the form, or do what it says by `run` and tell how that went."""
    return attempt(
        request,
        form,
        run,
        show=partial(show, request, form, ask),
        done=lambda: done(request, ask),
    )


def show(
    request: HtmxRequest,
    form: VerbForm,
    ask: PartyDialog,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    conflict: Conflict | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "conflict": conflict,
        "sheet_title": ask.title,
        "sheet_template": ask.template,
        "sheet_action": request.path,
        "sheet_back": ask.back,
        **ask.context,
    }
    return render(
        request,
        page="components/sheet_page.html",
        fragment=ask.template,
        context=context,
        status=status,
    )


def done(request: HtmxRequest, ask: PartyDialog) -> HttpResponse:
    undo = ask.undo() if ask.undo else None
    if not wants_fragment(request):
        if undo:
            note(request, ask.said, undo)
        return redirect(ask.back)
    response = trigger(ask.done(), "party-changed")
    if not ask.said:
        return response
    return trigger(response, "toast", {"text": ask.said} | ({"undo": undo} if undo else {}))


# What stands on the page of a party, from where its timeline was left off.
Shown = Callable[..., dict[str, Any]]


def page(request: HtmxRequest, look: PartyPage, shown: Shown) -> HttpResponse:
    """The page; for htmx each of its parts, to take the place of the one that is shown."""
    return render(
        request,
        page=f"crm/{look.noun}/page.html",
        fragment=f"crm/{look.noun}/_parts.html",
        context=shown(look),
    )


def timeline(request: HtmxRequest, look: PartyPage, shown: Shown) -> HttpResponse:
    """What is older than where the timeline was left off."""
    before = left_off(request)
    alone = wants_fragment(request)
    return render(
        request,
        page=f"crm/{look.noun}/page.html",
        fragment="crm/party/_touches.html",
        context=look.timeline(before) if alone else shown(look, before),
    )


def edit(
    request: HtmxRequest,
    look: PartyPage,
    form: VerbForm,
    fields: Iterable[str],
    command: Callable[..., object],
) -> HttpResponse:
    """The facts, edited where they stand."""
    inside = wants_fragment(request)
    ask = PartyDialog(
        template="crm/party/_facts_form.html" if inside else "crm/party/_sheet_facts.html",
        title=look.party.name,
        back=look.address,
        said=_("Saved."),
        context={**look.common(), "fields": fields},
    )
    return answer(
        request,
        form,
        ask,
        lambda: command(
            **form.command_arguments(),
            version=form.cleaned_data["version"],
            by=request.user,
            at=timezone.now(),
        ),
    )


def new(
    request: HtmxRequest,
    form: VerbForm,
    shown: Mapping[str, Any],
    create: Callable[..., Company | Contact],
) -> HttpResponse:
    """A company or a person on its own."""
    made: list[Company | Contact] = []

    def run() -> None:
        by = request.user
        made.append(create(**form.command_arguments(), owner=by, by=by, at=timezone.now()))

    if try_form(form, run):
        return redirect(address_of_party(made[0]))
    page, context = "crm/party/new.html", {"form": form, **shown}
    return render(request, page=page, context=context, status=status_of(form))


def hand_over(request: HtmxRequest, look: PartyPage) -> HttpResponse:
    """Who looks after it from now on."""
    if not look.found.may_edit:
        raise Http404
    form = OwnerForm(posted_data(request), user=request.user, of=look.party)
    ask = PartyDialog(
        template="crm/party/_sheet_hand_over.html",
        title=_("Hand over: %(name)s") % {"name": look.party.name},
        back=look.address,
        context=look.common(),
        done=HttpResponse,
    )
    said = form.is_valid() and form.cleaned_data
    to = said["to"] if said else None
    ask = replace(
        ask,
        said=_("Handed over to %(name)s.") % {"name": to.name} if to else "",
        undo=lambda: undo_many(f"crm:{look.noun}_bulk_undo", look.at),
    )

    def run() -> None:
        with undoable(verb=GIVEN_AWAY, by=request.user, at=look.at):
            party_commands.hand_over(
                look.party, **form.command_arguments(), by=request.user, at=look.at
            )

    return answer(request, form, ask, run)


# what is said and planned without a deal ---------------------------------------------------------


def log(request: HtmxRequest, look: PartyPage, people: Sequence[tuple[int, str]]) -> HttpResponse:
    """A touch without a deal: effort of stage 1 (METHOD, edge rule 2)."""
    form = look.touch_form(request.POST)

    def run() -> None:
        said = form.cleaned_data
        about = About(company=look.found.company, contact=look.found.contact or said.get("contact"))
        log_or_close(form, about, by=request.user, at=look.at)

    ask = PartyDialog(
        template="crm/party/_composer.html",
        title=_("Log: %(name)s") % {"name": look.party.name},
        back=look.address,
        said=_("Logged."),
        context=look.composer(people, form),
        done=lambda: HttpResponse(
            render_to_string(
                "crm/party/_composer.html",
                PartyPage(look.found, look.user).composer(people),
                request,
            )
        ),
    )
    return answer(request, form, ask, run)


def plan(request: HtmxRequest, look: PartyPage) -> HttpResponse:
    form = PlanForm(posted_data(request), user=request.user, at=look.at, auto_id="plan-%s")

    def run() -> None:
        planned = form.planned()
        assert planned is not None  # noqa: S101  # PlanForm asks for it
        commands.plan(look.about, next=planned, by=request.user, at=look.at)

    ask = PartyDialog(
        template="crm/party/_sheet_plan.html",
        title=_("Plan: %(name)s") % {"name": look.party.name},
        back=look.address,
        said=_("Planned."),
        context={**look.common(), "kinds": KINDS},
        done=HttpResponse,
    )
    return answer(request, form, ask, run)


def complete(request: HtmxRequest, activity: Activity) -> HttpResponse:
    """Something planned without a deal was done; what came of it, and what comes next."""
    at = timezone.now()
    form = DoneForm(
        posted_data(request),
        user=request.user,
        at=at,
        auto_id="done-%s",
        initial={"next_kind": activity.kind},
        of=activity,
    )
    ask = PartyDialog(
        template="crm/activity/_sheet_done.html",
        title=_("Done: %(what)s") % {"what": activity},
        back=address_of(activity),
        said=_("Done."),
        context={"activity": activity, "kinds": KINDS, "path": path_of(activity.pk, None)},
        done=HttpResponse,
        undo=activity_undo.undo_of_done(activity, request.user, form, "touches"),
    )
    return answer(
        request,
        form,
        ask,
        lambda: commands.complete(
            activity,
            result=form.came_of_it(),
            body=form.cleaned_data["body"],
            done_at=form.done_at(),
            next=form.planned(),
            by=request.user,
            at=at,
            version=form.cleaned_data["version"],
        ),
    )


def address_of_party(party: Company | Contact) -> str:
    return f"/{'companies' if isinstance(party, Company) else 'contacts'}/{party.pk}/"


def address_of(activity: Activity) -> str:
    if activity.contact_id:
        return f"/contacts/{activity.contact_id}/"
    return f"/companies/{activity.company_id}/"


def left_off(request: HtmxRequest) -> Cursor | None:
    text = request.GET.get("before", "")
    try:
        return Cursor.parse(text, ORDERING.sort_key) if text else None
    except ValueError as error:
        raise BadRequest("no place of a timeline") from error
