"""Leads of a file that come into a pool go to people by its rules, in turn and with room, as typed ones do."""

from crm.commands import lead_rule
from crm.commands.lead_rule import LeadRuleInput
from crm.models import Deal, LeadAssignment, LeadRule, Source
from tests.conftest import Cast
from tests.exchange.uploads import browser, checked, loaded, uploaded, worked
from tests.factories import NOW, make_company, make_deal

FILE = """Deal,Stage,Team,Owner,Source,Company
Fair one,lead_generation,North,,Trade fair,Linz AG
Fair two,lead_generation,North,,Trade fair,Vega
Web one,lead_generation,North,,Website,Linz AG
Web two,lead_generation,North,,Website,Linz AG
Web three,lead_generation,North,,Website,Vega
Web four,lead_generation,North,,Website,Linz AG
Bens own,lead_generation,North,ben@seven.test,Website,Linz AG
Further,prospecting,North,,Website,Linz AG
"""


def owners() -> dict[str, str]:
    rows = Deal.objects.filter(batch__isnull=False).values_list("name", "owner__name")
    return {name: (owner or "").split(" ")[0] for name, owner in rows}


def test_leads_of_a_file_are_given_out_by_the_rules_of_the_pool(cast: Cast) -> None:
    for name, country in (("Linz AG", "Austria"), ("Vega", "Spain")):
        make_company(by=cast.mona, name=name, country=country)
    make_deal(by=cast.ana, name="To sort already")
    fair = Source.objects.get(name="Trade fair")
    for said in (
        LeadRuleInput(name="Fairs", people=(cast.ana,), source=fair, capacity=2),
        LeadRuleInput(name="At home", people=(cast.ana, cast.ben), region="austria", capacity=4),
    ):
        lead_rule.add(cast.north, said, by=cast.mona, at=NOW)
    job = uploaded(cast.mona, FILE)

    job = checked(
        cast.mona,
        job,
        name="Deal",
        stage="Stage",
        team="Team",
        owner="Owner",
        source="Source",
        company="Company",
    )

    # A trial gives nothing out, and takes nobody's turn.
    assert not LeadAssignment.objects.exists()
    assert set(LeadRule.objects.values_list("turn", flat=True)) == {0}
    job = loaded(cast.mona, job)
    assert owners() == {
        "Fair one": "Ana",
        # Ana is full for fairs; nobody at home is for Spain.
        "Fair two": "",
        "Web one": "Ana",
        "Web two": "Ben",
        "Web three": "",
        "Web four": "Ana",
        "Bens own": "Ben",
        "Further": "",
    }
    log = LeadAssignment.objects.order_by("pk").values_list("deal__name", "rule_name", "to__name")
    assert [(deal, rule, (to or "").split(" ")[0]) for deal, rule, to in log] == [
        ("Fair one", "Fairs", "Ana"),
        ("Fair two", "Fairs", ""),
        ("Web one", "At home", "Ana"),
        ("Web two", "At home", "Ben"),
        ("Web four", "At home", "Ana"),
    ]
    # Given out, it is the person's to see and in the list of what is to be sorted.
    assert "Web two" in browser(cast.ben).get("/leads/").content.decode()
    assert browser(cast.mona).post(f"/imports/{job.pk}/undo/").status_code == 302
    worked(job)
    assert not LeadAssignment.objects.exists()
