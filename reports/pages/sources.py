"""Where deals come from and how far they get (METRICS K17 and K18; CHECKLIST A9, C12)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from babel.dates import get_day_names
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.axes import EXISTING_CUSTOMER, METHOD, SOURCE
from reports.figures import Figure
from reports.metric import WHOLE, Metric, figures
from reports.metrics import leads
from reports.pages.page import ReportPage
from reports.presenters.forest import apart, beside_keys, counted, forest, step, table_of
from reports.presenters.panels import (
    ReportPanel,
    RowsOnDemand,
    Table,
    TableCell,
    TableHead,
    TableRow,
)
from reports.presenters.report import Report, unless_too_few
from reports.presenters.trends import wanted_weekly, weekly
from reports.together import Wanted, ask_together
from salesprocess.lib.format import join_list, locale, number

_LADDER: tuple[Metric, ...] = (
    leads.leads,
    leads.open_leads,
    leads.talked,
    leads.qualified,
    leads.offered,
    leads.offered_value,
    leads.won_of_leads,
    leads.won_of_leads_value,
)

_OF_CUSTOMER: tuple[Metric, ...] = (
    leads.leads,
    leads.qualified,
    leads.offered,
    leads.offered_value,
    leads.won_of_leads,
    leads.won_of_leads_value,
)

_RESPONSE: tuple[Metric, ...] = (
    leads.response_days,
    leads.answered_within_an_hour,
    leads.response_working_hours,
    leads.answered_within_a_working_hour,
)

# So many customers stand on the page; the file has all of them.
MOST_CUSTOMERS = 40


def _shows(report: Report) -> Sequence[ReportPanel]:
    both = [each for each in (report.question, report.question.before) if each]
    ask_together(
        [
            Wanted(question=report.question, metrics=_LADDER, axes=(SOURCE,)),
            Wanted(question=report.question, metrics=_LADDER),
            Wanted(question=report.question, metrics=_OF_CUSTOMER, axes=(EXISTING_CUSTOMER,)),
            wanted_weekly(report, _RESPONSE),
            *(Wanted(question=each, metrics=_RESPONSE) for each in both),
            *(
                Wanted(question=each, metrics=[leads.talks_of_attempts], axes=(METHOD,))
                for each in both
            ),
            *(Wanted(question=each, metrics=[leads.leads], axes=(SOURCE,)) for each in both[1:]),
        ]
    )
    return [_by_source(report), _by_method(report), _customers(report), _response(report)]


def _by_source(report: Report) -> ReportPanel:
    question = report.question
    found = figures(question, _LADDER, SOURCE)
    whole = figures(question, _LADDER)
    before = question.before
    was = (
        {**leads.leads.measure(before, SOURCE), WHOLE: leads.leads.whole(before)} if before else {}
    )

    def at(metric: Metric, value: Any) -> Any:
        rows = whole if value == WHOLE else found
        return rows[metric.slug].get(value) or metric.of_nothing(question, SOURCE, value)

    def cells(value: Any) -> list[TableCell]:
        young, then = at(leads.open_leads, value).n, was.get(value)
        notes = [
            _("%(n)s open") % {"n": number(young)} if young else "",
            _("%(n)s before") % {"n": number(then.n)} if then else "",
        ]
        return [
            replace(counted(report, at(leads.leads, value)), note=" · ".join(filter(None, notes))),
            step(report, at(leads.talked, value)),
            step(report, at(leads.qualified, value)),
            step(report, at(leads.offered, value), at(leads.offered_value, value)),
            step(report, at(leads.won_of_leads, value), at(leads.won_of_leads_value, value)),
        ]

    heads = (_("Leads"), _("→ Conversations"), _("→ Qualified"), _("→ Proposals"), _("→ Won"))
    chart = forest(
        report,
        leads.won_of_leads,
        SOURCE,
        # An arrow alone at the end of a line would point at nothing.
        heads=[TableHead(text=head.replace("→ ", "→\N{NO-BREAK SPACE}")) for head in heads],
        cells=cells,
        also=list(found[leads.leads.slug]),
        # A young period of what began looks low until its deals are decided.
        is_beside=False,
    )
    everything = leads.leads.whole(question)
    young = (
        [_("Shares won are set beside none: what began before had longer to be won.")]
        if before
        else []
    )
    return ReportPanel(
        key="sources",
        title=_("From lead to won, by source"),
        template="reports/panels/dots.html",
        drawing=chart,
        table=table_of(chart),
        definition=leads.won_of_leads.definition,
        n=everything.n,
        coverage=everything.coverage,
        say=_differences(report),
        legend=beside_keys(chart),
        note=" ".join([_("Small print: the share of the leads, and what they are worth."), *young]),
        empty="" if everything.n else _("No deal began in this period: take a longer one."),
        wide=True,
    )


def _differences(report: Report) -> str:
    """Which sources lie beyond chance of all together, by name."""
    question = report.question
    found = leads.won_of_leads.measure(question, SOURCE)
    whole = leads.won_of_leads.whole(question)
    named = {name: found[key] for key, name in SOURCE.named(question, found).items() if key}
    names = apart(named, whole)
    better = [name for name in names if (named[name].value or 0) > (whole.value or 0)]
    worse = [name for name in names if name not in better]
    parts = []
    if better:
        parts.append(
            _("More than usual is won of what comes from *%(sources)s*.")
            % {"sources": join_list(better)}
        )
    if worse:
        parts.append(
            _("Less than usual is won of what comes from *%(sources)s*.")
            % {"sources": join_list(worse)}
        )
    none = _("No source differs from the others beyond chance.")
    return " ".join(parts) or unless_too_few(none, (each.n for each in named.values()))


def _by_method(report: Report) -> ReportPanel:
    question = report.question
    metric = leads.talks_of_attempts
    found = metric.measure(question, METHOD)

    def cells(value: Any) -> list[TableCell]:
        figure = metric.whole(question) if value == WHOLE else found.get(value)
        figure = figure or metric.of_nothing(question, METHOD, value)
        return [counted(report, figure)]

    chart = forest(report, metric, METHOD, heads=[TableHead(text=_("Attempts"))], cells=cells)
    whole = metric.whole(question)
    return ReportPanel(
        key="methods",
        title=_("How first conversations are won, by method"),
        template="reports/panels/dots.html",
        drawing=chart,
        table=table_of(chart),
        legend=beside_keys(chart),
        definition=metric.definition,
        n=whole.n,
        empty="" if whole.n else _("No attempt was recorded in this period: take a longer one."),
        wide=True,
    )


def _customers(report: Report) -> ReportPanel:
    """Numbers, never rates: of each customer there are few."""
    question = report.question
    found = figures(question, _OF_CUSTOMER, EXISTING_CUSTOMER)
    names = EXISTING_CUSTOMER.named(question, found[leads.leads.slug])

    def cell(metric: Metric, key: Any, value: Metric | None = None) -> TableCell:
        figure = found[metric.slug].get(key)
        if figure is None or (figure.part is not None and not figure.part):
            return TableCell(text="·", raw=0, tone="t3")
        worth = found[value.slug].get(key) if value else None
        return TableCell(
            text=number(figure.n if figure.part is None else figure.part),
            raw=figure.n if figure.part is None else figure.part,
            href=report.rows(figure, part=figure.part is not None),
            note=report.text(worth, short=True) if worth and worth.value else "",
        )

    def row(key: Any) -> TableRow:
        return TableRow(
            name=names[key],
            href=f"/companies/{key}/",
            cells=[
                cell(leads.leads, key),
                cell(leads.qualified, key),
                cell(leads.offered, key, leads.offered_value),
                cell(leads.won_of_leads, key, leads.won_of_leads_value),
            ],
        )

    rows = RowsOnDemand([key for key in names if key is not None], row)
    heads = (_("New deals"), _("Qualified"), _("Proposals"), _("Won"))
    return ReportPanel(
        key="customers",
        title=_("Existing customers by name"),
        definition=leads.leads.definition,
        n=len(rows),
        table=Table(
            heads=[TableHead(text=_("Customer, A to Z"), numeric=False)]
            + [TableHead(text=head) for head in heads],
            rows=rows,
            most=MOST_CUSTOMERS,
        ),
        note=_("The first %(n)s of %(all)s are shown; the file has all of them.")
        % {"n": number(MOST_CUSTOMERS), "all": number(len(rows))}
        if len(rows) > MOST_CUSTOMERS
        else "",
        empty=""
        if rows
        else _(
            "No deal of this period came from an existing customer. Choose the source "
            "“Existing customer” for those that did, and name it."
        ),
    )


def _response(report: Report) -> ReportPanel:
    question = report.question
    told, before = weekly(report, _RESPONSE), question.before
    time, soon, worked, soon_worked = (metric.whole(question) for metric in _RESPONSE)
    was = [metric.whole(before) if before else None for metric in _RESPONSE]
    trends = [told.get(metric.slug) for metric in _RESPONSE]
    coverage = time.coverage
    answered = _("%(n)s of %(all)s answered") % {
        "n": number(coverage.known),
        "all": number(coverage.population),
    }
    return ReportPanel(
        key="response",
        title=_("How soon leads are answered"),
        template="reports/panels/numbers.html",
        drawing=[
            report.headline(
                time,
                text=_response_text(time.value),
                more=[_("half were answered sooner"), answered, _response_was(was[0])],
                trend=trends[0],
            ),
            report.headline(soon, was=was[1], trend=trends[1]),
            report.headline(worked, more=[_working_words(report)], was=was[2], trend=trends[2]),
            report.headline(soon_worked, was=was[3], trend=trends[3]),
        ],
        empty="" if soon.n else _("No lead came in during this period."),
    )


def _working_words(report: Report) -> str:
    """The organisation's working hours: `Mon to Fri, 09:00 to 17:00`, each day by name where they do not
    follow one another."""
    hours = report.question.reader.organisation.working_hours
    names = get_day_names("abbreviated", locale=locale())
    opens, closes = (f"{at // 60:02}:{at % 60:02}" for at in (hours.opens, hours.closes))
    worked = sorted(hours.days)
    first, last = names[worked[0] - 1], names[worked[-1] - 1]
    if len(worked) > 2 and worked[-1] - worked[0] == len(worked) - 1:
        days = _("%(first)s to %(last)s") % {"first": first, "last": last}
    else:
        days = join_list(names[day - 1] for day in worked)
    return _("%(days)s, %(opens)s to %(closes)s") % {"days": days, "opens": opens, "closes": closes}


def _response_text(days: Any) -> str:
    """A length in days as hours, where it is less than two days."""
    if days is None:
        return _("unknown")
    if days < 2:
        return _("%(n)s h") % {"n": number(round(days * 24, 1))}
    return _("%(n)s d") % {"n": number(days)}


def _response_was(was: Figure | None) -> str:
    if was is None or not was.n:
        return ""
    said = {"value": _response_text(was.value), "n": f"n {number(was.n)}"}
    return _("%(value)s in the period before, %(n)s") % said


PAGE = ReportPage(
    key="sources",
    title=gettext_lazy("Sources"),
    shows=_shows,
    asks=("compare", "style", "product"),
    basis=gettext_lazy("by the day on which the deal began; present owner and team"),
)
