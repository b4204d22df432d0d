"""Events: each kind is kept, read back equal, and told in either language."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from crm.models import DealChange, Setting
from crm.presenters.events import event_sentence
from crm.presenters.viewer import Viewer
from crm.queries.settings import SettingsHistoryRow
from crm.views.setting_changes import tell
from pipeline.models import PeopleChange
from pipeline.people.queries import history
from salesprocess.lib.events import (
    KINDS,
    Event,
    KeptInWords,
    UnknownEvent,
    change_event,
    event_columns,
    event_of,
)
from tests.conftest import Cast
from tests.crm.event_samples import samples
from tests.factories import NOW, make_deal

SAMPLES = list(samples())
each_event = pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.kind)


def test_every_kind_has_one_here():
    assert {event.kind for event in SAMPLES} == set(KINDS)
    assert all(len(kind) <= 40 for kind in KINDS)


@each_event
def test_it_is_read_back_as_it_was_written(event: Event):
    row = DealChange(**event_columns(event))
    assert row.event == event
    text = json.dumps(row.data)
    # As the database gives it to a statement of one's own, and to a program that says it all.
    assert event_of(row.kind, text) == event
    assert event_of(row.kind, json.loads(text) | {"of_a_later_version": [1]}) == event


def told(event: Event, cast: Cast, language: str) -> list[str]:
    """The event as each page of its kind of record tells it."""
    with translation.override(language):
        timeline = event_sentence(Viewer(cast.ana, at=NOW), event)[1:]
        row = PeopleChange(at=NOW, by=cast.ana, **event_columns(event))
        (line,) = history([row], zone=cast.ana.zone)
        change = SettingsHistoryRow(
            id=1, setting=Setting.SOURCE, event=event, name="", at=NOW, by="", is_undone=False
        )
        of_settings = tell(change, user=cast.ana)
        assert of_settings is not None
        return [" ".join(timeline), f"{line.what} {line.old} {line.new}", of_settings.text]


def test_each_is_told_in_either_language_by_a_page_that_knows_it(cast: Cast):
    for event in SAMPLES:
        english, german = told(event, cast, "en"), told(event, cast, "de")
        # What a page does not know it tells by its kind and JSON, in no language.
        known = [pair for pair in zip(english, german, strict=True) if "{" not in pair[0]]
        assert any(one != other for one, other in known), (event, english)


def test_what_nobody_knows_is_shown_plainly(cast: Cast, client: Client):
    deal = make_deal(by=cast.ana)
    odd: list[tuple[str, Any]] = [
        ("of_a_later_version", {"colour": "green"}),
        ("amount", {"new": {"amount": "many"}}),
        ("owner", {"new": "Ana"}),
        ("gate", []),
        ("words", {"fact": "amount", "old": "many"}),
    ]
    for kind, data in odd:
        row = deal.changes.create(at=NOW, by=cast.ana, kind=kind, data=data)
        assert isinstance(row.event, UnknownEvent | KeptInWords)
    client.force_login(cast.ana)
    page = client.get(f"/deals/{deal.pk}/").content.decode()
    assert "of_a_later_version" in page
    assert "green" in page
    assert "many" in page


def test_what_could_not_be_read_again_is_not_written():
    with pytest.raises(TypeError, match="does not say"):
        event_columns(change_event("amount", old=None, new="many"))
    with pytest.raises(KeyError):
        change_event("colour", old="red", new="green")


def test_no_two_kinds_have_one_name():
    with pytest.raises(TypeError, match="'amount'"):

        class Another(Event, kind="amount"): ...
