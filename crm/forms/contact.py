"""The people of the other side."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.contact import NewContact
from crm.forms.fields import VerbForm
from crm.models import Contact, DealRole


class RoleForm(VerbForm):
    role = forms.ChoiceField(
        choices=DealRole.choices, initial=DealRole.UNKNOWN, label=gettext_lazy("Role in this deal")
    )

    def command_arguments(self) -> dict[str, Any]:
        return self.cleaned_data | {"role": DealRole(self.cleaned_data["role"])}


class AddContactForm(RoleForm):
    """Somebody on record, or somebody new; a name is enough."""

    needs_version = False

    person = forms.CharField(
        required=False,
        max_length=200,
        label=gettext_lazy("Name"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    # A contact's id, or empty for somebody new.
    contact = forms.CharField(required=False, max_length=20)
    job_title = forms.CharField(required=False, max_length=120, label=gettext_lazy("Position"))
    email = forms.EmailField(
        required=False,
        max_length=254,
        label=gettext_lazy("E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    phone = forms.CharField(
        required=False,
        max_length=60,
        label=gettext_lazy("Phone"),
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    other_phone = forms.CharField(
        required=False,
        max_length=60,
        label=gettext_lazy("Another number"),
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )

    named = {"name": "person"}

    def clean_contact(self) -> Contact | None:
        value = self.cleaned_data["contact"]
        if not value:
            return None
        found = (
            Contact.objects.visible_to(self.user).filter(pk=int(value)).first()
            if value.isdecimal()
            else None
        )
        if found is None:
            raise forms.ValidationError(_("This person is not on record any more."))
        return found

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        if "contact" in self.cleaned_data and not self.who():
            self.add_error("person", _("Write a name."))
        return said

    def who(self) -> Contact | NewContact | None:
        said = self.cleaned_data
        if said.get("contact") is not None:
            return said["contact"]  # type: ignore[no-any-return]  # see clean_contact
        name = said.get("person") or said.get("email") or said.get("phone") or ""
        if not name:
            return None
        return NewContact(
            name=name,
            job_title=said.get("job_title", ""),
            email=said.get("email", ""),
            phone=said.get("phone", ""),
            other_phone=said.get("other_phone", ""),
        )
