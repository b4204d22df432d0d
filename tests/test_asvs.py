"""How the product stands to OWASP ASVS 5.0: `docs/asvs.csv` answers each item of levels 1 and 2, by a
test, by design, as not applicable or as open, and what it names is there."""

import ast
import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory

from crm.forms.party import CompanyForm
from crm.models import Company
from pipeline.models import User
from pipeline.people.forms import AcceptForm, EmailForm

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "asvs.csv"
STATES = ("test", "by design", "not applicable", "open")
# Sections of ASVS 5.0.0, and of each the levels of its items in their order: V1.5.3 is of level 3.
# Source: github.com/OWASP/ASVS, 5.0/docs_en.
LEVELS = """
V1.1 22 V1.2 1111122223 V1.3 112222222223 V1.4 222 V1.5 123
V2.1 122 V2.2 112 V2.3 12223 V2.4 23
V3.1 3 V3.2 113 V3.3 12223 V3.4 11222233 V3.5 11122333 V3.6 3 V3.7 22333
V4.1 12233 V4.2 23333 V4.3 22 V4.4 1222
V5.1 2 V5.2 112333 V5.3 113 V5.4 222
V6.1 122 V6.2 111111112222 V6.3 11223333 V6.4 112233 V6.5 22222333 V6.6 2223 V6.7 33 V6.8 2222
V7.1 222 V7.2 1111 V7.3 22 V7.4 11222 V7.5 223 V7.6 22
V8.1 1233 V8.2 1123 V8.3 133 V8.4 23
V9.1 111 V9.2 1222
V10.1 22 V10.2 223 V10.3 22223 V10.4 1111122222233333 V10.5 22222 V10.6 22 V10.7 222
V11.1 2233 V11.2 22233 V11.3 11233 V11.4 1222 V11.5 23 V11.6 23 V11.7 33
V12.1 12233 V12.2 11 V12.3 22223
V13.1 2333 V13.2 222223 V13.3 2233 V13.4 1222233
V14.1 22 V14.2 12223333 V14.3 122
V15.1 12233 V15.2 12233 V15.3 1222222 V15.4 3333
V16.1 2 V16.2 22222 V16.3 2222 V16.4 222 V16.5 2223
V17.1 23 V17.2 22223333 V17.3 22
"""
PRODUCT = ("salesprocess", "pipeline", "crm", "exchange", "reports")


# The table ---------------------------------------------------------------------------------------


def items() -> dict[str, str]:
    """The level of each item of levels 1 and 2, by its id."""
    words = LEVELS.split()
    return {
        f"{section}.{place}": level
        for section, levels in zip(words[::2], words[1::2], strict=True)
        for place, level in enumerate(levels, start=1)
        if level != "3"
    }


@cache
def rows() -> list[dict[str, str]]:
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def test_it_answers_every_item_of_levels_one_and_two_once():
    answered = [(row["id"], row["level"]) for row in rows()]
    assert answered == list(items().items())
    assert len(answered) == 253


def test_it_answers_in_one_of_four_ways_and_says_why():
    wrong = []
    for row in rows():
        if row["state"] not in STATES or not row["item"]:
            wrong.append(row["id"])
        elif row["state"] == "test" and "::test_" not in row["evidence"]:
            wrong.append(f"{row['id']}: no test")
        elif row["state"] != "test" and not row["remark"]:
            wrong.append(f"{row['id']}: no reason")
    assert wrong == []


def test_what_it_names_is_there():
    named = {(row["id"], one) for row in rows() for one in row["evidence"].split()}
    assert sorted(f"{item}: {one}" for item, one in named if not _stands(one)) == []
    assert len(named) > 150


def test_the_page_on_trust_counts_as_the_table_does():
    counted = Counter(row["state"] for row in rows())
    told = re.search(
        r"(\d+) are held by a test, (\d+) by design, (\d+) do not apply, (\d+) are open",
        (ROOT / "docs" / "TRUST.md").read_text(),
    )
    assert told
    assert [int(number) for number in told.groups()] == [counted[state] for state in STATES]


def _stands(named: str) -> bool:
    """`file::test`, `setting:NAME`, `package:name`, or a file or folder of the tree."""
    kind, _, name = named.partition(":")
    if kind == "setting":
        return name in _names_of(ROOT / "salesprocess" / "settings.py") or hasattr(settings, name)
    if kind == "package":
        locked = (ROOT / "requirements" / "base.txt").read_text()
        return re.search(rf"^{re.escape(name)}==", locked, re.MULTILINE) is not None
    file, _, test = named.partition("::")
    path = ROOT / file
    return path.exists() and (not test or test in _names_of(path))


@cache
def _names_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            found.add(node.id)
    return found


