"""How the steps of a stage are shown on the deal page: what is asked, what it gives, what was said."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models.evidence import FileBounds, file_bounds
from crm.presenters.answers import answer_words
from crm.presenters.viewer import Viewer, labels
from crm.queries.deal import DealRecord, Talk
from crm.queries.deal_parts import DealPerson
from crm.queries.facts import AGREEMENT_STEP
from crm.queries.process import is_not_applicable
from crm.queries.records import Records
from crm.queries.steps import Recorded, StepResultRow
from pipeline.process import framework
from pipeline.process.gates import Reason
from pipeline.process.playbook import (
    AnswerKind,
    Fact,
    Importance,
    Level,
    Playbook,
    PlaybookStep,
    Proof,
    StepKind,
)
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.format import number

# How an answer is typed.
INPUTS = {
    AnswerKind.TEXT: "text",
    AnswerKind.NUMBER: "decimal",
    AnswerKind.MONEY: "decimal",
    AnswerKind.DATE: "date",
    AnswerKind.CHOICE: "choice",
    AnswerKind.CONTACT: "contact",
}
ORIGINS = {
    Level.FRAMEWORK: ("lock", ""),
    Level.TEAM: ("users", "acc"),
    Level.MINE: ("user", "ghost"),
}


class Fill(NamedTuple):
    """What leads to the record that completes a step: a place of the page, or a sheet."""

    href: str
    words: str
    target: str  # empty for a place of the page


class Given(NamedTuple):
    """What was said of a step, when and by whom; `href` where it is a link or a file."""

    words: str
    href: str
    about: str


@dataclass(frozen=True, kw_only=True)
class StepLine:
    """A step of the panel. `state`: done, aside (with a reason), moot (there is nothing that it could
    be done to), open, or hint.

    `entry` says what it takes: check, text, decimal, date, choice, contact, proof, done, or agreed (in
    words, and for which day); empty where nobody here may answer it, or the records do. `value` is what was said, as it is typed.
    """

    key: str
    name: str  # of its field
    label: str
    state: str
    origin: str
    origin_icon: str
    origin_tone: str
    is_mine: bool
    is_gate: bool
    gives: str
    help: str
    whys: Sequence[str]
    given: Given | None
    result: int
    value: str
    entry: str
    choices: Sequence[tuple[str, str]]
    proofs: frozenset[Proof]
    verb: str
    fill: Fill | None
    vote: str
    may_set_aside: bool
    may_hide: bool


@dataclass(frozen=True, kw_only=True)
class StepGroup:
    """Steps that stand together. With `words` they fold to one line, which says them and `about`."""

    key: str  # done, open or hints
    words: str
    about: str
    steps: Sequence[StepLine]

    def has(self, key: str) -> bool:
        return any(line.key == key for line in self.steps)


@dataclass(frozen=True, kw_only=True)
class FileLine:
    id: int
    name: str
    about: str


@dataclass(frozen=True, kw_only=True)
class GoneLine:
    """Something that stands against a step that is gone."""

    key: str
    label: str
    given: Given
    result: int


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The steps of one stage. `settled` of `expected` never counts what is one's own.

    Where nothing is to be done any more, `is_over`, what was not done folds, too.
    """

    steps: Sequence[StepLine]
    is_over: bool
    gone: Sequence[GoneLine]
    settled: int
    expected: int
    people: Sequence[tuple[str, str]]
    talks: Sequence[tuple[str, str]]
    today: str

    @property
    def groups(self) -> Sequence[StepGroup]:
        """What is to be done stands open; what was done, and hints, fold until they are asked for."""
        done = [line for line in self.steps if line.state in ("done", "aside")]
        hints = [line for line in self.steps if line.state == "hint"]
        rest = [line for line in self.steps if line not in done and line not in hints]
        left = _("%(n)s not done") % {"n": len(rest)} if self.is_over else ""
        hinted = ngettext("%(n)s hint", "%(n)s hints", len(hints)) % {"n": len(hints)}
        groups = (
            _group("done", _done_words(done), done),
            _group("open", left, rest),
            _group("hints", hinted, hints),
        )
        return [group for group in groups if group.steps]

    @property
    def file_bounds(self) -> FileBounds:
        return file_bounds()

    @property
    def count(self) -> str:
        if not self.expected:
            return ""
        return _("%(n)s of %(all)s expected") % {"n": self.settled, "all": self.expected}


