import subprocess
import sys
from pathlib import Path

import pytest

import dev
from tests.machinery.running import ROOT


def test_it_needs_the_standard_library_alone():
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "dev.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode != 0
    assert "python3 dev.py demo" in answer.stderr


def failing(monkeypatch: pytest.MonkeyPatch, *failures: str) -> list[str]:
    """Lets the named steps fail with 3, 4, … and collects what is run."""
    ran: list[str] = []

    def run_step(name: str, command: object) -> int:
        ran.append(name)
        return 3 + failures.index(name) if name in failures else 0

    monkeypatch.setenv("SEVEN_ENV", "test")
    monkeypatch.setattr(dev, "setup", lambda: None)
    monkeypatch.setattr(dev, "has_browser", lambda: True)
    monkeypatch.setattr(dev, "run_step", run_step)
    monkeypatch.setattr(dev, "begin_step", lambda name, command: lambda: run_step(name, command))
    return ran


STEPS = ["lint", "format", "imports", "tests", "types"]


@pytest.mark.parametrize(("failures", "code"), [((), 0), (("tests", "types"), 3), (("types",), 3)])
def test_it_runs_every_step_and_returns_the_first_failure(
    monkeypatch: pytest.MonkeyPatch, failures: tuple[str, ...], code: int
):
    ran = failing(monkeypatch, *failures)

    with pytest.raises(SystemExit) as ended:
        dev.test([])

    assert ended.value.code == code
    assert ran == STEPS


def test_a_step_beside_the_others_says_at_its_end_what_it_found(
    capfd: pytest.CaptureFixture[str],
):
    end = dev.begin_step("types", [sys.executable, "-c", "print('two faults'); exit(2)"])
    dev.say("meanwhile")

    assert end() == 2
    said = capfd.readouterr().out
    assert said.index("meanwhile") < said.index("types") < said.index("two faults")


def test_it_fails_with_words_where_no_browser_can_be_had(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    ran = failing(monkeypatch)
    monkeypatch.setattr(dev, "has_browser", lambda: False)
    monkeypatch.setattr(dev, "may_install", lambda: False)
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: None)

    with pytest.raises(SystemExit) as ended:
        dev.test([])

    assert ended.value.code == 1
    assert "SEVEN_BROWSER" in capsys.readouterr().out
    assert ran == STEPS


def test_a_step_is_due_until_it_succeeds_and_again_when_its_inputs_change(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    lock = tmp_path / "lock.txt"
    lock.write_text("a==1")

    assert not dev.Stamp("python", [lock]).fresh()
    dev.Stamp("python", [lock]).write()
    assert dev.Stamp("python", [lock]).fresh()
    lock.write_text("a==2")
    assert not dev.Stamp("python", [lock]).fresh()


MODULES = [
    ("bench", "bench.run"),
    *((verb, f"proof.{verb}") for verb in ("walk", "faults", "load")),
]


@pytest.mark.parametrize(("verb", "module"), MODULES)
def test_it_hands_on_what_follows(monkeypatch: pytest.MonkeyPatch, verb: str, module: str):
    started: list[list[str]] = []
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(dev, "setup", lambda: None)
    monkeypatch.setattr("os.execv", lambda _path, command: started.append(command))
    monkeypatch.setattr(sys, "argv", ["dev.py", verb, "--only", "board"])

    dev.main()

    assert started == [[dev.PYTHON, "-m", module, "--only", "board"]]


@pytest.mark.parametrize(("verb", "module"), MODULES)
def test_it_can_be_asked_how_it_is_used(verb: str, module: str):
    answer = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"dev.py {verb}" in answer.stdout
