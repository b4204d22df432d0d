"""Forms for companies and contacts, and for what is said to them without a deal."""

from typing import Any

from django import forms
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms.activity import LogForm
from crm.forms.fields import CompanyPick, VerbForm
from crm.models import ActivityResult, Company, Contact, ContactPoint, PointKind, Relationship
from crm.models.activity import ActivityQuerySet
from pipeline.models import User
from salesprocess.lib.text_area import TextArea

_PLAIN = {"autocomplete": "off"}


class PartyForm(VerbForm):
    """What companies and contacts have in common: a company that is picked by its name."""

    company_name = forms.CharField(
        required=False, max_length=200, widget=forms.TextInput(attrs=_PLAIN)
    )
    # A company's id, or empty where the name alone says which.
    company = forms.CharField(required=False, max_length=20)

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        typed = self.cleaned_data.get("company_name", "")
        value = self.cleaned_data.get("company", "")
        try:
            chosen = CompanyPick.chosen(value if typed else "", typed, user=self.user)
        except forms.ValidationError as error:
            self.add_error("company_name", error)
            chosen = None
        if isinstance(chosen, str):
            self.add_error("company_name", _("Choose a company that is on record."))
            chosen = None
        self.cleaned_data["company"] = chosen
        return said


class OwnerForm(VerbForm):
    """Who looks after a company or contact from now on."""

    to = forms.ModelChoiceField(queryset=User.objects.none(), label=gettext_lazy("Who takes over"))
    reason = forms.CharField(
        required=False,
        max_length=2000,
        label=gettext_lazy("What to know"),
        widget=TextArea(attrs={"rows": 2}),
    )

    def __init__(
        self, *args: Any, user: User, of: Company | Contact | None = None, **options: Any
    ) -> None:
        super().__init__(*args, user=user, **options)
        people = User.objects.assignable_by(user)
        if of is not None:
            self.initial.setdefault("version", of.version)
            if of.owner_id:
                people = people.exclude(pk=of.owner_id)
        to = self.fields["to"]
        assert isinstance(to, forms.ModelChoiceField)  # noqa: S101  # as declared above
        to.empty_label = _("Choose …")
        to.queryset = people.order_by(Lower("name"))

    def versus(self, now: Company | Contact) -> list[tuple[str, str, str]]:
        """What it is now beside what was asked for: (what, theirs, yours)."""
        return [(_("Owner"), str(now.owner or ""), str(self.cleaned_data.get("to") or ""))]