def _group(key: str, words: str, steps: Sequence[StepLine]) -> StepGroup:
    return StepGroup(
        key=key, words=words, about=", ".join(line.label for line in steps), steps=steps
    )


def _done_words(lines: Sequence[StepLine]) -> str:
    aside = sum(line.state == "aside" for line in lines)
    done = len(lines) - aside
    words = [_("%(n)s done") % {"n": done}] if done else []
    return ", ".join([*words, _("%(n)s set aside") % {"n": aside}] if aside else words)


def step_panel(
    viewer: Viewer,
    stage: Stage,
    deal: DealRecord,
    book: Playbook,
    recorded: Recorded,
    records: Records,
    *,
    people: Iterable[DealPerson],
    done: Sequence[Talk],
) -> Panel:
    existing = recorded.facts.existing_customer
    steps = [s for s in book.steps(stage) if s.is_for(existing_customer=existing)]
    counted = [step for step in steps if step.counts]
    with_whom = [(str(one.id), one.name) for one in people if not one.is_erased]
    lines = [_line(viewer, step, deal, recorded, records) for step in steps]
    shows_talks = any(Proof.ACTIVITY in line.proofs for line in lines)
    return Panel(
        steps=lines,
        is_over=not deal.is_open,
        gone=[_gone(viewer, one) for one in recorded.gone(book.steps(stage))],
        settled=sum(recorded.is_settled(step) for step in counted),
        expected=len(counted),
        people=with_whom,
        talks=[(str(one.id), _talk_words(viewer, one)) for one in done] if shows_talks else (),
        today=viewer.today.isoformat(),
    )


def _line(
    viewer: Viewer, step: PlaybookStep, deal: DealRecord, recorded: Recorded, records: Records
) -> StepLine:
    result = recorded.of(step)
    state = _state_of(step, result, recorded)
    icon, tone = ORIGINS[step.origin.level]
    is_open = state == "open"
    may = deal.may_edit
    is_hint = step.importance == Importance.HINT
    fill = fill_of(step, deal, records) if is_open else None
    return StepLine(
        key=step.key,
        name=f"step_{step.stage.value}_{step.key}",
        label=step.label,
        state=state,
        origin=_origin(step),
        origin_icon=icon,
        origin_tone=tone,
        is_mine=step.is_mine,
        is_gate=step.gates,
        gives=step.gives_you if state in ("open", "hint") else "",
        help=step.help,
        whys=[row.reason for _source, row in step.adapted if row.reason] or [step.reason]
        if step.adapted or step.reason
        else (),
        given=_given(viewer, result, step) if result else None,
        result=result.id if result else 0,
        value=_raw(result) if result else "",
        entry=entry_of(step, plans=deal.is_open and result is None) if may else "",
        choices=[(one, framework.translated_text(one)) for one in step.choices],
        proofs=proofs_of(step) if may else frozenset(),
        verb=viewer.kinds[step.doing] if step.kind == StepKind.ACTIVITY else "",
        fill=fill,
        vote=recorded.votes.get(step.key, ""),
        may_set_aside=is_open and may and not is_hint and not step.is_mine,
        may_hide=is_hint and not step.is_mine,
    )


def _state_of(step: PlaybookStep, result: StepResultRow | None, recorded: Recorded) -> str:
    if (
        result is not None
        and not result.is_done
        and not (step.fact is not None and step.fact in recorded.facts.known)
    ):
        return "aside"
    if result is None and is_not_applicable(step, recorded.facts):
        return "moot"
    if recorded.is_settled(step):
        return "done"
    return "hint" if step.kind == StepKind.HINT else "open"


def _origin(step: PlaybookStep) -> str:
    if step.origin.level == Level.FRAMEWORK:
        return _("framework")
    return _("mine") if step.is_mine else step.origin.name


def _given(viewer: Viewer, result: StepResultRow, step: PlaybookStep | None = None) -> Given:
    who = " · ".join(filter(None, (result.by or "", viewer.short_day(result.at))))
    if not result.is_done:
        words = labels(Reason, viewer.language).get(result.reason, result.reason)
        if result.note:
            words = f"{words}: {result.note}"
        return Given(words, "", who)
    if result.file is not None:
        return Given(result.file_name or "", f"files/{result.file}/", who)
    if result.link:
        href = result.link if result.link.startswith(("https://", "http://")) else ""
        return Given(result.link, href, who)
    return Given(_answer_words(viewer, result, step), "", who)


