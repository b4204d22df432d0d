"""Whether the record is true enough to judge by, of whom what is missing, and how to mend it."""

import datetime as dt
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.axes import PERSON
from reports.colleagues import Colleague
from reports.figures import MIN_ROWS, FigureCell
from reports.gone_past import gates_kept_by_own_team
from reports.metric import figures
from reports.metrics import adoption, consistency, process
from reports.pages.page import ReportPage
from reports.presenters.form_times import form_times_panel
from reports.presenters.multiples import FactLine, FactList
from reports.presenters.panels import (
    LegendKey,
    Line,
    Lines,
    Matrix,
    MatrixRow,
    MatrixSquare,
    Point,
    ReportPanel,
    ScaleMark,
    Table,
    TableCell,
    TableHead,
    TableRow,
)
from reports.presenters.people import person_path, sellers
from reports.presenters.pins import pinned
from reports.presenters.process_problem import process_panels, wanted_of_process
from reports.presenters.repairs import repairs_panel
from reports.presenters.report import Report, of_words, unless_too_few
from reports.presenters.standing import (
    RULES,
    Standing,
    kept_shade,
    kept_words,
    rate_words,
    standing_of,
)
from reports.question import Question
from reports.together import Wanted, ask_together
from salesprocess.lib.chance import wilson
from salesprocess.lib.format import day, number, percent

# The line: so many points, so many days apart; the last is the day asked for.
POINTS, APART = 6, 6
# Of more people the first are shown; a team narrows it.
MOST_ROWS = 20
MARK = 0.9


def _shows(report: Report) -> Sequence[ReportPanel]:
    question = report.question
    ask_together(
        [
            *wanted_of_process(report),
            Wanted(question=question, metrics=ADOPTION, axes=(PERSON,)),
            Wanted(question=question, metrics=consistency.EVERY, axes=(PERSON,)),
            Wanted(question=question, metrics=(adoption.hours_to_record, adoption.at_work)),
        ]
    )
    return [
        _matrix(report),
        repairs_panel(report),
        *process_panels(report),
        _line(report),
        _adoption(report),
        form_times_panel(report),
    ]


def _people(report: Report) -> list[Colleague]:
    """Oneself first, then from A to Z."""
    own = report.question.reader.pk
    found = sellers(report)[:MOST_ROWS]
    return sorted(found, key=lambda each: each.id != own)


# Person by rule ----------------------------------------------------------------------------------


def _matrix(report: Report) -> ReportPanel:
    people = _people(report)
    standings = [(each, standing_of(report, each.id)) for each in people]
    rows = [_row(report, each, standing) for each, standing in standings]
    rows.append(_whole(report))
    names = [
        gettext_lazy("All of these"),
        *(name for _rule, name, _missing in RULES),
        gettext_lazy("Gates kept"),
    ]
    heads = [TableHead(text=name) for name in names]
    return ReportPanel(
        key="rules",
        title=_("People and rules"),
        template="reports/panels/kept.html",
        drawing=Matrix(heads=heads, rows=rows, first=_("Person")),
        table=Table(
            heads=[TableHead(text=_("Person"), numeric=False), *heads],
            rows=[
                TableRow(
                    name=row.name,
                    href=row.href,
                    cells=[
                        TableCell(text=square.text, href=square.href, note=square.title)
                        for square in row.squares
                    ],
                )
                for row in rows
            ],
        ),
        definition=consistency.consistency.definition,
        n=consistency.consistency.whole(report.question).n,
        note=_(
            "Holds: nine in ten and more. Some gaps: eight in ten and more. Many gaps: below. Too "
            "few: under ten, no conclusion. The rules are of open deals, gates of the moves forward in the "
            "period. Each person sees the same row, and who looked."
        )
        + _says_who_is_left(report),
        wide=True,
        # What is drawn is a table, and says all of it.
        has_twin=False,
    )


def _says_who_is_left(report: Report) -> str:
    n = len(sellers(report))
    if n <= MOST_ROWS:
        return ""
    said = {"n": number(MOST_ROWS), "all": number(n)}
    return " " + _("The first %(n)s of %(all)s people are shown: choose a team.") % said


def _row(report: Report, person: Colleague, standing: Standing) -> MatrixRow:
    found = standing.figures
    return MatrixRow(
        name=person.name,
        href=report.address(person_path(person.id), person=None),
        note=person.style_name,
        squares=[
            MatrixSquare(
                text=kept_words(found[rule.slug]),
                title=_square_words(found[rule.slug].part, found[rule.slug].n),
                href=report.rows(found[missing.slug]) if found[missing.slug].n else "",
                shade=kept_shade(found[rule.slug]),
            )
            for rule, missing in (
                (consistency.consistency, consistency.to_repair),
                *((rule, missing) for rule, _name, missing in RULES),
            )
        ]
        + [_gates_of(report, person)],
    )


