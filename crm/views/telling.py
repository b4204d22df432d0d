"""How a deal is told on its page: everything is text before the templates loop over it."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import (
    Activity,
    ActivityKind,
    ActivityResult,
    Deal,
    DealChange,
    DealLine,
    DealRole,
    StageVisit,
)
from crm.queries.deal import Entry, Found, Person, Place, Rank, total
from crm.views.cards import Reader
from pipeline.moves import EnteredHow, LeftHow
from pipeline.stages import Initiator, Outcome, Stage
from salesprocess.format import money, written_day

ICONS = {"call": "phone", "email": "mail", "meeting": "calendar-event", "note": "note"} | {
    "task": "checkbox"
}
ROLE_TONES = {"decides": "acc", "for_us": "ok", "against_us": "warn"}


@dataclass(frozen=True, kw_only=True)
class Step:
    """A stage of the path bar."""

    number: int
    name: str
    full: str
    state: str  # done, skipped, now, ahead, won, stopped
    text: str


@dataclass(frozen=True, kw_only=True)
class StageCard:
    """What a stage is for, and what this deal did in it."""

    number: int
    name: str
    what: str
    enters_when: str
    done_when: str
    usual: str
    here: str
    is_now: bool
    move: str  # the words of the button that moves the deal here; empty where it cannot
    stays: Sequence["Stay"]


@dataclass(frozen=True, kw_only=True)
class Stay:
    """A row of the history of stages."""

    number: int
    name: str
    came: str
    went: str
    days: str
    usual: str
    is_long: bool
    how: str
    reason: str
    who: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Something planned."""

    id: int
    icon: str
    state: str  # over, today, later
    title: str
    when: str
    short: str  # the day alone
    who: str


@dataclass(frozen=True, kw_only=True)
class Item:
    """An entry of the timeline. `heading` is set where a new group begins."""

    heading: str
    icon: str
    tone: str
    title: str
    when: str
    iso: str
    text: str
    quote: str
    who: str


@dataclass(frozen=True, kw_only=True)
class Fact:
    """`field` is the input that its form begins with: the focus goes there and comes back."""

    key: str
    field: str
    label: str
    value: str
    note: str = ""
    warning: str = ""
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class Human:
    id: int
    name: str
    initials: str
    about: str
    role: str
    role_label: str
    tone: str
    points: Sequence[tuple[str, str, str]]  # (icon, as typed, address)


@dataclass(frozen=True, kw_only=True)
class Line:
    id: int
    product: str
    quantity: str
    price: str
    total: str


