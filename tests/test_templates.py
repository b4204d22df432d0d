"""What holds for every page, read from the templates themselves."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = {
    str(path.relative_to(ROOT / "templates")): path.read_text()
    for path in sorted((ROOT / "templates").rglob("*.html"))
}
ICONS = {path.stem for path in (ROOT / "frontend" / "icons").glob("*.svg")}
# icon("name"), blank("name", …), and a chip's or pick's picture="name"
NAMED = re.compile(
    r"(?:\bicon\(|\bblank\(|picture=)\s*\"([a-z0-9-]+)\"|sprite\.svg\"[^#>]*#([a-z0-9-]+)\""
)
INLINE = re.compile(
    r"<[^>]*\s(?:style|on[a-z]+|hx-on[^=]*)=|<style|<script(?![^>]*\ssrc=)|javascript:"
)
LONGEST_LINE = 160
# How many lines of a template are longer, and why.
LONGER = {
    # A card in one piece: what a board draws hundreds of times costs by each piece it is put of.
    "crm/board/_cards.html": 1,
}
KEPT = re.compile(r"<(?:pre|textarea)\b[^>]*>([^<{]*)")


def test_they_have_neither_inline_script_nor_inline_style():
    # The policy would block them, silently for who does not look into the console.
    assert [name for name, text in TEMPLATES.items() if INLINE.search(text)] == []


def test_they_name_only_icons_that_exist():
    named = {
        (name, first or second)
        for name, text in TEMPLATES.items()
        for first, second in NAMED.findall(text)
    }
    assert [(name, icon) for name, icon in named if icon not in ICONS] == []


def test_they_have_no_text_of_their_own_where_blanks_are_seen():
    # The blanks of a template are folded, all but a break after a tag.
    kept = [(name, said) for name, text in TEMPLATES.items() for said in KEPT.findall(text)]
    assert [(name, said) for name, said in kept if said.strip("\n")] == []


def test_their_lines_can_be_read():
    longer = {
        name: sum(len(line) > LONGEST_LINE for line in text.splitlines())
        for name, text in TEMPLATES.items()
    }
    assert {name: count for name, count in longer.items() if count} == LONGER


def test_what_the_reports_draw_with_is_in_the_stylesheet():
    # A class that nobody defines draws nothing, and a legend without a colour says nothing.
    styles = "".join(path.read_text() for path in (ROOT / "frontend").glob("*.css"))
    defined = set(re.findall(r"\.((?:key|fill|area|band)-[a-z0-9_]+)", styles))
    named = {
        (str(path.relative_to(ROOT)), name)
        for path in sorted((ROOT / "reports").rglob("*.py"))
        for name in re.findall(r'css="((?:key|fill|area|band)-[a-z0-9_]+)"', path.read_text())
    }
    assert len(named) > 30
    assert sorted((path, name) for path, name in named if name not in defined) == []


# The sheets of every page; each of the others is that of some pages, all of which come at once.
SHARED = {"base", "parts", "frame", "sheet", "reports"}
CLASSES = re.compile(r'\bclass="([^"]*)"')
BARE = re.compile(r"(?:^|[,}])\s*\.([a-z][\w-]*)(?=\s*[,{])", re.MULTILINE)


def test_what_the_reports_draw_has_no_look_of_another_page():
    # A table of theirs once broke into the blocks of a list of the settings on a phone.
    drawn = {
        name
        for path, text in TEMPLATES.items()
        if path.startswith("reports/")
        for said in CLASSES.findall(text)
        for name in re.sub(r"\{.*?\}", " ", said).split()
    }
    assert len(drawn) > 60
    others = {
        path.stem: set(BARE.findall(re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)))
        for path in (ROOT / "frontend").glob("*.css")
        if path.stem not in SHARED
    }
    assert {page: names & drawn for page, names in others.items() if names & drawn} == {}
