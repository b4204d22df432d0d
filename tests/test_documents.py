"""What the documents say of the tree is true."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# Made on the machine that runs it.
MADE = (".venv/", ".state/", "static/dist", "staticfiles", "node_modules", "/")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_it_names_no_file_that_is_not_there(document: Path):
    text = document.read_text()
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    named = re.findall(r"`([\w.-]+/[\w./-]*|[\w-]+\.(?:py|toml|md|yml))`", text)
    missing = [link for link in links if not (document.parent / link).exists()]
    missing += [name for name in named if not name.startswith(MADE) and not _stands(name)]
    assert missing == []


def _stands(name: str) -> bool:
    """From the top, or on a reference_list of one of the folders, as a document says it of them."""
    return (ROOT / name).exists() or any(
        (folder / name).exists()
        for top in ("salesprocess", "pipeline", "crm", "reports", "templates", "tests")
        for folder in (ROOT / top, ROOT / top / "commands")
    )
