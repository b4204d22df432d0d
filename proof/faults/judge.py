"""What is there, compared with what was acknowledged."""

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from proof.faults.work import Intent, SentForm

MARK = re.compile(r"mark-\d+-\d+-\d+")


@dataclass(frozen=True, kw_only=True)
class BrokenPart:
    """One fault: when it began and was over, and when writing and reading worked again; monotonic
    seconds, `healed_at` None if it never did."""

    name: str
    began_at: float
    ended_at: float
    healed_at: float | None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def recovery(self) -> float | None:
        return None if self.healed_at is None else round(self.healed_at - self.ended_at, 1)


def stored(marks_of: dict[str, Iterable[str]]) -> dict[str, Counter[str]]:
    """How often each mark is found, by kind of intent."""
    return {
        kind: Counter(mark for text in texts for mark in MARK.findall(text))
        for kind, texts in marks_of.items()
    }


def in_database() -> dict[str, Counter[str]]:
    from crm.models import Activity, Deal, ProcessNote

    return stored(
        {
            "call": Activity.objects.values_list("body", flat=True),
            "deal": Deal.objects.values_list("name", flat=True),
            "note": ProcessNote.objects.values_list("words", flat=True),
        }
    )


def effects(intents: Sequence[Intent], found: dict[str, Counter[str]]) -> dict[str, int]:
    """lost: acknowledged and not there. doubled: there more than once. half: there, but its sender
    has never been told so."""
    times = [(each, found[each.kind][each.mark]) for each in intents]
    return {
        "intents": len(intents),
        "acknowledged": sum(each.acknowledged_at is not None for each in intents),
        "sent_again": sum(each.tries > 1 for each in intents),
        "lost": sum(each.acknowledged_at is not None and n == 0 for each, n in times),
        "doubled": sum(n > 1 for _each, n in times),
        "never_acknowledged": sum(each.acknowledged_at is None for each in intents),
    }


def mails(sent: Sequence[str], expected: int) -> dict[str, int]:
    """By their Message-ID, which is that of the row that they were sent for."""
    rows = Counter(re.findall(r"Message-ID: <outbox\.(\d+)\.", "\n".join(sent)))
    return {
        "mails_expected": expected,
        "mails_missing": expected - len(rows),
        "mails_sent_again": sum(count - 1 for count in rows.values()),
    }


def errors_outside(tries: Iterable[SentForm], broken: Sequence[BrokenPart]) -> list[str]:
    """What was answered by 5xx, or not at all, while nothing was broken."""

    def is_outside(each: SentForm) -> bool:
        ends = [(b.began_at, b.healed_at or float("inf")) for b in broken]
        return not any(each.ended_at >= start and each.began_at <= end for start, end in ends)

    bad = (each for each in tries if each.status is None or each.status >= 500)
    return [f"{each.status} {each.path}" for each in bad if is_outside(each)]


def summary_of(broken: BrokenPart, tries: Sequence[SentForm]) -> dict[str, Any]:
    end = broken.healed_at or float("inf")
    during = [t for t in tries if t.ended_at >= broken.began_at and t.began_at <= end]
    times = [t.ended_at - t.began_at for t in during]
    statuses = Counter("no answer" if t.status is None else str(t.status) for t in during)
    unworded = sum(n for status, n in statuses.items() if status[0] == "5" and status != "503")
    return {
        "fault": broken.name,
        "lasted_s": round(broken.ended_at - broken.began_at, 1),
        "recovery_s": broken.recovery,
        "answers": dict(sorted(statuses.items())),
        "errors_without_words": unworded,
        "median_s": round(statistics.median(times), 2) if times else None,
        "slowest_s": round(max(times), 2) if times else None,
        "slowest_503_s": round(
            max((t.ended_at - t.began_at for t in during if t.status == 503), default=0), 2
        ),
        **broken.more,
    }