def _gates_of(report: Report, person: Colleague) -> MatrixSquare:
    """Whether somebody moved on with all that gates ask for (METRICS K20); what was missing opens."""
    found = process.gates_kept.measure(report.question, PERSON).get(person.id)
    kept, n = (found.part or 0, found.n) if found else (0, 0)
    without = FigureCell(
        metric=process.gone_past_rate.slug, by=PERSON.key, key=person.id, part=True
    )
    return _gates_square(kept, n, href=report.rows(without) if n > kept else "")


def _gates_square(kept: int, n: int, *, href: str = "") -> MatrixSquare:
    words, shade = rate_words(kept, n)
    said = _("%(part)s of %(n)s") % {"part": number(kept), "n": number(n)}
    if missing := n - kept:
        said = " · ".join((said, _("%(n)s without") % {"n": number(missing)}))
    return MatrixSquare(text=words, title=said, shade=shade, href=href)


def _square_words(part: int | None, n: int) -> str:
    said = _("%(part)s of %(n)s") % {"part": number(part or 0), "n": number(n)}
    if missing := n - (part or 0):
        return " · ".join((said, _("%(n)s to repair") % {"n": number(missing)}))
    return said


def _whole(report: Report) -> MatrixRow:
    """All in reach together; for who has nobody else, the own team."""
    question = report.question
    if question.reader.is_manager:
        found = [consistency.consistency, *(rule for rule, _name, _missing in RULES)]
        figures_ = [metric.whole(question) for metric in found]
        return MatrixRow(
            name=_("All"),
            squares=[
                MatrixSquare(
                    text=kept_words(figure),
                    title=_square_words(figure.part, figure.n),
                    shade=kept_shade(figure),
                )
                for figure in figures_
            ]
            + [_gates_of_all(question)],
        )
    team = consistency.kept_by_own_team(question)
    if team is None:
        return MatrixRow(
            name=_("Your team"),
            squares=[MatrixSquare(text=_("too few people"), title="") for _each in range(6)],
        )
    kept, n, movers = gates_kept_by_own_team(question)
    gates = (
        _gates_square(kept, n)
        if not n or movers >= consistency.LEAST_OF_A_TEAM
        else MatrixSquare(text=_("too few people"), title="")
    )
    return MatrixRow(name=_("Your team"), squares=[*_of_team(team), gates])


def _gates_of_all(question: Question) -> MatrixSquare:
    found = process.gates_kept.whole(question)
    return _gates_square(found.part or 0, found.n)


def _of_team(team: Mapping[str, int]) -> list[MatrixSquare]:
    parts = [team["whole"], *(team[f"kept_{name}"] for name in consistency.RULES)]
    return [
        MatrixSquare(
            text=rate_words(part, team["n"])[0],
            title=_square_words(part, team["n"]),
            shade=rate_words(part, team["n"])[1],
        )
        for part in parts
    ]


# Day by day --------------------------------------------------------------------------------------


def _line(report: Report) -> ReportPanel:
    question = report.question
    title = _("Open deals with a whole record, day by day")
    chosen, choices = report.chosen(
        "line", {"": _("Leave it"), "drawn": _("Draw the last 30 days")}
    )
    if chosen != "drawn":
        # Each day is judged from its history: too dear for whoever only looks at the list.
        return ReportPanel(
            key="days",
            title=title,
            empty=_("What the record was on each day is found when you ask for it."),
            todo=choices[1:],
        )
    last = question.as_of or question.today
    days = [last - dt.timedelta(days=APART * back) for back in reversed(range(POINTS))]
    found = consistency.kept_on_days(question, days)
    if len(found) < 2:
        return ReportPanel(
            key="days", title=title, empty=_("There is no history to draw a line of yet.")
        )
    points = [
        Point(
            x=round(100 * place / (POINTS - 1), 2),
            y=round(100 - 100 * whole / n, 2),
            title=f"{day(on, question.today)}: {percent(whole / n, n)}",
            href=report.address("", as_of=on.isoformat()),
        )
        for place, on in enumerate(days)
        if on in found
        for whole, n in [found[on]]
    ]
    return ReportPanel(
        key="days",
        title=title,
        template="reports/panels/lines.html",
        drawing=Lines(
            lines=[Line(css="now", points=points, title=title, show_points=True)],
            limits=[(100 - 100 * MARK, _("the line of nine in ten"))],
            y_scale=[ScaleMark(at=100 - at, text=percent(at / 100)) for at in (100, 75, 50, 25, 0)],
            x_scale=[
                ScaleMark(at=round(100 * place / (POINTS - 1), 2), text=day(on, question.today))
                for place, on in enumerate(days)
                if place % 2 == 1
            ],
            notes=pinned(report, days[0], days[-1]),
            title=title,
        ),
        say=_moved(found, days),
        definition=consistency.consistency.definition,
        n=found[days[-1]][1] if days[-1] in found else None,
        legend=[LegendKey(css="key-now", text=_("share of the deals open on that day"))],
        note=_(
            "As history tells: what was planned and moved to another day since counts as it is now."
        ),
        table=Table(
            heads=[
                TableHead(text=_("Day"), numeric=False),
                TableHead(text=_("Whole")),
                TableHead(text=_("Open")),
            ],
            rows=[
                TableRow(
                    name=day(on, question.today),
                    href=report.address("", as_of=on.isoformat()),
                    cells=[
                        TableCell(text=percent(whole / n, n), raw=whole / n, note=number(whole)),
                        TableCell(text=number(n), raw=n),
                    ],
                )
                for on, (whole, n) in found.items()
            ],
        ),
    )


