import http.client
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.machinery.mail_server import mail_server
from tests.machinery.production import environment
from tests.machinery.running import ROOT, free_port, until

pytestmark = pytest.mark.machinery


def manage(static: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(static) | more,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Where the production server, started as the Dockerfile does, answers."""
    collected = manage(tmp_path, "collectstatic", "--noinput")
    assert collected.returncode == 0, collected.stderr
    chosen = free_port()
    command = [sys.executable, "-m", "gunicorn", "salesprocess.wsgi"]
    command += ["--workers", "1", "--bind", f"127.0.0.1:{chosen}"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(tmp_path), stdout=log, stderr=log
        )
    try:
        assert until(lambda: process.poll() is not None or answers(chosen), seconds=30)
        assert process.poll() is None, (tmp_path / "log").read_text()
        yield chosen
    finally:
        process.terminate()
        process.wait(20)


def get(
    port: int,
    path: str,
    *,
    host: str = "crm.example.com",
    scheme: str = "https",
    more: dict[str, str] | None = None,
) -> tuple[http.client.HTTPResponse, str]:
    headers = {"Host": host, "X-Forwarded-Proto": scheme, **(more or {})}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response, response.read().decode(errors="replace")


def answers(port: int) -> bool:
    try:
        return get(port, "/healthz", host="localhost")[0].status == 200
    except OSError:
        return False


def test_it_passes_the_deployment_check(tmp_path: Path):
    with mail_server() as server:
        checked = manage(
            tmp_path, "check", "--deploy", "--fail-level", "WARNING", EMAIL_URL=server.url
        )

    assert checked.returncode == 0, checked.stderr


def test_it_serves_over_tls_only_with_strict_headers_and_lasting_files(port: int):
    page, html = get(port, "/accounts/login/")
    assert page.status == 200
    # For other names below this one, and for ever, only when asked for.
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Referrer-Policy"] == "same-origin"
    cookie = page.headers["Set-Cookie"]
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie

    for path in ("/accounts/login/", "/healthz", "/nowhere/", "/static/nowhere.css"):
        answer, _ = get(port, path)
        assert "Server" not in answer.headers
        assert "camera=()" in answer.headers["Permissions-Policy"]

    style = re.search(r"/static/dist/app\.[0-9a-f]+\.css", html)
    assert style, "the page names its style sheet by its hash"
    assert "immutable" in get(port, style[0])[0].headers["Cache-Control"]

    plain, _ = get(port, "/accounts/login/", scheme="http")
    assert plain.status == 301
    assert plain.headers["Location"] == "https://crm.example.com/accounts/login/"

    # Without its token nobody finds it, but it is asked for from inside.
    assert get(port, "/metrics", host="localhost", scheme="http")[0].status == 404

    assert get(port, "/healthz", host="evil.example")[0].status == 400
    assert (
        get(port, "/healthz", host="crm.example.com", more={"X-Long": "x" * 9000})[0].status == 431
    )
    many = {f"X-{number}": "x" for number in range(80)}
    assert get(port, "/healthz", host="crm.example.com", more=many)[0].status == 431
    ready, body = get(port, "/readyz", host="localhost", scheme="http")
    assert ready.status == 503
    assert json.loads(body)["database"] == "migrations missing"
