"""The five questions of the method in the head of a deal's page, answered by its records."""

import datetime as dt
import re
from decimal import Decimal
from html import unescape

from django.test import Client

from crm.commands import concern as concern_commands
from crm.commands import need as need_commands
from crm.commands import offer as offer_commands
from crm.commands.writers.concern import ConcernInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.offer import OfferInput
from crm.models import ConcernCategory, Deal
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import NOW, ago, make_deal, ready_deal, stopped_deal, won_deal

ASKED = [
    "What is in it?",
    "Is it qualified?",
    "What can we sell?",
    "Did we offer?",
    "Will they buy?",
]


def answers(client: Client, cast: Cast, deal: Deal) -> list[tuple[str, str, str]]:
    """Each answer with its tone and where it leads to, in the order of the page."""
    client.force_login(cast.ana)
    page = client.get(f"/deals/{deal.pk}/").content.decode()
    part = page.partition('<ol class="five"')[2].partition("</ol>")[0]
    assert re.findall(r'<span class="no-phone">([^<]+)</span>', part) == ASKED
    found = re.findall(
        r'href="([^"]+)".*?<b class="(\w*)">.*?<bdi class="clip no-phone">([^<]+)</bdi>',
        part,
        re.DOTALL,
    )
    for href, _tone, _said in found:
        # Each is answered on the page itself, or at an address that answers.
        assert f'id="{href[1:]}"' in page if href[0] == "#" else client.get(href).status_code == 200
    return [(unescape(said), tone, href) for href, tone, said in found]


def test_of_a_new_lead_it_is_too_early_to_say_anything(
    client: Client, cast: Cast, clock: object
) -> None:
    deal = make_deal(by=cast.ana)
    said = answers(client, cast, deal)
    assert [(words, tone) for words, tone, _href in said] == [
        ("Nobody is named yet", ""),
        ("Not judged yet", ""),
        ("No need is known", ""),
        ("Not yet", ""),
        ("Too early to say", ""),
    ]
    assert said[3][2] == f"/deals/{deal.pk}/stages/5/"


def test_what_the_records_say_is_answered_with_the_way_to_it(
    client: Client, cast: Cast, clock: object
) -> None:
    deal = ready_deal(by=cast.ana, stage=Stage.PROPOSAL, amount=48_000)
    offer_commands.make(
        deal,
        OfferInput(value=Decimal(47_000), decision_on=NOW.date() + dt.timedelta(days=3)),
        by=cast.ana,
        at=ago(hours=2),
    )
    assert answers(client, cast, deal) == [
        ("Yes, they talk with us", "ok", "#timeline-title"),
        ("Yes, both sides", "ok", "#verdict-title"),
        ("1 need, 1 not confirmed", "warn", "#needs-title"),
        ("Yes, €47,000", "ok", "#offers-title"),
        ("They are deciding", "", "#facts-title"),
    ]
    need = deal.needs.get()
    need_commands.change(
        need,
        NeedInput(words=need.words, worth=Decimal(900), confirmed_on=NOW.date()),
        by=cast.ana,
        at=NOW,
    )
    concern_commands.add(
        deal,
        ConcernInput(category=ConcernCategory.PRICE, words="Too dear for us", after_price=True),
        by=cast.ana,
        at=NOW,
    )
    said = answers(client, cast, deal)
    assert said[2] == ("1 need, confirmed", "ok", "#needs-title")
    assert said[4] == ("1 concern is open", "warn", "#concerns-title")


def test_what_a_later_stage_lacks_is_a_warning(client: Client, cast: Cast, clock: object) -> None:
    deal = make_deal(by=cast.ana, stage=Stage.PROPOSAL)
    deal.needs.all().delete()
    deal.verdicts.all().delete()
    deal.offers.all().delete()
    Deal.objects.filter(pk=deal.pk).update(stage=Stage.OBJECTIONS)
    tones = [tone for _words, tone, _href in answers(client, cast, deal)]
    assert tones == ["ok", "warn", "warn", "warn", ""]


def test_the_end_of_a_deal_answers_the_last_question(
    client: Client, cast: Cast, clock: object
) -> None:
    won, stopped = won_deal(by=cast.ana), stopped_deal(by=cast.ana)
    assert answers(client, cast, won)[4][:2] == ("Yes, won", "ok")
    assert answers(client, cast, stopped)[4][:2] == ("No, stopped", "")
