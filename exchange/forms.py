"""Forms for bringing in a file: the upload, its columns, and what only a person knows about it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.models import ActivityKind, Product, Source, StopCause
from exchange import queries
from exchange.imports import dates, guessing
from exchange.imports.answers import REASON, headings, kind_of
from exchange.imports.encodings import name_of
from exchange.imports.kinds import ImportField
from exchange.imports.mapping import LEAVE, OVERWRITE
from exchange.imports.reading import MOST_ABOVE
from exchange.imports.scanning import in_words
from exchange.imports.updatable import POINTS
from exchange.models import OF_ADMINS, ImportJob, ImportKind
from exchange.words import NEW, NOTHING, OURS, OurWords, TheirWord, made_of
from exchange.words import of_job as _words_of
from pipeline.models import Role, User
from pipeline.process.stages import Initiator, Outcome, Stage
from salesprocess.lib.attempt import CommandForm
from salesprocess.lib.format import number as number_text

LABELS = {
    "id": gettext_lazy("Their number or id"),
    "name": gettext_lazy("Name"),
    "company": gettext_lazy("Company"),
    "contact": gettext_lazy("Contact person"),
    "job_title": gettext_lazy("Job title"),
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Phone"),
    "product": gettext_lazy("Product"),
    "owner": gettext_lazy("Owner"),
    "team": gettext_lazy("Team"),
    "source": gettext_lazy("Source"),
    "source_detail": gettext_lazy("Source in detail"),
    "amount": gettext_lazy("Value"),
    "currency": gettext_lazy("Currency"),
    "stage": gettext_lazy("Stage"),
    "stop_cause": gettext_lazy("Why it was stopped"),
    "created_on": gettext_lazy("First on record"),
    "entered_on": gettext_lazy("In this stage since"),
    "closed_on": gettext_lazy("Closed on"),
    "expected_close_on": gettext_lazy("Expected to close"),
    "industry": gettext_lazy("Industry"),
    "employees": gettext_lazy("Employees"),
    "country": gettext_lazy("Country"),
    "website": gettext_lazy("Website"),
    "parent": gettext_lazy("Parent company"),
    "manager": gettext_lazy("Manager"),
    "office": gettext_lazy("Office"),
    "hired_on": gettext_lazy("Hired on"),
    "entered_stages": gettext_lazy("Columns that say when it entered a stage, one for each stage"),
    "series": gettext_lazy("Series"),
    "price": gettext_lazy("Price"),
    "quantity": gettext_lazy("Quantity"),
    "day": gettext_lazy("From this day on"),
    "value": gettext_lazy("What one of theirs is worth in our currency"),
    "units": gettext_lazy("How many of theirs are one of our currency"),
    "people": gettext_lazy("People (several with a semicolon between them)"),
    "role": gettext_lazy("Role"),
    "kind": gettext_lazy("Kind"),
    "status": gettext_lazy("Done or to do"),
    "result": gettext_lazy("What came of it"),
    "subject": gettext_lazy("Subject"),
    "body": gettext_lazy("Text"),
    "deal": gettext_lazy("Deal"),
    "about": gettext_lazy("Belongs to (deal, company or person)"),
    "happened_on": gettext_lazy("When"),
    "due_on": gettext_lazy("Due"),
    "done_on": gettext_lazy("Done on"),
    "more": gettext_lazy("Columns that are kept as a note on it"),
}
# Where a kind of record has its own word for a field.
_LABELS_OF = {
    (ImportKind.ACTIVITIES, "more"): gettext_lazy("Columns that are kept in the text"),
    (ImportKind.ACTIVITIES, "owner"): gettext_lazy("Who did it or is to do it"),
    (ImportKind.ACTIVITIES, "created_on"): gettext_lazy("Entered on"),
    (ImportKind.ACTIVITIES, "email"): gettext_lazy("E-mail of the contact person"),
}
_ORDERS = {
    "dmy": gettext_lazy("Day, month, year, whatever stands between"),
    "mdy": gettext_lazy("Month, day, year, whatever stands between"),
    "ymd": gettext_lazy("Year, month, day, whatever stands between"),
}
_DELIMITERS = {
    ",": gettext_lazy("comma"),
    ";": gettext_lazy("semicolon"),
    "\t": gettext_lazy("tab"),
    "|": gettext_lazy("vertical bar"),
}
# One of these must be there, or nothing would name a deal.
_NAMING = ("name", "company", "contact", "email", "phone", "product")
# One of these, or an activity would belong to nobody.
_BELONGING = ("deal", "company", "contact", "about", "email")


class UploadForm(CommandForm):
    kind = forms.ChoiceField(label=gettext_lazy("What is in it"))
    file = forms.FileField(
        label=gettext_lazy("File"),
        allow_empty_file=True,
        error_messages={"required": gettext_lazy("Choose a file.")},
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.xlsm,text/csv"}),
    )

    def __init__(self, *args: Any, by: User, **options: Any) -> None:
        super().__init__(*args, **options)
        out = {ImportKind.FILES, *(() if by.role == Role.ADMIN else OF_ADMINS)}
        kinds = [(kind.value, kind.label) for kind in ImportKind if kind not in out]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]  # of a ChoiceField


class TableForm(CommandForm):
    """Where in the file the table is: its sheet, the rows above the headings, what parts its cells."""

    sheet = forms.ChoiceField(label=gettext_lazy("Sheet"), required=False)
    above = forms.IntegerField(
        label=gettext_lazy("Rows above the headings"), min_value=0, max_value=MOST_ABOVE
    )
    delimiter = forms.ChoiceField(
        label=gettext_lazy("What stands between two cells"),
        choices=[
            ("", gettext_lazy("As found")),
            *((sign, name) for sign, name in _DELIMITERS.items()),
        ],
        required=False,
    )

    def __init__(self, data: Any = None, *, job: ImportJob, **options: Any) -> None:
        super().__init__(data, **options)
        self.initial["sheet"], self.initial["above"] = job.sheet, job.above
        if len(job.sheets) > 1:
            self.fields["sheet"].choices = [(name, name) for name in job.sheets]  # type: ignore[attr-defined]  # of a ChoiceField
        else:
            del self.fields["sheet"]
        if job.sheets:
            del self.fields["delimiter"]
        else:
            self.initial["delimiter"] = job.delimiter


class ColumnsForm(CommandForm):
    """A select for each field, with the file's columns; two for fields that may have several."""

    system = forms.CharField(
        label=gettext_lazy("Where does the file come from?"),
        max_length=60,
        help_text=gettext_lazy(
            "A short name, such as the old system’s. What you say here is remembered by it, and "
            "their ids are known again."
        ),
    )

    def __init__(
        self, data: Any = None, *, job: ImportJob, said: Mapping[str, Any], **options: Any
    ) -> None:
        super().__init__(data, **options)
        self.job = job
        self.kind = kind_of(job.kind)
        self.initial["system"] = said.get("system", "")
        self._add_encoding()
        new = set(said.get("new", ()))
        choices = [("", "–")]
        choices += [
            (str(place), column)
            for place, column in enumerate(job.columns)
            if column and column != REASON
        ]
        places = {column: str(place) for place, column in enumerate(job.columns)}
        self._add_otherwise(said)
        for field in self.kind.fields:
            if field.is_any_number:
                self._add_any(field, choices[1:], places, said)
                continue
            chosen = [places.get(column, "") for column in said["columns"].get(field.name, [])]
            for number, name in enumerate(self._inputs(field)):
                self.fields[name] = forms.ChoiceField(
                    label=_label(self.job, field, number),
                    choices=choices,
                    required=field.required and not number,
                )
                self.fields[name].error_messages["required"] = _("Choose the column that has it.")
                self.initial[name] = chosen[number] if number < len(chosen) else ""
                if self.initial[name] and job.columns[int(self.initial[name])] in new:
                    self.fields[name].help_text = _("New in this file: guessed.")

    def _add_encoding(self) -> None:
        """Where the letters do not show it themselves; asked where they could be many."""
        found = self.job.letters
        if not found.get("samples"):
            return
        self.fields["encoding"] = forms.ChoiceField(
            label=_("How are the letters to be read?"),
            choices=[(each, f"{name_of(each)}: {words}") for each, words in found["samples"]],
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose what is meant.")},
        )
        if not found["is_asked"]:
            self.initial["encoding"] = self.job.encoding

    def _add_any(
        self,
        field: ImportField,
        choices: list[tuple[str, str]],
        places: Mapping[str, str],
        said: Mapping[str, Any],
    ) -> None:
        self.fields[field.name] = forms.MultipleChoiceField(
            label=_label(self.job, field, 0),
            choices=choices,
            widget=forms.CheckboxSelectMultiple,
            required=False,
        )
        named = said["columns"].get(field.name, [])
        self.initial[field.name] = [places[column] for column in named if column in places]

    def _add_otherwise(self, said: Mapping[str, Any]) -> None:
        """What rows are that no column says the kind of."""
        if self.job.kind != ImportKind.ACTIVITIES:
            return
        self.fields["otherwise"] = forms.ChoiceField(
            label=_("What a row is that names no kind"),
            choices=[("", "–"), *ActivityKind.choices],
            required=False,
        )
        self.initial["otherwise"] = said.get("otherwise") or guessing.activity(
            self.job.name, headings(self.job.columns)
        )

    def otherwise(self) -> BoundField | None:
        return self["otherwise"] if "otherwise" in self.fields else None

    def any_number(self) -> list[BoundField]:
        """Fields that take as many columns as one likes."""
        return [self[field.name] for field in self.kind.fields if field.is_any_number]

    def encoding(self) -> BoundField | None:
        return self["encoding"] if "encoding" in self.fields else None

    @staticmethod
    def _inputs(field: ImportField) -> list[str]:
        more = field.has_several and not field.is_any_number
        return [field.name, f"{field.name}-2"] if more else [field.name]

    def selects(self) -> list[BoundField]:
        return [
            self[name]
            for field in self.kind.fields
            if not field.is_any_number
            for name in self._inputs(field)
        ]

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if self.job.kind == ImportKind.DEALS and not any(said.get(name) for name in _NAMING):
            self.add_error(None, _("Name a column for the deal’s name, its company or its person."))
        if self.job.kind == ImportKind.ACTIVITIES:
            self._check_activities(said)
        if self.job.kind == ImportKind.RATES:
            self._check_rates(said)
        self._check_shared(said)
        return said

    def _check_shared(self, said: dict[str, Any]) -> None:
        """One column may say several things, such as the number and the name; but not the same thing
        twice, nor a number and a day."""
        used: dict[str, list[BoundField]] = {}
        for bound in self.selects():
            place = said.get(bound.name)
            if not place:
                continue
            for other in used.setdefault(place, []):
                if self._clash(bound, other):
                    column = self.job.columns[int(place)]
                    words = _("“%(column)s” is given to “%(other)s” already.")
                    self.add_error(bound.name, words % {"column": column, "other": other.label})
                    break
            used[place].append(bound)

    def _clash(self, one: BoundField, other: BoundField) -> bool:
        first, second = (self.kind.field(each.name.removesuffix("-2")) for each in (one, other))
        types = (first.cell_type, second.cell_type)
        numbers, dates = (
            [getattr(each, name) for each in types] for name in ("is_number", "is_date")
        )
        return first is second or (any(numbers) and any(dates))

    def _check_rates(self, said: dict[str, Any]) -> None:
        if bool(said.get("value")) == bool(said.get("units")):
            words = _("Say of one column which way round it says the rate: that cannot be guessed.")
            self.add_error("value", words)

    def _check_activities(self, said: dict[str, Any]) -> None:
        if not any(said.get(name) for name in _BELONGING):
            words = _("Name a column for the deal, the company or the person that it belongs to.")
            self.add_error(None, words)
        if not said.get("kind") and not said.get("otherwise"):
            words = _("Say what these rows are, or name the column that says it.")
            self.add_error("otherwise", words)

    def columns(self) -> dict[str, list[str]]:
        said, found = self.cleaned_data, {}
        for field in self.kind.fields:
            inputs = [said[name] for name in self._inputs(field)]
            places = said[field.name] if field.is_any_number else [each for each in inputs if each]
            if places:
                found[field.name] = [self.job.columns[int(place)] for place in places]
        return found


