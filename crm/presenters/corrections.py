"""How a correction of what was logged is shown: which entry, and what became of what."""

import datetime as dt

from django.utils.translation import gettext as _

from crm.commands.activity_correct import REMOVED
from crm.commands.writers.activity import TALK
from crm.models import ActivityResult
from crm.presenters.viewer import Viewer, labels

__all__ = ["TALK", "correction"]


def correction(viewer: Viewer, field: str, old: str, new: str, which: str) -> tuple[str, str, str]:
    """Icon, title and text; `which` names the entry by its kind and instant."""
    kind, _space, moment = which.partition(" ")
    entry = {"what": viewer.kinds.get(kind, kind), "when": _moment(viewer, moment)}
    if field == REMOVED:
        return "trash", _("Removed: %(what)s of %(when)s") % entry, old
    name = field.removeprefix(TALK)
    label = _fact_of_talk(name)
    was, now = _as_told(viewer, name, old) or "–", _as_told(viewer, name, new) or "–"
    title = _("Corrected: %(what)s of %(when)s") % entry
    return "pencil", title, f"{label}: {was} → {now}"


def _fact_of_talk(name: str) -> str:
    return {
        "kind": _("What was done"),
        "done_at": _("When"),
        "body": _("What was said"),
        "result": _("Result"),
        "contact": _("With"),
    }.get(name, name)


def _as_told(viewer: Viewer, name: str, text: str) -> str:
    if not text:
        return ""
    if name == "kind":
        return viewer.kinds.get(text, text)
    if name == "result":
        return labels(ActivityResult, viewer.language).get(text, text)
    if name == "done_at":
        return _moment(viewer, text)
    return text.partition(" ")[2] if name == "contact" else text


def _moment(viewer: Viewer, text: str) -> str:
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    return viewer.day_and_time(at)