def _answer_words(viewer: Viewer, result: StepResultRow, step: PlaybookStep | None) -> str:
    if result.contact:
        return result.contact
    if result.did:
        kind = viewer.kinds.get(result.did, result.did)
        return f"{kind}, {viewer.short_day(result.did_at)}"
    value = result.value
    if value is None:
        return result.note
    if step is None or step.kind != StepKind.QUESTION:
        return str(value)
    return answer_words(viewer, str(value), step.answer)


def _gone(viewer: Viewer, result: StepResultRow) -> GoneLine:
    return GoneLine(
        key=result.key,
        label=framework.translated_text(result.label),
        given=_given(viewer, result),
        result=result.id,
    )


def _talk_words(viewer: Viewer, talk: Talk) -> str:
    kind = viewer.kinds.get(talk.kind, talk.kind)
    what = talk.subject or talk.body
    return " · ".join(filter(None, (viewer.short_day(talk.done_at), kind, what[:60])))


def step_files(viewer: Viewer, recorded: Recorded) -> list[FileLine]:
    return [
        FileLine(
            id=one.id,
            name=one.name,
            about=" · ".join(
                filter(None, (_size(one.size), viewer.short_day(one.at), one.by or ""))
            ),
        )
        for one in recorded.files
    ]


def entry_of(step: PlaybookStep, *, plans: bool) -> str:
    """What an open step takes in its place, also for a day where something is still to be planned."""
    if step.place == (Stage.PROSPECTING, AGREEMENT_STEP):
        return "agreed" if plans else "text"
    if step.fact is not None:
        return ""
    match step.kind:
        case StepKind.CHECK:
            return "check"
        case StepKind.QUESTION:
            return INPUTS[step.answer]
        case StepKind.EVIDENCE:
            return "proof"
        case StepKind.ACTIVITY:
            return "done"
        case StepKind.HINT:
            return ""


def proofs_of(step: PlaybookStep) -> frozenset[Proof]:
    if step.kind != StepKind.EVIDENCE or step.fact is not None:
        return frozenset()
    return step.proof.kinds


def fill_of(step: PlaybookStep, deal: DealRecord, records: Records) -> Fill | None:
    """What leads to the record that completes a step which is bound to a fact."""
    if step.fact is None or not deal.may_edit:
        return None
    home = f"/deals/{deal.pk}/"
    words = _("Fill in")
    if step.fact == Fact.HAND_OFF:
        won = deal.outcome == Outcome.WON
        return Fill(f"{home}hand-off/?version={deal.version}", words, "#sheet") if won else None
    if step.fact == Fact.SOURCE:
        return Fill(f"{home}edit/source/", words, "#fact-source")
    if step.fact == Fact.CONVERSATION:
        return Fill("#log-body", _("Log it"), "")
    if not deal.is_open:
        return None
    if step.fact == Fact.NEXT:
        return Fill("#deal-next", _("Plan it"), "")
    if step.fact == Fact.CONCERNS_SETTLED and any(one.is_open for one in records.concerns):
        return Fill("#concerns-title", _("Settle them"), "")
    path = _path(step.fact, records)
    return Fill(f"{home}{path}?version={deal.version}", words, "#sheet") if path else None


def _path(fact: Fact, records: Records) -> str:
    """The sheet that writes the record of a fact."""
    need = f"needs/{records.standing_needs[0].id}/" if records.standing_needs else "needs/"
    return {
        Fact.PARTY: "people/",
        Fact.QUALIFIED: "verdict/",
        Fact.PROBLEM: "needs/",
        Fact.WORTH: need,
        Fact.DECISION_PATH: "decision-path/",
        Fact.CONFIRMED: need,
        Fact.OFFER: "offers/",
        Fact.OFFER_SENT_TO: "offers/",
        Fact.OFFER_FITS: "offers/",
        Fact.DECISION_DATE: "decision-path/",
        Fact.CONCERNS_RECORDED: "concerns/",
        Fact.CONCERNS_SETTLED: "concerns/",
        Fact.ASKED: "attempts/",
    }.get(fact, "")


def _raw(result: StepResultRow) -> str:
    if result.contact_id is not None:
        return str(result.contact_id)
    return result.link or ("" if result.value is None else str(result.value))


def _size(count: int) -> str:
    if count < 1024**2:
        return _("%(n)s KB") % {"n": max(1, round(count / 1024))}
    return _("%(n)s MB") % {"n": number(round(count / 1024**2, 1))}