def input_name(about: str, word: str) -> str:
    """Of an input that asks about a word of theirs: the same on every page that asks about it, so that a
    page that was shown before says nothing of another one."""
    return f"{about}-{hashlib.blake2b(word.encode(), digest_size=10).hexdigest()}"


def written_in(job: ImportJob) -> str:
    """How the file is written, with what the encoding makes of its letters, and the next likely one."""
    if job.sheets:
        words = _("Sheet “%(name)s”") % {"name": job.sheet}
    else:
        words = name_of(job.encoding)
        said = dict(job.letters.get("samples", ()))
        if sample := said.pop(job.encoding, ""):
            said_so = {"name": words, "sample": sample, "other": next(iter(said.values()), "")}
            words = _("%(name)s: “%(sample)s”, not “%(other)s”") % said_so
        words += f" · {_DELIMITERS.get(job.delimiter, job.delimiter)}"
    if job.above:
        left_out = ngettext("%(n)s row above left out", "%(n)s rows above left out", job.above)
        words += f" · {left_out % {'n': job.above}}"
    return words


def _label_of(kind: str, name: str) -> str:
    return str(_LABELS_OF.get((ImportKind(kind), name)) or LABELS[name])


def _label(job: ImportJob, field: ImportField, number: int) -> str:
    label = _label_of(job.kind, field.name)
    if number and field.cell_type.is_date:
        return _("%(field)s, hour if apart") % {"field": label}
    if number and field.name == "stage":
        return _("%(field)s, status if apart") % {"field": label}
    if number and field.joins and field.is_person:
        return _("%(field)s, last name if apart") % {"field": label}
    return _("%(field)s, another") % {"field": label} if number else label


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
    all be answered `at_once`: by NEW or NOTHING."""

    field: str
    label: str
    words: list[tuple[TheirWord, BoundField]]
    open: int
    at_once: set[str]


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
            ours = OurWords(by=by, kinds={each.field for each in self._words}, of=job.kind)
            for each in self._words:
                self._add_word(each, ours)

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
        only_added = changed.name in POINTS
        choices = [
            (
                "",
                _("Add what is new")
                if only_added
                else _("Change, but not what people changed here"),
            )
        ]
        if not only_added:
            choices.append((OVERWRITE, _("Change all, over people’s changes, too")))
        choices.append((LEAVE, _("Leave as it is here")))
        self.fields[f"update-{changed.name}"] = forms.ChoiceField(
            label=LABELS[changed.name], choices=choices, required=False
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

    def _add_word(self, word: "TheirWord", ours: "OurWords") -> None:
        self.fields[word.name] = forms.ChoiceField(
            label=_("%(field)s “%(word)s”")
            % {"field": _label_of(self.job.kind, word.field), "word": word.text},
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
                label=_label_of(self.job.kind, field),
                words=words,
                open=sum(not self.initial[bound.name] for _word, bound in words),
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

    def new(self) -> list[Source | Product | StopCause]:
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
        for column in self._columns:
            reading, name = self._readings[column], input_name("format", column)
            line, text = next(iter(reading["samples"]), None) or reading["unread"] or (0, "")
            yield AskedColumn(
                name=column,
                labels=_labels_of(self.job, column),
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


def _labels_of(job: ImportJob, column: str) -> str:
    """Where a column goes to."""
    named = job.answers["columns"].items()
    return ", ".join(_label_of(job.kind, name) for name, columns in named if column in columns)


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
