"""How far an organisation is with its first steps: computed from its records, not ticked off."""

import datetime as dt
import enum
from dataclasses import dataclass, field

from crm.models import Deal
from pipeline.models import Batch, BatchKind, FirstRun, Invitation, User


class Task(enum.StrEnum):
    """What makes an organisation one's own, in the order in which it helps."""

    ORGANISATION = "organisation"
    PEOPLE = "people"
    IMPORT = "import"
    RECALL = "recall"
    PROCESS = "process"
    DEAL = "deal"


class State(enum.StrEnum):
    DONE = "done"
    UNDER_WAY = "under-way"
    PUT_OFF = "put-off"
    NOT_YET = "not-yet"


@dataclass(frozen=True, kw_only=True)
class FirstRunState:
    """`joined` are names of others who have signed in, `waiting` of invited people who have not.
    `sample` is the present sample data, `taken_away` the one removed last."""

    put_away: bool
    states: dict[Task, State]
    joined: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    sample: Batch | None = None
    taken_away: Batch | None = None

    @property
    def done(self) -> int:
        return sum(state == State.DONE for state in self.states.values())

    @property
    def under_way(self) -> int:
        return sum(state == State.UNDER_WAY for state in self.states.values())

    @property
    def next(self) -> Task | None:
        """The first task that is neither done nor put off."""
        settled = (State.DONE, State.PUT_OFF)
        return next((task for task, state in self.states.items() if state not in settled), None)


_TRIED_OUT = (BatchKind.SAMPLE, BatchKind.TOUR)
# Whoever thinks better of it has this long.
BRING_BACK = dt.timedelta(minutes=10)


def first_run_state(user: User, *, at: dt.datetime) -> FirstRunState:
    """The state of the first steps at an instant, for an admin. Seven queries."""
    run = FirstRun.objects.visible_to(user).first() or FirstRun()
    others = User.objects.active().filter(batch=None).exclude(pk=user.pk)
    joined = list(others.able_to_sign_in().order_by("name").values_list("name", flat=True)[:50])
    waiting = list(
        Invitation.objects.open()
        .order_by("person__name")
        .values_list("person__name", flat=True)[:50]
    )
    loaded = Batch.objects.filter(kind=BatchKind.IMPORT, undone_at=None).exists()
    facts = {
        Task.ORGANISATION: State.DONE,  # nobody founds one without its settings
        Task.PEOPLE: _of(bool(joined) and not waiting, bool(joined or waiting)),
        Task.IMPORT: _of(loaded, run.import_begun_at is not None),
        Task.RECALL: _of(run.recalled_at is not None),
        Task.PROCESS: _of(run.process_seen_at is not None),
        Task.DEAL: _of(Deal.objects.open().exclude(batch__kind__in=_TRIED_OUT).exists()),
    }
    states = {
        task: State.PUT_OFF if state == State.NOT_YET and task in run.put_off else state
        for task, state in facts.items()
    }
    sample = Batch.objects.sample()
    return FirstRunState(
        put_away=run.put_away_at is not None,
        states=states,
        joined=joined,
        waiting=waiting,
        sample=sample,
        taken_away=None if sample else _just_taken_away(at),
    )


def is_start(user: User, *, at: dt.datetime) -> bool:
    """Whether the first steps are the start page of an admin: until all is done or it is put away."""
    if not FirstRun.objects.visible_to(user).filter(put_away_at=None).exists():
        return False
    found = first_run_state(user, at=at)
    return found.done < len(found.states)


def _of(done: bool, begun: bool = False) -> State:
    if done:
        return State.DONE
    return State.UNDER_WAY if begun else State.NOT_YET


def _just_taken_away(at: dt.datetime) -> Batch | None:
    gone = Batch.objects.filter(kind=BatchKind.SAMPLE, undone_at__gt=at - BRING_BACK)
    return gone.order_by("-undone_at").first()


def colleagues(user: User) -> list[User]:
    """People whom `user` manages and who can sign in, but for sample people."""
    others = User.objects.manageable_by(user).able_to_sign_in().filter(batch=None)
    return list(others.order_by("name")[:20])
