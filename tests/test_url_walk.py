"""Every address of the product, walked by everybody: who gets what, and what garbage does.

Each record carries a word of its own (a canary), which must not appear in anything that is
answered to somebody out of its reach. A forbidden request must leave every table as it was.
"""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.http import HttpResponseBase
from django.test import Client, override_settings
from django.test.client import ClientHandler
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils.datastructures import MultiValueDict

from crm.commands import activity as activity_commands
from crm.commands import concern as concern_commands
from crm.commands import deal as deal_commands
from crm.commands import deal_line as line_commands
from crm.commands import lead_rule as rule_commands
from crm.commands import need as need_commands
from crm.commands import offer as offer_commands
from crm.commands import party_merge as merge_commands
from crm.commands import process_note as note_commands
from crm.commands import reference as reference_commands
from crm.commands import saved_view as view_commands
from crm.commands.lead_rule import LeadRuleInput
from crm.commands.writers.activity import About, Next
from crm.commands.writers.concern import ConcernInput, DispositionInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.offer import OfferInput, OfferLineInput
from crm.models import (
    ActivityKind,
    ConcernCategory,
    DeletedRecord,
    Disposition,
    EvidenceFile,
    ListKind,
    Method,
    NoteKind,
    OfferKind,
    Product,
    Rate,
    StepResult,
    UndoableAct,
)
from crm.models.deal import DealQuerySet
from crm.models.step_result import StepState
from day.commands import outside_time as outside_commands
from day.models import OutsideKind, ProtectedTime, Snooze
from exchange.commands import job as import_verbs
from exchange.commands import whole_export as whole_export_commands
from exchange.models import ImportState
from pipeline.audit.models import AuditEntry
from pipeline.models import Batch, Collision, OutboxRow, PeopleChange, Role, User
from pipeline.outbox import kinds
from pipeline.people.events import NameChanged
from pipeline.process import commands as process_commands
from pipeline.process.stages import Initiator, Stage
from privacy.models import ErasureNotice
from reports.commands import day_notes as day_note_commands
from reports.commands import report_mail as report_mail_commands
from reports.commands import saved_report as report_commands
from reports.rhythm import Rhythm
from salesprocess.lib import idempotency
from salesprocess.lib.events import event_columns
from tests.conftest import Cast, make_cast
from tests.factories import (
    NOW,
    ago,
    cause_named,
    make_company,
    make_contact,
    make_deal,
    make_user,
    plan_call,
    ready_deal,
    won_deal,
)
from tests.known_tables import KnownTables
from tests.passkeys import give_app, give_passkey
from tests.tally import TALLY

pytestmark = pytest.mark.django_db

# Who walks ---------------------------------------------------------------------------------------

OUTSIDE = ("anonymous", "deactivated")
INSIDE = {
    "owner": "ana",
    "mate": "ben",
    "manager": "mona",
    "above": "rosa",
    "other_manager": "nora",
    "other_branch": "carl",
    "former_owner": "fay",
    "former_manager": "max",
    "admin": "adele",
}
ROLES = (*OUTSIDE, *INSIDE)
EVERYBODY = frozenset(INSIDE)
# Who reaches what Ana owns, what lies in the pool of her team, what Carl owns.
REACH = frozenset({"owner", "manager", "above", "admin"})
POOL = REACH | {"mate"}
CARLS = frozenset({"other_branch", "other_manager", "above", "admin"})
ABOVE_ANA = frozenset({"manager", "above", "admin"})
LEADERS = ABOVE_ANA | {"other_manager"}
ADMIN = frozenset({"admin"})
IMPORTER = frozenset({"owner", "admin"})
# Whoever completed something, and nobody for them.
DOERS = frozenset({"owner"})

SEEN_BY = {
    "deal": REACH,
    "bare": REACH,
    "closed": REACH,
    "won": REACH,
    "touch": REACH,
    "past": REACH,
    "pool": POOL,
    "carls": CARLS,
    "view": frozenset({"owner", "admin"}),
    "report": frozenset({"owner", "admin"}),
    "shared": frozenset({"owner", "mate", "manager", "above", "admin"}),
    "deleted": frozenset({"owner", "admin"}),
    "outbox": ADMIN,
    "job": frozenset({"owner", "admin"}),
    "note": REACH,
    "day_note": POOL,
    "draft": ABOVE_ANA,
    "own": frozenset({"owner"}),
}
JOBS = {
    "named": ImportState.MAPPING,
    "asked": ImportState.ASKING,
    "checked": ImportState.CHECKED,
    "job": ImportState.DONE,
}
CANARIES = {key: f"canary{key}q7" for key in SEEN_BY}


# What there is -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Url:
    """How an address is classified.

    `kind`: "public" is open to all; "own" is about the reader; "collection" shows what is in the
    reader's reach; "function" is for some people; "record" is about the record of `at`.
    `at` names the record of each parameter ("=word" is taken as it stands), `may` who is answered,
    `post` what they send to have it done (None: nothing can be sent), `ask` what a reader asks.
    """

    kind: str
    at: Mapping[str, str] = field(default_factory=dict)
    may: frozenset[str] = EVERYBODY
    post: Mapping[str, Any] | None = None
    ask: Mapping[str, Any] = field(default_factory=dict)
    get: bool = True
    # Whether it answers only with what is asked in `ask`.
    needs: bool = False
    # The tables that anybody may write to with it.
    keeps: frozenset[str] = frozenset()


def record(of: str, may: frozenset[str] = REACH, *, pk: str = "pk", **facts: Any) -> Url:
    """An address about one record, by default within the reach of whoever leads or is Ana."""
    more = facts.pop("at", {})
    if of in OPENED and facts.get("get", True):
        facts["keeps"] = facts.get("keeps", frozenset()) | TAKEN
    return Url(kind="record", at={pk: of, **more}, may=may, **facts)


SESSION = frozenset({"django_session"})
# Each file is noted, and who looked at whose records and figures.
TAKEN = frozenset({"pipeline_auditentry"})
# Of what of somebody else it is noted, too, who opened a part of it.
OPENED = {"deal", "bare", "slip", "closed", "won", "pool", "plan", "contact"}
# allauth notes that recovery codes were looked at.
VIEWED = frozenset({"mfa_authenticator"})
FIND = {"q": "canary"}
LIKE = {"name": "Norte", "company_name": "Norte", "person": "Jordi", "product_name": "Line"}
MONDAYS = {"rhythm": "weekly", "weekday": "0", "hour": "7"}
FUNNEL = {"span": "custom", "start": "2026-01-01", "end": "2026-03-11"}
CALL = {"kind": "call", "body": "said"}
TOMORROW = {"next": "tomorrow", "next_kind": "call"}
STEP = {"label": "Ask", "kind": "check", "importance": "2", "applies": "always", "gives_you": "it"}

RULE = {"name": "Fairs", "people": "@ben", "dealing": "in_turn"}
NEED = {"number": "=3", "key": "=need"}

