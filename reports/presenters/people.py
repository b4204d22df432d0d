"""People beside each other, and one person: effort beside effect, stage by stage, like with like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from pipeline.people.models.people import initials_of
from pipeline.process.stages import Stage
from reports.axes import PERSON, STAGE
from reports.colleagues import Colleague, colleagues
from reports.figures import MIN_ROWS, Figure, FigureCell
from reports.metric import figures
from reports.metrics import activity, flow
from reports.metrics.styles import ALL_STAGES, UsualShare, usual_flow, usual_talks, weeks_of
from reports.presenters.multiples import PersonPictures, StagePicture
from reports.presenters.panels import PanelChoice, at_percent
from reports.presenters.report import Report, between_words, of_words, too_few_words
from reports.presenters.standing import Standing, gaps_of, standing_of
from salesprocess.lib.chance import differ, wilson
from salesprocess.lib.format import number, percent

# So many stand side by side on a page; of more, the others are behind a switch.
MOST_PEOPLE = 8


@dataclass(frozen=True, kw_only=True)
class StageEffort:
    """What one person did in one stage, and what came of it."""

    stage: int
    went_on: Figure
    talks: Figure
    past: tuple[int, int] | None
    usual: UsualShare | None

    @property
    def lowest(self) -> float:
        """The lowest share that a picture of it shows."""
        shown = [1.0]
        if self.went_on.interval and not self.went_on.is_small_sample:
            shown.append(self.went_on.interval[0])
            if self.past and self.past[1] >= MIN_ROWS:
                shown.append(self._before)
        if self.usual:
            shown.append(self.usual.share)
        return min(shown)

    @property
    def fell_beyond_chance(self) -> bool:
        return self._parts_from_past and self._now < self._before

    @property
    def rose_beyond_chance(self) -> bool:
        return self._parts_from_past and self._now > self._before

    @property
    def is_unusual(self) -> bool:
        """The middle of the style lies out of where the own share does 9 times in 10."""
        found = self.went_on.interval
        if self.usual is None or found is None or self.went_on.is_small_sample:
            return False
        return not found[0] <= self.usual.share <= found[1]

    @property
    def beside(self) -> int:
        """How many stays can be set beside what is usual, or beside as many of the past."""
        if self.usual is not None:
            return self.went_on.n
        return min(self.went_on.n, self.past[1] if self.past else 0)

    @property
    def _parts_from_past(self) -> bool:
        now = self.went_on
        if self.past is None or min(now.n, self.past[1]) < MIN_ROWS:
            return False
        return differ(now.part or 0, now.n, *self.past)

    @property
    def _now(self) -> float:
        return float(self.went_on.value or 0)

    @property
    def _before(self) -> float:
        return self.past[0] / self.past[1] if self.past else 0.0


def efforts_of(report: Report, person: Colleague) -> list[StageEffort]:
    """Stage by stage; four queries for all people together."""
    question = report.question
    went = flow.flow_conversion.measure(question, PERSON, STAGE)
    talks = figures(question, TALKS, PERSON, STAGE)[activity.conversations.slug]
    usual = usual_flow(question)
    return [
        StageEffort(
            stage=stage,
            went_on=went.get((person.id, stage)) or flow.flow_conversion.of_nothing(question),
            talks=talks.get((person.id, stage)) or activity.conversations.of_nothing(question),
            past=(past.went_on, past.n) if (past := usual.past.get((person.id, stage))) else None,
            usual=usual.usual.get((person.style, stage)),
        )
        for stage in STAGE.every
    ]


# What is asked of activities along people and stages, at once.
TALKS = (activity.conversations, activity.outside_share)


def talks_of(report: Report, person: int) -> int:
    """The conversations of one person, for a stage or for none."""
    found = figures(report.question, TALKS, PERSON, STAGE)[activity.conversations.slug]
    return sum(figure.n for (owner, _stage), figure in found.items() if owner == person)


def person_path(pk: int) -> str:
    return reverse("reports:person", args=[pk])


def of_person(slug: str, pk: int) -> FigureCell:
    """The number of a metric that is one person's."""
    return FigureCell(metric=slug, by=PERSON.key, key=pk)


