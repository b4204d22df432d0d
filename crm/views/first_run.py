"""The first run: what makes an organisation one's own, and sample data to look around in."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm.queries import first_run as queries
from crm.queries.first_run import FirstRunState, State, Task
from pipeline.models import StartPage, User
from pipeline.people.commands import first_run as commands
from pipeline.process.stages import Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.format import day, locale
from salesprocess.lib.htmx import render


@dataclass(frozen=True, kw_only=True)
class FirstRunItem:
    """One thing to begin with, as the page draws it. `href` and `button` lead to where it is done."""

    task: Task
    number: int
    title: str
    text: str
    state: State
    is_next: bool
    told: str
    button: str
    href: str

    @property
    def can_wait(self) -> bool:
        return self.state == State.NOT_YET


@require_GET
def home(request: HtmxRequest) -> HttpResponse:
    """Where somebody begins: an admin with the first run until it is done, then everybody with the
    page of the own choice, or of the role. A question in the address is one for the board."""
    if queries.is_start(request.user, at=timezone.now()):
        return redirect("crm:first_run")
    if query := request.GET.urlencode():
        return HttpResponseRedirect(f"{reverse('crm:board')}?{query}")
    return redirect(_BEGINNINGS[request.user.begins_with])


_BEGINNINGS = {
    StartPage.DAY: "day:my_day",
    StartPage.BOARD: "crm:board",
    StartPage.REPORTS: "reports:overview",
}


@require_GET
def page(request: HtmxRequest) -> HttpResponse:
    user = admin_of(request)
    found = queries.first_run_state(user, at=timezone.now())
    context = {
        "found": found,
        "items": [_item(found, user, task, n) for n, task in enumerate(Task, 1)],
        "first_name": user.name.split()[0],
        "organisation": user.organisation.name,
        "stages": list(Stage),
        "sample_since": _since(found, user),
        "helper": _helper(user),
    }
    return render(request, page="crm/first_run/page.html", context=context)


@require_POST
def put_away(request: HtmxRequest) -> HttpResponse:
    commands.put_away(by=admin_of(request), at=timezone.now())
    messages.success(request, _("Put away. You find it in the menu of your account."))
    return redirect("crm:board")


@require_POST
def take_out(request: HtmxRequest) -> HttpResponse:
    commands.take_out(by=admin_of(request))
    return redirect("crm:first_run")


@require_POST
def put_off(request: HtmxRequest, task: str) -> HttpResponse:
    user = admin_of(request)
    if task not in set(Task):
        raise Http404
    commands.put_off(task, by=user)
    return redirect("crm:first_run")


def admin_of(request: HtmxRequest) -> User:
    """Who asks; raises Http404 for anybody but admins, whose business it is to begin."""
    if not request.user.scope.everything:
        raise Http404
    return request.user


def _since(found: FirstRunState, user: User) -> str:
    """The day on which the sample data came in, for its reader."""
    if found.sample is None:
        return ""
    return day(
        found.sample.at.astimezone(user.zone).date(), timezone.now().astimezone(user.zone).date()
    )


def _helper(user: User) -> User | None:
    """Somebody who has joined and could be asked to help: the first colleague who is no admin."""
    others = queries.colleagues(user)
    return next((other for other in others if not _is_admin(other)), None)


def _is_admin(user: User) -> bool:
    return user.scope.everything


# How each thing is told --------------------------------------------------------------------------


def _item(found: FirstRunState, user: User, task: Task, number: int) -> FirstRunItem:
    state = found.states[task]
    title, text, button, href = _SAYS[task](found, user)
    is_next = task == found.next
    return FirstRunItem(
        task=task,
        number=number,
        title=title,
        text=text,
        state=state,
        is_next=is_next,
        told=_told(found, task, state, is_next=is_next),
        button=button,
        href=href,
    )


def _told(found: FirstRunState, task: Task, state: State, *, is_next: bool) -> str:
    if state == State.UNDER_WAY and task == Task.PEOPLE:
        joined, asked = len(found.joined), len(found.joined) + len(found.waiting)
        return _("Under way, %(n)s of %(all)s in") % {"n": joined, "all": asked}
    if is_next and state == State.NOT_YET:
        return _("Up next")
    return {
        State.DONE: _("Done"),
        State.UNDER_WAY: _("Under way"),
        State.PUT_OFF: _("Put off"),
        State.NOT_YET: _("Not yet"),
    }[state]


_Says = tuple[str, str, str, str]


def _organisation(found: FirstRunState, user: User) -> _Says:
    root = user.organisation
    country = locale().territories.get(root.country, root.country)
    facts = " · ".join((root.name, country, root.currency, root.time_zone))
    return _("Your organisation"), facts, _("Change"), reverse("crm:settings_organisation")


def _people(found: FirstRunState, user: User) -> _Says:
    text = _("You alone so far. Invite those who sell; each gets a link to join.")
    if found.joined or found.waiting:
        told = []
        if found.joined:
            told.append(_("Signed in: %(names)s.") % {"names": some_of(found.joined)})
        if found.waiting:
            told.append(_("Invited, not in yet: %(names)s.") % {"names": some_of(found.waiting)})
        text = " ".join(told)
    return _("Your people"), text, _("Add people"), reverse("pipeline:people")


def _import(found: FirstRunState, user: User) -> _Says:
    text = _(
        "From another CRM or a spreadsheet. You see everything before it comes in, and can take"
        " it back."
    )
    return _("Bring in what you have"), text, _("Bring in a file"), reverse("exchange:imports")


def _recall(found: FirstRunState, user: User) -> _Says:
    text = _(
        "You have a process already. Write down what you did in your last three deals, and see"
        " it in the seven stages."
    )
    return (
        _("Begin with your last three deals"),
        text,
        _("Begin with the first"),
        reverse("crm:process_begin"),
    )


def _process(found: FirstRunState, user: User) -> _Says:
    text = _(
        "The seven stages are fixed, the steps inside are yours. Read them once; change the words"
        " where yours differ."
    )
    return _("Look at the process"), text, _("Look at it"), reverse("pipeline:process")


def _deal(found: FirstRunState, user: User) -> _Says:
    text = _("One name is enough: a company, a person, or what it is about.")
    return _("Your first open deal"), text, _("New deal"), reverse("crm:deal_open")


_SAYS: dict[Task, Callable[[FirstRunState, User], _Says]] = {
    Task.ORGANISATION: _organisation,
    Task.PEOPLE: _people,
    Task.IMPORT: _import,
    Task.RECALL: _recall,
    Task.PROCESS: _process,
    Task.DEAL: _deal,
}
_MOST_NAMES = 5


def some_of(names: list[str]) -> str:
    """The first of them, and how many more there are."""
    told = ", ".join(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return told if more <= 0 else _("%(names)s and %(n)s more") % {"names": told, "n": more}
