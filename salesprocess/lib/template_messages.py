"""A Babel extractor for Django templates; Babel itself covers Python and Jinja2."""

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
    """Yields (line, function, message, comments) for a template, as Babel expects."""
    code = templatize(file.read().decode())
    # What is left is Python but for its indentation, which is the template's.
    lines = "\n".join(line.strip() for line in code.splitlines())
    yield from extract_python(io.BytesIO(lines.encode()), keywords, comment_tags, options)
