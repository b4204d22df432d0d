"""What was missing when deals moved forward all the same: which fact or step of which stage, and by
whom (METRICS K20)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Count, Exists, F, OuterRef, Q

from crm.models import Judgement, StageVisit
from pipeline.process.gates import Reason
from reports.flow_populations import FORWARD
from reports.populations import EXITS
from reports.question import Question

# So many of what was gone past most often are told apart.
MOST = 6


class AskedFor(NamedTuple):
    """A fact or a step of a stage, as an address has it: `4-step-floor-plan`."""

    stage: int
    kind: str
    name: str

    @property
    def key(self) -> str:
        return "-".join((str(self.stage), self.kind, self.name))

    @property
    def finding(self) -> dict[str, Any]:
        """The part of a judgement's finding that names it."""
        return {"stage": self.stage, self.kind: self.name}

    @classmethod
    def of(cls, key: str) -> "AskedFor":
        """Raises ValueError for what names none."""
        stage, kind, name = key.split("-", 2)
        if kind not in ("fact", "step") or not 1 <= int(stage) <= 7 or not 0 < len(name) <= 60:
            raise ValueError(key)
        return cls(int(stage), kind, name)


def gone_past_in(visit: str = "pk") -> Any:
    """The judgements of a visit, but for those of imports, which could not say."""
    return Judgement.objects.filter(visit=OuterRef(visit)).exclude(reason=Reason.IMPORTED)


def gates_kept_by_own_team(question: Question) -> tuple[int, int, int]:
    """Of the visits of the reader's team that ended forwards in the period, whosever they are: how
    many with nothing missing, how many there are, and of how many people. For what is told of all of
    them together only; one query."""
    period = question.period
    visits = StageVisit.objects.filter(
        FORWARD,
        question.of_everybody().of_visits(),
        entry_team=question.reader.team_id or 0,
        left_at__gte=period.starts_at,
        left_at__lt=period.ends_at,
    )
    found = visits.aggregate(
        kept=Count("pk", filter=~Q(Exists(gone_past_in()))),
        n=Count("pk"),
        people=Count("entry_owner", distinct=True),
    )
    return found["kept"], found["n"], found["people"]


def went_past(asked_for: AskedFor) -> Q:
    """Of visits: those that were left without it."""
    return Q(Exists(gone_past_in().filter(findings__contains=[asked_for.finding])))


@dataclass(frozen=True, kw_only=True)
class GonePast:
    """How often each was gone past in the stage to which it belongs, and by which people."""

    times: Mapping[AskedFor, int]
    people: Mapping[AskedFor, frozenset[int]]

    @property
    def most(self) -> Sequence[AskedFor]:
        """Those that were gone past most often, the first ones in the order of the stages first."""
        ordered = sorted(self.times, key=lambda each: (-self.times[each], each))
        return ordered[:MOST]

    def most_from(self, stage: int, *, at_least: int) -> Sequence[AskedFor]:
        """Those of a stage and of all behind it that were gone past so many times: first what was most often
        in each of these stages, since to the last ones only few deals come."""
        ranks: Counter[int] = Counter()
        found = []
        for each in sorted(self.times, key=lambda each: (-self.times[each], each)):
            if each.stage >= stage and self.times[each] >= at_least:
                found.append((ranks[each.stage], each))
                ranks[each.stage] += 1
        return [each for _rank, each in sorted(found)][: 2 * MOST]


def gone_past_by(question: Question) -> GonePast:
    """Of the visits that ended forwards in the period; one query."""
    return question.once("gone past", lambda: _gone_past(question))


def _gone_past(question: Question) -> GonePast:
    visits = EXITS.find(question).filter(FORWARD)
    rows = (
        Judgement.objects.exclude(reason=Reason.IMPORTED)
        .filter(visit__in=visits.values("pk"))
        .order_by()
        .values_list("findings", F("visit__stage"), F("visit__entry_owner"))
        .annotate(n=Count("visit", distinct=True))
    )
    times: Counter[AskedFor] = Counter()
    people: dict[AskedFor, set[int]] = {}
    for findings, stage, owner, n in rows:
        for each in {_asked_for(one) for one in findings if one["stage"] == stage}:
            times[each] += n
            people.setdefault(each, set()).add(owner)
    return GonePast(times=times, people={each: frozenset(who) for each, who in people.items()})


def _asked_for(finding: Mapping[str, Any]) -> AskedFor:
    kind = "step" if "step" in finding else "fact"
    return AskedFor(finding["stage"], kind, finding[kind])
