"""What the records of a deal say: the facts that gates and steps are judged by (METHOD, "Gates").

The view `crm_dealfacts` alone decides what counts as a fact; what follows from it is `pipeline.process.gates`' matter.

- PARTY: a person of the other side is named. Nobody can talk to a company.
- SOURCE: where the deal came from.
- CONVERSATION: something that was done and whose result says that both sides spoke
  (`crm.models.activity.HELD`).
- AGREEMENT: a meeting was set, a conversation was held (so they agreed to it), or the agreement was
  recorded against the framework's step (`AGREEMENT_STEP`). Attempts never count (G3), nor does what
  has no result.
- QUALIFIED: the latest verdict says so.
- PROBLEM: a need that was not dropped; WORTH: one of them with its worth.
- DECISION_PATH: somebody decides, and it is written how.
- CONFIRMED: the customer confirmed a need or the path.
- OFFER: one that was not withdrawn. The current one is the latest of these: OFFER_SENT_TO where it
  names people, OFFER_FITS where it has lines and each answers a need.
- DECISION_DATE: of the current offer or the decision path.
- CONCERNS_RECORDED: any; CONCERNS_SETTLED: none is open, and there were some or the deal came to
  the stage for them.
- ASKED: a closing attempt. HAND_OFF: one was recorded. NEXT: something is planned.

An existing customer is one who is a customer by more than the deal in question.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from crm.models import Deal
from pipeline.process.gates import Facts
from pipeline.process.playbook import Fact
from pipeline.process.stages import Stage
from salesprocess.lib.prepared import run

# The step of the framework against which an agreement is recorded that no activity shows.
AGREEMENT_STEP = "agreement"

# The view has a column for each fact, which is called as the fact is. It is read as if its text stood
# here: with the ids of 1, 50 or 350 deals out of 150,000 the plan is the same, and so are the times.
_FACTS = ", ".join(f"facts.{fact.value}" for fact in Fact)
_SELECT = f"""
SELECT
    facts.id, {_FACTS}, facts.settled, facts.unsettled, facts.existing_customer,
    coalesce(facts.parked_till > %(at)s, false) {{also}}
FROM crm_dealfacts facts {{joined}}
WHERE facts.id = ANY(%(ids)s)
"""  # noqa: S608  # nothing but its own words
# How many columns are the facts themselves.
_OWN = len(Fact) + 5


def facts(deal: Deal | int, *, at: dt.datetime | None = None) -> Facts:
    """What the records of the deal say, at `at` (by default now) where they depend on time: whether
    it is parked. One query. Raises Deal.DoesNotExist.
    """
    pk = deal if isinstance(deal, int) else deal.pk
    try:
        return facts_of([pk], at=at)[pk]
    except KeyError:
        raise Deal.DoesNotExist from None


def facts_of(deal_ids: Iterable[int], *, at: dt.datetime | None = None) -> dict[int, Facts]:
    """The facts of each of the deals that are there, by id. One query for all."""
    return {pk: found for pk, (found, _also) in facts_each(deal_ids, at=at).items()}


def facts_each(
    deal_ids: Iterable[int],
    also: str = "",
    joined: str = "",
    *,
    at: dt.datetime | None = None,
) -> dict[int, tuple[Facts, tuple[Any, ...]]]:
    """As `facts_of`, each together with what `also` asks: columns of SQL that may name `facts.id`
    and what is `joined` to it.

    One query for all.
    """
    ids = list(deal_ids)
    if not ids:
        return {}
    sql = _SELECT.format(also=f", {also}" if also else "", joined=joined)
    rows = run(sql, {"ids": ids, "at": at or timezone.now()})
    return {row[0]: (_read(*row[1:_OWN]), row[_OWN:]) for row in rows}


def facts_with(deal: int, also: str, **asked: Any) -> tuple[Facts, tuple[Any, ...]]:
    """The facts of one deal together with what `also` asks: columns of SQL that may name
    `%(deal)s` and what is given by name. One query. Raises Deal.DoesNotExist.
    """
    given = {"ids": [deal], "at": timezone.now(), "deal": deal}
    for row in run(_SELECT.format(also=f", {also}", joined=""), given | asked):
        return _read(*row[1:_OWN]), row[_OWN:]
    raise Deal.DoesNotExist


def _read(*columns: Any) -> Facts:
    *known, settled, concerns_open, existing, parked = columns
    return Facts(
        # What cannot be said (no path, no verdict, no lines) is null, which is as good as no.
        known=frozenset(fact for fact, says in zip(Fact, known, strict=True) if says),
        settled=frozenset(_place(text) for text in settled or ()),
        concerns_open=concerns_open,
        existing_customer=bool(existing),
        parked=parked,
    )


def _place(text: str) -> tuple[Stage, str]:
    stage, key = text.split(" ", 1)
    return Stage(int(stage)), key
