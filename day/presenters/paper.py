"""Sheets to be printed, each line with its code; and how a line that comes back is understood."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from crm.models import ActivityKind
from crm.presenters import quick_chips
from crm.presenters.cards import deal_card
from crm.presenters.quick_chips import Chip, Effect
from crm.presenters.quick_look import QuickLook
from crm.presenters.viewer import Viewer
from crm.queries.board import BoardRow
from crm.queries.quick_log import Candidates
from day.forms.paper import PaperLineForm
from day.paper_code import NoCodeError, PaperKind, PaperSubject, code_of, read_code
from day.presenters.queue import ShownQueue
from day.queries.paper import phones
from day.queries.queue import Candidate, FoundQueue
from pipeline.models import User
from pipeline.process.stages import Stage
from salesprocess.lib.natural_dates import DayAhead

# By the evening of a day what was written in it lies behind.
_EVENING = dt.time(18)


# Out -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SheetLine:
    """`why` is what asks for it, on a sheet of the day, else what is next."""

    code: str
    stage: int
    title: str
    about: str
    why: str
    at: str = ""
    phone: str = ""


def day_sheet(viewer: Viewer, found: FoundQueue, queue: ShownQueue) -> list[SheetLine]:
    """The day as its page ranks it. Two queries."""
    candidates = {row.key: row.candidate for row in found.rows}
    rows = [(item, candidates[item.key]) for item in queue.items]
    deals = {one.deal.id for _item, one in rows if one.deal is not None}
    people = {one.act.contact_id for _item, one in rows if one.act and one.act.contact_id}
    of_deals, of_people = phones(deals, people)
    return [
        SheetLine(
            code=code_of(*_subject(one)),
            stage=item.stage,
            title=item.title,
            about=item.about,
            why=item.reason,
            at=item.at,
            phone=of_people.get((one.act and one.act.contact_id) or 0)
            or of_deals.get(one.deal.id if one.deal else 0, ""),
        )
        for item, one in rows
    ]


def _subject(one: Candidate) -> PaperSubject:
    if one.deal is not None:
        return PaperSubject(PaperKind.DEAL, one.deal.id)
    if one.company is not None:
        return PaperSubject(PaperKind.COMPANY, one.company[0])
    act = one.act
    assert act is not None  # noqa: S101  # one of the three
    if act.contact_id is not None:
        return PaperSubject(PaperKind.CONTACT, act.contact_id)
    assert act.company_id is not None  # noqa: S101  # what is on no deal is with somebody
    return PaperSubject(PaperKind.COMPANY, act.company_id)


def board_sheet(
    viewer: Viewer, rows: Sequence[BoardRow]
) -> list[tuple[Stage, str, list[SheetLine]]]:
    """The board of one person, stage by stage, those without a deal left out. Two queries."""
    of_deals, _people = phones([row.id for row in rows], [])
    by_stage: dict[int, list[SheetLine]] = {}
    for row in rows:
        card = deal_card(viewer, row)
        line = SheetLine(
            code=code_of(PaperKind.DEAL, row.id),
            stage=row.stage,
            title=card.name,
            about=" · ".join(filter(None, (card.about, card.value))),
            why=" · ".join(filter(None, (card.next, card.risk))),
            phone=of_deals.get(row.id, ""),
        )
        by_stage.setdefault(row.stage, []).append(line)
    return [
        (Stage(stage), viewer.stage_names[stage], lines)
        for stage, lines in sorted(by_stage.items())
    ]


# Back ----------------------------------------------------------------------------------------------


class PaperLook(QuickLook):
    """A line beside a code: a quick log whose deal, or whose company or person, is known, so that all
    of its words are about what was done. `on` is the day on which it was written."""

    form_class = PaperLineForm

    def __init__(
        self, user: User, subject: PaperSubject, words: str, *, at: dt.datetime, on: dt.date
    ) -> None:
        said, place = QueryDict(mutable=True), QueryDict(mutable=True)
        said["line"] = words
        if subject.kind != PaperKind.DEAL:
            said.update({"fixed": "deal", "deal": ""})
        place[subject.kind.name.lower()] = str(subject.id)
        super().__init__(user, said=said, place=place, at=at)
        self.subject, self.on = subject, on
        if on != self.viewer.today:
            self.now = dt.datetime.combine(on, _EVENING, tzinfo=user.zone)

    @cached_property
    def found(self) -> Candidates:
        return Candidates()

    @cached_property
    def kind(self) -> ActivityKind:
        """What was planned until then is what it stood on the sheet for."""
        planned = self.plans[0] if self.plans and self.line.kind is None else None
        if planned is not None and planned.state != "later":
            return ActivityKind(planned.kind)
        return super().kind

    @cached_property
    def next_day(self) -> DayAhead:
        days = self.user.organisation.working_hours
        return self.line.next_due or DayAhead(days.day_after(self.viewer.today, 3))

    def values(self) -> dict[str, object]:
        found = super().values()
        if self.on != self.viewer.today and not found.get("done_on"):
            found["done_on"] = self.on.isoformat()
        return found

    @property
    def is_there(self) -> bool:
        """Whether it is anything of the reader's."""
        return self.deal is not None or self.party is not None

    @property
    def says_nothing(self) -> bool:
        return not (self.line.kind or self.line.result or self.body)

    @property
    def title(self) -> str:
        deal = self.deal
        if deal is not None:
            return f"{deal.company.name} · {deal.name}" if deal.company else deal.name
        return self.party.name if self.party is not None else ""


@dataclass(kw_only=True)
class ReadLine:
    """A line that came back: what is `wrong` with it, else how it is understood."""

    text: str
    code: str = ""
    look: PaperLook | None = None
    chips: Sequence[Chip] = field(default_factory=list)
    effect: Effect | None = None
    wrong: str = ""

    @property
    def shown(self) -> tuple[str, ...]:
        """All that a person reads of it."""
        title = self.look.title if self.look else ""
        return (self.text, title, *(chip.text for chip in self.chips), self.wrong)


def read_lines(
    user: User, lines: Sequence[str], *, at: dt.datetime, on: dt.date
) -> Iterator[ReadLine]:
    """Each line as it is understood, without trying it out yet; nothing of it is guessed."""
    seen = set()
    for text in lines:
        yield (
            ReadLine(text=text, wrong=_("It stands here twice."))
            if text in seen
            else _read(user, text, at=at, on=on)
        )
        seen.add(text)


def _read(user: User, text: str, *, at: dt.datetime, on: dt.date) -> ReadLine:
    code, _space, words = text.partition(" ")
    line = ReadLine(text=text, code=code.upper())
    try:
        subject = read_code(code.strip(".,:;"))
    except NoCodeError:
        line.wrong = _("“%(word)s” is no code: look at the sheet again.") % {"word": code}
        return line
    look = PaperLook(user, subject, words, at=at, on=on)
    if not look.is_there:
        line.wrong = _("Nothing of yours has the code %(code)s.") % {"code": line.code}
        return line
    line.look = look
    if look.says_nothing:
        line.wrong = _("Nothing is said of how it went.")
    elif look.is_meeting_day_open:
        line.wrong = _("Write when the meeting is, such as “> meeting fri 10:00”.")
    else:
        line.chips = [chip for chip in quick_chips.chips(look) if chip.field != "deal"]
        line.effect = quick_chips.effect(look)
    return line
