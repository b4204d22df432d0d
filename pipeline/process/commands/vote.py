import datetime as dt

from pipeline.models import StepVote, User, Vote
from pipeline.process.stages import Stage


def vote(*, stage: Stage, key: str, choice: Vote | None, by: User, at: dt.datetime) -> None:
    """Say whether a step helps; None takes it back. The last word of each person counts (A5)."""
    if choice is None:
        StepVote.objects.filter(user=by, stage=stage, key=key).delete()
        return
    StepVote.objects.update_or_create(
        user=by, stage=stage, key=key, defaults={"vote": choice, "at": at}
    )