URLS: dict[str, Url] = {
    "home": Url(kind="own"),
    # the beginning
    "crm:first_run": Url(kind="function", may=ADMIN),
    "crm:first_run_put_away": Url(kind="function", may=ADMIN, get=False, post={}),
    "crm:first_run_take_out": Url(kind="function", may=ADMIN, get=False, post={}),
    "crm:first_run_put_off": Url(
        kind="function", may=ADMIN, at={"task": "=import"}, get=False, post={}
    ),
    "demo:sample_add": Url(kind="function", may=ADMIN, get=False, post={}),
    "demo:sample_take_away": Url(kind="function", may=ADMIN, get=False, post={}),
    "demo:tour": Url(kind="own"),
    "demo:tour_begin": Url(kind="own", get=False),
    "demo:tour_end": Url(kind="own", get=False),
    "line": Url(kind="public"),
    "worker": Url(kind="public"),
    "healthz": Url(kind="public"),
    "readyz": Url(kind="public"),
    # Without the token that an operator sets it does not exist.
    "pipeline:metrics": Url(kind="public"),
    "unsent_put_away": Url(kind="own", get=False),
    # accounts
    "account_login": Url(kind="public", ask={"next": "//evil.example/"}),
    # What is left of the sign-in of somebody deactivated goes with it.
    "account_logout": Url(kind="own", ask={"next": "//evil.example/"}, keeps=SESSION),
    "account_inactive": Url(kind="public"),
    "account_change_password": Url(kind="own"),
    "account_reset_password": Url(kind="public"),
    "account_reset_password_done": Url(kind="public"),
    "account_reset_password_from_key": Url(
        # Whose link it says it is: allauth copies the address of that person to a table of its own.
        kind="public",
        at={"uidb36": "=1", "key": "=abc-def"},
        keeps=frozenset({"django_session", "account_emailaddress"}),
    ),
    "account_reset_password_from_key_done": Url(kind="public"),
    "account_signup": Url(kind="public", ask={"next": "//evil.example/"}),
    "account_reauthenticate": Url(kind="own", ask={"next": "//evil.example/"}),
    # What is shown to be set up or used is kept in the session until it is.
    "mfa_index": Url(kind="own"),
    "mfa_authenticate": Url(kind="public"),
    "mfa_reauthenticate": Url(kind="own", ask={"next": "//evil.example/"}, keeps=SESSION),
    "mfa_activate_totp": Url(kind="own", keeps=SESSION),
    "mfa_deactivate_totp": Url(kind="function", may=DOERS),
    "mfa_view_recovery_codes": Url(kind="function", may=DOERS, keeps=VIEWED),
    "mfa_generate_recovery_codes": Url(kind="own"),
    "mfa_download_recovery_codes": Url(kind="function", may=DOERS, keeps=VIEWED),
    "mfa_list_webauthn": Url(kind="own"),
    "mfa_add_webauthn": Url(kind="own", keeps=SESSION),
    "mfa_login_webauthn": Url(kind="public"),
    "mfa_reauthenticate_webauthn": Url(kind="own", ask={"next": "//evil.example/"}, keeps=SESSION),
    "socialaccount_login_cancelled": Url(kind="public"),
    **{
        name: Url(kind="public", at={slug: "=none"})
        for slug, names in (
            ("provider_id", ("openid_connect_login", "openid_connect_callback")),
            (
                "organization_slug",
                ("saml_login", "saml_acs", "saml_finish_acs", "saml_sls", "saml_metadata"),
            ),
        )
        for name in names
    },
    "mfa_edit_webauthn": record("passkey", DOERS, post={"name": "Mine"}),
    "mfa_remove_webauthn": record("passkey", DOERS, post={}),
    # people
    "pipeline:people": Url(kind="collection"),
    "pipeline:person_add": Url(
        kind="function", may=LEADERS, ask={"team": "@north"}, post={"name": "New", "role": "admin"}
    ),
    "pipeline:person": record("ana", EVERYBODY),
    "pipeline:person_change": record(
        "ana",
        ABOVE_ANA,
        post={"name": "Ana R", "role": "salesperson", "team": "@north", "style": "mixed"},
    ),
    "pipeline:person_email": record(
        "ana", ADMIN, post={"email": "new@seven.test", "password": "right horse"}
    ),
    "pipeline:person_invite": record("ivo", ABOVE_ANA, get=False, post={}),
    "pipeline:person_second_factors_remove": record("ana", ADMIN, get=False, post={}),
    "pipeline:person_sign_out": record("ana", ADMIN, get=False, post={}),
    "pipeline:person_session_end": record(
        "ana", ADMIN, at={"session": "session"}, get=False, post={}
    ),
    "pipeline:person_deactivate": record("ana", ABOVE_ANA, get=False, post={}),
    "pipeline:person_reactivate": record("gil", ABOVE_ANA, get=False, post={}),
    "pipeline:team_add": Url(
        kind="function", may=LEADERS, ask={"below": "@north"}, post={"name": "", "parent": "@south"}
    ),
    "pipeline:team_change": record(
        "north", ABOVE_ANA, post={"name": "Far north", "parent": "@west", "manager": "@mona"}
    ),
    "pipeline:outbox": Url(kind="function", may=ADMIN),
    "pipeline:outbox_retry": record("outbox", ADMIN, get=False, post={}),
    # the process
    "pipeline:process": Url(kind="collection", ask={"stage": "4", "step": "alpha", "do": "edit"}),
    "pipeline:process_layer": record("north", EVERYBODY, pk="of", ask={"stage": "4", "do": "add"}),
    "pipeline:process_compare": Url(kind="collection", ask={"b": "@north", "c": "@south"}),
    "pipeline:process_preview": Url(kind="collection", ask={"team": "@north", "draft": "on"}),
    "pipeline:process_history": record("north", EVERYBODY, pk="of", ask={"from": "1", "to": "2"}),
    "pipeline:process_restore": record(
        "north", ABOVE_ANA, pk="of", at={"number": "=1"}, get=False, post={}
    ),
    "pipeline:process_discard": record("north", ABOVE_ANA, pk="of", get=False, post={}),
    "pipeline:process_strength": record(
        "root", ADMIN, pk="of", get=False, post={"gate": "G5", "strength": "warn"}
    ),
    "pipeline:process_stage": record(
        "north", ABOVE_ANA, pk="of", at={"number": "=4"}, get=False, post={"label": "Discovery"}
    ),
    "pipeline:step_add": record(
        "north", ABOVE_ANA, pk="of", at={"number": "=4"}, get=False, post=STEP
    ),
    **{
        f"pipeline:step_{verb}": record(
            "north",
            ABOVE_ANA,
            pk="of",
            at={"number": "=4", "key": f"={key}"},
            get=False,
            post=post,
        )
        for verb, key, post in (
            ("change", "beta", STEP),
            ("hide", "beta", {"reason": "Not here"}),
            ("show", "alpha", {}),
            ("move", "beta", {"first": "on"}),
            ("take_back", "beta", {}),
        )
    },
    "pipeline:collisions": Url(kind="collection"),
    "pipeline:collision_decide": record("collision", ABOVE_ANA, get=False, post={"choice": "take"}),
    "crm:process_begin": Url(kind="collection", ask={"did-1": "called them", "do": "map"}),
    "crm:process_use": Url(kind="collection", ask={"of": "@north", "stage": "4"}),
    "crm:process_deals": Url(kind="collection"),
    "crm:process_deal": record("deal"),
    "crm:process_waiting": Url(kind="collection"),
    "crm:process_notes": Url(kind="collection", ask={"answered": "on"}),
    "crm:process_note_new": Url(kind="collection", ask={"stage": "4", "place": "delivery"}),
    "crm:process_note_take_up": record("note", ABOVE_ANA, get=False, post={"stage": "4"}),
    "crm:process_note_answer": record("note", ABOVE_ANA, get=False, post={"answer": "Stage 4"}),
    "crm:process_publish": record("north", ABOVE_ANA, pk="of", post={"flight": "adopt"}),
    "crm:process_affected": record("north", ABOVE_ANA, pk="of"),
    "pipeline:invitation_accept": Url(kind="public"),
    "pipeline:invitation": Url(kind="public", at={"token": "=0000"}, keeps=SESSION),
    "pipeline:profile": Url(kind="own"),
    "pipeline:profile_keys": Url(kind="own"),
    "pipeline:profile_single_keys": Url(kind="own", get=False),
    "pipeline:profile_email": Url(kind="own", get=False),
    "pipeline:profile_sign_out": Url(kind="own", get=False),
    "pipeline:second_factor": Url(kind="own", ask={"next": "//evil.example/"}, keeps=SESSION),
    "pipeline:download": Url(
        kind="own", ask={"file": "//evil.example/", "back": "//evil.example/"}
    ),
    "pipeline:session_end": record("session", DOERS, get=False, post={}),
    # collections
    "crm:board": Url(kind="collection", ask={**FIND, "closed": "stopped"}, keeps=TAKEN),
    "crm:board_column": Url(
        kind="collection", ask={"of": "2", "after": "[null,0]"}, needs=True, keeps=TAKEN
    ),
    "crm:search": Url(kind="collection", ask=FIND),
    "crm:log": Url(kind="collection", ask={"line": "canary reached", "at_deal": "1"}),
    "crm:log_understand": Url(kind="collection", ask={"line": "canary > call fri"}),
    **{
        f"crm:{kind}": Url(kind="collection", ask={"state": "any"}, keeps=TAKEN)
        for kind in ListKind
    },
    "crm:deals": Url(
        kind="collection", ask={**FIND, "outcome": "any", "company": "@company"}, keeps=TAKEN
    ),
    "crm:list_export": Url(
        kind="collection", at={"kind": "=activities"}, ask={"state": "any"}, keeps=TAKEN
    ),
    "crm:deal_bulk": Url(
        kind="collection", at={"verb": "=stop"}, ask={"ids": "@deal", "list": "deals"}, needs=True
    ),
    "crm:company_bulk": Url(
        kind="collection", at={"verb": "=hand-over"}, ask={"ids": "@company"}, needs=True
    ),
    "crm:contact_bulk": Url(
        kind="collection", at={"verb": "=hand-over"}, ask={"ids": "@contact"}, needs=True
    ),
    **{
        # What was done at an instant is one's own alone: tests/crm/test_act_undo.py has some to undo.
        f"crm:{kind}_bulk_undo": Url(kind="collection", get=False)
        for kind in ("deal", "company", "contact")
    },
    # existing customers
    "day:customers": Url(kind="collection", keeps=TAKEN, ask={"whose": "all", "open": "@company"}),
    "day:customer_rhythm": record("company", REACH, get=False, post={"months": "6", "seen": "0"}),
    "day:customer_touch": record("company", REACH, get=False, post={"on": "2026-03-20"}),
    "day:outside": Url(kind="own"),
    "day:outside_remove": record("outside", DOERS, get=False, post={}),
    # new leads
    "day:leads": Url(kind="collection", ask={"tab": "pool", "lead": "@pool"}),
    "day:lead": record("slip"),
    "day:lead_accept": record(
        "slip", get=False, post={"first_on": "2026-03-20", "asks": "party", "party_person": "Eva"}
    ),
    "day:lead_same": record("slip", post={"into": "@bare"}),
    "day:lead_rules": Url(kind="collection"),
    "day:lead_rule_add": record("north", ABOVE_ANA, pk="team", post=RULE),
    "day:lead_rule": record("lead_rule", ABOVE_ANA, post=RULE),
    "day:lead_rule_switch": record("lead_rule", ABOVE_ANA, get=False, post={}),
    "day:lead_rule_up": record("lead_rule", ABOVE_ANA, get=False, post={}),
    "crm:view_save": Url(kind="own", ask={"list": "deals", "query": "outcome=any"}),
    "crm:company_new": Url(kind="collection", ask=LIKE),
    "crm:company_alike": Url(kind="collection", ask=LIKE),
    "crm:contact_new": Url(kind="collection", ask={**LIKE, "company": "@company"}),
    "crm:contact_alike": Url(kind="collection", ask=LIKE),
    "crm:deal_open": Url(kind="collection", ask=LIKE),
    "crm:deal_alike": Url(kind="collection", ask=LIKE),
    "crm:deal_read": Url(kind="collection", get=False, ask={"pasted": "Anna Reiter\na@b.example"}),
    "crm:company_pick": Url(kind="collection", ask=LIKE),
    "crm:contact_pick": Url(kind="collection", ask={**LIKE, "phone": "12", "email": "a@b.test"}),
    "crm:product_pick": Url(kind="collection", ask=LIKE),
    "crm:people_open_deals": Url(kind="collection"),
    "reports:funnel_medians": Url(kind="collection", ask=FUNNEL),
    "reports:overview": Url(kind="collection", keeps=TAKEN, ask=FUNNEL),
    "reports:page": Url(kind="collection", keeps=TAKEN, at={"key": "=people"}, ask=FUNNEL),
    "reports:table": Url(
        kind="collection", keeps=TAKEN, at={"key": "=overview", "panel": "=drop-outs"}, ask=FUNNEL
    ),
    "reports:person": record("ana", keeps=TAKEN, ask=FUNNEL),
    "reports:rows": Url(
        keeps=TAKEN,
        kind="collection",
        at={"slug": "=open_deals"},
        ask={**FUNNEL, "by": "stage", "of": "2"},
    ),
    "reports:rows_export": Url(
        keeps=TAKEN,
        kind="collection",
        at={"slug": "=entered"},
        ask={**FUNNEL, "sort": "-entered"},
    ),
    "reports:process_health": record("north", EVERYBODY, pk="of"),
    "reports:stage_figures": record("north", EVERYBODY, pk="of", at={"number": "=4"}),
    "reports:deal_compared": record("deal"),
    "day:my_day": Url(kind="own"),
    "day:mirror": Url(kind="own", keeps=TAKEN),
    "day:paper_day": Url(kind="own"),
    "day:paper_board": Url(kind="own"),
    "day:paper_back": Url(kind="own"),
    "day:done": record(
        "plan", at={"kind": "=act"}, get=False, post={"kind": "call", "body": "said", "next": "3d"}
    ),
    "day:later": record("plan", at={"kind": "=act"}, post={"next": "week"}),
    "day:place": record("plan", at={"kind": "=act"}, get=False, post={"place": "0"}),
    "day:wake": record("snooze", DOERS, get=False, post={}),
    "day:protect": Url(
        kind="own", get=False, post={"weekday": "1", "starts": "08:00", "ends": "09:00"}
    ),
    "day:unprotect": record("protected_time", DOERS, get=False, post={}),
    "reports:form_times_count": Url(kind="own", get=False),
    "reports:form_times_forget": Url(kind="own", get=False),
    "reports:day_notes": Url(kind="collection"),
    "reports:day_note": record(
        "day_note",
        ABOVE_ANA,
        post={"on": "2026-03-01", "team": "@north", "words": "New prices"},
    ),
    "reports:day_note_remove": record("day_note", ABOVE_ANA, get=False, post={}),
    "reports:day_note_put_back": record("gone_day_note", ABOVE_ANA, get=False, post={}),
    "reports:ask_with": Url(kind="collection", ask={"metric": "won", "was": "won", "by": "source"}),
    "reports:saved_save": Url(kind="own", ask={"page": "wins", "query": "span=30d"}, needs=True),
    "reports:saved_pins": Url(kind="collection"),
    "reports:mail_stop": Url(kind="public", at={"token": "=7.none"}),
    # records
    "reports:saved": record("shared", SEEN_BY["shared"]),
    "reports:saved_open": record("shared", SEEN_BY["shared"]),
    "reports:saved_card": record("report", SEEN_BY["report"]),
    "reports:saved_mail_look": record("report", SEEN_BY["report"]),
    "reports:saved_change": record("report", SEEN_BY["report"], post={"name": "Other"}),
    "reports:saved_delete": record("report", SEEN_BY["report"], get=False, post={}),
    "reports:saved_pin": record("report", SEEN_BY["report"], get=False, post={}),
    "reports:saved_unpin": record("shared", SEEN_BY["shared"], get=False, post={}),
    "reports:saved_mail": record("shared", SEEN_BY["shared"], post=MONDAYS),
    "reports:saved_mail_add": record(
        "shared", frozenset({"manager", "admin"}), post={**MONDAYS, "person": "@ana"}
    ),
    "reports:subscription_stop": record("subscription", SEEN_BY["report"], get=False, post={}),
    "crm:view_change": record("view", frozenset({"owner", "admin"}), post={"name": "Other"}),
    "crm:view_delete": record("view", frozenset({"owner", "admin"}), get=False, post={}),
    "crm:company": record("company", EVERYBODY),
    "crm:company_timeline": record("company", EVERYBODY),
    "crm:company_edit": record("company", post={"name": "Sur SA", "relationship": "customer"}),
    "crm:company_hand_over": record("company", post={"to": "@ben"}),
    "crm:company_log": record("company", EVERYBODY, get=False, post=CALL),
    "crm:company_plan": record("company", EVERYBODY, post=TOMORROW),
    "crm:company_pairs": Url(kind="collection"),
    "crm:company_merge": record("company", post={"other": "@twin"}),
    "crm:company_unmerge": record("gone_company", get=False, post={}),
    "crm:contact_pairs": Url(kind="collection"),
    "crm:contact_merge": record("contact", post={"other": "@twin_contact"}),
    "crm:contact_unmerge": record("gone_contact", get=False, post={}),
    "crm:contact": record("contact", EVERYBODY, keeps=TAKEN),
    "crm:contact_timeline": record("contact", EVERYBODY, keeps=TAKEN),
    "crm:contact_edit": record("contact", post={"name": "Jordi Puig"}),
    "crm:contact_hand_over": record("contact", post={"to": "@ben"}),
    "crm:contact_log": record("contact", EVERYBODY, get=False, post=CALL),
    "crm:contact_plan": record("contact", EVERYBODY, post=TOMORROW),
    "privacy:retention": Url(kind="function", may=ADMIN, post={"contacts": "240", "seen": "0"}),
    "privacy:retention_keep": record("notice", ADMIN, get=False, post={}),
    "privacy:retention_let_go": record("kept", ADMIN, get=False, post={}),
    "privacy:information": record("contact", IMPORTER, keeps=TAKEN),
    "privacy:erase": record("contact", ADMIN, post={"name": "Jordi Pla"}),
    "exchange:imports": Url(kind="collection", ask={"kind": "deals"}),
    "exchange:import": record("job", IMPORTER),
    "exchange:import_columns": record(
        "named", IMPORTER, get=False, post={"system": "Old", "name": "0"}
    ),
    "exchange:import_answer": record("asked", IMPORTER, get=False, post={}),
    "exchange:import_errors": record("job", IMPORTER, keeps=TAKEN),
    "exchange:import_load": record("checked", IMPORTER, get=False, post={}),
    "exchange:import_undo": record("job", IMPORTER, get=False, post={}),
    "exchange:import_discard": record("checked", IMPORTER, get=False, post={}),
    "exchange:import_check_again": record("checked", IMPORTER, get=False, post={}),
    "exchange:person_imports": record("ana"),
    "exchange:whole_exports": Url(kind="function", may=ADMIN, post={}),
    "exchange:whole_export_file": record("whole_export", ADMIN, keeps=TAKEN),
    "crm:touch_complete": record("touch", post={"body": "said"}),
    "crm:touch_cancel": record("touch", get=False, post={}),
    "crm:touch_again": record("gone_touch", get=False, post={}),
    "crm:touch_take_back": record("done_touch", DOERS, get=False, post={}),
    "crm:deal": record("deal", keeps=TAKEN),
    "crm:deal_stage": record("deal", at={"number": "=2"}, keeps=TAKEN),
    "crm:deal_timeline": record("deal", keeps=TAKEN),
    "crm:deal_move": record("deal", post={"to": "3"}),
    "crm:deal_advance": record("deal", get=False, post={"to": "3"}),
    "crm:deal_win": record("bare", post={"value": "10", "reason": "In one call"}),
    "crm:deal_sell": record("bare", post={"value": "10"}),
    "crm:deal_stop": record("deal", post={"decision": "customer:price"}),
    "crm:deal_reopen": record("closed", post={"reason": "They called again"}),
    "crm:deal_take_back": record("slip", DOERS, post={}),
    "crm:deal_hand_over": record("deal", post={"to": "@ben"}),
    "crm:deal_claim": record("pool", POOL, get=False, post={}),
    "crm:deal_park": record("bare", post={"days": "30"}),
    "crm:deal_edit": record("deal", at={"field": "=name"}, post={"name": "Another"}),
    "crm:deal_contact_add": record("deal", post={"person": "New One", "role": "unknown"}),
    "crm:deal_contact_role": record(
        "deal", at={"contact": "contact"}, get=False, post={"role": "decides"}
    ),
    "crm:deal_contact_remove": record("deal", at={"contact": "contact"}, get=False, post={}),
    "crm:deal_line_add": record("deal", post={"product": "@product", "quantity": "2"}),
    "crm:deal_line_change": record("deal", at={"line": "line"}, post={"quantity": "5"}),
    "crm:deal_line_remove": record("deal", at={"line": "line"}, get=False, post={}),
    "crm:need_add": record("deal", post={"words": "Heat", "per": "year"}),
    "crm:need_change": record("deal", at={"need": "need"}, post={"words": "Cold", "per": "year"}),
    "crm:need_confirm": record("deal", at={"need": "need"}, get=False, post={}),
    "crm:need_drop": record("deal", at={"need": "need"}, get=False, post={}),
    "crm:decision_path": record("deal", post={"steps": "Petra, then the board"}),
    "crm:verdict": record("deal", post={"ruling": "qualified", "ours": "yes", "theirs": "yes"}),
    "crm:offer_make": record("deal", ask={"kind": "verbal"}, post={"kind": "verbal"}),
    "crm:offer_line": record("deal", ask={"n": "3"}),
    "crm:offer": record("deal", at={"offer": "offer"}, post={"reason": "Wrong"}),
    "crm:own_step_add": record(
        "deal", at={"number": "=3"}, get=False, post={"label": "Dog", "kind": "check"}
    ),
    "crm:step_answer": record("deal", at=NEED, post={"step_3_need": "Heat"}),
    "crm:step_undo": record("deal", at=NEED, get=False, post={}),
    "crm:step_aside": record("deal", at=NEED, post={"go_reason": "done_before"}),
    "crm:step_vote": record("deal", at=NEED, get=False, post={"vote": "helps"}),
    "crm:step_down": record("deal", at=NEED, get=False, post={}),
    "crm:step_up": record("deal", at={"number": "=3", "key": "=money"}, get=False, post={}),
    "crm:step_hide": record(
        "deal", at={"number": "=5", "key": "=begin-with-needs"}, get=False, post={}
    ),
    "crm:step_show": record("deal", at={"number": "=7", "key": "=how-to-ask"}, get=False, post={}),
    # One's own step, and what proves it, are for nobody else.
    "crm:step_remove": record(
        "deal",
        frozenset({"owner"}),
        at={"number": "=3", "key": "=draw-a-sketch"},
        get=False,
        post={},
    ),
    "crm:file": record("deal", frozenset({"owner"}), at={"file": "file"}),
    "crm:concern_add": record(
        "deal", post={"words": "Too dear", "category": "price", "price": "after"}
    ),
    "crm:concern_change": record(
        "deal",
        at={"concern": "concern"},
        post={"words": "Dearer", "category": "price", "price": "after"},
    ),
    "crm:concern_settle": record(
        "deal", at={"concern": "concern"}, post={"disposition": "answered", "response": "So"}
    ),
    "crm:concern_answer": record("deal", at={"concern": "concern"}, post={"response": "So"}),
    "crm:concern_reopen": record("deal", at={"concern": "settled"}, get=False, post={}),
    "crm:answers": Url(kind="collection", ask={"q": "answer", "category": "price"}),
    "crm:closing_attempt": record("deal", ask={"reply": "yes"}, post={"reply": "no"}),
    "crm:hand_off": record("won", post={"to": "Plant Linz"}),
    "crm:retrospective": record("won", post={"decided_by": "trust"}),
    "crm:activity_log": record("deal", get=False, post=CALL),
    "crm:activity_plan": record("deal", post=TOMORROW),
    "crm:list_look": Url(kind="own", at={"kind": "=deals"}, get=False),
    "crm:deal_done": record("deal"),
    "crm:deal_later": record("deal"),
    "crm:deal_due": record("deal", get=False, post={"to": "4"}),
    "crm:deal_peek": record("deal", keeps=TAKEN),
    "crm:activity_complete": record("plan", post={"body": "said"}),
    "crm:activity_postpone": record("plan", post={"next": "1w"}),
    "crm:activity_change": record("plan", post={"next": "1w", "next_kind": "task"}),
    "crm:activity_cancel": record("plan", get=False, post={}),
    "crm:deal_value": record("deal", get=False, post={"taken_from": "lines"}),
    "crm:deal_undo": record("deal", DOERS, get=False, post={"act": "@act"}),
    "crm:activity_correct": record(
        "done_touch",
        DOERS,
        post={"kind": "task", "body": "said", "done_on": "2026-03-11", "done_time": "11:00"},
    ),
    "crm:activity_remove": record("done_touch", DOERS, get=False, post={}),
    # settings
    "crm:settings": Url(kind="function", may=ADMIN),
    "crm:settings_organisation": Url(kind="function", may=ADMIN, post={"name": "Austral AG"}),
    "crm:settings_process_owner": Url(kind="function", may=ADMIN, post={"process_owner": "@adele"}),
    "crm:settings_thresholds": Url(kind="function", may=ADMIN, post={"reliable_from": "95"}),
    "crm:settings_target_customer": Url(
        kind="function", may=ADMIN, post={"target_industries": "Food"}
    ),
    "crm:settings_sign_in": Url(kind="function", may=ADMIN, post={"second_factor_for": "managers"}),
    "crm:settings_rates": Url(kind="function", may=ADMIN, ask={"add": "1"}),
    "crm:settings_rate_enter": Url(
        kind="function",
        may=ADMIN,
        get=False,
        post={"currency": "CHF", "value": "1.05", "on": "2026-03-01"},
    ),
    "crm:settings_rate_remove": record("rate", ADMIN, get=False, post={}),
    "crm:settings_changes": Url(kind="function", may=ADMIN, ask={"of": "method"}),
    "crm:settings_audit": Url(kind="function", may=ADMIN),
    "crm:settings_audit_file": Url(kind="function", may=ADMIN, keeps=TAKEN),
    "crm:taken": Url(kind="own"),
    "crm:deleted": Url(kind="collection"),
    "crm:deleted_restore": record("deleted", IMPORTER, get=False, post={}),
    "crm:settings_operations": Url(kind="function", may=ADMIN),
    "crm:settings_undo": record("merge", ADMIN, get=False, post={}),
    "crm:settings_prices": Url(kind="function", may=ADMIN, keeps=TAKEN),
    "crm:settings_list": Url(
        kind="function", may=ADMIN, at={"kind": "=products"}, ask={"edit": "@product"}
    ),
    "crm:settings_add": Url(
        kind="function", may=ADMIN, at={"kind": "=methods"}, get=False, post={"name": "Fax"}
    ),
    **{
        f"crm:settings_{verb}": record(of, ADMIN, at={"kind": f"={kind}"}, get=False, post=post)
        for verb, kind, of, post in (
            ("edit", "products", "product", {"name": "Line 4"}),
            ("merge", "products", "product", {"into": "@spare"}),
            ("retire", "products", "product", {}),
            ("bring_back", "products", "gone_product", {}),
            ("delete", "products", "spare", {}),
        )
    },
    "crm:person_hand_over": record("ana", post={"to": "@ben", "deals": "@deal"}, keeps=TAKEN),
}
RECORDS = [name for name, url in URLS.items() if url.kind == "record"]
OTHERS = [name for name, url in URLS.items() if url.kind != "record"]

