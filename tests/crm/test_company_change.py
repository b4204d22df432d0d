"""Putting a company on record, and changing it."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from crm.commands import company as company_commands
from crm.models import Company, Relationship
from salesprocess.lib.refused import Refused, Stale
from tests.crm.threads import at_once
from tests.crm.truth import all_rows
from tests.factories import NOW, make_company


def edit(company, **given):
    company_commands.edit(company, **{"at": NOW} | given)


def test_it_is_put_on_record(cast):
    company = company_commands.create(
        name=" Norte SA ", by=cast.ana, at=NOW, industry="Steel", website="https://norte.test"
    )

    company.refresh_from_db()
    assert (company.name, company.owner, company.industry) == ("Norte SA", None, "Steel")
    assert (company.relationship, company.version) == (Relationship.NEVER_BOUGHT, 1)
    assert (company.created_at, company.changed_at, company.changed_by) == (NOW, NOW, cast.ana)


@pytest.mark.parametrize("facts", [{"name": " "}, {"website": "norte"}, {"relationship": "friend"}])
def test_it_refuses_what_a_field_cannot_hold(cast, facts):
    with pytest.raises(ValidationError) as refused:
        company_commands.create(**{"name": "Norte SA", "by": cast.ana, "at": NOW} | facts)
    assert list(refused.value.message_dict) == list(facts)
    norte = make_company(by=cast.ana)
    before = all_rows()
    if "name" not in facts:
        with pytest.raises(ValidationError):
            edit(norte, by=cast.ana, **facts)
        assert all_rows() == before


def test_it_is_changed_by_whom_it_belongs_to_and_their_managers(cast, unseen):
    norte = make_company(by=cast.ana, owner=cast.ana)

    for who in ("ana", "mona", "rosa", "adele"):
        edit(norte, by=getattr(cast, who), industry=who)
        assert (norte.industry, norte.changed_by) == (who, getattr(cast, who))
    for who in ("ben", "carl", "nora"):
        with unseen(Company.DoesNotExist):
            edit(norte, by=getattr(cast, who), industry=who)
    assert norte.version == 5


def test_it_is_changed_by_everybody_where_nobody_owns_it(cast):
    norte = make_company(by=cast.ana)

    edit(norte, by=cast.carl, industry="Steel")

    assert norte.industry == "Steel"


def test_it_says_how_it_stands_to_who_saw_an_older_state(cast):
    norte = make_company(by=cast.ana)
    seen = norte.version
    edit(Company.objects.get(pk=norte.pk), by=cast.ben, name="Norte Nueva")
    before = all_rows()

    with pytest.raises(Stale) as stale:
        edit(norte, by=cast.ana, name="Norte Vieja", version=seen)

    assert stale.value.record.name == "Norte Nueva"
    assert all_rows() == before


@pytest.mark.parametrize("field", ["owner", "changed_by", "batch", "created_at"])
def test_it_has_no_way_around_the_other_verbs(cast, field):
    norte = make_company(by=cast.ana)

    with pytest.raises(TypeError):
        edit(norte, by=cast.ana, **{field: None})


def test_the_database_lets_no_company_be_its_own_parent(cast):
    norte = make_company(by=cast.ana)

    with pytest.raises(IntegrityError, match="company_not_its_own_parent"), transaction.atomic():
        Company.objects.filter(pk=norte.pk).update(parent=norte)


def test_it_belongs_to_none_of_those_below_it(cast):
    top = make_company(by=cast.ana, name="Top")
    middle = make_company(by=cast.ana, name="Middle", parent=top)
    bottom = make_company(by=cast.ana, name="Bottom", parent=middle)
    before = all_rows()

    for below in (top, middle, bottom):
        with pytest.raises(Refused, match="belongs to it") as refused:
            edit(top, by=cast.ana, parent=below)
        assert refused.value.field == "parent"

    assert all_rows() == before
    edit(bottom, by=cast.ana, parent=top)
    assert bottom.parent == top


@pytest.mark.django_db(transaction=True)
def test_two_who_put_companies_below_each_other_make_no_circle(cast):
    norte, sur = make_company(by=cast.ana, name="Norte"), make_company(by=cast.ana, name="Sur")

    ends = at_once(
        lambda: edit(norte, by=cast.ana, parent=Company.objects.get(pk=sur.pk)),
        lambda: edit(sur, by=cast.ben, parent=Company.objects.get(pk=norte.pk)),
    )

    assert sorted(type(end).__name__ for end in ends) == ["NoneType", "Refused"]
    assert Company.objects.filter(parent=None).count() == 1
