"""What the documents say of the tree is true."""

import re
from pathlib import Path

import dj_email_url  # type: ignore[import-untyped]
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


# Where an example of a variable stands for whoever sets it.
EXAMPLES = ("README.md", "docker-compose.yml", "salesprocess/refusals.py")


@pytest.mark.parametrize("document", EXAMPLES)
def test_a_mail_server_as_it_is_shown_is_understood_and_spoken_to_in_secret(document: str):
    text = (ROOT / document).read_text()
    for example in re.findall(r"(?:smtp|subm)[\w+]*://user:password@[\w.]+:\d+", text):
        found = dj_email_url.parse(example)
        assert found.get("EMAIL_BACKEND") == "django.core.mail.backends.smtp.EmailBackend", example
        assert found["EMAIL_USE_TLS"] or found["EMAIL_USE_SSL"], example
    assert "://user:password@" in text


def test_the_proxy_that_is_shown_speaks_tls_as_it_should():
    """V12.1.1, V12.1.2"""
    shown = (ROOT / "docs" / "GUIDE.md").read_text()
    assert re.findall(r"ssl_protocols (.*);", shown) == ["TLSv1.2 TLSv1.3"]
    (suites,) = re.findall(r"ssl_ciphers (.*);", shown)
    assert all(
        re.fullmatch(r"ECDHE-(ECDSA|RSA)-(AES\d+-GCM-SHA\d+|CHACHA20-POLY1305)", suite)
        for suite in suites.split(":")
    )


def test_the_image_has_what_the_product_reads_beside_its_code():
    taken = (ROOT / ".dockerignore").read_text().splitlines()
    read = {
        name
        for app in ("crm", "day", "exchange", "pipeline", "privacy", "reports", "salesprocess")
        for file in (ROOT / app).rglob("*.py")
        for name in re.findall(r'BASE_DIR / "([^"]+)"', file.read_text())
    }
    kept = {name for name in read if (ROOT / name).is_file() or (ROOT / name / ".").is_dir()}
    assert "pyproject.toml" in kept
    assert [
        name for name in kept - {"staticfiles", "media", ".state"} if f"!{name}" not in taken
    ] == []


def _stands(name: str) -> bool:
    """From the top, or on a reference_list of one of the folders, as a document says it of them."""
    return (ROOT / name).exists() or any(
        (folder / name).exists()
        for top in ("salesprocess", "pipeline", "crm", "reports", "templates", "tests")
        for folder in (ROOT / top, ROOT / top / "commands")
    )