class Teller(Reader):
    """Tells one deal to one person."""

    # path ----------------------------------------------------------------------------------------

    def path(self, deal: Deal, visits: Sequence[StageVisit]) -> list[Step]:
        return [self._step(stage, deal, visits) for stage in Stage]

    def _step(self, stage: Stage, deal: Deal, visits: Sequence[StageVisit]) -> Step:
        here = [visit for visit in visits if visit.stage == stage]
        state, text = self._state(stage, deal, here, visits)
        return Step(
            number=stage.value,
            name=str(stage.about.short),
            full=str(stage.label),
            state=state,
            text=text,
        )

    def _state(
        self, stage: Stage, deal: Deal, here: Sequence[StageVisit], visits: Sequence[StageVisit]
    ) -> tuple[str, str]:
        if stage == deal.stage:
            if deal.outcome == Outcome.WON:
                return "won", _("won %(day)s") % {"day": self.short_day(deal.closed_at)}
            if deal.outcome == Outcome.STOPPED:
                return "stopped", _("stopped %(day)s") % {"day": self.short_day(deal.closed_at)}
            return "now", self.age(here[-1]) if here else ""
        if stage > deal.stage:
            if not here:
                return "ahead", _("ahead")
            return "ahead", _("ahead · was %(days)s") % {"days": self._spent(here)}
        if here:
            return "done", self._with_returns(self._spent(here), here)
        reason = next((visit.reason for visit in visits if visit.stage > stage), "")
        if not reason or visits[0].stage > stage:
            return "skipped", _("not recorded")
        return "skipped", _("skipped · %(reason)s") % {"reason": reason}

    def _spent(self, here: Sequence[StageVisit]) -> str:
        days = [self._days(visit) for visit in here]
        known = [count for count in days if count is not None]
        if not known:
            return _("no date")
        return _("%(n)s d") % {"n": sum(known)}

    def _with_returns(self, spent: str, here: Sequence[StageVisit]) -> str:
        returns = sum(visit.left_how == LeftHow.BACK for visit in here)
        if returns:
            return _("%(spent)s · back ×%(n)s") % {"spent": spent, "n": returns}
        if len(here) > 1:
            visits = ngettext("%(n)s visit", "%(n)s visits", len(here)) % {"n": len(here)}
            return f"{spent} · {visits}"
        return spent

    def _days(self, visit: StageVisit) -> int | None:
        if visit.entered_at is None or (visit.left_how and visit.left_at is None):
            return None
        until = visit.left_at or self.at
        return (self.date_of(until) - self.date_of(visit.entered_at)).days

    def age(self, visit: StageVisit) -> str:
        days = self._days(visit)
        usual = Stage(visit.stage).about.norm_days
        if days is None:
            return _("usually %(usual)s d") % {"usual": usual}
        return _("%(n)s d of usually %(usual)s") % {"n": days, "usual": usual}

    # one stage -----------------------------------------------------------------------------------

    def stage(
        self, stage: Stage, deal: Deal, visits: Sequence[StageVisit], *, may_edit: bool
    ) -> StageCard:
        step = self._step(stage, deal, visits)
        is_now = stage == deal.stage
        move = ""
        if may_edit and deal.is_open and not is_now:
            move = _("Move here") if stage > deal.stage else _("Move back here")
        return StageCard(
            number=stage.value,
            name=str(stage.label),
            what=str(stage.about.what),
            enters_when=str(stage.about.enters_when),
            done_when=str(stage.about.done_when),
            usual=_("%(n)s days") % {"n": stage.about.norm_days},
            here="" if step.state == "ahead" and step.text == _("ahead") else step.text,
            is_now=is_now and deal.is_open,
            move=move,
            stays=[row for row in self.history(deal, visits) if row.number == stage],
        )

    def history(self, deal: Deal, visits: Sequence[StageVisit]) -> list[Stay]:
        """Every stay, the latest first."""
        rows = [
            self._stay(deal, visit, before)
            for visit, before in zip(visits, [None, *visits], strict=False)
        ]
        return rows[::-1]

    def _stay(self, deal: Deal, visit: StageVisit, before: StageVisit | None) -> Stay:
        stage = Stage(visit.stage)
        days = self._days(visit)
        return Stay(
            number=stage.value,
            name=str(stage.about.short),
            came=self.short_day(visit.entered_at) or _("not known"),
            went=self._went(visit),
            days="–" if days is None else str(days),
            usual=str(stage.about.norm_days),
            is_long=days is not None and days > stage.about.norm_days,
            how=self._came(visit, before),
            reason=visit.reason,
            who=visit.entered_by.name if visit.entered_by else "",
            value=money(visit.exit_amount if visit.left_how else deal.amount, deal.currency),
        )

    def _went(self, visit: StageVisit) -> str:
        if not visit.left_how:
            return _("now")
        how = {
            LeftHow.ADVANCED: "",
            LeftHow.BACK: _("back"),
            LeftHow.STOPPED: _("stopped"),
            LeftHow.WON: _("won"),
        }[LeftHow(visit.left_how)]
        return f"{self.short_day(visit.left_at)} {how}".strip()

    def _came(self, visit: StageVisit, before: StageVisit | None) -> str:
        how = EnteredHow(visit.entered_how)
        if how == EnteredHow.FORWARD and before and visit.stage - before.stage > 1:
            passed = visit.stage - before.stage - 1
            return ngettext("Jumped over %(n)s stage", "Jumped over %(n)s stages", passed) % {
                "n": passed
            }
        return str(how.label)

    # what's next ---------------------------------------------------------------------------------

    def plans(self, activities: Iterable[Activity], deal: Deal) -> list[Plan]:
        return [self._plan(activity, deal) for activity in activities]

    def _plan(self, activity: Activity, deal: Deal) -> Plan:
        kind = str(ActivityKind(activity.kind).label)
        title = kind
        if activity.contact:
            title = _("%(what)s with %(who)s") % {"what": kind, "who": activity.contact.name}
        if activity.subject:
            title = f"{title}: {activity.subject}"
        state, when = self._due(activity)
        return Plan(
            id=activity.pk,
            icon=ICONS[activity.kind] if state != "over" else "alert-circle",
            state=state,
            title=title,
            when=when,
            short=self.day(activity.due_at or self.at),
            who="" if activity.owner_id == deal.owner_id else activity.owner.name,
        )

    def _due(self, activity: Activity) -> tuple[str, str]:
        due_at = activity.due_at or self.at
        day = self.day(due_at)
        when = day if activity.all_day else f"{day}, {self.time(due_at)}"
        if due_at < self.at:
            return "over", _("Overdue · %(when)s") % {"when": when}
        ahead = (self.date_of(due_at) - self.today).days
        if ahead == 0:
            time = "" if activity.all_day else self.time(due_at)
            return "today", f"{_('Today')} {time}".strip()
        near = _("tomorrow") if ahead == 1 else _("in %(n)s days") % {"n": ahead}
        return "later", f"{when} · {near}"

    # timeline ------------------------------------------------------------------------------------

    def items(self, entries: Iterable[Entry], deal: Deal, *, after: Place | None) -> list[Item]:
        """Entries in order; `after` is the last one that is shown already."""
        group = self._group(after.at) if after else ""
        items = []
        for entry in entries:
            heading = self._group(entry.place.at)
            items.append(self._item(entry, deal, heading="" if heading == group else heading))
            group = heading
        return items

    def _group(self, at: dt.datetime) -> str:
        day = self.date_of(at)
        if day == self.today:
            return _("Today")
        if day >= self.today - dt.timedelta(days=self.today.weekday()):
            return _("This week")
        return _("Earlier")

    def _item(self, entry: Entry, deal: Deal, *, heading: str) -> Item:
        at, record = entry.place.at, entry.record
        icon, tone, title, text, quote, who = "history", "", "", "", "", ""
        if isinstance(record, Activity):
            icon, tone = ICONS[record.kind], "acc"
            title, text = self._talk(record), record.body
            who = record.owner.name
        elif isinstance(record, DealChange):
            icon, title, text = self._change(record, deal)
            quote = record.reason
            who = record.by.name if record.by else ""
        elif entry.place.rank == Rank.END:
            icon, tone, title, text = self._end(record, deal)
            quote = deal.closing_note if deal.closed_at == record.left_at else ""
            who = record.left_by.name if record.left_by else ""
        else:
            icon, tone, title, text = self._move(record)
            quote = record.reason
            who = record.entered_by.name if record.entered_by else ""
        return Item(
            heading=heading,
            icon=icon,
            tone=tone,
            title=title,
            when=f"{self.day(at)} {self.time(at)}",
            iso=at.isoformat(),
            text=text,
            quote=quote,
            who=who,
        )

    def _talk(self, activity: Activity) -> str:
        title = str(ActivityKind(activity.kind).label)
        if activity.contact:
            title = _("%(what)s with %(who)s") % {"what": title, "who": activity.contact.name}
        if activity.subject:
            title = f"{title}: {activity.subject}"
        if activity.result:
            result = str(ActivityResult(activity.result).label)
            title = f"{title} · {result}"
        return title

    def _move(self, visit: StageVisit) -> tuple[str, str, str, str]:
        stage = str(Stage(visit.stage).label)
        how = EnteredHow(visit.entered_how)
        words = {
            EnteredHow.CREATED: ("plus", "acc", _("Opened in %(stage)s")),
            EnteredHow.IMPORTED: ("plus", "", _("Imported in %(stage)s")),
            EnteredHow.FORWARD: ("arrow-right", "ok", _("Moved to %(stage)s")),
            EnteredHow.BACK: ("arrow-back-up", "", _("Back to %(stage)s")),
            EnteredHow.REOPENED: ("lock-open", "acc", _("Opened again in %(stage)s")),
        }
        icon, tone, title = words[how]
        return icon, tone, title % {"stage": stage}, ""

    def _end(self, visit: StageVisit, deal: Deal) -> tuple[str, str, str, str]:
        if visit.left_how == LeftHow.WON:
            return "trophy", "ok", _("Won"), money(visit.exit_amount, deal.currency)
        text = ""
        if deal.closed_at == visit.left_at and deal.cause:
            text = f"{Initiator(deal.initiator).label}: {deal.cause.name}"
        stage = str(Stage(visit.stage).label)
        return "square-x", "bad", _("Stopped in %(stage)s") % {"stage": stage}, text

    def _change(self, change: DealChange, deal: Deal) -> tuple[str, str, str]:
        old, new = (self._value(change.field, text, deal) for text in (change.old, change.new))
        if change.field == "owner":
            if not old:
                return "hand-grab", _("Claimed by %(name)s") % {"name": new}, ""
            text = _("from %(name)s") % {"name": old}
            return "user-share", _("Handed over to %(name)s") % {"name": new}, text
        if change.field == "parked_until":
            if not new:
                return "sun", _("Taken up again"), ""
            return "moon", _("Parked to %(day)s") % {"day": new}, ""
        icons = {"contact": "user", "line": "package", "amount": "coin"}
        icon = icons.get(change.field, "pencil")
        if not old:
            return icon, _("%(what)s added") % {"what": self._label(change.field)}, new
        if not new:
            return icon, _("%(what)s removed") % {"what": self._label(change.field)}, old
        return icon, _("%(what)s changed") % {"what": self._label(change.field)}, f"{old} → {new}"

    def _label(self, field: str) -> str:
        labels = {
            "name": _("Name"),
            "company": _("Company"),
            "amount": _("Value"),
            "currency": _("Currency"),
            "expected_close_on": _("Closing date"),
            "source": _("Source"),
            "source_detail": _("Source detail"),
            "source_company": _("Customer it came from"),
            "method": _("Method"),
            "contact": _("Person"),
            "team": _("Team"),
            "line": _("Product"),
            "initiator": _("Who stopped it"),
            "cause": _("Cause"),
            "closing_note": _("What was said of it"),
        }
        return labels.get(field, field)

    def _value(self, field: str, text: str, deal: Deal) -> str:
        """A value as history keeps it (text; records by id and name), for people to read."""
        if not text:
            return ""
        if field in ("owner", "team", "company", "source", "source_company", "method", "cause"):
            return text.partition(" ")[2]
        if field == "initiator":
            return str(Initiator(text).label)
        if field == "amount":
            return money(Decimal(text), deal.currency)
        if field in ("expected_close_on", "parked_until"):
            return self._date(dt.date.fromisoformat(text))
        return text

    # facts ---------------------------------------------------------------------------------------

    def facts(self, found: Found) -> list[Fact]:
        deal = found.deal
        source = deal.source.name if deal.source else ""
        details = [deal.source_detail, deal.source_company.name if deal.source_company else ""]
        return [
            Fact(
                key="company",
                field="company_name",
                label=_("Company"),
                value=deal.company.name if deal.company else "",
            ),
            Fact(
                key="value",
                field="amount",
                label=_("Value"),
                value=money(deal.amount, deal.currency),
            ),
            self._close(found),
            Fact(
                key="source",
                field="source",
                label=_("Source"),
                value=source or next(filter(None, details), ""),
                note=" · ".join(filter(None, details)) if source else "",
            ),
            Fact(
                key="method",
                field="method",
                label=_("Method"),
                value=deal.method.name if deal.method else "",
            ),
        ]

    def _close(self, found: Found) -> Fact:
        deal = found.deal
        day = deal.expected_close_on
        passed = day is not None and deal.is_open and day < self.today
        return Fact(
            key="close",
            field="expected_close_on",
            label=_("Closes"),
            value=self._date(day) if day else "",
            note=self.pushes(found),
            warning=_("This day has passed") if passed else "",
        )

    def pushes(self, found: Found) -> str:
        if not found.pushes:
            return ""
        if found.pushes == 1:
            return _("pushed once")
        return _("pushed %(n)s times") % {"n": found.pushes}

    def people(self, rows: Iterable[Person]) -> list[Human]:
        return [self._human(row) for row in rows]

    def _human(self, row: Person) -> Human:
        contact = row.contact
        company = contact.company.name if contact.company else ""
        words = contact.name.split()
        return Human(
            id=contact.pk,
            name=contact.name,
            initials="".join(word[0] for word in words[:1] + words[1:][-1:]).upper(),
            about=contact.job_title or company,
            role=row.role.value,
            role_label=str(row.role.label),
            tone=ROLE_TONES.get(row.role.value, ""),
            points=[
                ("mail", typed, f"mailto:{typed}")
                if kind == "email"
                else ("phone", typed, f"tel:{''.join(typed.split())}")
                for kind, typed in row.points
            ],
        )

    def lines(self, rows: Sequence[DealLine], deal: Deal) -> tuple[list[Line], str]:
        """The lines and what they come to."""
        told = [
            Line(
                id=row.pk,
                product=row.product.name,
                quantity=f"{row.quantity.normalize():f}",
                price=money(row.unit_price, deal.currency),
                total=""
                if row.unit_price is None
                else money(
                    (row.quantity * row.unit_price).quantize(Decimal("0.01")), deal.currency
                ),
            )
            for row in rows
        ]
        return told, money(total(rows), deal.currency)

    # words ---------------------------------------------------------------------------------------

    def date_of(self, moment: dt.datetime) -> dt.date:
        return moment.astimezone(self.zone).date()

    def short_day(self, moment: dt.datetime | None) -> str:
        """Without the day of the week, for places where many stand together."""
        if moment is None:
            return ""
        day = self.date_of(moment)
        pattern = "d MMM" if day.year == self.today.year else "d MMM y"
        return written_day(day, pattern, self.language)

    def date(self, day: dt.date | None) -> str:
        return "" if day is None else self._date(day)


def roles() -> list[tuple[str, str]]:
    return [(role.value, str(role.label)) for role in DealRole]
