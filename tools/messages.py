"""Collects the texts that people read, brings the languages up to date and says what is missing.

    make messages

Babel does it all, so that no gettext programs are needed. Exits with 1 while a text is not
translated.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
SOURCES = (
    "crm",
    "day",
    "demo",
    "exchange",
    "pipeline",
    "privacy",
    "reports",
    "salesprocess",
    "templates",
)
# Besides those that Babel knows.
KEYWORDS = ("gettext_lazy", "gettext_noop", "ngettext_lazy:1,2", "pgettext_lazy:1c,2")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")


def collect(pot: Path) -> Catalog:
    """Every text that is marked, written to a file and read from it."""
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F", "babel.cfg"]
    command += [part for keyword in KEYWORDS for part in ("-k", keyword)]
    command += ["--add-location=file", "--project=Seven", "-o", str(pot), *SOURCES]
    subprocess.run(command, cwd=ROOT, check=True)
    return read(pot)


def read(path: Path, language: str | None = None) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


def catalogues() -> Iterator[tuple[str, Path]]:
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/django.po")):
        yield path.parts[-3], path


def update(path: Path, language: str, texts: Catalog) -> Catalog:
    """Add what is new and drop what is gone. Nothing is guessed from similar texts, and the file
    says nothing of lines and days, so that two people's additions seldom meet in it."""
    catalogue = read(path, language)
    began = catalogue.creation_date
    catalogue.update(texts, no_fuzzy_matching=True)
    catalogue.creation_date = catalogue.revision_date = began
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, no_location=True, ignore_obsolete=True)
    return catalogue


def faults(catalogue: Catalog, texts: Catalog) -> list[str]:
    """What a reader would stumble over: texts left in English, and places that get no value."""
    found = []
    for text in texts:
        if not text.id:
            continue
        own = catalogue.get(_first(text.id), text.context)
        if own is None or own.fuzzy or not all(_forms(own)):
            found.append(f"not translated: {_first(text.id)!r}")
            continue
        wanted = _places(_last(text.id))
        odd = [form for form in _forms(own) if _places(form) != wanted]
        found += [f"other places than in {_last(text.id)!r}: {form!r}" for form in odd]
    return found


def compile_all() -> None:
    """What Django reads; dev.py and the Dockerfile do the same."""
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "compile", "-D", "django"]
    subprocess.run([*command, "-d", str(LOCALE)], cwd=ROOT, check=True)


def main() -> int:
    LOCALE.mkdir(exist_ok=True)
    texts = collect(LOCALE / "django.pot")
    missing = 0
    for language, path in catalogues():
        found = faults(update(path, language, texts), texts)
        missing += len(found)
        name = path.relative_to(ROOT)
        print(f"{name}: {len(found)} to do of {len(texts)}", *found, sep="\n  ")
    compile_all()
    return int(missing > 0)


def _first(text: str | list[str] | tuple[str, ...]) -> str:
    return text if isinstance(text, str) else text[0]


def _last(text: str | list[str] | tuple[str, ...]) -> str:
    return text if isinstance(text, str) else text[-1]


def _forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _places(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


if __name__ == "__main__":
    sys.exit(main())
