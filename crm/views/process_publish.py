"""Publishing a level's draft: what changes, whom it concerns, what becomes of open deals."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from crm.commands import process as commands
from crm.commands.process import Flight, Published
from crm.forms.process import PublishForm
from crm.queries import process as queries
from pipeline.process.layer_diff import partial_content
from pipeline.process.merging import merge
from pipeline.process.playbook import LayerContent, Playbook
from pipeline.process.playbook import MergedLayer as MergedLayer
from pipeline.process.queries.in_force import layers_of, of_versions
from pipeline.process.queries.page import LayerPage, NoSuchTeam, Of, layer_to_publish
from pipeline.process.stages import Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import attempt, status_of
from salesprocess.lib.htmx import render
from salesprocess.lib.refused import Refused


class DraftToPublish:
    """A draft about to be published, or what is `chosen` of it, and all who work by it."""

    def __init__(self, request: HtmxRequest, of: Of, chosen: Collection[str] | None = None) -> None:
        self.chosen = chosen
        try:
            self.look = LayerPage(request.user, of)
        except NoSuchTeam as missing:
            raise Http404 from missing
        if self.look.is_mine or not self.look.editable:
            raise Http404

    @cached_property
    def teams(self) -> list[int]:
        return self.look.tree.below(self.look.team_id)

    @cached_property
    def before(self) -> Mapping[int, Playbook]:
        return {pk: of_versions(self.look.tree.version_ids(pk)) for pk in self.teams}

    @cached_property
    def after(self) -> Mapping[int, Playbook]:
        """What each team will work by: the draft in the place of what this level has now."""
        return {pk: self._after(pk) for pk in self.teams}

    def _after(self, team_id: int) -> Playbook:
        path = self.look.tree.path(team_id)
        place = path.index(self.look.team_id)
        rows = [self.look.tree.layers.get(pk) for pk in path]
        ids = [row.current_id if row else None for row in rows]
        above = layers_of(pk for pk in ids[:place] if pk)
        below = layers_of(pk for pk in ids[place + 1 :] if pk)
        return merge((*above, self.working, *below))

    @cached_property
    def working(self) -> MergedLayer:
        draft = self.look.working
        if self.chosen is None:
            return draft
        before = self.look.published or LayerContent()
        return replace(draft, content=partial_content(before, draft.content, self.chosen))

    @cached_property
    def gone(self) -> tuple[queries.RemovedStep, ...]:
        return queries.removed_steps(self.teams, before=self.before, after=self.after)

    @cached_property
    def affected(self) -> queries.Affected:
        return queries.affected_deals(self.teams)

    def form(self, data: Any = None) -> PublishForm:
        initial = {"seen": self.look.revision}
        return PublishForm(
            data, changes=self.look.pending, gone=self.gone, after=self.after, initial=initial
        )


@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: HtmxRequest, of: Of) -> HttpResponse:
    chosen = request.POST.getlist("changes") if "choosing" in request.POST else None
    draft = DraftToPublish(request, of, chosen)
    form = draft.form(request.POST if request.method == "POST" else None)
    done: list[Published] = []
    if attempt(form, lambda: done.append(_run(request, draft, form))):
        _tell(request, draft.look, done[0], form.cleaned_data["flight"])
        return HttpResponseRedirect(reverse("pipeline:process_layer", args=[draft.look.of]))
    if form.is_stale:
        draft = DraftToPublish(request, of, chosen)
    context = {
        "look": draft.look,
        "form": form,
        "affected": draft.affected,
        "stages": list(Stage),
        "flights": Flight,
        "flight": form["flight"].value(),
        "chosen": form["changes"].value(),
    }
    page = "crm/process/publish.html"
    return render(request, page=page, context=context, status=status_of(form))


def _run(request: HtmxRequest, draft: DraftToPublish, form: PublishForm) -> Published:
    layer = layer_to_publish(request.user, draft.look)
    if layer is None:
        raise Refused(_("Nothing has changed since the last version."))
    said = form.cleaned_data
    return commands.publish(
        layer,
        note=said["note"],
        flight=said["flight"],
        mapping=form.mapping(),
        by=request.user,
        at=timezone.now(),
        revision=said["seen"],
        only=form.only,
    )


def _tell(request: HtmxRequest, look: LayerPage, done: Published, flight: Flight) -> None:
    name = _("Framework") if done.version.layer.team_id == look.tree.root_id else look.name
    parts = [
        _("%(name)s v%(number)s is in force.") % {"name": name, "number": done.version.number},
        ngettext("%(n)s person works by it.", "%(n)s people work by it.", done.people)
        % {"n": done.people},
        _flight(done.deals, flight),
    ]
    if flight == Flight.MOVE:
        parts.append(_("Carried over: %(n)s.") % {"n": done.copied})
    lost = [
        _("“%(step)s” (%(n)s)") % {"step": each.label, "n": each.deals}
        for each in done.lost
        if each.deals
    ]
    if lost:
        parts.append(_("Not carried over, but kept: %(steps)s.") % {"steps": ", ".join(lost)})
    messages.success(request, " ".join(parts))


def _flight(n: int, flight: Flight) -> str:
    if flight == Flight.KEEP:
        text = ngettext(
            "%(n)s open deal keeps what it began with.",
            "%(n)s open deals keep what they began with.",
            n,
        )
    elif flight == Flight.MOVE:
        text = ngettext("%(n)s open deal moved to it.", "%(n)s open deals moved to it.", n)
    else:
        text = ngettext(
            "%(n)s open deal adopts it at its next stage.",
            "%(n)s open deals adopt it at their next stage.",
            n,
        )
    return text % {"n": n}


@require_GET
def affected(request: HtmxRequest, of: Of) -> HttpResponse:
    """Whom publishing would concern, beside the draft."""
    draft = DraftToPublish(request, of)
    return render(
        request,
        page="crm/process/affected.html",
        fragment="crm/process/_affected.html",
        context={"look": draft.look, "affected": draft.affected, "stages": list(Stage)},
    )
