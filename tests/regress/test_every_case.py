"""Past failures of others (design, RELIABILITY 1.3): each is tried here by its number, or cannot happen."""

import ast
import re
from pathlib import Path

# Why there is no test of a case.
CANNOT_HAPPEN = {
    12: "No file of an export is stored: each is written for who asks, from what he or she may see.",
    15: "There is nothing to follow or to join: reach comes from teams and ownership alone.",
    16: "There is no export of a single record; contacts are for everybody here, by design.",
    30: "There are no fields of people's own: no name of a column comes from a setting.",
    40: "Nothing fetches an address that somebody typed.",
    41: "There are no webhooks, and no button that tries one.",
    42: "There is no connection to a calendar or mailbox of others to be tried.",
    43: "Passwords of mailboxes are not kept; the installation's own comes from its environment.",
}
CASES = set(range(1, 51))


def test_every_case_is_tried_or_cannot_happen():
    tried = [
        int(found[1])
        for path in Path(__file__).parent.glob("test_case_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
        if (found := re.match(r"test_case_(\d\d)_", node.name))
    ]
    assert sorted([*tried, *CANNOT_HAPPEN]) == sorted(CASES)
