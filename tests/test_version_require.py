"""No form changes what is there without saying which version of it its page has shown (428)."""

import re

import pytest
from django.urls import resolve
from django.urls.exceptions import Resolver404

from salesprocess.lib import idempotency
from tests.crm.page_forms import PageForms
from tests.test_url_walk import HTMX, INSIDE, SHAPES, URLS, all_tables, tables, world

pytestmark = pytest.mark.django_db
__all__ = ["all_tables", "tables", "world"]

# Verbs that need none, and why.
UNVERSIONED = {
    # They only add, or begin something.
    *(
        "crm:log",
        "crm:deal_read",
        "crm:activity_log",
        "crm:activity_plan",
        "crm:company_log",
        "crm:company_plan",
    ),
    *("crm:contact_log", "crm:contact_plan", "crm:company_new", "crm:contact_new", "crm:deal_open"),
    *("crm:need_add", "crm:concern_add", "crm:closing_attempt", "crm:deal_line_add"),
    *("crm:deal_contact_add", "crm:view_save", "crm:settings_add", "crm:own_step_add"),
    *("crm:process_note_new", "crm:process_begin", "crm:settings_rate_enter"),
    *("exchange:imports", "exchange:whole_exports"),
    *("pipeline:person_add", "pipeline:team_add", "pipeline:person_invite"),
    *("reports:saved_save", "reports:saved_mail_add", "reports:day_notes"),
    *("reports:form_times_count", "reports:form_times_forget"),
    *("day:done", "day:customer_touch", "day:lead_rule_add", "day:paper_back"),
    # Judged by what is there: it is done or not, once, and overwrites nothing.
    *("crm:deal_claim", "crm:deal_undo", "crm:touch_again", "crm:touch_take_back"),
    *("crm:company_unmerge", "crm:contact_unmerge"),
    *("crm:process_note_take_up", "crm:process_note_answer", "pipeline:collision_decide"),
    *("crm:settings_undo", "crm:deleted_restore", "crm:settings_rate_remove", "crm:view_delete"),
    *("privacy:retention_keep", "privacy:retention_let_go"),
    *("reports:saved_delete", "reports:saved_pin", "reports:saved_unpin", "reports:saved_mail"),
    *("reports:subscription_stop", "reports:mail_stop"),
    *("pipeline:person_deactivate", "pipeline:person_reactivate", "pipeline:outbox_retry"),
    *("pipeline:person_second_factors_remove", "pipeline:session_end"),
    *("pipeline:person_sign_out", "pipeline:person_session_end"),
    *("pipeline:profile_single_keys", "crm:list_look", "pipeline:profile_sign_out"),
    *("pipeline:invitation", "pipeline:invitation_accept"),
    *("crm:first_run_put_away", "crm:first_run_take_out", "crm:first_run_put_off"),
    *("demo:sample_add", "demo:sample_take_away", "unsent_put_away"),
    *("demo:tour_begin", "demo:tour_end"),
    # They only show something, whatever is sent.
    *("home", "crm:settings"),
    # An import goes from state to state, each of them judged.
    *("exchange:import_columns", "exchange:import_answer", "exchange:import_load"),
    *("exchange:import_undo", "exchange:import_discard", "exchange:import_check_again"),
    # What is one's own alone, from the page of a deal.
    *("crm:step_vote", "crm:step_hide", "crm:step_show", "crm:step_remove"),
    *("crm:step_up", "crm:step_down"),
    # Each person's own day.
    *("day:place", "day:wake", "day:protect", "day:unprotect", "day:outside", "day:outside_remove"),
    # Many records at once; what became of each is told.
    *("crm:deal_bulk", "crm:company_bulk", "crm:contact_bulk", "crm:person_hand_over"),
    *("crm:deal_bulk_undo", "crm:company_bulk_undo", "crm:contact_bulk_undo"),
}
OF_ALLAUTH = ("account_", "mfa_", "socialaccount_", "openid_connect_", "saml_")
OURS = [name for name in URLS if not name.startswith(OF_ALLAUTH)]
VERSION = ("version", "seen")


def test_it_names_only_verbs_that_there_are():
    assert sorted(UNVERSIONED - set(OURS)) == []


def test_no_change_is_taken_without_the_version_that_was_shown(world, tables):
    wrong, refused = [], 0
    for place, name in enumerate(OURS):
        url = URLS[name]
        role = "admin" if "admin" in url.may else next(role for role in INSIDE if role in url.may)
        sent = world.said(url.post or {}) | dict.fromkeys(VERSION, "")
        shape, headers = SHAPES[place % 2]
        answer = world.ask(
            role, "post", world.path(name), {**sent, idempotency.FIELD: "k"}, **headers
        )
        if answer.status == 405:
            continue
        if (answer.status == 428) != (name not in UNVERSIONED):
            wrong.append(f"{name}{shape}: {answer.status}")
        elif answer.status == 428:
            refused += 1
            assert ("HX-Trigger: " if headers else "Error 428") in answer.text
    assert wrong == []
    assert refused > 50
    assert tables.changed() == []


def test_every_form_of_ours_says_which_version_it_was_shown(world):
    silent: set[str] = set()
    carrying: set[str] = set()
    for name in OURS:
        url = URLS[name]
        if not url.get or url.kind == "public":
            continue
        role = "owner" if "owner" in url.may else next(role for role in INSIDE if role in url.may)
        for ask, headers in (({} if not url.needs else url.ask, {}), (url.ask, HTMX)):
            page = world.ask(role, "get", world.path(name), world.said(ask), **headers).text
            for to, sent in _posted(page, world.path(name)):
                if to in URLS and to not in UNVERSIONED and not to.startswith(OF_ALLAUTH):
                    said = any(key in VERSION and value for key, value in sent)
                    (carrying if said else silent).add(f"{name} -> {to}")
    assert sorted(silent) == []
    assert len(carrying) > 60, sorted(carrying)


def _posted(page: str, path: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The forms of a page that are posted: the name of the address of each, and what it sends."""
    found = []
    for form in re.findall(r'<form\b[^>]*method="post".*?</form>', page, re.DOTALL):
        forms = PageForms(path)
        forms.feed(form)
        for where, sent in forms.found.items():
            try:
                found.append((resolve(where).view_name, sent))
            except Resolver404:
                found.append((where, sent))
    return found
