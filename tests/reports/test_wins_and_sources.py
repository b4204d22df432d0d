"""What is won and where it comes from, on deals that say it."""

import pytest
from django.test import Client

from crm.commands import deal as deal_commands
from crm.models import Deal, Source
from pipeline.process.stages import Initiator, Stage
from reports.axes import EXISTING_CUSTOMER, STAGE
from reports.figures import FigureCell
from reports.metrics import leads, outcomes
from reports.pages import sources
from reports.question import Question
from tests.conftest import Cast
from tests.factories import (
    NOW,
    ago,
    cause_named,
    make_company,
    make_deal,
    ready_deal,
    won_deal,
)
from tests.reports.test_metrics import asked


def question(cast: Cast) -> Question:
    return asked(cast.again(cast.mona), start=-400, end=91)


def test_losses_stand_by_cause_and_stage(worked_cast: Cast) -> None:
    found = outcomes.stopped_deals.measure(question(worked_cast), STAGE)
    assert {stage: figure.n for stage, figure in found.items()} == {1: 1, 2: 1, 3: 1, 6: 1}


def test_a_disqualified_deal_is_in_no_win_rate(cast: Cast) -> None:
    won_deal(by=cast.ana)
    deal_commands.stop(
        ready_deal(by=cast.ana, at=ago(days=5)),
        initiator=Initiator.US,
        cause=cause_named("disqualified"),
        by=cast.ana,
        at=NOW,
    )
    for metric in (
        outcomes.closed_win_rate,
        outcomes.narrow_win_rate,
        outcomes.broad_win_rate,
    ):
        figure = metric.whole(question(cast))
        assert (figure.part, figure.n) == (1, 1), metric.slug
    assert outcomes.days_to_disqualify.whole(question(cast)).n == 1


def test_a_deal_opened_again_is_counted_at_its_stop(worked_cast: Cast) -> None:
    asked_of = question(worked_cast)
    again, won = (
        outcomes.reopen_rate.whole(asked_of),
        outcomes.reopen_win_rate.whole(asked_of),
    )
    # Of five stops (D2 twice, D4, D5, D8) one was opened again, and lost in the end.
    assert (again.part, again.n) == (1, 5)
    assert (won.part, won.n) == (0, 1)


def test_existing_customers_are_counted_by_name(cast: Cast) -> None:
    """CHECKLIST A9: the customer whom a deal came from, else the one that it is with."""
    source = Source.objects.get(kind="existing_customer")
    norte, sur = (make_company(by=cast.ana, name=name) for name in ("Norte SA", "Sur SA"))
    make_deal(by=cast.ana, company=norte, source=source)
    make_deal(by=cast.ana, company=norte, source=source, source_company=sur)
    make_deal(by=cast.ana, company=norte)
    found = leads.leads.measure(question(cast), EXISTING_CUSTOMER)
    assert {key: figure.n for key, figure in found.items()} == {norte.pk: 1, sur.pk: 1, None: 1}


def test_a17_what_is_won_with_who_had_bought_before_is_told_apart(cast: Cast) -> None:
    """By whomever they bought before; a first purchase, and one of nobody's company, is none."""
    source = Source.objects.get(kind="existing_customer")
    norte, sur, este = (make_company(by=cast.ana, name=name) for name in ("Norte", "Sur", "Este"))
    first = won_deal(by=cast.carl, company=norte)
    Deal.objects.filter(pk=first.pk).update(closed_at=ago(days=300))
    again = won_deal(by=cast.ana, company=norte, value=3000)
    told = won_deal(by=cast.ana, company=este, value=500)
    new = won_deal(by=cast.ana, company=sur, value=7000)
    won_deal(by=cast.ana)
    Deal.objects.filter(pk=told.pk).update(source=source)
    # A customer who named somebody else is no customer there.
    Deal.objects.filter(pk=new.pk).update(source=source, source_company=norte)

    asked_of = asked(cast.again(cast.ana), start=-1, end=91)
    share = outcomes.repeat_business.whole(asked_of)
    assert (share.part, share.n) == (2, 3)
    assert outcomes.repeat_won_value.whole(asked_of).value == 3500
    cell = FigureCell(metric=outcomes.repeat_business.slug, part=True)
    assert set(outcomes.repeat_business.rows(asked_of, cell)) == {again, told}

    # A file without days: that the customer bought is known, and that it was before what is dated.
    Deal.objects.filter(pk=first.pk).update(closed_at=None)
    assert outcomes.repeat_business.whole(asked_of).part == 2
    Deal.objects.filter(pk=told.pk).update(source=None, closed_at=None)
    assert set(outcomes.repeat_business.rows(asked_of, cell)) == {again}
    definitions = [one.definition for one in (share, outcomes.repeat_won_value.whole(asked_of))]
    assert [str(one.name) for one in definitions] == ["Repeat business", "Value of repeat business"]
    assert not definitions[1].formula


def test_the_ladder_goes_from_lead_to_won(cast: Cast) -> None:
    make_deal(by=cast.ana)
    ready_deal(by=cast.ana, stage=Stage.NEEDS_ANALYSIS)
    won_deal(by=cast.ana)
    asked_of = question(cast)
    steps = (leads.qualified, leads.offered, leads.won_of_leads)
    assert leads.leads.whole(asked_of).n == 3
    assert [metric.whole(asked_of).part for metric in steps] == [2, 2, 1]


def test_a_page_of_sources_says_no_difference_where_it_could_have_been_seen(
    client: Client, cast: Cast
) -> None:
    """With ten leads of each of two sources, and not with ten of one and nine of another."""
    client.force_login(cast.again(cast.mona))
    one, other = Source.objects.order_by("pk")[:2]
    for number in range(19):
        make_deal(by=cast.ana, name=f"Deal {number}", source=one if number < 10 else other)
    none = "No source differs from the others beyond chance."
    text = client.get("/reports/sources/").content.decode()
    assert (none in text, "Too few to tell: n 9 where it takes 10." in text) == (False, True)
    make_deal(by=cast.ana, source=other)
    text = client.get("/reports/sources/").content.decode()
    assert (none in text, "Too few to tell" in text) == (True, False)


def test_many_customers_stand_in_the_file_and_some_on_the_page(
    client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST_CUSTOMERS", 2)
    source = Source.objects.get(kind="existing_customer")
    for name in ("Alpha", "Beta", "Gamma"):
        company = make_company(by=cast.ana, name=name)
        make_deal(by=cast.ana, company=company, source=source, source_company=company)
    client.force_login(cast.mona)
    text = client.get("/reports/sources/").content.decode()
    box = text[text.index('id="panel-customers"') :].split("</section>")[0]
    assert "The first 2 of 3 are shown" in box
    assert ("Beta" in box, "Gamma" in box) == (True, False)
    answer = client.get("/reports/sources/customers.csv")
    assert b"Gamma" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]
