"""Effort that came too early, or that leads to no close (METRICS K15 and K19; CHECKLIST B17, C14)."""

from django.db.models import Exists, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from crm.models import Ruling, StageVisit, Verdict
from pipeline.process.stages import Stage
from reports.figures import Definition, Goal, Unit
from reports.lifted import only_where
from reports.measures import FigureMeasure, Share, Summed
from reports.metric import metric
from reports.stock_populations import FAR
from reports.work_populations import DONE

_BY_DOING = _("by the moment at which it was done; who did it")
_RECORDED = _("all that was recorded; what was not recorded is not known")
_ruling = (
    Verdict.objects.filter(deal=OuterRef("deal"), at__lte=OuterRef("done_at"))
    .order_by("-at", "-pk")
    .values("ruling")[:1]
)
# Of what nobody ruled on there is none, which is no null: "not qualified" must find it.
_WAS_QUALIFIED = Q(Exact(Coalesce(Subquery(_ruling), Value("")), Ruling.QUALIFIED.value))


@metric(
    Definition(
        key="K19",
        goal=Goal.EFFECTIVE,
        name=_("Done before it was qualified"),
        text=_(
            "Of what was done on deals in needs analysis and beyond, the share that was done while "
            "nobody had recorded that both sides want to go on: effort that came too early."
        ),
        basis=_BY_DOING,
        formula=_("done in stages 4 to 7 without a verdict “qualified” ÷ done in stages 4 to 7"),
        covers=_RECORDED,
    ),
    over=DONE,
)
def effort_before_qualified() -> FigureMeasure:
    """Activities of stages 4 to 7 on deals that were not qualified then (CHECKLIST C14)."""
    far = Q(deal__isnull=False, stage__gte=Stage.NEEDS_ANALYSIS)
    return Share(part=~only_where(far, _WAS_QUALIFIED), among=far)


_STANDING = _("at the end of the day asked for; owner and stage of that day")
_NO_VERDICT = _("all of them: a verdict that is not on record is none")
_UNQUALIFIED = Q(is_qualified=False)


@metric(
    Definition(
        key="K15",
        goal=Goal.DEAL,
        name=_("Far along, not qualified"),
        text=_(
            "Of the deals that are open in needs analysis or beyond, the share of which nobody recorded "
            "that both sides want to go on. Qualify them, or let them go."
        ),
        basis=_STANDING,
        formula=_("open from stage 4 on without a verdict “qualified” ÷ open from stage 4 on"),
        covers=_NO_VERDICT,
    ),
    over=FAR,
)
def far_unqualified() -> FigureMeasure:
    """Open deals from stage 4 on that were never qualified, or are not any more (CHECKLIST C14)."""
    return Share(part=_UNQUALIFIED)


@metric(
    Definition(
        key="K15",
        goal=Goal.DEAL,
        name=_("Activities in what is not qualified"),
        text=_("How much was done so far on the deals that are far along and not qualified."),
        basis=_STANDING,
        covers=_NO_VERDICT,
    ),
    over=FAR,
)
def effort_in_unqualified() -> FigureMeasure:
    """How many activities were done on them (CHECKLIST C14)."""
    return Summed(of="effort", where=_UNQUALIFIED, unit=Unit.COUNT)


_closing_deal = StageVisit.objects.filter(
    Q(left_at=None, left_how=None) | Q(left_at__gt=OuterRef("done_at")),
    deal__company=OuterRef("company"),
    entry_owner=OuterRef("owner"),
    stage__gte=Stage.NEEDS_ANALYSIS,
    entered_at__lte=OuterRef("done_at"),
)


@metric(
    Definition(
        key="K19",
        goal=Goal.EFFECTIVE,
        name=_("Leads to no close"),
        text=_(
            "Of what was done, the share that contributes to no open stage: what counted for none, and "
            "what somebody did with a customer beside an open deal there whose stage, from needs analysis "
            "on, had begun with him or her. After qualification everything should lead to a close; service "
            "may well be outside."
        ),
        basis=_BY_DOING,
        formula=_("(for no stage + beside an open deal with the customer) ÷ all that was done"),
        covers=_RECORDED,
    ),
    over=DONE,
)
def leads_to_no_close() -> FigureMeasure:
    """Activities that contribute to no open stage (CHECKLIST B17)."""
    beside = only_where(Q(deal=None, company__isnull=False), Q(Exists(_closing_deal)))
    return Share(part=Q(stage=None) | beside)
