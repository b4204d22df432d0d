"""What holds for every page, read from the templates themselves."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ICONS = {path.stem for path in (ROOT / "frontend" / "icons").glob("*.svg")}
# icon("name"), blank("name", …), and a chip's or pick's picture="name"
NAMED = re.compile(
    r"(?:\bicon\(|\bblank\(|picture=)\s*\"([a-z0-9-]+)\"|sprite\.svg\"[^#>]*#([a-z0-9-]+)\""
)
INLINE = re.compile(
    r"<[^>]*\s(?:style|on[a-z]+|hx-on[^=]*)=|<style|<script(?![^>]*\ssrc=)|javascript:"
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_has_neither_inline_script_nor_inline_style(path: Path):
    # The policy would block them, silently for who does not look into the console.
    assert INLINE.findall(path.read_text()) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_names_only_icons_that_exist(path: Path):
    named = {first or second for first, second in NAMED.findall(path.read_text())}
    assert named <= ICONS