class CompanyForm(PartyForm):
    name = forms.CharField(
        max_length=200, label=gettext_lazy("Name"), widget=forms.TextInput(attrs=_PLAIN)
    )
    relationship = forms.ChoiceField(
        choices=Relationship.choices,
        initial=Relationship.NEVER_BOUGHT,
        label=gettext_lazy("Relationship"),
    )
    website = forms.URLField(
        required=False,
        assume_scheme="https",
        max_length=200,
        label=gettext_lazy("Website"),
        widget=forms.TextInput(attrs={"inputmode": "url", **_PLAIN}),
    )
    industry = forms.CharField(required=False, max_length=80, label=gettext_lazy("Industry"))
    employees = forms.IntegerField(
        required=False, min_value=0, max_value=10_000_000, label=gettext_lazy("Employees")
    )
    country = forms.CharField(required=False, max_length=80, label=gettext_lazy("Country"))

    named = {"parent": "company_name"}
    model_fields = ("name", "relationship", "website", "industry", "employees", "country")

    def __init__(self, data: Any = None, *, of: Company | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["company_name"].label = gettext_lazy("Belongs to")
        self.needs_version = of is not None
        if of is not None:
            for name in self.model_fields:
                self.initial.setdefault(name, getattr(of, name))
            self.initial.setdefault("version", of.version)
            if of.parent is not None:
                self.initial.setdefault("company_name", of.parent.name)
                self.initial.setdefault("company", str(of.parent_id))

    def command_arguments(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {name: said[name] for name in self.model_fields} | {"parent": said["company"]}

    def versus(self, now: Company) -> list[tuple[str, str, str]]:
        """What stands in the company now beside what was typed: (what, theirs, yours)."""
        yours = self.cleaned_data
        shown = [
            (str(self.fields[name].label), _text(getattr(now, name)), _text(yours.get(name)))
            for name in self.model_fields
            if name != "relationship"
        ]
        relationship = yours.get("relationship") or Relationship.NEVER_BOUGHT
        return [
            *shown,
            (
                _("Relationship"),
                str(Relationship(now.relationship).label),
                str(Relationship(relationship).label),
            ),
            (_("Belongs to"), _text(now.parent), _text(yours.get("company"))),
        ]


class ContactForm(PartyForm):
    name = forms.CharField(
        max_length=200, label=gettext_lazy("Name"), widget=forms.TextInput(attrs=_PLAIN)
    )
    job_title = forms.CharField(required=False, max_length=120, label=gettext_lazy("Position"))
    emails = forms.CharField(
        required=False,
        max_length=2000,
        label=gettext_lazy("E-mail, one a line"),
        widget=TextArea(attrs={"rows": 2, "inputmode": "email", **_PLAIN}),
    )
    phones = forms.CharField(
        required=False,
        max_length=600,
        label=gettext_lazy("Phone, one a line"),
        widget=TextArea(attrs={"rows": 2, "inputmode": "tel", **_PLAIN}),
    )

    named = {"email": "emails", "phone": "phones"}

    def __init__(
        self,
        data: Any = None,
        *,
        of: Contact | None = None,
        points: list[ContactPoint] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(data, **options)
        self.fields["company_name"].label = gettext_lazy("Company")
        self.needs_version = of is not None
        if of is not None:
            self.initial.setdefault("name", of.name)
            self.initial.setdefault("job_title", of.job_title)
            self.initial.setdefault("version", of.version)
            for kind, field in ((PointKind.EMAIL, "emails"), (PointKind.PHONE, "phones")):
                self.initial.setdefault(field, lines_of(points or [], kind))
            if of.company is not None:
                self.initial.setdefault("company_name", of.company.name)
                self.initial.setdefault("company", str(of.company_id))

    def command_arguments(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "name": said["name"],
            "job_title": said["job_title"],
            "company": said["company"],
            "emails": said["emails"].splitlines(),
            "phones": said["phones"].splitlines(),
        }

    def versus(self, now: Contact) -> list[tuple[str, str, str]]:
        """What stands in the contact now beside what was typed: (what, theirs, yours)."""
        yours = self.cleaned_data
        points = list(now.points.order_by("kind", "pk"))
        return [
            (_("Name"), now.name, _text(yours.get("name"))),
            (_("Position"), now.job_title, _text(yours.get("job_title"))),
            (_("Company"), _text(now.company), _text(yours.get("company"))),
            (_("E-mail"), lines_of(points, PointKind.EMAIL), _text(yours.get("emails"))),
            (_("Phone"), lines_of(points, PointKind.PHONE), _text(yours.get("phones"))),
        ]


def lines_of(points: list[ContactPoint], kind: PointKind) -> str:
    return "\n".join(point.typed for point in points if point.kind == kind)


class TouchForm(LogForm):
    """The composer without a deal: nothing to move forward, and any of the company's people."""

    def __init__(
        self,
        *args: Any,
        user: User,
        company: Company | None = None,
        of_contact: Contact | None = None,
        **options: Any,
    ) -> None:
        self._party: dict[str, Company | Contact | None] = (
            {"contact": of_contact} if of_contact else {"company": company}
        )
        super().__init__(*args, user=user, **options)
        people = self.fields["contact"]
        assert isinstance(people, forms.ModelChoiceField)  # noqa: S101  # as LogForm declares it
        people.queryset = (
            Contact.objects.visible_to(user).filter(company=company)
            if company
            else Contact.objects.none()
        )
        self.fields["result"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            ("", ""),
            *(
                (result.value, result.label)
                for result in ActivityResult
                if result != ActivityResult.MOVED_FORWARD
            ),
        ]

    def _planned(self) -> ActivityQuerySet:
        return super()._planned().filter(**self._party)


def _text(value: object) -> str:
    return "" if value is None else str(value)
