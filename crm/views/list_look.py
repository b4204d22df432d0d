"""How somebody wants a list of deals to look: its columns, how close its rows stand, what they stand
together by. It lives in the address, as the filters do, so that a saved view has it; where the address
does not say, it is as the person left it last."""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from crm.models import ListKind
from crm.views.list_tables import DEAL_COLUMNS, GROUPS, TABLES
from pipeline.models import User
from pipeline.people.commands import people
from pipeline.requests import HtmxRequest

# Names in an address.
LOOK = ("cols", "density", "group")
DENSITIES = {"": _("Comfortable"), "standard": _("Standard"), "compact": _("Compact")}


class ListLook(NamedTuple):
    """`columns` are the keys of those that are chosen, in their order; empty for the usual ones."""

    columns: tuple[str, ...] = ()
    density: str = ""
    group: str = ""

    @property
    def query(self) -> str:
        said = (",".join(self.columns), self.density, self.group)
        return urlencode([(name, value) for name, value in zip(LOOK, said, strict=True) if value])


def look_of(query: Mapping[str, str], user: User, kind: ListKind) -> ListLook:
    """As the address says, else as `user` left it; what there is not is left out."""
    asked = query if any(name in query for name in LOOK) else _kept(user, kind)
    chosen = asked.get("cols", "").split(",")
    columns = tuple(key for key in DEAL_COLUMNS.get(kind, ()) if key in chosen)
    density, group = asked.get("density", ""), asked.get("group", "")
    return ListLook(
        columns=columns,
        density=density if density in DENSITIES else "",
        group=group if group in GROUPS.get(kind, ()) else "",
    )


def _kept(user: User, kind: ListKind) -> QueryDict:
    looks = json.loads(user.list_looks) if user.list_looks else {}
    return QueryDict(looks.get(kind, ""))


@require_POST
def keep(request: HtmxRequest, kind: str) -> HttpResponse:
    """Keep how the list looks for this person, and show it so."""
    if kind not in ListKind.values:
        raise Http404
    said = request.POST
    asked: dict[str, str] = {name: said.get(name, "") for name in ("density", "group")}
    asked["cols"] = ",".join(_chosen(said.getlist("col"), ListKind(kind)))
    look = look_of(asked, request.user, ListKind(kind))
    people.keep_list_look(request.user, of=kind, look=look.query)
    back = said.get("back", "")
    inside = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/")
    return redirect(back if inside else f"crm:{kind}")


def _chosen(columns: Sequence[str], kind: ListKind) -> Sequence[str]:
    """None where they are the usual ones, so that these may change."""
    usual = [column.sort for column in TABLES[kind].columns[1:]]
    return [] if set(columns) == set(usual) else columns
