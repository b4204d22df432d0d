"""Notes on days, for the page on which they are written."""

import datetime as dt

from pipeline.models import Team, User
from reports.models import DayNote

# A note that was removed stands there for so long, to be put back.
KEPT_DAYS = 30
# Of more the latest days are listed.
MOST = 200


def notes(reader: User, *, at: dt.datetime) -> list[DayNote]:
    """Those in the reader's reach, the latest day first, with what was removed lately. One query."""
    lately = at - dt.timedelta(days=KEPT_DAYS)
    rows = DayNote.objects.visible_to(reader)
    rows = rows.standing() | rows.filter(removed_at__gte=lately)
    return list(rows.select_related("team", "changed_by").order_by("-on", "-pk")[:MOST])


def note_to_change(reader: User, pk: int) -> DayNote:
    """Raises DayNote.DoesNotExist for one that the reader may not change."""
    found: DayNote = DayNote.objects.editable_by(reader).select_related("team").get(pk=pk)
    return found


def led_teams(reader: User) -> list[Team]:
    """The teams for which the reader may note something, from A to Z."""
    teams = Team.objects.order_by("name", "pk")
    if not reader.scope.everything:
        teams = teams.filter(pk__in=sorted(reader.scope.managed_team_ids))
    return list(teams)
