"""What the style of somebody shows on the own day: lists to work through, hours to be kept free."""

from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from crm.presenters.viewer import Viewer
from day.style import WorkList, day_style, proposed_hours
from pipeline.models import User
from pipeline.process.stages import Stage
from salesprocess.lib.format import format_day, join_list
from salesprocess.lib.working_hours import MONDAY


class WorkListLink(NamedTuple):
    href: str
    icon: str
    words: str


def work_lists(user: User) -> list[WorkListLink]:
    """The lists that the style of `user` works through, in its order."""
    return [_link(one) for one in day_style(user.style).lists]


def _link(one: WorkList) -> WorkListLink:
    customers, deals = reverse("day:customers"), reverse("crm:deals")
    prospects = f"{deals}?stage={Stage.PROSPECTING.value}&person=me"
    links = {
        WorkList.LEADS: (reverse("day:leads"), "inbox", _("New leads")),
        WorkList.PROSPECTING: (prospects, "phone", _("Prospects without an agreement yet")),
        WorkList.TOUCH_DUE: (f"{customers}?show=due", "clock", _("Customers due for a touch")),
        WorkList.DORMANT: (f"{customers}?show=dormant", "moon", _("Dormant customers")),
        WorkList.NO_PLAN: (
            f"{customers}?show=no-plan",
            "circle-dashed",
            _("Customers without a touch plan"),
        ),
    }
    return WorkListLink(*links[one])


def free_words(viewer: Viewer) -> str:
    """What is proposed to be kept free, in words: "Tue and Thu 09:00–11:00"; empty for nothing."""
    found = proposed_hours(viewer.user.style, viewer.user.organisation.working_hours)
    if not found:
        return ""
    days = [
        format_day(MONDAY.replace(day=2 + one.weekday), "EEE", viewer.language) for one in found
    ]
    return f"{join_list(days)} {found[0].starts:%H:%M}\N{EN DASH}{found[0].ends:%H:%M}"
