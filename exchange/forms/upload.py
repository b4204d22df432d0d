"""A file that is brought in: what is in it, where in it the table is, and how it is written."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from exchange.imports.encodings import name_of
from exchange.imports.reading import MOST_ABOVE
from exchange.models import OF_ADMINS, ImportJob, ImportKind
from pipeline.models import Role, User
from salesprocess.lib.attempt import CommandForm
from salesprocess.lib.malware import ScannedFileField

_DELIMITERS = {
    ",": gettext_lazy("comma"),
    ";": gettext_lazy("semicolon"),
    "\t": gettext_lazy("tab"),
    "|": gettext_lazy("vertical bar"),
}


class UploadForm(CommandForm):
    kind = forms.ChoiceField(label=gettext_lazy("What is in it"))
    file = ScannedFileField(
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
