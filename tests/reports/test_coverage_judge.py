"""From which coverage on a report is reliable is the organisation's word, and never below 90 %."""

import pytest

from pipeline.people.commands import organisation
from reports.figures import Period
from reports.question import Question
from tests.conftest import Cast
from tests.factories import NOW


@pytest.mark.parametrize(
    ("asked", "known", "is_reliable"),
    [(None, 90, True), (None, 89, False), (95, 94, False), (95, 95, True), (100, 99, False)],
)
def test_it_is_reliable_from_what_the_organisation_asks_for(
    cast: Cast, asked: int | None, known: int, is_reliable: bool
):
    organisation.change(by=cast.adele, at=NOW, reliable_from=asked)
    reader, day = cast.again(cast.ana), NOW.date()
    period = Period(start_on=day, end_on=day, zone=reader.organisation.zone)
    question = Question(reader=reader, period=period, today=day)
    assert question.coverage(known=known, population=100).is_reliable is is_reliable
    assert not question.coverage(known=0, population=0).is_reliable
