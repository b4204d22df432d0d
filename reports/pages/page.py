"""What a page of the reports is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.models import User
from reports.presenters.panels import Headline, ReportPanel
from reports.presenters.report import Report

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def anybody(_user: User) -> bool:
    return True


def managers(user: User) -> bool:
    return user.is_manager


def no_problem(_report: Report) -> str:
    return ""


def nothing(_report: Report) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class ReportPage:
    """`key` is its address below `/reports/`. `shows` gives the boxes of a report; `asks` are the
    fields of the question that it heeds, besides period (or `since`), team and person, which all do. `basis` says
    how it counts. `shows_people`: people stand on it side by side, so that each is told who looked.

    `problem` says in words why what the address asks of this page means nothing; `template` stands
    above the boxes, and draws what `head` gives."""

    key: str
    title: "StrOrPromise"
    shows: Callable[[Report], Sequence[ReportPanel]]
    who: Callable[[User], bool] = anybody
    asks: tuple[str, ...] = ("compare", "source", "style", "product")
    # What is asked where the address says nothing of it.
    asked: Mapping[str, str] = field(default_factory=dict)
    basis: "StrOrPromise" = ""
    shows_people: bool = False
    problem: Callable[[Report], str] = no_problem
    template: str = ""
    head: Callable[[Report], Any] = nothing
    # What a report of it may be called, and its first number on somebody's start.
    named: Callable[[Report], str] | None = None
    headline: Callable[[Report], Headline | None] = nothing
