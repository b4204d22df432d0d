"""The chart of ages: what is drawn is what its note says."""

import re
from typing import Any

from django.test import Client

from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import ago, make_deal
from tests.reports.test_people_pages import page


def test_it_draws_as_many_deals_of_a_stage_as_it_says(
    client: Client, cast: Cast, clock: Any
) -> None:
    for number in range(12):
        make_deal(by=cast.ana, stage=Stage.LEAD_GENERATION, name=f"D{number}", at=ago(days=9))
    text = page(client, cast.again(cast.mona), "/reports/pipeline/")
    box = text.partition('id="panel-aging"')[2].partition("</section>")[0]
    said = re.findall(r"at most (\d+) deals a stage are drawn", box)
    assert said == [str(len(set(re.findall(r'href="/deals/(\d+)/"', box))))]
