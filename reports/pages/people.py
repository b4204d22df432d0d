"""People beside each other: what each does, what comes of it, and what to ask."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pipeline.process.stages import Stage
from reports.axes import PERSON, STAGE
from reports.colleagues import Colleague, colleagues
from reports.figures import Figure
from reports.metric import figures
from reports.metrics import activity, flow
from reports.metrics.styles import usual_flow
from reports.pages.page import ReportPage
from reports.presenters.multiples import (
    FactLine,
    FactList,
    Multiples,
    Scatter,
    Spot,
    without_overlap,
)
from reports.presenters.panels import (
    LegendKey,
    PanelChoice,
    ReportPanel,
    ScaleMark,
    Table,
    TableCell,
    TableHead,
    TableRow,
)
from reports.presenters.people import (
    MOST_PEOPLE,
    TALKS,
    EffortEffect,
    efforts_and_effects,
    efforts_of,
    person_path,
    pictures_of,
    sellers,
)
from reports.presenters.report import Report
from reports.presenters.standing import standing_of
from salesprocess.lib.format import number, percent


def _shows(report: Report) -> Sequence[ReportPanel]:
    found = sellers(report)
    if not found:
        return [_nobody()]
    people, others = _side_by_side(report, found)
    panels = [_multiples(report, people, others)]
    if report.question.reader.is_manager:
        panels += [_scatter(report, found), _beside(report)]
    return panels


def _side_by_side(
    report: Report, found: Sequence[Colleague]
) -> tuple[Sequence[Colleague], Sequence[PanelChoice]]:
    """Those who are shown of more people than a page bears, and the ways to the others."""
    parts = [found[start : start + MOST_PEOPLE] for start in range(0, len(found), MOST_PEOPLE)]
    chosen, choices = report.chosen(
        "part",
        {str(at): f"{part[0].name} – {part[-1].name}" for at, part in enumerate(parts)},
    )
    return parts[int(chosen)], choices if len(parts) > 1 else ()


def _nobody() -> ReportPanel:
    return ReportPanel(
        key="effort",
        title=_("Effort beside effect, stage by stage"),
        empty=_("Nobody who sells is in what you ask for."),
        wide=True,
    )


def _multiples(
    report: Report, people: Sequence[Colleague], others: Sequence[PanelChoice]
) -> ReportPanel:
    legend = [
        LegendKey(
            css="key-now",
            text=_("went on now, in percent; the pale bar is where it lies 9 times in 10"),
        ),
        LegendKey(css="key-ring", text=_("the own past")),
        LegendKey(css="key-norm", text=_("usual in the own style")),
    ]
    parts = [_("below: talks a week · stays that ended. Of fewer than ten, no dot.")]
    if not usual_flow(report.question).usual:
        parts.append(_("Too few people of any style to say what is usual."))
    return ReportPanel(
        key="effort",
        title=_("Effort beside effect, stage by stage"),
        template="reports/panels/multiples.html",
        drawing=Multiples(
            rows=pictures_of(report, people),
            stages=[(stage.value, stage.short) for stage in Stage],
        ),
        table=effort_table(report, people),
        definition=flow.flow_conversion.definition,
        n=sum(
            figure.n
            for figure in flow.flow_conversion.measure(report.question, PERSON, STAGE).values()
        ),
        switch=others,
        legend=legend,
        note=" ".join(parts),
        wide=True,
    )


def effort_table(report: Report, people: Sequence[Colleague]) -> Table:
    """A row for each person and stage, of those whose record is kept."""
    names = STAGE.named(report.question, [])
    return Table(
        heads=[
            TableHead(text=_("Person"), numeric=False),
            TableHead(text=_("Stage"), numeric=False),
            TableHead(text=_("Talks")),
            TableHead(text=_("Went on")),
            TableHead(text=_("Before")),
            TableHead(text=_("Usual in the style")),
        ],
        rows=[
            TableRow(
                name=person.name,
                href=report.address(person_path(person.id), person=None),
                cells=[
                    TableCell(text=names[each.stage]),
                    report.cell(each.talks),
                    report.cell(each.went_on),
                    TableCell(
                        text=percent(each.past[0] / each.past[1]) if each.past else "–",
                        raw=each.past[0] / each.past[1] if each.past else None,
                    ),
                    TableCell(
                        text=percent(each.usual.share) if each.usual else "–",
                        raw=each.usual.share if each.usual else None,
                    ),
                ],
            )
            for person in people
            if not standing_of(report, person.id).is_behind
            for each in efforts_of(report, person)
        ],
    )


def _scatter(report: Report, people: Sequence[Colleague]) -> ReportPanel:
    found = efforts_and_effects(report, people)
    behind = [each.name for each in people if standing_of(report, each.id).is_behind]
    title = _("Effort and effect, like with like")
    if not found:
        return ReportPanel(
            key="quadrants",
            title=title,
            empty=_(
                "Nobody can be set beside the own style: that needs ten ended stays, a record that "
                "is kept, and several people of the style."
            ),
        )
    return ReportPanel(
        key="quadrants",
        title=title,
        template="reports/panels/scatter.html",
        drawing=_drawn(report, found),
        table=_quadrants(report, found),
        say=_outside(found),
        definition=flow.flow_conversion.definition,
        n=len(found),
        legend=[LegendKey(css=f"key-{style}", text=name) for style, name in _styles(found)],
        note=_("Not drawn: %(names)s.") % {"names": ", ".join(behind)} if behind else "",
    )


def _styles(found: Sequence[EffortEffect]) -> list[tuple[str, str]]:
    return sorted({(each.person.style, each.person.style_name) for each in found})


def _outside(found: Sequence[EffortEffect]) -> str:
    beyond = [each.person.name for each in found if not each.low <= 0 <= each.high]
    if not beyond:
        return _("In effect, nobody stands outside what chance allows.")
    return _(
        "Outside what chance allows, against the middle of the own style: *%(names)s*. Ask what is "
        "behind it."
    ) % {"names": ", ".join(beyond)}


def _drawn(report: Report, found: Sequence[EffortEffect]) -> Scatter:
    wide = max(20.0, *(abs(each.effort) for each in found)) * 1.15
    high = max(10.0, *(abs(bound) for each in found for bound in (each.low, each.high))) * 1.05
    return Scatter(
        spots=without_overlap(
            [
                Spot(
                    name=each.person.name,
                    x=_at(each.effort, wide),
                    y=100 - _at(each.effect, high),
                    high=100 - _at(each.high, high),
                    low=100 - _at(each.low, high),
                    style=each.person.style,
                    title=_point_words(each),
                    href=report.address(person_path(each.person.id), person=None),
                )
                for each in found
            ]
        ),
        x_scale=[
            ScaleMark(at=_at(mark * wide / 1.15, wide), text=_signed_percent(mark * wide / 1.15))
            for mark in (-1, -0.5, 0, 0.5, 1)
        ],
        y_scale=[
            ScaleMark(at=100 - _at(mark * high / 1.05, high), text=_signed(mark * high / 1.05))
            for mark in (1, 0.5, 0, -0.5, -1)
        ],
        corners=[
            _("fewer talks, more goes on"),
            _("more talks, more goes on"),
            _("fewer talks, less goes on"),
            _("more talks, less goes on"),
        ],
        x_title=_("talks a week, against the middle of the own style"),
    )


def _at(value: float, end: float) -> float:
    return round((value / end + 1) * 50, 2)


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{number(round(value))}"


def _signed_percent(value: float) -> str:
    return f"{'+' if value > 0 else ''}{percent(round(value) / 100)}"


def _point_words(each: EffortEffect) -> str:
    return _("%(name)s: talks %(effort)s, effect %(effect)s, n %(n)s") % {
        "name": each.person.name,
        "effort": _signed(each.effort),
        "effect": _signed(each.effect),
        "n": number(each.n),
    }


def _quadrants(report: Report, found: Sequence[EffortEffect]) -> Table:
    corners = {
        (False, True): _("fewer talks, more goes on"),
        (True, True): _("more talks, more goes on"),
        (False, False): _("fewer talks, less goes on"),
        (True, False): _("more talks, less goes on"),
    }
    return Table(
        heads=[
            TableHead(text=_("Person"), numeric=False),
            TableHead(text=_("Selling style"), numeric=False),
            TableHead(text=_("Effort, against usual")),
            TableHead(text=_("Effect, points")),
            TableHead(text=_("Ended")),
            TableHead(text=_("Where"), numeric=False),
        ],
        rows=[
            TableRow(
                name=each.person.name,
                href=report.address(person_path(each.person.id), person=None),
                cells=[
                    TableCell(text=each.person.style_name),
                    TableCell(text=_signed(each.effort), raw=round(each.effort, 1)),
                    TableCell(text=_signed(each.effect), raw=round(each.effect, 1)),
                    TableCell(text=number(each.n), raw=each.n),
                    TableCell(text=corners[each.effort >= 0, each.effect >= 0]),
                ],
            )
            for each in found
        ],
    )


def _beside(report: Report) -> ReportPanel:
    people = colleagues(report.question)
    rows = [*_coaches(report, people), _led(people), _outside_share(report), *_changed(people)]
    return ReportPanel(
        key="beside",
        title=_("Beside the selling"),
        n=len(people),
        template="reports/panels/facts.html",
        drawing=FactList(
            rows=rows,
            last=_("You opened this page just now. Everybody on it can see that."),
        ),
        table=Table(
            heads=[TableHead(text=_("What"), numeric=False), TableHead(text=_("How much"))],
            rows=[
                TableRow(name=str(row.name), cells=[TableCell(text=row.text, href=row.href)])
                for row in rows
            ],
        ),
    )


def _coaches(report: Report, people: Sequence[Colleague]) -> list[FactLine]:
    """Managers who sell themselves (CHECKLIST B5)."""
    talks = figures(report.question, TALKS, PERSON, STAGE)[activity.conversations.slug]
    whole = sum(figure.n for figure in talks.values())
    found = []
    for person in people:
        own = sum(figure.n for (owner, _stage), figure in talks.items() if owner == person.id)
        if person.sells or not own:
            continue
        found.append(
            FactLine(
                name=_("%(name)s leads, and sells too") % {"name": person.name},
                text=percent(own / whole),
                note=_("%(part)s of %(n)s talks") % {"part": number(own), "n": number(whole)},
                href=report.address(person_path(person.id), person=None),
            )
        )
    return found


def _led(people: Sequence[Colleague]) -> FactLine:
    alone = [each.name for each in people if each.sells and not each.is_led]
    return FactLine(
        name=_("People without a manager"),
        text=number(len(alone)) if alone else _("none"),
        note=", ".join(alone),
    )


def _outside_share(report: Report) -> FactLine:
    found = figures(report.question, TALKS, PERSON, STAGE)[activity.outside_share.slug]
    part, n = _added(list(found.values()))
    return FactLine(
        name=activity.outside_share.definition.name,
        text=percent(part / n) if n else _("unknown"),
        note=_("%(part)s of %(n)s") % {"part": number(part), "n": number(n)},
        href=report.rows(activity.outside_share.of_nothing(report.question)) if n else "",
    )


def _added(found: Sequence[Figure]) -> tuple[int, int]:
    return sum(each.part or 0 for each in found), sum(each.n for each in found)


def _changed(people: Sequence[Colleague]) -> list[FactLine]:
    changed = [each for each in people if each.former_style and each.former_style != each.style]
    return [
        FactLine(
            name=ngettext("Style changed", "Styles changed", len(changed)),
            text=number(len(changed)) if changed else _("none"),
            note=", ".join(f"{each.name}: {each.style_name}" for each in changed),
        )
    ]


PAGE = ReportPage(
    key="people",
    title=gettext_lazy("People"),
    shows=_shows,
    asks=("compare", "style"),
    basis=gettext_lazy(
        "owner at entry; share of the stays that ended in the period and went on; from A to Z, "
        "nobody is ranked"
    ),
    shows_people=True,
)
