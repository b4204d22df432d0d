"""In how many actions things are done, as the README says it: the tests that count hold it to that
(CHECKLIST D15, E3)."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def check_budget(what: str, actions: int) -> None:
    """That so many `actions` are what the README's table says of `what`, and no more than its goal."""
    (line,) = (line for line in README.read_text().splitlines() if line.startswith(f"| {what} |"))
    _left, _what, said, goal, _right = line.split("|")
    told, most = (int(re.findall(r"\d+", cell)[0]) for cell in (said, goal))
    assert actions == told, f"{what}: {actions} counted, {told} in the README"
    assert actions <= most, f"{what}: {actions} counted, {most} is the goal"
