"""The lists that a new organisation starts with: added once, never changed again."""

import io

from django.core.management import call_command

from crm.models import CauseKind, Method, Source, SourceKind, StopCause
from pipeline.process.stages import Initiator
from tests.crm.truth import rows


def seed():
    said = io.StringIO()
    call_command("reference", stdout=said)
    return said.getvalue()


def lists():
    return [rows(model) for model in (Source, Method, StopCause)]


def test_it_adds_the_lists_once(db):
    assert seed() == "25 rows added\n"
    before = lists()

    assert seed() == "0 rows added\n"
    assert lists() == before


def test_it_leaves_what_an_organisation_made_of_them(db):
    seed()
    Source.objects.filter(name="Website").update(retired=True)
    StopCause.objects.filter(key="price").update(name="Too dear")
    Method.objects.filter(name="Letter").delete()

    assert seed() == "0 rows added\n"
    assert not Method.objects.filter(name="Letter").exists()
    assert not Source.objects.active().filter(name="Website").exists()
    assert StopCause.objects.get(key="price").name == "Too dear"


def test_it_has_the_existing_customer_as_a_source(db):
    seed()

    assert Source.objects.get(kind=SourceKind.EXISTING_CUSTOMER).name == "Existing customer"


def test_it_counts_no_disqualification_as_a_loss(db):
    seed()

    cause = StopCause.objects.get(key="disqualified")
    assert (cause.kind, cause.initiator) == (CauseKind.OURS, Initiator.US)
    assert set(StopCause.objects.values_list("kind", flat=True)) == set(CauseKind)