# Each fact has a form of its own, each list a file, each verb a sheet, behind one pattern.
VARIANTS = [
    ("pipeline:process_layer", {"of": "mine"}),
    ("pipeline:process_history", {"of": "mine"}),
    ("reports:process_health", {"of": "mine"}),
    *(("crm:deal_edit", {"field": field}) for field in ("company", "value", "close", "source")),
    ("crm:deal_edit", {"field": "method"}),
    *(("crm:list_export", {"kind": kind.value}) for kind in ListKind),
    *(
        ("crm:deal_bulk", {"verb": verb})
        for verb in ("hand-over", "park", "stop", "accept", "claim", "deal-out")
    ),
]


# The world ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class WalkWorld:
    cast: Cast
    ids: dict[str, int]
    sessions: dict[str, str]

    def path(self, name: str, **changed: Any) -> str:
        at = {key: self._said(value) for key, value in URLS[name].at.items()} | changed
        return reverse(name, kwargs=at)

    def said(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What is sent, with `@record` replaced by its id."""
        return {
            key: self.ids[value[1:]] if str(value).startswith("@") else value
            for key, value in values.items()
        }

    def _said(self, value: str) -> Any:
        return value[1:] if value.startswith("=") else self.ids[value]

    def tries(self, role: str, method: str, path: str, data: Any, **headers: str) -> "WalkAnswer":
        """One request, by a browser that knows nothing of those before but its session."""
        client = Client(raise_request_exception=False)
        client.handler = HANDLER
        if role in self.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        answer = WalkAnswer(getattr(client, method)(path, data, headers=headers))
        TALLY["requests"] += 1
        TALLY["leaks"] += len(answer.leaks_to(role))
        # That something cannot be done just now is said in words, by a 503.
        TALLY["server_errors"] += answer.status >= 500 and answer.status != 503
        return answer

    def ask(self, role: str, method: str, path: str, data: Any, **headers: str) -> "WalkAnswer":
        """The same, undone again."""
        with undone():
            return self.tries(role, method, path, data, **headers)


HTMX = {"HX-Request": "true"}
SHAPES: Sequence[tuple[str, dict[str, str]]] = (("", {}), (" htmx", HTMX))


# Of its own, a client would put all middleware together again for each request.
HANDLER = ClientHandler(enforce_csrf_checks=False)


def _unpacked(body: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(body)) as bundle:
        return "\n".join(bundle.read(name).decode() for name in bundle.namelist())


class WalkAnswer:
    def __init__(self, response: HttpResponseBase) -> None:
        self.status = response.status_code
        body = b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined]
        head = "\n".join(f"{name}: {value}" for name, value in response.items())
        is_packed = response.get("Content-Type") == "application/zip"
        self.text = f"{head}\n{_unpacked(body) if is_packed else body.decode()}"
        self.goes_to = response.get("Location") or response.get("HX-Redirect") or ""

    @property
    def asks_to_sign_in(self) -> bool:
        return self.status in (200, 302) and self.goes_to.startswith("/accounts/login/")

    @property
    def plain(self) -> str:
        """The body without what differs from one answer to the next, and without numbers."""
        return re.sub(r'value="\w{64}"|\d+', "", self.text.partition("\n\n")[2] or self.text)

    def leaks_to(self, role: str) -> list[str]:
        text = self.text.lower()
        return [
            key
            for key, word in CANARIES.items()
            if role not in SEEN_BY[key] and word.lower() in text
        ]


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WalkWorld]:
    with (
        override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")),
        django_db_blocker.unblock(),
        time_machine.travel(NOW, tick=False),
        undone(),
    ):
        found = _build()
        # Otherwise the end of every test checks all of these rows again.
        connection.check_constraints()
        yield found


@pytest.fixture(autouse=True)
def tables(world: WalkWorld, all_tables: KnownTables, db: None) -> KnownTables:
    all_tables.begin()
    return all_tables


@pytest.fixture(scope="module")
def all_tables(world: WalkWorld, django_db_blocker: Any) -> KnownTables:
    with django_db_blocker.unblock():
        return KnownTables()


def _build() -> WalkWorld:
    cast = make_cast()
    people = {name: getattr(cast, name) for name in ("ana", "ben", "mona", "rosa", "nora", "carl")}
    people["adele"] = cast.adele
    people["fay"] = make_user(name="Fay Holm", team=cast.south)
    people["max"] = make_user(name="Max Prior", team=cast.south, role=Role.MANAGER)
    people["gil"] = make_user(name="Gil Left", team=cast.north)
    people["ivo"] = make_user(name="Ivo Next", team=cast.north, password=None)
    ids = {name: person.pk for name, person in people.items()}
    ids |= {name: getattr(cast, name).pk for name in ("root", "west", "north", "south")}
    ids |= _records(cast, people["fay"])
    ids |= _process(cast)
    # The session of the deactivated is as good as ever; only the person is not.
    sessions = {
        role: _session(people[name]) for role, name in {**INSIDE, "deactivated": "gil"}.items()
    }
    give_app(cast.ana)
    ids["passkey"] = give_passkey(cast.ana).pk
    # Or what she asks of others would first be asked of her.
    give_passkey(cast.adele)
    open_elsewhere = UserSession(user=cast.ana, session_key="elsewhere", ip="192.0.2.1")
    open_elsewhere.save()
    ids["session"] = open_elsewhere.pk
    User.objects.filter(pk=ids["gil"]).update(is_active=False)
    return WalkWorld(cast=cast, ids=ids, sessions=sessions)


def _process(cast: Cast) -> dict[str, int]:
    """A layer of the north with two versions and a draft, one of Ana's own, and what is asked."""
    mona, ana = cast.mona, cast.ana
    north = process_commands.layer_of(cast.north, by=mona, at=NOW)
    said: process_commands.StepWording = {"gives_you": "it", "gives_managers": "it"}
    for label in ("Alpha", "Beta"):
        process_commands.add_step(
            north, stage=Stage.NEEDS_ANALYSIS, said={**said, "label": label}, by=mona, at=NOW
        )
        version = process_commands.publish(north, note=label, by=mona, at=NOW)
    process_commands.hide_step(
        north, stage=Stage.NEEDS_ANALYSIS, key="alpha", by=mona, at=NOW, reason="old"
    )
    for owner, by, label in ((cast.north, mona, "draft"), (ana, ana, "own")):
        process_commands.add_step(
            process_commands.layer_of(owner, by=by, at=NOW),
            stage=Stage.NEEDS_ANALYSIS,
            said={**said, "label": CANARIES[label]},
            by=by,
            at=NOW,
        )
    collision = Collision.objects.create(
        layer=north, version=version, stage=4, key="beta", was=None, now=None, at=NOW
    )
    note = note_commands.file(
        kind=NoteKind.DOESNT_FIT, words=CANARIES["note"], by=ana, at=ago(days=1)
    )
    day_note, gone_day_note = (
        day_note_commands.pin(team=cast.north, on=NOW.date(), words=words, by=mona, at=NOW)
        for words in (CANARIES["day_note"], "Old prices")
    )
    day_note_commands.remove(gone_day_note, by=mona, at=NOW)
    return {
        "collision": collision.pk,
        "note": note.pk,
        "day_note": day_note.pk,
        "gone_day_note": gone_day_note.pk,
    }


def _session(person: User) -> str:
    client = Client()
    client.force_login(person)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _twins(ana: User) -> dict[str, int]:
    """A company and a person that others may be the same as, and those that went into them."""
    twin, gone = (make_company(by=ana, owner=ana, name=name) for name in ("Twin Ltd", "Gone Ltd"))
    person, left = (make_contact(by=ana, owner=ana, name=name) for name in ("Uma Twin", "Abe Gone"))
    ids = {"gone_company": gone.pk, "gone_contact": left.pk}
    merge_commands.merge(gone, into=twin, by=ana, at=ago(days=1))
    merge_commands.merge(left, into=person, by=ana, at=ago(days=1))
    return {**ids, "twin": twin.pk, "twin_contact": person.pk}


def _records(cast: Cast, fay: User) -> dict[str, int]:
    ana, rosa = cast.ana, cast.rosa
    company = make_company(by=ana, owner=ana)
    contact = make_contact(by=ana, owner=ana, company=company, phones=["+43 1 12"])
    product = Product.objects.create(name="Line 3", currency="EUR")
    spare = Product.objects.create(name="Spare", currency="EUR")
    gone_product = Product.objects.create(name="Line 1", currency="EUR", retired=True)
    rate = Rate.objects.create(currency="USD", on=ago(days=9).date(), value=Decimal("0.9"))
    fax = Method.objects.create(name="Fax machine")
    merge = reference_commands.merge(
        fax, into=Method.objects.get(name="Phone"), by=cast.adele, at=ago(days=1)
    )
    word = CANARIES["deal"]
    # Fay opened it, owned it and said something on it: it is out of her sight all the same.
    deal = ready_deal(
        by=fay,
        name=word,
        company=company,
        contact=contact,
        source_detail=word,
        stage=Stage.PROSPECTING,
        amount=1000,
    )
    activity_commands.log(
        About(deal=deal), kind=ActivityKind.NOTE, body=word, by=fay, at=ago(days=2)
    )
    deal_commands.hand_over(deal, to=ana, by=rosa, at=ago(days=1), reason=word)
    line = line_commands.add(
        deal, product=product, quantity=Decimal(1), unit_price=Decimal(5), by=ana, at=ago(hours=3)
    )
    plan = activity_commands.plan(
        About(deal=deal),
        next=Next(kind=ActivityKind.CALL, due_at=NOW, subject=word),
        by=ana,
        at=ago(hours=2),
    )
    bare = ready_deal(by=ana, name=CANARIES["bare"], company=company)
    closed = make_deal(by=ana, name=CANARIES["closed"], company=company)
    deal_commands.stop(
        closed,
        initiator=Initiator.CUSTOMER,
        cause=cause_named("price"),
        note=CANARIES["closed"],
        by=ana,
        at=ago(days=1),
    )
    lead_rule = rule_commands.add(
        cast.north,
        LeadRuleInput(name="Fairs", people=(ana,), region="Nowhere"),
        by=cast.mona,
        at=NOW,
    )
    outside = outside_commands.log(
        kind=OutsideKind.SERVICE, minutes=30, on=NOW.date(), by=ana, at=NOW
    )
    slip = make_deal(by=ana, name=CANARIES["bare"], company=company)
    pool = make_deal(by=cast.mona, name=CANARIES["pool"], team=cast.north, company=company)
    carls = make_deal(by=cast.carl, name=CANARIES["carls"], company=company, contact=contact)
    carls_plan = plan_call(carls, by=cast.carl, due_at=NOW)
    carls_line = line_commands.add(
        carls, product=product, quantity=Decimal(1), unit_price=None, by=cast.carl, at=ago(hours=3)
    )
    touch = activity_commands.plan(
        About(company=company, contact=contact),
        next=Next(kind=ActivityKind.CALL, due_at=NOW, subject=CANARIES["touch"]),
        by=ana,
        at=ago(hours=2),
    )
    task = Next(kind=ActivityKind.TASK, due_at=NOW)
    done_plan, gone_touch, done_touch = (
        activity_commands.plan(about, next=task, by=ana, at=ago(hours=2))
        for about in (About(deal=deal), About(company=company), About(company=company))
    )
    for done in (done_plan, done_touch):
        activity_commands.complete(done, by=ana, at=NOW)
    activity_commands.cancel(gone_touch, by=ana, at=NOW)
    need = need_commands.add(deal, NeedInput(words=word), by=ana, at=ago(hours=2))
    offer = offer_commands.make(
        deal,
        OfferInput(
            value=Decimal(1000),
            kind=OfferKind.VERBAL,
            what_changed=word,
            lines=[OfferLineInput(what=word, need=need)],
        ),
        by=ana,
        at=ago(hours=2),
    )
    # What is said in a concern is for everybody; whose deal it was is not.
    concern, settled = (
        concern_commands.add(
            deal,
            ConcernInput(words="Too dear", category=ConcernCategory.PRICE, after_price=True),
            by=ana,
            at=ago(hours=2),
        )
        for _each in range(2)
    )
    concern_commands.settle(
        settled,
        DispositionInput(disposition=Disposition.ANSWERED, response="An answer"),
        by=ana,
        at=ago(hours=1),
    )
    file = EvidenceFile.objects.create(deal=deal, name=word, size=1, content=b"x", at=NOW, by=ana)
    StepResult.objects.create(
        deal=deal,
        stage=Stage.QUALIFICATION,
        key="draw-a-sketch",
        label=word,
        state=StepState.DONE,
        file=file,
        private_to=ana,
        at=NOW,
        by=ana,
    )
    StepResult.objects.create(
        deal=deal,
        stage=Stage.QUALIFICATION,
        key="need",
        label="Need",
        state=StepState.DONE,
        value=word,
        at=NOW,
        by=ana,
    )
    anas = process_commands.layer_of(ana, by=ana, at=NOW)
    process_commands.add_step(
        anas, stage=Stage.QUALIFICATION, said={"label": "Draw a sketch"}, by=ana, at=NOW
    )
    process_commands.hide_step(anas, stage=Stage.CLOSING, key="how-to-ask", by=ana, at=NOW)
    won = won_deal(by=ana, name=CANARIES["won"], company=company)
    unwanted = view_commands.save(
        kind=ListKind.DEALS, name=CANARIES["deleted"], query="outcome=any", by=ana, at=NOW
    )
    view_commands.delete(unwanted, by=ana, at=NOW)
    view = view_commands.save(
        kind=ListKind.DEALS, name=CANARIES["view"], query="outcome=any", by=ana, at=NOW
    )
    reports = _reports(cast)
    row = OutboxRow.objects.create(
        kind=kinds.INVITATION,
        payload={"invitation": 0},
        created_at=ago(days=1),
        next_at=ago(days=1),
        dead_at=NOW,
        attempts=8,
        error=CANARIES["outbox"],
    )
    jobs = {}
    for key, state in JOBS.items():
        upload = ContentFile(f"Name\n{CANARIES['job']}\n".encode())
        job = import_verbs.create(upload, name=CANARIES["job"], kind="deals", by=ana, at=NOW)
        job.answers = {"system": "Old", "columns": {"name": ["Name"]}, "formats": {}, "stages": {}}
        job.state = state
        job.faults.create(line=2, column="Name", value="", reason=CANARIES["job"])
        if state == ImportState.DONE:
            job.batch = Batch.objects.create(kind="import", name="Old", by=ana, at=NOW)
        job.save()
        jobs[key] = job.pk
    whole_export = whole_export_commands.ask(by=cast.adele, at=NOW)
    whole_export_commands.write(whole_export.pk, at=NOW)
    past = NameChanged(old=CANARIES["past"], new="Ana")
    PeopleChange.objects.create(person=ana, at=NOW, **event_columns(past))
    deal.refresh_from_db()
    act = UndoableAct.objects.create(deal=deal, by=ana, at=NOW, verb="log", version=deal.version)
    aside = Snooze.objects.create(
        owner=ana, subject=f"deal-{carls.pk}", until=ago(days=-1), at=ago(hours=1)
    )
    free = ProtectedTime.objects.create(owner=ana, weekday=3, starts=dt.time(8), ends=dt.time(10))
    return {
        "company": company.pk,
        "contact": contact.pk,
        **_twins(ana),
        "product": product.pk,
        "spare": spare.pk,
        "gone_product": gone_product.pk,
        "rate": rate.pk,
        "merge": merge.pk,
        "deal": deal.pk,
        "line": line.pk,
        "plan": plan.pk,
        "bare": bare.pk,
        "slip": slip.pk,
        "lead_rule": lead_rule.pk,
        "outside": outside.pk,
        "closed": closed.pk,
        "won": won.pk,
        "need": need.pk,
        "file": file.pk,
        "offer": offer.pk,
        "concern": concern.pk,
        "settled": settled.pk,
        "pool": pool.pk,
        "carls": carls.pk,
        "carls_plan": carls_plan.pk,
        "carls_line": carls_line.pk,
        "touch": touch.pk,
        "act": act.pk,
        "snooze": aside.pk,
        "protected_time": free.pk,
        "gone_touch": gone_touch.pk,
        "done_plan": done_plan.pk,
        "done_touch": done_touch.pk,
        "view": view.pk,
        **reports,
        "deleted": DeletedRecord.objects.get().pk,
        **{key: notice.pk for key, notice in _due_people(cast).items()},
        "outbox": row.pk,
        "whole_export": whole_export.pk,
        **jobs,
    }


def _reports(cast: Cast) -> dict[str, int]:
    """A report of Ana's own that she gets by mail, and one that her manager shares with her team."""
    ana, mona = cast.again(cast.ana), cast.again(cast.mona)
    own = report_commands.save(
        name=CANARIES["report"], page="wins", query="span=30d", by=ana, at=NOW
    )
    shared = report_commands.save(
        name=CANARIES["shared"], page="wins", query="", team=cast.north, by=mona, at=NOW
    )
    report_commands.pin(shared, by=ana, at=NOW)
    subscription = report_mail_commands.subscribe(
        own, person=ana, rhythm=Rhythm.WEEKLY, weekday=0, hour=7, by=ana, at=NOW
    )
    return {"report": own.pk, "shared": shared.pk, "subscription": subscription.pk}


# Nothing is forgotten ----------------------------------------------------------------------------


def _due_people(cast: Cast) -> dict[str, ErasureNotice]:
    """Somebody on the list of the rules of retention, and somebody whom an admin keeps."""
    told = {"kind": "contacts", "noted_at": NOW, "due_on": NOW.date()}
    due, kept = (make_contact(by=cast.carl, name=name) for name in ("Due Moor", "Kept Moor"))
    return {
        "notice": ErasureNotice.objects.create(contact=due, **told),
        "kept": ErasureNotice.objects.create(contact=kept, kept_at=NOW, kept_by=cast.adele, **told),
    }


def _names(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield f"{prefix}{entry.name}"
        else:
            space = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
            yield from _names(entry, space)


def test_it_knows_every_address_and_no_other():
    assert sorted(_names(get_resolver())) == sorted(URLS)


# Records -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECORDS)
def test_it_answers_for_a_record_only_within_its_reach(world, tables, name):
    url = URLS[name]
    path = world.path(name)
    wrong = []
    for place, role in enumerate(ROLES):
        for method in ("get", "post"):
            data = world.said(url.ask if method == "get" else url.post or {})
            # What is allowed is undone; what is not must have nothing to be undone.
            send = world.ask if role in url.may and method == "post" else world.tries
            for shape, headers in _shapes(url, place):
                answer = send(role, method, path, data, **headers)
                faults = _faults(url, role, method, answer)
                wrong += [f"{role} {method.upper()}{shape} → {fault}" for fault in faults]
    if changed := tables.changed(kept=url.keeps):
        wrong.append(f"{changed} changed by who may not")
    assert not wrong


def _shapes(url: Url, place: int) -> Sequence[tuple[str, dict[str, str]]]:
    """In which shapes one of the roles asks: the first of those who may in all of them, the others, whose
    answers come the same way, in turn. Who is refused is so before it matters what shape an answer has.
    """
    first = next(number for number, role in enumerate(ROLES) if role in url.may)
    return SHAPES if place == first else SHAPES[place % 2 :][:1]


def _faults(url: Url, role: str, method: str, answer: WalkAnswer) -> Iterator[str]:
    offered = url.get if method == "get" else url.post is not None
    if leaks := answer.leaks_to(role):
        yield f"leaks {leaks}"
    if role in OUTSIDE:
        fits = answer.asks_to_sign_in
    elif not offered:
        fits = answer.status == 405
    elif role in url.may:
        fits = answer.status < 400 and not answer.asks_to_sign_in
    else:
        fits = answer.status == 404
    if not fits:
        yield f"{answer.status} {answer.goes_to}".strip()


@pytest.mark.parametrize("role", ["mate", "other_branch"])
def test_it_would_find_a_leak(world, monkeypatch, role):
    """The walk proves something only if a door that stands open turns it red."""
    for name in ("visible_to", "editable_by"):
        monkeypatch.setattr(DealQuerySet, name, lambda self, user: self.filter())
    url = URLS["crm:deal_edit"]
    answer = world.ask(role, "get", world.path("crm:deal_edit"), {})
    assert "leaks ['deal']" in list(_faults(url, role, "get", answer))


def test_it_would_find_a_change_in_any_table(tables):
    """A row that goes is missed, and not in any other table; where it came back, it is not."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        filled = [table for table, (count, _said) in tables.now().items() if count]
        for table in filled:
            with undone():
                cursor.execute(f"DELETE FROM {table} WHERE ctid = (SELECT min(ctid) FROM {table})")  # noqa: S608
                found[table] = tables.changed()
    assert found == {table: [table] for table in filled}
    assert len(found) > 40
    assert tables.changed() == []


@pytest.mark.parametrize("name", [name for name in RECORDS if URLS[name].post is not None])
def test_it_changes_a_record_for_those_who_may(world, tables, name):
    """Otherwise it would prove nothing that the same request changes nothing for the others."""
    url = URLS[name]
    role = next(role for role in INSIDE if role in url.may)
    with undone():
        answer = world.tries(role, "post", world.path(name), world.said(url.post), **HTMX)
        assert tables.changed(), (answer.status, answer.text[-2000:])


# Where what is sent above is meant to be refused: what would be done.
COMPLETE: dict[str, Mapping[str, Any]] = {
    "pipeline:person_add": {
        "name": "New",
        "email": "new@seven.test",
        "role": "salesperson",
        "style": "mixed",
        "team": "@north",
    },
    "pipeline:team_add": {"name": "New", "parent": "@north"},
    "crm:settings_organisation": {
        "name": "Austral AG",
        "time_zone": "Europe/Vienna",
        "country": "AT",
        "fiscal_month": "1",
        "currency": "EUR",
        "working_days": "",
        "working_from": "09:00",
        "working_until": "17:00",
    },
}


@pytest.mark.parametrize(
    "name", [name for name, url in URLS.items() if url.post is not None and url.kind != "public"]
)
def test_it_does_once_what_is_sent_twice(world, tables, name):
    url = URLS[name]
    role = "admin" if name in COMPLETE else next(role for role in INSIDE if role in url.may)
    sent = {**world.said(url.ask), **world.said(COMPLETE.get(name) or url.post or {})}
    sent[idempotency.FIELD] = "k"
    with undone():
        first = world.tries(role, "post", world.path(name), sent, **HTMX)
        assert first.status < 400, first.text[-2000:]
        done = tables.now()
        again = world.tries(role, "post", world.path(name), sent, **HTMX)
        assert tables.changed(since=done, kept=SESSION) == []
    assert (again.status, again.goes_to) == (first.status, first.goes_to)


@pytest.mark.parametrize("name", [name for name in RECORDS if URLS[name].may != EVERYBODY])
def test_it_tells_a_foreign_record_from_a_missing_one_in_nothing(world, name):
    url = URLS[name]
    key = next(iter(url.at))
    for method in ("get", "post"):
        data = world.said(url.ask if method == "get" else url.post or {})
        answers = [
            world.tries("former_manager", method, path, data)
            for path in (world.path(name), world.path(name, **{key: 10**12}))
        ]
        assert answers[0].status == answers[1].status
        assert answers[0].plain == answers[1].plain


KEYS = ("pk", "line", "contact", "need", "offer", "concern", "file")


@pytest.mark.parametrize(
    ("name", "key"),
    [(name, key) for name in RECORDS for key in URLS[name].at if key in KEYS],
)
def test_it_answers_any_number_in_an_address(world, name, key):
    for number in (2**63, 10**40):
        path = world.path(name, **{key: number})
        for method in ("get", "post"):
            answer = world.tries("admin", method, path, {})
            assert answer.status in (404, 405), (number, method)


def test_it_shows_each_record_to_those_who_may(world):
    """Otherwise it would prove nothing that the word is missing elsewhere."""
    pages = {
        "deal": world.path("crm:deal"),
        "pool": reverse("crm:deal", args=[world.ids["pool"]]),
        "carls": reverse("crm:deal", args=[world.ids["carls"]]),
        "touch": world.path("crm:company"),
        "view": world.path("crm:view_change"),
        "deleted": reverse("crm:deleted"),
        "outbox": world.path("pipeline:outbox"),
        "job": world.path("exchange:import"),
        "past": world.path("pipeline:person"),
    }
    for key, page in pages.items():
        for role in SEEN_BY[key]:
            answer = world.tries(role, "get", page, {})
            assert CANARIES[key] in answer.text, (key, role)


# Everything else ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OTHERS)
def test_it_shows_nothing_out_of_reach(world, tables, name):
    url, path = URLS[name], world.path(name)
    wrong = []
    for place, role in enumerate(ROLES):
        for shape, headers in _shapes(url, place):
            data = world.said(url.ask) if shape or url.needs else {}
            answer = world.tries(role, "get", path, data, **headers)
            faults = _faults_of(url, role, "get", answer)
            wrong += [f"{role} GET {data} → {fault}" for fault in faults]
    if changed := tables.changed(kept=url.keeps):
        wrong.append(f"{changed} changed by looking")
    sent = {**world.said(url.ask), **world.said(url.post or {})}
    for place, role in enumerate(ROLES):
        # What is allowed is undone; what is not must have nothing to be undone.
        send = world.ask if role in url.may else world.tries
        for _shape, headers in _shapes(url, place):
            answer = send(role, "post", path, sent, **headers)
            faults = _faults_of(url, role, "post", answer)
            wrong += [f"{role} POST → {fault}" for fault in faults]
    if changed := tables.changed(kept=url.keeps):
        wrong.append(f"{changed} changed by who may not")
    assert not wrong


def _faults_of(url: Url, role: str, method: str, answer: WalkAnswer) -> Iterator[str]:
    if leaks := answer.leaks_to(role):
        yield f"leaks {leaks}"
    if "evil.example" in answer.goes_to and not answer.goes_to.startswith("/accounts/"):
        yield f"sends to {answer.goes_to}"
    if url.kind == "public":
        fits = answer.status < 500
    elif role in OUTSIDE:
        fits = answer.asks_to_sign_in
    elif method == "get" and not url.get:
        fits = answer.status == 405
    elif role not in url.may:
        fits = answer.status == 404 or (method == "post" and answer.status == 405)
    else:
        fits = answer.status < (500 if method == "post" else 400)
    if not fits:
        yield f"{answer.status} {answer.goes_to}".strip()


@pytest.mark.parametrize(("name", "part"), VARIANTS)
def test_it_keeps_every_variant_of_an_address_within_reach(world, tables, name, part):
    path = world.path(name, **part)
    said = world.said({"ids": "@deal", "list": "deals", "outcome": "any", "to": "@ben"})
    said |= {"days": "30", "decision": "us:no_fit", "bom": "1", "state": "any"}
    said |= {"company_name": "Norte SA", "amount": "1", "currency": "EUR"}
    if name == "crm:list_export" and part["kind"] != "activities":
        del said["state"]
    for role in ROLES:
        for method in ("get", "post"):
            with undone():
                answer = world.tries(role, method, path, said, **HTMX)
                changed = tables.changed(kept=URLS[name].keeps)
            assert answer.status < 500
            assert answer.leaks_to(role) == []
            assert not changed or (method == "post" and role in REACH), role


# One proof of one deal, what is about nobody but oneself, and sums in which nobody is named.
UNNOTED = frozenset({"crm:file", "mfa_download_recovery_codes", "reports:table"})


def test_each_file_that_leaves_is_noted_and_its_taker_confirmed(world):
    taken = set()
    for name, url in URLS.items():
        role = next(role for role in ("owner", "admin", *INSIDE) if role in url.may)
        path, asked = world.path(name), world.said(url.ask)
        with undone():
            before = AuditEntry.objects.count()
            answer = world.tries(role, "get", path, asked)
            if "Content-Disposition: attachment" not in answer.text or name in UNNOTED:
                continue
            assert AuditEntry.objects.count() == before + 1, name
        with override_settings(ACCOUNT_REAUTHENTICATION_TIMEOUT=-1):
            assert "/reauthenticate/" in world.ask(role, "get", path, asked).goes_to, name
        taken.add(name)
    assert {"crm:settings_prices", "exchange:import_errors", "crm:settings_audit_file"} <= taken
    assert len(taken) >= 6


# Ids in what is sent -----------------------------------------------------------------------------

FOREIGN = [
    # One's own deal, with a part of somebody else's.
    ("other_branch", "crm:deal_line_change", {"pk": "@carls", "line": "@line"}, {"quantity": "9"}),
    ("other_branch", "crm:deal_line_remove", {"pk": "@carls", "line": "@line"}, {}),
    ("other_branch", "crm:need_drop", {"pk": "@carls", "need": "@need"}, {}),
    ("other_branch", "crm:offer", {"pk": "@carls", "offer": "@offer"}, {"reason": "No"}),
    (
        "other_branch",
        "crm:concern_settle",
        {"pk": "@carls", "concern": "@concern"},
        {"disposition": "withdrawn"},
    ),
    ("other_branch", "crm:concern_reopen", {"pk": "@carls", "concern": "@settled"}, {}),
    # Many at once.
    ("mate", "crm:deal_bulk", {"verb": "hand-over"}, {"ids": "@deal", "to": "@ben"}),
    ("mate", "crm:deal_bulk", {"verb": "stop"}, {"id": "@deal", "decision": "us:no_fit"}),
    ("mate", "crm:deal_bulk", {"verb": "park"}, {"id": "@bare", "days": "30"}),
    ("mate", "crm:person_hand_over", {"pk": "@ben"}, {"deals": "@deal", "to": "@ana"}),
    ("mate", "crm:company_bulk", {"verb": "hand-over"}, {"ids": "@company", "to": "@ben"}),
    ("mate", "crm:contact_bulk", {"verb": "hand-over"}, {"ids": "@contact", "to": "@ben"}),
    # To people and teams out of one's reach.
    ("owner", "crm:company_hand_over", {}, {"to": "@carl"}),
    ("owner", "crm:contact_hand_over", {}, {"to": "@gil"}),
    ("owner", "crm:deal_hand_over", {}, {"to": "@carl"}),
    ("owner", "crm:deal_hand_over", {}, {"to": "@gil"}),
    ("manager", "crm:deal_hand_over", {}, {"to": "@carl"}),
    ("owner", "crm:deal_open", {}, {"name": "For others", "owner": "u{carl}"}),
    ("owner", "crm:deal_open", {}, {"name": "For others", "owner": "t{south}"}),
    ("owner", "crm:activity_log", {}, {**CALL, "contact": "@ana"}),
    (
        "manager",
        "crm:view_save",
        {},
        {"list": "deals", "query": "outcome=any", "name": "All", "team": "@south"},
    ),
    # Above or beside oneself.
    ("manager", "pipeline:person_add", {}, {"name": "N", "role": "admin", "team": "@north"}),
    (
        "manager",
        "pipeline:person_add",
        {},
        {"name": "N", "role": "salesperson", "style": "mixed", "team": "@south"},
    ),
    (
        "manager",
        "pipeline:person_change",
        {},
        {"name": "Ana", "role": "admin", "style": "mixed", "team": "@north"},
    ),
    (
        "manager",
        "pipeline:person_change",
        {},
        {"name": "Ana", "role": "salesperson", "style": "mixed", "team": "@south"},
    ),
    ("manager", "pipeline:team_add", {}, {"name": "Mine", "parent": "@root"}),
    ("manager", "pipeline:team_add", {}, {"name": "Mine", "parent": "@north", "manager": "@rosa"}),
    ("manager", "pipeline:team_change", {}, {"name": "N", "parent": "@root", "manager": "@mona"}),
    ("manager", "pipeline:team_change", {}, {"name": "N", "parent": "@west", "manager": "@max"}),
]


@pytest.mark.parametrize(("role", "name", "at", "sent"), FOREIGN)
def test_it_takes_nothing_out_of_reach_from_what_is_sent(world, tables, role, name, at, sent):
    path = world.path(name, **world.said(at))
    data = {
        key: value.format(**world.ids) if isinstance(value, str) else value
        for key, value in world.said(sent).items()
    }
    with undone():
        answer = world.tries(role, "post", path, data, **HTMX)
        assert tables.changed() == []
    assert answer.status in (200, 404, 422)
    assert answer.leaks_to(role) == []


def test_it_changes_no_field_that_a_form_does_not_ask_for(world):
    """Every field of the model at once, as somebody who knows their names would try."""
    sent = world.said(
        {"owner": "@carl", "owner_id": "@carl", "team": "@south", "team_id": "@south"}
    )
    sent |= {"id": "1", "pk": "1", "stage": "7", "outcome": "won", "batch": "1"}
    sent |= {
        "is_active": "",
        "role": "admin",
        "is_superuser": "1",
        "password": "x",
        "email": "x@y.z",
    }
    deal, company = world.cast.ana.deals.get(pk=world.ids["deal"]), world.ids["company"]
    with undone():
        world.tries("owner", "post", world.path("crm:deal_edit"), {**sent, "name": "N"}, **HTMX)
        again = world.cast.ana.deals.get(pk=deal.pk)
        facts = ("owner_id", "team_id", "stage", "outcome", "batch_id")
        assert again.name == "N"
        assert [getattr(again, name) for name in facts] == [getattr(deal, name) for name in facts]
    with undone():
        data = {**sent, "name": "N", "relationship": "customer"}
        world.tries("owner", "post", world.path("crm:company_edit"), data, **HTMX)
        found = world.cast.ana.companies.get(pk=company)
        assert (found.name, found.batch_id) == ("N", None)
    with undone():
        data = {**sent, "name": "N", "style": "mixed", "theme": "auto", "language": "en"}
        world.tries("owner", "post", world.path("pipeline:profile"), data, **HTMX)
        me, was = User.objects.get(pk=world.ids["ana"]), world.cast.ana
        facts = ("role", "team_id", "is_active", "password", "email")
        assert me.name == "N"
        assert [getattr(me, name) for name in facts] == [getattr(was, name) for name in facts]


# Garbage -----------------------------------------------------------------------------------------

# What a client of Django's cannot write: half a character.
HALF = "%ED%A0%80"
GARBAGE = ["a\0b", "9" * 5000, "9999-12-31", '["\\ud800",1]', "0001-01-01", "1e999", "[1,2]"]
GARBAGE += ["'\"><script>=1", "NaN", "-1", "²"]
# Where a page of a list begins: instants and days at the ends of the calendar, ids beyond all.
PLACES = [
    *(f'["{at}",1]' for at in ("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00")),
    *(f'[["{at}","1"],1]' for at in ("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00")),
    *('["0001-01-01",1]', '["9999-12-31",1]', '["1e30",1]', '["a",9223372036854775808]'),
]


@contextmanager
def names_asked_for() -> Iterator[set[str]]:
    """The names under which a request is read, whoever reads them: views, filters or forms."""
    found: set[str] = set()

    def noted(method: Callable[..., Any]) -> Callable[..., Any]:
        def read(self: Any, key: Any, *rest: Any) -> Any:
            if isinstance(key, str):
                found.add(key)
            return method(self, key, *rest)

        return read

    with pytest.MonkeyPatch.context() as patch:
        for name in ("get", "getlist", "__getitem__", "__contains__"):
            patch.setattr(MultiValueDict, name, noted(getattr(MultiValueDict, name)))
        yield found


@pytest.mark.parametrize(
    ("name", "part"), [*((name, {}) for name in URLS), *VARIANTS], ids=lambda value: str(value)
)
def test_it_answers_garbage_without_falling_over(world, name, part):
    url, path = URLS[name], world.path(name, **part)
    role = next(role for role in ("manager", "admin", "owner") if role in url.may)
    fell = []
    for method in ("get", "post"):
        usual = world.said(url.ask if method == "get" else {**url.ask, **(url.post or {})})
        with names_asked_for() as found, undone():
            first = world.tries(role, method, path, usual, **HTMX)
        if first.status == 405:
            continue
        # Or it would only prove that whoever is not signed in sees the same page again and again.
        assert url.kind == "public" or not first.asks_to_sign_in or "logout" in path
        names = sorted(found - {"csrfmiddlewaretoken", "account_login"})
        # All at once, and each by itself with one that its place in the row gives it: the first
        # thing that is wrong often hides the next.
        # Half of what all can be is tried at each address, the other half at the next.
        some = GARBAGE[len(path) % 2 : 6 : 2]
        tries = [(f"all {value[:20]}", dict.fromkeys(names, value)) for value in some]
        # One middleware takes the key of a form before any address is asked.
        singly = [asked for asked in names if asked != idempotency.FIELD]
        for place, asked in enumerate(singly, start=len(path)):
            value = GARBAGE[place % len(GARBAGE)]
            tries.append((f"{asked}={value[:20]}", {**usual, asked: value}))
        tries += [
            (f"{place}={value}", {**usual, place: value})
            for place in {"after", "before"}.intersection(names)
            for value in PLACES
            if method == "get"
        ]
        for what, data in tries:
            if world.ask(role, method, path, data, **HTMX).status >= 500:
                fell.append(f"{method} {what}")
        raw = "&".join(f"{asked}={HALF}" for asked in names)
        if method == "get" and world.ask(role, "get", f"{path}?{raw}", {}, **HTMX).status >= 500:
            fell.append(f"get {raw}")
    assert not fell


@pytest.mark.parametrize("value", GARBAGE, ids=lambda value: value[:20])
def test_it_answers_garbage_as_the_key_of_a_form(world, value):
    path, sent = world.path("crm:deal_edit"), world.said(URLS["crm:deal_edit"].post)
    answer = world.ask("owner", "post", path, {**sent, idempotency.FIELD: value}, **HTMX)
    assert answer.status < 500


@pytest.mark.parametrize("name", ["Current-URL", "Target", "Trigger"])
@pytest.mark.parametrize("value", ["http://[", "//evil.example/", "\x7f"])
def test_it_answers_garbage_in_what_htmx_says_of_itself(world, name, value):
    headers = {**HTMX, f"HX-{name}": value}
    for role in ("owner", "anonymous"):
        for target in ("crm:deal", "crm:board", "crm:deal_move"):
            for method in ("get", "post"):
                answer = world.ask(role, method, world.path(target), {"to": "3"}, **headers)
                assert answer.status < 500
                assert "evil.example" not in answer.goes_to.partition("?")[0]


# Names of stages ---------------------------------------------------------------------------------

# Where a process itself is shown, with what the seven stages are for everybody: whose it is says
# which names it has. And files, which go to others.
OF_A_PROCESS = frozenset(
    {
        "pipeline:process",
        "pipeline:process_layer",
        "pipeline:process_history",
        "pipeline:process_compare",
        "pipeline:process_preview",
        "pipeline:collisions",
        "reports:stage_figures",
        "crm:process_publish",
        "crm:process_use",
        "crm:list_export",
        "reports:rows_export",
    }
)
# "Closing" is the name of a phase, too, and of much that is no stage.
UNIVERSAL = [str(stage.universal) for stage in Stage if stage != Stage.CLOSING]


def test_it_calls_no_stage_but_as_its_reader_does(world):
    wrong = []
    with undone():
        ana = world.cast.again(world.cast.ana)
        own = process_commands.layer_of(ana, by=ana, at=NOW)
        for stage in Stage:
            process_commands.name_stage(
                own, stage=stage, label=f"Mine {stage}", norm_days=None, by=ana, at=NOW
            )
        for name, url in URLS.items():
            if name in OF_A_PROCESS or not url.get or "owner" not in url.may:
                continue
            for _how, headers in SHAPES if url.kind == "record" else SHAPES[:1]:
                answer = world.ask("owner", "get", world.path(name), world.said(url.ask), **headers)
                wrong += [f"{name}: {label}" for label in UNIVERSAL if label in answer.text]
    assert sorted(set(wrong)) == []
