"""Finds what is to be translated in Django's templates; for Python and Jinja2 Babel knows by itself."""

import io
from collections.abc import Collection, Generator, Mapping
from typing import IO, Any

from babel.messages.extract import extract_python
from django.utils.translation.template import templatize


def extract(
    file: IO[bytes],
    keywords: Mapping[str, Any],
    comment_tags: Collection[str],
    options: Any,
) -> Generator[Any, None, None]:
    """What Babel calls for each template: (line, function, message, comments)."""
    code = templatize(file.read().decode())
    # What is left is Python but for its indentation, which is the template's.
    lines = "\n".join(line.strip() for line in code.splitlines())
    yield from extract_python(io.BytesIO(lines.encode()), keywords, comment_tags, options)