def sellers(report: Report) -> list[Colleague]:
    """Those who sell, and whoever is asked for by name."""
    asked = report.question.person
    return [each for each in colleagues(report.question) if each.sells or asked is not None]


def pictures_of(report: Report, people: Sequence[Colleague]) -> list[PersonPictures]:
    efforts = {each.id: efforts_of(report, each) for each in people}
    weeks = weeks_of(report.question.period)
    all_efforts = [each for own in efforts.values() for each in own]
    scale = PictureScale(
        floor=min(0.9, int(min((each.lowest for each in all_efforts), default=0) * 10) / 10),
        most=max((each.talks.n for each in all_efforts), default=0) / weeks,
    )
    return [_person(report, each, efforts[each.id], scale) for each in people]


@dataclass(frozen=True, kw_only=True)
class PictureScale:
    """The same for all pictures of a box: the share at their foot, and the `most` talks a week."""

    floor: float
    most: float

    def height(self, share: float) -> float:
        """From the top: a share of one at the top."""
        return round(100 - (share - self.floor) / (1 - self.floor) * 100, 1)


def _person(
    report: Report, person: Colleague, efforts: Sequence[StageEffort], scale: PictureScale
) -> PersonPictures:
    standing = standing_of(report, person.id)
    href = report.address(person_path(person.id), person=None)
    if standing.is_behind:
        return PersonPictures(
            name=person.name,
            href=href,
            initials=initials_of(person.name),
            style=person.style_name,
            complete=standing.words,
            is_behind=True,
            talks="",
            gaps=gaps_of(report, standing),
            gaps_n=_("of %(n)s open deals") % {"n": number(standing.whole.n)},
            ask=_gap_words(person, standing),
            todo=PanelChoice(
                label=_("Open the list"),
                href=report.rows(standing.figures["to_repair"]),
                is_current=False,
            ),
        )
    weeks = weeks_of(report.question.period)
    return PersonPictures(
        name=person.name,
        href=href,
        initials=initials_of(person.name),
        style=person.style_name,
        complete=standing.words,
        is_behind=False,
        talks=_talks_words(report, person),
        pictures=[_picture(report, each, weeks, scale) for each in efforts],
        ask=question_about(efforts),
    )


def _gap_words(person: Colleague, standing: Standing) -> str:
    return _(
        "*%(n)s deals to repair.* %(name)s sees the same list. From the line of consistency on, "
        "this row is drawn like the others."
    ) % {"n": number(standing.figures["to_repair"].n), "name": person.name}


def _talks_words(report: Report, person: Colleague) -> str:
    weeks = weeks_of(report.question.period)
    now = number(round(talks_of(report, person.id) / weeks))
    past = usual_talks(report.question).past.get(person.id)
    if past is None:
        return _("*%(n)s* talks a week") % {"n": now}
    return _("*%(n)s* talks a week, before %(past)s") % {"n": now, "past": number(round(past))}


def _picture(
    report: Report, effort: StageEffort, weeks: float, scale: PictureScale
) -> StagePicture:
    went, talks = effort.went_on, effort.talks.n / weeks
    name = str(Stage(effort.stage).label)
    few = went.is_small_sample
    return StagePicture(
        stage=effort.stage,
        title=f"{name}: {of_words(went)}, {between_words(went)}" if not few else name,
        text="" if few else percent(went.value or 0),
        few=of_words(went) if few and went.n else "",
        at=None if few else scale.height(float(went.value or 0)),
        high=0 if few or not went.interval else scale.height(went.interval[1]),
        low=0 if few or not went.interval else scale.height(went.interval[0]),
        past=scale.height(effort.past[0] / effort.past[1])
        if effort.past and effort.past[1] >= MIN_ROWS and not few
        else None,
        usual=scale.height(effort.usual.share) if effort.usual else None,
        href=report.rows(went) if went.n else "",
        talks=number(round(talks, 1 if talks < 1 else 0)) if effort.talks.n else "0",
        talks_width=at_percent(talks, scale.most),
        talks_href=report.rows(effort.talks) if effort.talks.n else "",
        n=number(went.n),
    )


