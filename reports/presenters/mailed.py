"""The boxes of a report as a mail has them: what they say, their tables, and a small picture. A mail has
neither a script nor a style sheet, and many programs show no pictures: the table says all of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.presenters.panels import Bars, Dots, Headline, Lines, ReportPanel
from salesprocess.lib.format import number, percent

# A mail is read, not worked with: the page that it leads to has the rest.
MOST_BOXES, MOST_ROWS, MOST_CELLS = 8, 15, 8
# In pixels.
LABEL, PLOT, ROW, CURVE = 170, 300, 24, 120
EDGE, CLIPPED = 8, 24


@dataclass(frozen=True, kw_only=True)
class MailMark:
    """A row of a small picture: a bar from `x` on, or a dot at it with its whisker."""

    label: str
    y: int
    x: float
    width: float = 0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class MailPicture:
    """Bars or dots, row by row, or the points of a line with its scale (heights and texts); sizes in
    pixels."""

    height: int
    marks: Sequence[MailMark] = ()
    line: str = ""
    scale: Sequence[tuple[int, str]] = ()

    @property
    def width(self) -> int:
        return LABEL + PLOT + EDGE


@dataclass(frozen=True, kw_only=True)
class MailBox:
    title: str
    meta: str = ""
    say: str = ""
    empty: str = ""
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    more: str = ""
    picture: MailPicture | None = None

    @property
    def lines(self) -> list[str]:
        """The table in columns of letters, as a mail without pictures and fonts shows it."""
        table = [list(self.heads), *(list(row) for row in self.rows)]
        widths = [max(len(cell) for cell in column) for column in zip(*table, strict=False)]
        return [
            "  ".join(
                cell.ljust(width) if place == 0 else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=False))
            ).rstrip()
            for row in table
        ]


def mail_boxes(panels: Sequence[ReportPanel]) -> list[MailBox]:
    """The boxes with figures of a page; what is a list of other things stays there."""
    with_figures = [panel for panel in panels if panel.table is not None or panel.empty]
    return [_box(panel) for panel in with_figures[:MOST_BOXES] if panel.key != "saved"]


def _box(panel: ReportPanel) -> MailBox:
    title, say = str(panel.title), panel.say.replace("*", "")
    if panel.empty or panel.table is None:
        return MailBox(title=title, empty=panel.empty)
    heads = [str(head.text) for head in panel.table.heads][:MOST_CELLS]
    rows = [
        [row.name, *(" ".join(filter(None, (cell.text, cell.note))) for cell in row.cells)]
        for row in panel.table.rows
    ]
    left = len(rows) - MOST_ROWS
    words = ngettext("and %(n)s more row on the page", "and %(n)s more rows on the page", left)
    return MailBox(
        title=title,
        meta=_meta(panel),
        say=say,
        heads=heads,
        rows=[row[:MOST_CELLS] for row in rows[:MOST_ROWS]],
        more=words % {"n": number(left)} if left > 0 else "",
        picture=_picture(panel.drawing),
    )


def _meta(panel: ReportPanel) -> str:
    parts = [] if panel.n is None else [f"n {number(panel.n)}"]
    if panel.coverage is not None and panel.coverage.share is not None:
        share = percent(panel.coverage.share, panel.coverage.population)
        parts.append(_("%(share)s covered") % {"share": share})
    return " · ".join(parts)


def _picture(drawing: object) -> MailPicture | None:
    match drawing:
        case Bars():
            marks = [
                MailMark(
                    label=_clipped(bar.label),
                    y=place * ROW,
                    x=_across(bar.segments[0].start),
                    width=max(round(sum(part.width for part in bar.segments) * PLOT / 100, 1), 1),
                )
                for place, bar in enumerate(
                    [bar for bar in drawing.rows if bar.segments][:MOST_ROWS]
                )
            ]
        case Dots():
            marks = [
                MailMark(
                    label=_clipped(dot.label),
                    y=place * ROW,
                    x=_across(dot.at or 0),
                    low=_across(dot.low),
                    high=_across(dot.high),
                )
                for place, dot in enumerate(
                    [dot for dot in drawing.rows if dot.at is not None][:MOST_ROWS]
                )
            ]
        case Lines() if drawing.lines and len(drawing.lines[0].points) > 1:
            points = drawing.lines[0].points
            drawn = [f"{_across(point.x)},{_down(point.y)}" for point in points]
            scale = [(round(_down(mark.at)), mark.text) for mark in drawing.y_scale]
            return MailPicture(height=CURVE + 2 * EDGE, line=" ".join(drawn), scale=scale)
        case _:
            return None
    return MailPicture(height=len(marks) * ROW, marks=marks) if marks else None


def _across(percent_of: float) -> float:
    return round(LABEL + percent_of * PLOT / 100, 1)


def _down(percent_of: float) -> float:
    return round(EDGE + percent_of * CURVE / 100, 1)


def _clipped(label: str) -> str:
    return label if len(label) <= CLIPPED else f"{label[: CLIPPED - 1]}…"


def headlines_in(panels: Sequence[ReportPanel]) -> list[Headline]:
    """The large numbers of a page, which have no table of their own there."""
    found: list[Headline] = []
    for panel in panels:
        if isinstance(panel.drawing, list | tuple):
            found += [one for one in panel.drawing if isinstance(one, Headline)]
    return found
