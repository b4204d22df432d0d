"""Whoever opens a form and saves it untouched has changed nothing: no row, no version, no day, no
mail. Of every form that changes something on record, filled in whole, bare, and as it came in.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from crm.commands import concern as concerns
from crm.commands import deal as deals
from crm.commands import deal_line as lines
from crm.commands import decision_path as paths
from crm.commands import hand_off as hand_offs
from crm.commands import need as needs
from crm.commands import saved_view as views
from crm.commands.writers.concern import ConcernInput
from crm.commands.writers.decision_path import DecisionPathInput
from crm.commands.writers.need import NeedInput
from crm.models import (
    Company,
    ConcernCategory,
    Contact,
    DealRole,
    ListKind,
    Method,
    Per,
    Product,
    Source,
    StopCause,
)
from pipeline.models import IdempotencyKey, SellingStyle, User
from pipeline.process import commands as process
from pipeline.process.gates import Gate
from pipeline.process.playbook import (
    AnswerKind,
    Applies,
    Importance,
    Proof,
    Side,
    StepKind,
    StepRow,
    Strength,
    WorkKind,
)
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.crm.page_forms import untouched
from tests.factories import NOW, make_company, make_contact, make_deal, won_deal
from tests.known_tables import KnownTables
from tests.pipeline.process import in_force, over, row

LINES = "Two lines,\nas a file has them"


# That a form was sent is kept of each; what it changed is the question. So it is of sessions.
KEPT = {IdempotencyKey._meta.db_table, Session._meta.db_table}


def save_untouched(
    client: Client, page: str, path: str = "", *, tables: KnownTables | None = None
) -> None:
    """Open it, save it; nothing must differ. The form is sent to `path`, by default its own page."""
    path = path or page
    tables = tables or KnownTables()
    shown = client.get(page)
    assert shown.status_code == 200, page
    sent = untouched(shown.content.decode(), path)
    before = tables.now()
    response = client.post(path, sent)
    wrong = re.findall(r'<ul class="errors".*?</ul>', response.content.decode(), re.DOTALL)
    assert response.status_code == 302, (path, wrong)
    assert tables.changed(since=before, kept=KEPT) == []


# What there is to change --------------------------------------------------------------------------


def company(cast: Cast) -> str:
    above = make_company(by=cast.ana, name="Vega Group")
    whole = make_company(
        by=cast.ana,
        owner=cast.ana,
        name="Norte SA",
        parent=above,
        website="https://norte.test/",
        industry="Food",
        employees=40,
        country="Spain",
        relationship="customer",
    )
    return f"/companies/{whole.pk}/edit/"


def bare_company(cast: Cast) -> str:
    bare = make_company(by=cast.ana, owner=cast.ana)
    Company.objects.filter(pk=bare.pk).update(name=" Norte  SA ", industry="Food ")
    return f"/companies/{bare.pk}/edit/"


def contact(cast: Cast) -> str:
    whole = make_contact(
        by=cast.ana,
        owner=cast.ana,
        company=make_company(by=cast.ana),
        job_title="Buyer",
        emails=["J@Norte.test", "jordi@home.test"],
        phones=["+34 600 000 000", "0664/1234567"],
    )
    return f"/contacts/{whole.pk}/edit/"


def bare_contact(cast: Cast) -> str:
    bare = make_contact(by=cast.ana, owner=cast.ana)
    Contact.objects.filter(pk=bare.pk).update(job_title=" Buyer")
    return f"/contacts/{bare.pk}/edit/"


def facts_of_deal(cast: Cast) -> Any:
    return make_deal(
        by=cast.ana,
        company=make_company(by=cast.ana),
        amount=Decimal("48000.50"),
        source=Source.objects.first(),
        source_detail="the fair",
        source_company=make_company(by=cast.ana, name="Vega"),
        method=Method.objects.first(),
        expected_close_on=NOW.date() + dt.timedelta(days=30),
    )


def always(address: str) -> Callable[[Cast], str]:
    return lambda cast: address


def fact(name: str, *, bare: bool) -> Callable[[Cast], str]:
    def make(cast: Cast) -> str:
        deal = make_deal(by=cast.ana) if bare else facts_of_deal(cast)
        return f"/deals/{deal.pk}/edit/{name}/"

    return make


def need(cast: Cast) -> str:
    deal = make_deal(by=cast.ana, contact=make_contact(by=cast.ana))
    made = needs.add(
        deal,
        NeedInput(
            words=LINES,
            worth=Decimal("9000.50"),
            per=Per.MONTH,
            said_by=deal.contacts.get(),
            confirmed_on=NOW.date(),
        ),
        by=cast.ana,
        at=NOW,
    )
    return f"/deals/{deal.pk}/needs/{made.pk}/"


def decision_path(cast: Cast) -> str:
    deal = make_deal(by=cast.ana)
    who = make_contact(by=cast.ana)
    deals.set_contact(deal, contact=who, role=DealRole.DECIDES, by=cast.ana, at=NOW)
    said: Any = {"confirmed_by": who, "confirmed_on": NOW.date(), "decides_on": NOW.date()}
    paths.write(deal, DecisionPathInput(steps=LINES, criteria=LINES, **said), by=cast.ana, at=NOW)
    return f"/deals/{deal.pk}/decision-path/"


def concern(cast: Cast) -> str:
    deal = make_deal(by=cast.ana)
    made = concerns.add(
        deal,
        ConcernInput(words=LINES, category=ConcernCategory.PRICE, after_price=False),
        by=cast.ana,
        at=NOW,
    )
    return f"/deals/{deal.pk}/concerns/{made.pk}/"


def hand_off(cast: Cast) -> str:
    deal = won_deal(by=cast.ana)
    days: Any = {"starts_on": NOW.date(), "due_on": NOW.date()}
    hand_offs.write(
        deal, to="Ola", promised=LINES, **days, seller_involved=True, by=cast.ana, at=NOW
    )
    return f"/deals/{deal.pk}/hand-off/"


def line(cast: Cast) -> str:
    deal = make_deal(by=cast.ana)
    product = Product.objects.create(name="Belt", price=Decimal(100), currency="EUR")
    said: Any = {"quantity": Decimal("2.5"), "unit_price": Decimal("99.90")}
    made = lines.add(deal, product=product, **said, by=cast.ana, at=NOW)
    return f"/deals/{deal.pk}/lines/{made.pk}/"


def view(cast: Cast) -> str:
    made = views.save(kind=ListKind.DEALS, name="Big", query="q=norte", by=cast.ana, at=NOW)
    return f"/views/{made.pk}/"


def person(cast: Cast) -> str:
    User.objects.filter(pk=cast.ben.pk).update(style=SellingStyle.values[0], hired_on=NOW.date())
    return f"/people/{cast.ben.pk}/edit/"


def setting(kind: str, model: Any) -> Callable[[Cast], str]:
    """A row of a list of the settings: its form stands on the list and has an address of its own."""

    def make(cast: Cast) -> str:
        if model is Product:
            Product.objects.create(name="Belt", price=Decimal("99.90"), currency="EUR")
        pk = model.objects.order_by("pk")[0].pk
        return f"/settings/{kind}/?edit={pk} /settings/{kind}/{pk}/edit/"

    return make


# Who, which address, and what there is: where its form stands, and where that is sent if elsewhere.
FORMS: dict[str, tuple[str, str, Callable[[Cast], str]]] = {
    "a company": ("ana", "crm:company_edit", company),
    "a bare company": ("ana", "crm:company_edit", bare_company),
    "a contact": ("ana", "crm:contact_edit", contact),
    "a bare contact": ("ana", "crm:contact_edit", bare_contact),
    **{
        f"{'no ' if bare else ''}{name} of a deal": ("ana", "crm:deal_edit", fact(name, bare=bare))
        for name in ("name", "company", "value", "close", "source", "method")
        for bare in (False, True)
    },
    "a need": ("ana", "crm:need_change", need),
    "a decision path": ("ana", "crm:decision_path", decision_path),
    "a concern": ("ana", "crm:concern_change", concern),
    "a hand-off": ("ana", "crm:hand_off", hand_off),
    "a line": ("ana", "crm:deal_line_change", line),
    "a view": ("ana", "crm:view_change", view),
    "a person": ("adele", "pipeline:person_change", person),
    "a team": (
        "adele",
        "pipeline:team_change",
        lambda cast: f"/people/teams/{cast.north.pk}/edit/",
    ),
    "the organisation": (
        "adele",
        "pipeline:team_change",
        lambda cast: f"/people/teams/{cast.root.pk}/edit/",
    ),
    **{
        f"one of the {kind}": ("adele", "crm:settings_edit", setting(kind, model))
        for kind, model in (
            ("products", Product),
            ("sources", Source),
            ("methods", Method),
            ("stop-causes", StopCause),
        )
    },
    **{
        f"the settings of {page}": (
            "adele",
            "crm:settings_" + page.replace("-", "_"),
            always(f"/settings/{page}/"),
        )
        for page in ("organisation", "process-owner", "thresholds")
    },
    "one’s profile": ("ana", "pipeline:profile", lambda cast: "/profile/"),
}


def names(patterns: Any, space: str = "") -> Iterator[str]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from names(one.url_patterns, f"{one.namespace}:" if one.namespace else space)
        elif isinstance(one, URLPattern) and one.name:
            yield f"{space}{one.name}"


def test_every_form_that_changes_something_is_tried():
    changing = {
        name
        for name in names(get_resolver().url_patterns)
        # What it does, without its app: one of them exchanges files.
        if "change" in name.partition(":")[2] or "edit" in name.partition(":")[2]
    }
    # Steps are tried below, in every layer; plans where their days are.
    asked = {name for name in changing if name.partition(":")[0] in ("crm", "exchange", "pipeline")}
    asked -= {"crm:settings_changes"}  # a list of them
    assert asked - {"pipeline:step_change", "crm:activity_change"} <= {
        name for _who, name, _make in FORMS.values()
    }


@pytest.mark.parametrize("what", FORMS)
def test_a_form_that_is_saved_untouched_changes_nothing(client: Client, cast: Cast, what: str):
    who, _name, make = FORMS[what]
    page, _space, path = make(cast).partition(" ")
    client.force_login(getattr(cast, who))
    save_untouched(client, page, path)


# Steps and stages, in every layer -----------------------------------------------------------------

HERE = Stage.QUALIFICATION
KINDS: dict[str, dict[str, Any]] = {
    "check": {"kind": StepKind.CHECK},
    **{
        f"question-{answer}": {"kind": StepKind.QUESTION, "answer": answer} for answer in AnswerKind
    },
    **{f"evidence-{proof}": {"kind": StepKind.EVIDENCE, "proof": proof} for proof in Proof},
    **{f"activity-{doing}": {"kind": StepKind.ACTIVITY, "doing": doing} for doing in WorkKind},
    "hint": {"kind": StepKind.HINT},
}
KINDS["question-choice"]["choices"] = ("Big", "Small")
# What a step says by itself, besides its kind: nothing that it need not, or everything.
SAID: dict[str, dict[str, Any]] = {
    "bare": {"gives_managers": None, "position": 10.0},
    "whole": {
        "importance": Importance.GATE,
        "applies": Applies.NEW,
        "side": Side.OURS,
        "gives_managers": LINES,
        "help": LINES,
        "locked": None,
    },
}


def steps() -> list[StepRow]:
    return [
        row(f"{kind}-{said}", stage=HERE, **SAID[said] | what)
        for kind, what in KINDS.items()
        for said in SAID
    ]


OWN: dict[str, dict[str, Any]] = {
    "label": {"label": "Ours"},
    "help": {"help": LINES},
    "gives_you": {"gives_you": "Less trouble"},
    "importance": {"importance": Importance.GATE},
    "applies": {"applies": Applies.EXISTING},
    "side": {"side": Side.THEIRS},
    "hidden": {"hidden": True},
    "locked": {"locked": True},
}


def layer_with(cast: Cast, level: str) -> tuple[str, list[str]]:
    """An address of a level and the steps that it shows: of its own, inherited, and adapted."""
    levels: dict[str, tuple[Any, User]] = {
        "framework": (cast.root, cast.adele),
        "team": (cast.north, cast.mona),
        "mine": (cast.ana, cast.ana),
    }
    whose, by = levels[level]
    in_force(cast.root, *steps())
    keys = [each.key for each in steps()]
    layer = process.layer_of(whose, by=by, at=NOW)
    if level == "mine":
        process.add_step(layer, stage=HERE, said={"label": "Mine"}, by=by, at=NOW)
        own = [over("check-bare", stage=HERE, label="As I say")]
        keys.append("mine")
    elif level == "team":
        own = [
            over("check-bare", stage=HERE, **OWN["label"]),
            *(row(f"own-{name}", stage=HERE, **said) for name, said in OWN.items()),
        ]
        in_force(cast.north, *own)
        keys += [each.key for each in own]
    return ("mine" if level == "mine" else str(whose.pk)), list(dict.fromkeys(keys))


@pytest.mark.parametrize("level", ["framework", "team", "mine"])
def test_a_step_that_is_saved_untouched_changes_nothing(client: Client, cast: Cast, level: str):
    of, keys = layer_with(cast, level)
    client.force_login({"framework": cast.adele, "team": cast.mona, "mine": cast.ana}[level])
    tables = KnownTables()
    for key in keys:
        save_untouched(
            client,
            f"/process/{of}/?stage={HERE.value}&step={key}&do=edit",
            f"/process/{of}/{HERE.value}/{key}/change/",
            tables=tables,
        )


@pytest.mark.parametrize("level", ["framework", "team", "mine"])
@pytest.mark.parametrize("named", [True, False])
def test_a_stage_that_is_saved_untouched_changes_nothing(
    client: Client, cast: Cast, level: str, named: bool
):
    of, _keys = layer_with(cast, level)
    who = {"framework": cast.adele, "team": cast.mona, "mine": cast.ana}[level]
    if named:
        owner = cast.ana if level == "mine" else cast.root if level == "framework" else cast.north
        process.name_stage(
            process.layer_of(owner, by=who, at=NOW),
            stage=HERE,
            label="Look closer",
            norm_days=None if level == "mine" else 9,
            by=who,
            at=NOW,
        )
    client.force_login(who)
    save_untouched(client, f"/process/{of}/?stage=3&do=stage", f"/process/{of}/3/")


def test_a_step_of_which_the_name_is_changed_says_that_and_nothing_else(client: Client, cast: Cast):
    of, _keys = layer_with(cast, "team")
    client.force_login(cast.mona)
    path = f"/process/{of}/3/own-label/change/"
    page = client.get(f"/process/{of}/?stage=3&step=own-label&do=edit").content.decode()

    client.post(path, untouched(page, path) | {"label": ["Ours, better"]})

    layer = process.layer_of(cast.north, by=cast.mona, at=NOW)
    step = layer.steps.get(key="own-label")
    assert (step.label, step.applies, step.locked) == ("Ours, better", None, None)


def test_a_strength_that_is_as_it_was_changes_nothing(cast: Cast):
    layer = process.layer_of(cast.root, by=cast.adele, at=NOW)
    tables = KnownTables()
    process.set_strength(layer, gate=Gate.UNDERSTOOD, strength=Strength.ASK, by=cast.adele, at=NOW)
    assert tables.changed() == []
