"""What a page of the process offers is never refused whatever one types."""

import re
from itertools import product

import pytest
from django.db import transaction
from django.test import Client

from pipeline.models import Step
from pipeline.process.playbook import Importance, StepKind
from tests.conftest import Cast
from tests.crm.page_forms import without_templates
from tests.pipeline.process import FOUR, in_force, row, whole

STEPS = {
    f"{importance.name.lower()}{'-locked' if locked else ''}": (importance, locked)
    for importance, locked in product(Importance, (False, True))
}


@pytest.fixture
def steps(cast: Cast) -> Cast:
    rows = (
        row(
            key,
            importance=importance,
            locked=locked or None,
            kind=StepKind.HINT if importance == Importance.HINT else StepKind.CHECK,
        )
        for key, (importance, locked) in STEPS.items()
    )
    in_force(cast.root, *whole(*rows))
    return cast


def tried(client: Client, path: str, **said: str) -> int:
    """The status of what is sent, undone again."""
    with transaction.atomic():
        status = client.post(path, said).status_code
        transaction.set_rollback(True)
    return status


@pytest.mark.parametrize("key", STEPS)
@pytest.mark.parametrize("of", ["north", "mine"])
def test_it_offers_to_hide_and_to_edit_what_may_be_and_nothing_else(
    client: Client, steps: Cast, of: str, key: str
):
    client.force_login(steps.mona)
    level = "mine" if of == "mine" else str(steps.north.pk)
    at = f"/process/{level}/"
    page = client.get(f"{at}?stage=4&step={key}").content.decode()
    done = tried(client, f"{at}4/{key}/hide/", reason="Not for us") == 302
    assert ('id="hide-step"' in page) == done
    asked = client.get(f"{at}?stage=4&step={key}&do=hide").content.decode()
    assert ("/hide/" in asked) == done
    form = without_templates(client.get(f"{at}?stage=4&step={key}&do=edit").content.decode())
    fields = set(re.findall(r'name="(label|importance|help|kind)"', form))
    assert ('id="edit-step"' in page) == bool(fields)
    for weaker in Importance:
        if weaker < STEPS[key][0] and re.search(rf'name="importance" value="{weaker.value}"', form):
            said = {"label": key, "importance": str(weaker.value), "reason": "x", "gives_you": "x"}
            assert (
                tried(client, f"{at}4/{key}/change/", kind="check", applies="always", **said) == 302
            )


def test_it_says_why_where_nothing_is_offered(client: Client, steps: Cast):
    client.force_login(steps.mona)
    at = f"/process/{steps.north.pk}/?stage=4&step="
    for key, words in (
        ("gate", "A gate above"),
        ("gate-locked", "Locked above"),
        ("expected", "Do it differently here"),
    ):
        assert words in client.get(f"{at}{key}").content.decode()


def test_publishing_tells_what_an_added_step_is_and_what_it_gives(client: Client, steps: Cast):
    client.force_login(steps.mona)
    at = f"/process/{steps.north.pk}/"
    client.post(
        f"{at}4/add/",
        {
            "label": "Ask who pays",
            "kind": "question",
            "answer": "money",
            "importance": "3",
            "applies": "new",
            "gives_you": "No surprise later",
            "seen": "0",
        },
    )
    client.post(f"{at}4/", {"label": "Discovery", "norm_days": "14", "seen": "2"})
    assert Step.objects.filter(label="Ask who pays").exists()
    page = re.sub(r"<[^>]+>", "", client.get(f"{at}publish/").content.decode())
    for said in (
        "Kind: Question",
        "Answer: Money",
        "Importance: Gate",
        "For: New customers",
        "Gives you: No surprise later",
        "Name: Needs analysis → Discovery",
        f"Usual days: {FOUR.about.norm_days} → 14",
    ):
        assert said in page
