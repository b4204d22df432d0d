"""What is kept of a person, packed for him or her: a page to read, the same as data, and files."""

import datetime as dt
import io
import json
import re
import zipfile
from typing import Any, NamedTuple

from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from pipeline.models import User
from privacy.queries.information import Information
from salesprocess.lib.format import full_moment

LABELS = {
    "contact": _("Person"),
    "contactpoint": _("Addresses and numbers"),
    "dealcontact": _("Deals, and in which role"),
    "activity": _("What was said and planned"),
    "need": _("Needs that the person told of"),
    "decisionpath": _("Ways of deciding that the person confirmed"),
    "offerrecipient": _("Offers that went to the person"),
    "concern": _("Concerns that the person raised"),
    "stepresult": _("Steps with the person"),
    "partychange": _("Changes of the person’s record"),
    "evidencefile": _("Files"),
    "erasurenotice": _("When the person is due to be erased"),
    "history": _("What is told of the person in the history of deals and companies"),
    "origin": _("Where it came from"),
}
_SAFE = re.compile(r"[^\w.() -]+")


class InformationPart(NamedTuple):
    """A section as a page has it: for each row its fields in words."""

    label: str
    rows: list[list[tuple[str, str]]]


def packed(info: Information, *, user: User, at: dt.datetime) -> bytes:
    """A zip. Of what lies beyond the reader's reach it says how much that is."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("information.json", _data(info, at))
        bundle.writestr("information.html", _page(info, user=user, at=at))
        for number, file in enumerate(info.files, start=1):
            name = _SAFE.sub("_", file.name).strip(". ") or "file"
            bundle.writestr(f"files/{number}-{name}", bytes(file.content))
    return out.getvalue()


def _data(info: Information, at: dt.datetime) -> str:
    said = {
        "person": info.person,
        "as_of": at,
        "complete": not info.beyond,
        "out_of_reach": info.beyond,
        "consents": [],
        **{section.name: section.rows for section in info.sections},
    }
    return json.dumps(said, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def _page(info: Information, *, user: User, at: dt.datetime) -> str:
    parts = [
        InformationPart(
            str(LABELS.get(section.name, section.name)),
            [[(name, _words(value, user)) for name, value in row.items()] for row in section.rows],
        )
        for section in info.sections
    ]
    context = {
        "info": info,
        "parts": parts,
        "organisation": user.organisation.name,
        "as_of": full_moment(at, user.zone),
    }
    return render_to_string("privacy/information.html", context)


def _words(value: Any, user: User) -> str:
    if isinstance(value, dt.datetime):
        return full_moment(value, user.zone)
    if isinstance(value, dict) and "name" in value:
        return str(value["name"])
    if isinstance(value, dict | list):
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
    return str(value)