def _moved(found: Mapping[dt.date, tuple[int, int]], days: Sequence[dt.date]) -> str:
    """Whether the first and the last day part by more than chance."""
    first, last = found.get(days[0]), found.get(days[-1])
    if first is None or last is None:
        return ""
    if min(first[1], last[1]) < MIN_ROWS:
        return unless_too_few("", (first[1], last[1]))
    before, now = wilson(*first), wilson(*last)
    if before.overlaps(now):
        return _("No difference beyond chance between the first day and the last.")
    words = (
        _("*Fell* from %(before)s to %(now)s.")
        if now.low < before.low
        else _("*Rose* from %(before)s to %(now)s.")
    )
    return words % {
        "before": percent(first[0] / first[1]),
        "now": percent(last[0] / last[1]),
    }


# Whether it is used ------------------------------------------------------------------------------


def _adoption(report: Report) -> ReportPanel:
    question = report.question
    people = _people(report)
    found = figures(question, ADOPTION, PERSON)
    whole = adoption.hours_to_record.whole(question)
    at_work = adoption.at_work.whole(question)
    working_hours = question.reader.organisation.working_hours
    until = min(question.period.end_on, question.today)
    working = working_hours.days_between(question.period.start_on, until)
    rows = [
        FactLine(
            name=_("At work in it, in the last seven days"),
            text=report.text(at_work),
            note=_("%(of)s people who sell; signing in is not counted") % {"of": of_words(at_work)},
            href=report.rows(at_work) if at_work.n else "",
        ),
        FactLine(
            name=adoption.hours_to_record.definition.name,
            text=report.text(whole),
            note=_("middle of %(n)s told afterwards") % {"n": number(whole.n)},
            href=report.rows(whole) if whole.n else "",
        ),
    ]
    days, hours = found[adoption.days_with_a_record.slug], found[adoption.hours_to_record.slug]
    none = adoption.days_with_a_record.of_nothing(question)
    return ReportPanel(
        key="adoption",
        title=_("Is it used?"),
        template="reports/panels/facts.html",
        drawing=FactList(
            rows=[
                *rows,
                *(
                    FactLine(
                        name=each.name,
                        text=_("%(n)s days") % {"n": number(days.get(each.id, none).value or 0)},
                        note=_("with a record, of %(n)s working days") % {"n": number(working)},
                        href=report.rows(
                            FigureCell(
                                metric=adoption.days_with_a_record.slug, by=PERSON.key, key=each.id
                            )
                        )
                        if each.id in days
                        else "",
                    )
                    for each in people
                ),
            ]
        ),
        definition=adoption.at_work.definition,
        n=at_work.n,
        coverage=at_work.coverage,
        table=Table(
            heads=[
                TableHead(text=_("Person"), numeric=False),
                TableHead(text=_("Days with a record")),
                TableHead(text=_("Working days")),
                TableHead(text=_("Hours to the record")),
            ],
            rows=[
                TableRow(
                    name=each.name,
                    href=report.address(person_path(each.id), person=None),
                    cells=[
                        report.cell(days.get(each.id, none)),
                        TableCell(text=number(working), raw=working),
                        report.cell(
                            hours.get(each.id) or adoption.hours_to_record.of_nothing(question),
                            with_n=True,
                        ),
                    ],
                )
                for each in people
            ],
        ),
    )


ADOPTION = (adoption.days_with_a_record, adoption.hours_to_record)


PAGE = ReportPage(
    key="consistency",
    title=gettext_lazy("Consistency"),
    shows=_shows,
    asks=("as_of",),
    basis=gettext_lazy("deals open at the end of the day asked for; their owner then"),
    shows_people=True,
)
