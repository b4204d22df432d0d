"""What the demo's teams noted on days, how long its people typed in forms, and which hours they keep
free."""

import datetime as dt
from collections.abc import Iterator, Mapping

from day.models import ProtectedTime
from demo import people
from pipeline.models import Role
from reports.models import DayNote, FormKind, FormTime

# Days ago, for which team, what happened.
NOTES = (
    (204, people.ORGANISATION, "New price list"),
    (88, "Vienna", "Three days at the trade fair in Linz"),
    (47, "Hamburg", "Jonas away for two weeks"),
)
# Forms are counted since so many days.
COUNTED_DAYS = 60
# Of each kind the forms of a day, and the seconds of one.
FORMS = ((FormKind.TALKS, 5, 38), (FormKind.MOVES, 2, 21), (FormKind.RECORDS, 2, 64))


# The weekdays on which who sells keeps the first hours free for prospecting.
KEPT_FREE = ((2, 4), (1, 3), (3, 5))


def kept_free(*, user: Mapping[str, int]) -> Iterator[ProtectedTime]:
    """Half past eight to ten, on two days of each week."""
    selling = [
        pk
        for name, pk in user.items()
        if people.BY_NAME[name].role == Role.SALESPERSON and not people.BY_NAME[name].left_months
    ]
    for number, pk in enumerate(selling):
        for weekday in KEPT_FREE[number % len(KEPT_FREE)]:
            yield ProtectedTime(
                owner_id=pk, weekday=weekday, starts=dt.time(8, 30), ends=dt.time(10)
            )


def notes(
    *, team: Mapping[str, int], user: Mapping[str, int], at: dt.datetime
) -> Iterator[DayNote]:
    """Those of the teams that there are, by who leads them; `team` and `user` are ids by name."""
    for ago, name, words in NOTES:
        by = user.get(people.MANAGER_OF[name])
        if name in team and by is not None:
            when = at - dt.timedelta(days=ago)
            yield DayNote(
                team_id=team[name], on=when.date(), words=words, changed_by_id=by, changed_at=when
            )


def form_times(*, user: Mapping[str, int], at: dt.datetime) -> Iterator[FormTime]:
    """Of who sells and is still there, on working days; everybody types at an own pace."""
    today = at.astimezone(people.zone()).date()
    for pace, (name, pk) in enumerate(user.items()):
        person = people.BY_NAME[name]
        if person.role != Role.SALESPERSON or person.left_months:
            continue
        for ago in range(1, COUNTED_DAYS):
            day = today - dt.timedelta(days=ago)
            if day.weekday() < 5:
                for kind, forms, seconds in FORMS:
                    sent = forms + (ago + pace) % 3
                    typed = sent * (seconds + 3 * pace)
                    yield FormTime(person_id=pk, on=day, kind=kind, sent=sent, seconds=typed)
