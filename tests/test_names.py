"""Names, so that who searches for one thing finds that one."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
APPS = (
    "salesprocess",
    "pipeline",
    "crm",
    "day",
    "exchange",
    "privacy",
    "reports",
    "demo",
    "bench",
    "proof",
    "tools",
)
GIVEN = {"Command", "Meta", "Migration"}  # what Django looks for by this name


def test_it_gives_no_two_classes_one_name():
    found = defaultdict(list)
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef) and node.name not in GIVEN:
                    found[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert len(found) > 500
    assert {name: places for name, places in found.items() if len(places) > 1} == {}
