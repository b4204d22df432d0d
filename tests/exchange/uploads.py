"""An upload on its way through the pages, with the worker's part done here and now."""

import datetime as dt
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from exchange.commands import files, work
from exchange.imports import mapping
from exchange.models import ImportJob
from pipeline.models import User


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def upload(user: User, text: str | bytes, *, kind: str = "deals", name: str = "old.csv") -> Any:
    content = text if isinstance(text, bytes) else text.encode()
    file = SimpleUploadedFile(name, content, content_type="text/csv")
    return browser(user).post("/imports/", {"kind": kind, "file": file})


def uploaded(user: User, text: str | bytes, **options: str) -> ImportJob:
    response = upload(user, text, **options)
    assert response.status_code == 302, response.content.decode()
    return ImportJob.objects.latest("pk")


def columns(
    user: User, job: ImportJob, *, system: str = "old", encoding: str = "", **fields: str
) -> Any:
    """Names the columns by their headers: `columns(ana, job, name="Deal", email="Mail")`."""
    letters = {"encoding": encoding or job.encoding}
    if job.letters.get("is_asked") and not encoding:
        letters = {}
    places = {
        name.replace("_2", "-2"): str(job.columns.index(column)) if column else ""
        for name, column in fields.items()
    }
    said = {"system": system, **letters, **places}
    return browser(user).post(f"/imports/{job.pk}/columns/", said)


def worked(job: ImportJob, *, most: int = 100) -> ImportJob:
    """The workers' turn, until there is nothing left for them."""
    for _ in range(most):
        if not work.step(job.pk, at=timezone.now()):
            break
    job.refresh_from_db()
    return job


def checked(user: User, job: ImportJob, **fields: str) -> ImportJob:
    """Columns named, checked, the questions about stages answered as suggested."""
    response = columns(user, job, **fields)
    assert response.status_code == 302, response.content.decode()
    worked(job)
    if job.state == "asking":
        answer(user, job)
        worked(job)
    return job


def answer(user: User, job: ImportJob, **said: str) -> Any:
    from exchange.forms.answers import AnswersForm

    form = AnswersForm(job=job, by=user)
    data = {name: form.initial[name] for name in form.fields if name in form.initial}
    said = {_input(form, name.replace("_", "-", 1)): value for name, value in said.items()}
    return browser(user).post(f"/imports/{job.pk}/answers/", data | said)


def _input(form: Any, name: str) -> str:
    """`format-1` is the second input about a format, whatever it is called."""
    about, _sign, number = name.partition("-")
    if not number.isdecimal():
        return name
    return [str(each) for each in form.fields if each.startswith(f"{about}-")][int(number)]


def loaded(user: User, job: ImportJob) -> ImportJob:
    assert browser(user).post(f"/imports/{job.pk}/load/").status_code == 302
    return worked(job)


def page(user: User, job: ImportJob, query: str = "") -> str:
    response = browser(user).get(f"/imports/{job.pk}/{query}")
    assert response.status_code == 200
    return str(response.content.decode())


def brought_in(
    said: mapping.Mapping, paths: list[Path], *, at: dt.datetime, commit: bool
) -> files.ImportResult:
    """As `manage.py import` does it."""
    job = files.begin(said, paths, at=at, commit=commit)
    files.finish(job, at=at)
    result = files.result_of(job)
    files.leave(job)
    return result


def by_command(
    folder: Path,
    text: str | bytes,
    columns: dict[str, Any],
    *,
    kind: str = "deals",
    formats: dict[str, str] | None = None,
    stages: dict[str, dict[str, str]] | None = None,
    values: dict[str, dict[str, str]] | None = None,
    **more: str,
) -> files.ImportResult:
    """The same file by `manage.py import`: as a mapping would say it."""
    folder.mkdir(exist_ok=True)
    (folder / "old.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    content: dict[str, Any] = {"file": "*.csv", "columns": columns, "formats": formats or {}}
    content |= {"values": values or {}, **more}
    if kind in mapping.MAKEABLE:
        content["make"] = list(mapping.MAKEABLE[kind])
    if kind == "deals":
        content["stages"] = stages or {"": {"stage": "lead_generation"}}
    said = mapping.of_content({"system": "by command", kind: content})
    return brought_in(said, [folder], at=timezone.now(), commit=True)