def question_about(efforts: Sequence[StageEffort]) -> str:
    """What to ask: a question, which nothing but a difference beyond chance makes a pointed one."""
    for each in efforts:
        if each.fell_beyond_chance:
            return _("%(stage)s: *%(now)s*, before %(past)s. *What got in the way?*") % _said(each)
    for each in efforts:
        if each.rose_beyond_chance:
            return _(
                "%(stage)s: *%(now)s*, before %(past)s. *What did you do differently?*"
            ) % _said(each)
    for each in efforts:
        if each.is_unusual and each.usual:
            return _beside_style(each, each.usual)
    return _open_question(efforts)


def _open_question(efforts: Sequence[StageEffort]) -> str:
    for most in (max(each.went_on.n for each in efforts), max(each.beside for each in efforts)):
        if most < MIN_ROWS:
            return " ".join((too_few_words(most), _("*Which of the talks surprised you?*")))
    return _("Nothing left the usual range. *Where would help be welcome?*")


def _beside_style(effort: StageEffort, usual: UsualShare) -> str:
    words = (
        _(
            "%(stage)s: *%(now)s*; usual in this style is %(usual)s, of %(people)s people. *What do "
            "those that went on have in common?*"
        )
        if float(effort.went_on.value or 0) < usual.share
        else _(
            "%(stage)s: *%(now)s*; usual in this style is %(usual)s, of %(people)s people. *What "
            "could others learn from it?*"
        )
    )
    return words % {
        **_said(effort),
        "usual": percent(usual.share),
        "people": number(usual.people),
    }


def _said(effort: StageEffort) -> dict[str, str]:
    past = percent(effort.past[0] / effort.past[1]) if effort.past and effort.past[1] else ""
    return {
        "stage": str(Stage(effort.stage).label),
        "now": of_words(effort.went_on),
        "past": past,
    }


@dataclass(frozen=True, kw_only=True)
class EffortEffect:
    """A person as a point: how far the talks a week lie from the middle of the own style, as a
    share of it, and how far the share of what went on does, in points of percent."""

    person: Colleague
    effort: float
    effect: float
    low: float
    high: float
    n: int


def efforts_and_effects(report: Report, people: Sequence[Colleague]) -> list[EffortEffect]:
    """Those of whom enough is known: a record that is kept, ten ended stays, and a middle of their
    style to be set beside."""
    flows, talks = usual_flow(report.question), usual_talks(report.question)
    weeks = weeks_of(report.question.period)
    found = []
    for person in people:
        usual, middle = flows.usual.get((person.style, ALL_STAGES)), talks.usual.get(person.style)
        went = _together([each.went_on for each in efforts_of(report, person)])
        if usual is None or middle is None or went is None:
            continue
        if standing_of(report, person.id).is_behind:
            continue
        part, n, low, high = went
        found.append(
            EffortEffect(
                person=person,
                effort=(talks_of(report, person.id) / weeks - middle.share) / middle.share * 100,
                effect=(part / n - usual.share) * 100,
                low=(low - usual.share) * 100,
                high=(high - usual.share) * 100,
                n=n,
            )
        )
    return found


def _together(stages: Sequence[Figure]) -> tuple[int, int, float, float] | None:
    """What went on of all that ended, with where its share lies 9 times in 10."""
    part, n = sum(each.part or 0 for each in stages), sum(each.n for each in stages)
    if n < MIN_ROWS:
        return None
    low, high = wilson(part, n)
    return part, n, low, high
