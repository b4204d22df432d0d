from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.models import Deal, StageVisit
from pipeline.process import moves
from pipeline.process.moves import Visit
from pipeline.process.stages import Outcome

CHUNK = 1_000


class Command(BaseCommand):
    help = (
        "Check that every deal's visits follow from each other and that the deal repeats the "
        "latest one. Prints what is wrong, and fails if anything is."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        checked = faulty = 0
        for deals, visits in _chunks():
            for deal in deals:
                checked += 1
                if faults := _faults(deal, visits[deal.pk]):
                    faulty += 1
                    self.stdout.write(f"deal {deal.pk}: {'; '.join(faults)}")
        if faulty:
            raise CommandError(f"{faulty} of {checked} deals have a broken history.")
        self.stdout.write(f"{checked} deals have an unbroken history.")


def _chunks() -> Iterator[tuple[list[Deal], dict[int, list[Visit]]]]:
    """Some deals at a time with their stays, by keyset: the memory stays flat.

    Server-side cursors are off (settings), so `iterator()` would hold every row.
    """
    fields = ("pk", "stage", "stage_entered_at", "outcome", "closed_at")
    last = 0
    while deals := list(Deal.objects.filter(pk__gt=last).order_by("pk").only(*fields)[:CHUNK]):
        visits: dict[int, list[Visit]] = defaultdict(list)
        rows = StageVisit.objects.filter(deal_id__gt=last, deal_id__lte=deals[-1].pk)
        for row in rows.order_by("deal_id", "sequence"):
            visits[row.deal_id].append(row.visit)
        yield deals, visits
        last = deals[-1].pk


def _faults(deal: Deal, visits: list[Visit]) -> list[str]:
    if not visits:
        return ["has no visits"]
    faults, last = moves.broken_links(visits), visits[-1]
    if deal.stage != last.stage:
        faults.append(f"stage is {deal.stage}, the latest visit's {last.stage.value}")
    if deal.stage_entered_at != last.entered_at:
        faults.append(f"entered at {deal.stage_entered_at}, the latest visit {last.entered_at}")
    outcome = moves.outcome_of(last)
    if deal.outcome != outcome:
        faults.append(f"outcome is {deal.outcome}, the latest visit says {outcome.value}")
    if outcome != Outcome.OPEN and last.left_at and deal.closed_at != last.left_at:
        faults.append(f"closed at {deal.closed_at}, the latest visit {last.left_at}")
    return faults
