"""What only a person knows about a file: how its dates and numbers are read, and what its words mean."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.forms import BoundField
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import StopCause
from exchange import queries
from exchange.commands.made import Made
from exchange.forms.columns import CHANGED_LABELS, label_of
from exchange.imports import dates, guessing
from exchange.imports.answers import headings, kind_of, mapping_of
from exchange.imports.mapping import LEAVE, OVERWRITE, one_answer
from exchange.imports.scanning import in_words
from exchange.imports.steps import AnsweredStep
from exchange.imports.updatable import NOTE, POINTS
from exchange.models import ImportJob, ImportKind
from exchange.words import NEW, NOTHING, OURS, OurWords, TheirWord, made_of
from exchange.words import of_job as _words_of
from pipeline.models import User
from pipeline.process.stages import Initiator, Outcome, Stage
from salesprocess.lib.attempt import CommandForm
from salesprocess.lib.format import number as number_text

_ORDERS = {
    "dmy": gettext_lazy("Day, month, year, whatever stands between"),
    "mdy": gettext_lazy("Month, day, year, whatever stands between"),
    "ymd": gettext_lazy("Year, month, day, whatever stands between"),
}


def input_name(about: str, word: str) -> str:
    """Of an input that asks about a word of theirs: the same on every page that asks about it, so that a
    page that was shown before says nothing of another one."""
    return f"{about}-{hashlib.blake2b(word.encode(), digest_size=10).hexdigest()}"


@dataclass(frozen=True, kw_only=True)
class AskedColumn:
    """A column of dates or numbers as the page shows it: where it goes to, how it is read, what
    else it could be, and an input for how else it is written (dates only)."""

    name: str
    labels: str
    bound: BoundField
    example: BoundField | None
    is_asked: bool
    is_mixed: bool
    is_remembered: bool
    line: int
    text: str
    meanings: list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class AskedWords:
    """The words of a field that are none of ours; `open` are without an answer or a guess, and can
    all be answered `at_once`: by NEW, which makes `new_words` of them, or NOTHING."""

    field: str
    label: str
    words: list[tuple[TheirWord, BoundField]]
    open: int
    at_once: set[str]

    @property
    def anchor(self) -> str:
        """Of its table on the page."""
        return self.field if self.field.isidentifier() else input_name("answers", self.field)

    @property
    def guessed(self) -> int:
        """How many keep rows out of which is suggested what they are."""
        return sum(1 for word, _bound in self.words if word.rows) - self.open

    @property
    def new_words(self) -> str:
        said = {"n": number_text(self.open)}
        if self.field == "owner":
            return _("Bring in these %(n)s as people who have left") % said
        if self.field == "team":
            return _("Make these %(n)s teams") % said
        return _("Put these %(n)s on the list") % said


class AnswersForm(CommandForm):
    """How columns are read and which of ours a foreign stage is: what only a person can say has no
    answer yet, the rest can be changed."""

    NO_ANSWER: ClassVar = gettext_lazy("Choose what is meant.")

    def __init__(self, data: Any = None, *, job: ImportJob, by: User, **options: Any) -> None:
        super().__init__(data, **options)
        self.job = job
        self._asked = list(job.questions.get("formats", ()))
        readings = job.readings.get("columns", {})
        self._columns = sorted(readings, key=lambda column: column not in self._asked)
        self._readings: dict[str, dict[str, Any]] = readings
        self._stages: list[str] = job.readings.get("stages", [])
        for column in self._columns:
            self._add_format(column)
        outcomes = _outcomes() if self._stages else []
        for word in self._stages:
            self._add_stage(word, outcomes)
        self._changed = queries.changed_fields(job)
        for changed in self._changed:
            self._add_changed(changed)
        self._words = list(_words_of(job))
        if self._words:
            kinds = {each.field for each in self._words}
            ours = OurWords(by=by, kinds=kinds, of=job.kind, steps=self._steps)
            for each in self._words:
                self._add_word(each, ours)

    @cached_property
    def _steps(self) -> dict[str, AnsweredStep]:
        """The step that each column of answers answers."""
        if self.job.kind != ImportKind.ANSWERS or "columns" not in self.job.answers:
            return {}
        return mapping_of(self.job).kinds[0].steps

    def _label_of_changed(self, name: str) -> str:
        by_name = {step.name: step.label for step in self._steps.values()}
        return by_name.get(name) or str(CHANGED_LABELS[name])

    def _add_format(self, column: str) -> None:
        reading, asked = self._readings[column], column in self._asked
        answers = self.job.answers
        way = answers.get("formats", {}).get(column) or answers.get("found", {}).get(column, "")
        ways = [each for each, _rows in reading["ways"]]
        if way and way not in ways:
            ways.append(way)
        self.fields[input_name("format", column)] = forms.ChoiceField(
            label=column,
            choices=[(each, self._in_words(reading, each)) for each in ways],
            widget=forms.RadioSelect,
            required=False,
        )
        if not asked:
            self.initial[input_name("format", column)] = way
        if reading["dates"]:
            self.fields[input_name("example", column)] = forms.CharField(
                label=_("Otherwise: 31 December 2016, as this column would write it"),
                max_length=60,
                required=False,
            )

    def _add_stage(self, word: str, outcomes: list[tuple[str, Any]]) -> None:
        answers = self.job.answers
        known = answers.get("stages", {}).get(word) or answers.get("hints", {}).get(word)
        stage, outcome = _first(known, guessing.stage(word))
        choices = [(each.key, f"{each.value} {each.short}") for each in Stage]
        self.fields[input_name("stage", word)] = forms.ChoiceField(
            label=_("Stage"),
            choices=choices if stage else [("", "–"), *choices],
            error_messages={"required": self.NO_ANSWER},
        )
        self.fields[input_name("outcome", word)] = forms.ChoiceField(
            label=_("Outcome"), choices=outcomes
        )
        self.initial[input_name("stage", word)], self.initial[input_name("outcome", word)] = (
            stage,
            outcome,
        )

    def _add_changed(self, changed: queries.ChangedField) -> None:
        only_added = changed.name in (*POINTS, NOTE)
        choices = [
            (
                "",
                _("Add what is new")
                if only_added
                else _("Change, but not what people changed here"),
            )
        ]
        if not only_added and changed.name != "stage":  # what people did here is history
            choices.append((OVERWRITE, _("Change all, over people’s changes, too")))
        choices.append((LEAVE, _("Leave as it is here")))
        self.fields[f"update-{changed.name}"] = forms.ChoiceField(
            label=self._label_of_changed(changed.name), choices=choices, required=False
        )
        said = self.job.answers.get("update", {})
        self.initial[f"update-{changed.name}"] = said.get(changed.name, "")

    def changed(self) -> list[tuple[queries.ChangedField, BoundField]]:
        """The fields of records on file that the file would change."""
        return [(each, self[f"update-{each.name}"]) for each in self._changed]

    def update(self) -> dict[str, str]:
        """What is to happen to them; what was said at once for all of them goes before."""
        of_all = self.data.get("all-update", "")
        found = {}
        for each, bound in self.changed():
            if bound.html_name in self.data:
                at_once = of_all if of_all in self._choices(bound.name) else ""
                found[each.name] = at_once or self.cleaned_data[bound.name]
        return found

    def leave_empty(self) -> list[str]:
        """The fields that stay empty where they cannot be read: those of before, and what was pressed."""
        said = set(self.job.answers.get("leave_empty", ()))
        said |= self._can_be_empty(self.data.get("leave-empty", ""))
        return sorted(said - self._can_be_empty(self.data.get("not-empty", "")))

    def left_empty(self) -> list[str]:
        """Their columns."""
        columns, left = self.job.answers["columns"], self.leave_empty()
        said = [columns[name][0] for name in left if name in columns and name != "answers"]
        said += [each for each in columns.get("answers", ()) if one_answer(each) in left]
        return list(dict.fromkeys(said))

    def _can_be_empty(self, column: str) -> set[str]:
        named = self.job.answers["columns"].items()
        fields = {name for name, columns in named if column in columns}
        if "answers" in fields:
            return {one_answer(column)}
        # Files by command name none here, and are of no one kind.
        return {name for name in fields if kind_of(self.job.kind).field(name).can_be_left_empty}

    def asked_of(self, column: str) -> "AskedWords | None":
        """The words of a column that are none of ours."""
        named = self.job.answers["columns"]
        return next(
            (
                each
                for each in self._asked_fields
                if column == (named[each.field][0] if each.field in named else each.field)
            ),
            None,
        )

    @cached_property
    def _asked_fields(self) -> list["AskedWords"]:
        return self.their_words()

    def _add_word(self, word: "TheirWord", ours: "OurWords") -> None:
        self.fields[word.name] = forms.ChoiceField(
            label=_("%(field)s “%(word)s”")
            % {"field": label_of(self.job.kind, word.field), "word": word.text},
            choices=ours.choices(word),
            required=False,
        )
        self.initial[word.name] = ours.initial(word)

    def their_words(self) -> list["AskedWords"]:
        """Words of theirs that are none of ours, by field, each with what it is to be."""
        found: dict[str, list[tuple[TheirWord, BoundField]]] = {}
        for word in self._words:
            found.setdefault(word.field, []).append((word, self[word.name]))
        return [
            AskedWords(
                field=field,
                label=label_of(self.job.kind, field),
                words=words,
                open=sum(bool(word.rows) and not self.initial[bound.name] for word, bound in words),
                at_once=self._choices(words[0][1].name) & {NEW, NOTHING},
            )
            for field, words in found.items()
        ]

    def _said_of(self, word: TheirWord) -> str:
        """What a word is: as was chosen, else as was said of all words of its field."""
        said: str = self.cleaned_data[word.name]
        of_all = self.data.get(f"all-{word.field}", "")
        return said or (of_all if of_all in self._choices(word.name) else "")

    def _asked_words(self) -> Iterator[TheirWord]:
        """Those that the page had which was sent: it says nothing of words that turned up since."""
        return (word for word in self._words if word.name in self.data)

    def _choices(self, name: str) -> set[str]:
        choices: list[tuple[str, Any]] = self.fields[name].choices  # type: ignore[attr-defined]  # of a ChoiceField
        return {value for value, _label in choices}

    def values(self) -> dict[str, dict[str, str | None]]:
        """What each of their words is: one of ours, nothing, or not said."""
        found: dict[str, dict[str, str | None]] = {}
        for word in self._asked_words():
            said = self._said_of(word)
            if said == NOTHING:
                found.setdefault(word.field, {})[word.text] = ""
            elif said.startswith(OURS):
                found.setdefault(word.field, {})[word.text] = said.removeprefix(OURS)
            elif word.said is not None:
                found.setdefault(word.field, {})[word.text] = None
        return found

    def new(self) -> list[Made]:
        """What is to be made of their words."""
        return [made_of(word) for word in self._asked_words() if self._said_of(word) == NEW]

    @staticmethod
    def _in_words(reading: dict[str, Any], way: str) -> str:
        """Samples and what they mean, and how many rows this reads if not all."""
        meanings = [f"{text} → {words}" for text, words in _meanings(reading, way)]
        words = ", ".join(meanings)
        if way in dates.ORDERS:
            words = f"{_ORDERS[way]}: {words}"
        rows = next((rows for each, rows in reading["ways"] if each == way), reading["rows"])
        if rows < reading["rows"]:
            of = _("%(rows)s of %(all)s rows") % {
                "rows": number_text(rows),
                "all": number_text(reading["rows"]),
            }
            words = f"{words} ({of})"
        return words

    def columns(self) -> Iterator[AskedColumn]:
        """What is asked comes first."""
        remembered = self.job.answers.get("remembered", ())
        step_labels = {heading: step.label for heading, step in self._steps.items()}
        for column in self._columns:
            reading, name = self._readings[column], input_name("format", column)
            line, text = next(iter(reading["samples"]), None) or reading["unread"] or (0, "")
            yield AskedColumn(
                name=column,
                labels=_labels_of(self.job, column, step_labels),
                bound=self[name],
                example=self[input_name("example", column)] if reading["dates"] else None,
                is_asked=column in self._asked,
                is_mixed=reading["mixed"],
                is_remembered=column in remembered,
                line=line,
                text=text,
                meanings=_meanings(reading, self.initial.get(name, "")),
            )

    def left_out(self) -> list[str]:
        """The columns of the file that go nowhere."""
        named = {column for columns in self.job.answers["columns"].values() for column in columns}
        return [column for column in headings(self.job.columns) if column not in named]

    def asked(self) -> list[AskedColumn]:
        return [column for column in self.columns() if column.is_asked]

    def asked_stages(self) -> Iterator[tuple[str, BoundField, BoundField]]:
        for word in self._stages:
            yield word, self[input_name("stage", word)], self[input_name("outcome", word)]

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        for column in self._columns:
            example = said.get(input_name("example", column), "")
            if example:
                way = dates.way_of(example)
                said[input_name("format", column)] = way
                if not way:
                    words = _("This cannot be read as 31 December 2016 in one way.")
                    self.add_error(input_name("example", column), words)
            elif column in self._asked and said.get(input_name("format", column)) == "":
                self.add_error(input_name("format", column), self.NO_ANSWER)
        return said

    def formats(self) -> dict[str, str]:
        """What was asked, and what is otherwise than it was read."""
        found = {}
        for column in self._columns:
            way = self.cleaned_data.get(input_name("format", column), "")
            if way and (
                column in self._asked or way != self.initial.get(input_name("format", column))
            ):
                found[column] = way
        return found

    def stages(self) -> dict[str, dict[str, str]]:
        found = {}
        for word in self._stages:
            outcome, _sign, rest = self.cleaned_data[input_name("outcome", word)].partition(":")
            initiator, _sign, cause = rest.partition(":")
            meaning = {"stage": self.cleaned_data[input_name("stage", word)], "outcome": outcome}
            if outcome == Outcome.STOPPED:
                meaning |= {"initiator": initiator, "cause": cause}
            found[word] = meaning
        return found


def _meanings(reading: dict[str, Any], way: str) -> list[tuple[str, str]]:
    """The samples of a column that can be read in a way, each with what it means then."""
    if not way:
        return []
    found = [
        (text, in_words(text, way, dates=reading["dates"])) for _line, text in reading["samples"]
    ]
    return [(text, words) for text, words in found if words]


def _labels_of(job: ImportJob, column: str, step_labels: Mapping[str, str]) -> str:
    """Where a column goes to."""
    named = job.answers["columns"].items()
    return ", ".join(
        step_labels.get(column) or label_of(job.kind, name)
        for name, columns in named
        if column in columns
    )


def _outcomes() -> list[tuple[str, Any]]:
    """Open, won, and each way to be stopped, by whose decision it was."""
    causes = list(StopCause.objects.active().order_by("pk"))
    stops = [
        (
            str(initiator.label),
            [
                (
                    f"{Outcome.STOPPED}:{initiator}:{cause.key}",
                    _("Stopped: %(why)s") % {"why": cause},
                )
                for cause in causes
                if cause.initiator in ("", initiator)
            ],
        )
        for initiator in Initiator
    ]
    return [
        (Outcome.OPEN.value, Outcome.OPEN.label),
        (Outcome.WON.value, Outcome.WON.label),
        *stops,
    ]


def _first(known: Mapping[str, str] | None, guess: guessing.Guess | None) -> tuple[str, str]:
    """Stage and outcome as they were answered, else as they probably are; no stage where nobody
    could say."""
    if known is None:
        if guess is None:
            return "", Outcome.OPEN.value
        known = {"stage": guess.stage.key, "outcome": guess.outcome.value, "cause": guess.cause}
        known = {**known, "initiator": guess.initiator or ""}
    if known.get("outcome") != Outcome.STOPPED:
        return known["stage"], known.get("outcome") or Outcome.OPEN.value
    return known["stage"], f"{Outcome.STOPPED}:{known['initiator']}:{known['cause']}"