# Items that no other test answers ----------------------------------------------------------------


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_a_website_is_no_script(address: str):
    """V1.2.2"""
    with pytest.raises(ValidationError):
        CompanyForm.base_fields["website"].clean(address)
    with pytest.raises(ValidationError):
        Company._meta.get_field("website").run_validators(address)


def test_the_policy_of_pages_lets_in_nothing_of_others():
    """V3.4.3, V3.4.6, V14.2.3"""
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    closed = {name for name, sources in policy.items() if sources == ["'none'"]}
    assert closed >= {"default-src", "object-src", "base-uri", "frame-ancestors"}
    assert {one for sources in policy.values() for one in sources} == {"'none'", "'self'", "data:"}
    assert [name for name, sources in policy.items() if "data:" in sources] == ["img-src"]


@pytest.mark.parametrize(
    ("proxies", "address"), [(0, "10.0.0.9"), (1, "203.0.113.7"), (2, "198.51.100.1")]
)
def test_what_a_proxy_says_counts_only_where_one_is_named(settings, proxies: int, address: str):
    """V4.1.3, V15.3.4: the last of the list is what the outermost proxy of ours has seen."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    sent = {"X-Forwarded-For": "6.6.6.6, 198.51.100.1, 203.0.113.7"}
    request = RequestFactory().get("/", headers=sent, REMOTE_ADDR="10.0.0.9")
    assert get_adapter(request).get_client_ip(request) == address


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("password", "is_taken"),
    [
        ("short-1!", False),
        ("password123", False),
        ("qwertyuiop", False),
        ("abcdefghijklmnoq", True),
        ("    zwölf Löffel 🥄    ", True),
        ("x7-qk9 " * 60, True),
    ],
)
def test_passwords_are_long_and_of_any_letters(password: str, is_taken: bool):
    """V6.2.1, V6.2.4, V6.2.5, V6.2.9"""
    if is_taken:
        validate_password(password)
        return
    with pytest.raises(ValidationError):
        validate_password(password)


PASSWORD_FORMS = [
    AcceptForm,
    EmailForm,
    allauth_forms.LoginForm,
    allauth_forms.ChangePasswordForm,
    allauth_forms.ResetPasswordKeyForm,
    allauth_forms.ReauthenticateForm,
]


@pytest.mark.parametrize("form", PASSWORD_FORMS, ids=lambda form: form.__name__)
def test_password_fields_hide_and_may_be_filled_in(form: type[forms.Form]):
    """V6.2.6, V6.2.7, V6.2.8: hidden, named for what fills them in, and taken as they are typed."""
    fields = [
        field for name, field in form.base_fields.items() if "password" in name or name == "again"
    ]
    assert fields
    for field in fields:
        assert isinstance(field, forms.CharField)
        assert isinstance(field.widget, forms.PasswordInput)
        assert field.widget.attrs.get("autocomplete") != "off"
        assert field.strip is False


def test_a_password_is_kept_as_it_was_typed():
    """V6.2.8, V6.2.9"""
    person, typed = User(), " Äpfel und Birnen " * 8
    person.set_password(typed)
    assert person.check_password(typed)
    for other in (typed.strip(), typed.lower(), typed[:72], typed[:-1]):
        assert not person.check_password(other)


def test_no_weak_hash_is_used():
    """V11.4.1, V11.4.3"""
    calls = [
        (match[1], node)
        for _path, node in _nodes()
        if isinstance(node, ast.Call)
        and (match := re.fullmatch(r"hashlib\.(\w+)", ast.unparse(node.func)))
    ]
    used = {name for name, _call in calls}
    # Which hash a file is read by stands beside it.
    named = {ast.unparse(call.args[1]) for name, call in calls if name == "file_digest"}
    assert "sha256" in used
    assert used <= {"sha256", "sha512", "blake2b", "file_digest"}
    assert named <= {"'sha256'", "'sha512'"}


def test_secrets_come_from_a_secure_generator():
    """V11.5.1: no module of the product knows the generator that can be foretold."""
    known = [
        str(path)
        for path, node in _nodes()
        if (isinstance(node, ast.Import) and "random" in {name.name for name in node.names})
        or (isinstance(node, ast.ImportFrom) and node.module == "random")
    ]
    assert known == []


def _nodes() -> list[tuple[Path, ast.AST]]:
    return [
        (path, node)
        for app in PRODUCT
        for path in sorted((ROOT / app).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/healthz", "/accounts/login/", "/board/"])
def test_trace_is_answered_by_no_page(client: Client, address: str):
    """V13.4.4"""
    answer = client.generic("TRACE", address, headers={"X-Told": "told-q7"})
    assert answer.status_code in (302, 405)
    assert b"told-q7" not in answer.content
