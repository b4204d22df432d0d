"""Forms about people and teams. Choices are what the person at the form may give; the commands
judge again, under their lock."""

from typing import Any, cast

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from pipeline.models import Language, Role, SellingStyle, StartPage, Team, Theme, User
from pipeline.people import queries
from pipeline.people.commands.people import EDITABLE
from pipeline.people.keys import FIRST, KEYS, RESERVED, clashes, read_keys, write_keys
from pipeline.people.models.people import validate_time_zone
from salesprocess.lib.attempt import CommandForm, SeenForm


class ZoneField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Time zone"),
            required=False,
            max_length=64,
            validators=[validate_time_zone],
            widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
            help_text=_("Empty: the organisation’s."),
            **kwargs,
        )


class PersonForm(SeenForm):
    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254)
    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)
    team = forms.TypedChoiceField(label=_("Team"), required=False, coerce=int, empty_value=None)
    style = forms.ChoiceField(
        label=_("Selling style"),
        choices=SellingStyle.choices,
        widget=forms.RadioSelect,
        help_text=_("It sets the lists, the touch plans and the proposals of My Day."),
    )
    hired_on = forms.DateField(
        label=_("Hired on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    time_zone = ZoneField()
    invite = forms.BooleanField(label=_("Send an invitation by e-mail"), required=False)

    def __init__(
        self, data: Any = None, *, by: User, person: User | None = None, **kw: Any
    ) -> None:
        super().__init__(data, **kw)
        self.needs_version = person is not None
        roles = [role for role in Role if by.scope.everything or role != Role.ADMIN]
        _choice(self, "role").choices = [(role.value, role.label) for role in roles]
        teams = queries.team_choices(by)
        empty = [("", _("No team"))] if by.scope.everything else []
        _choice(self, "team").choices = [*empty, *teams]
        if person is not None:
            del self.fields["invite"]
            if person.has_joined:
                del self.fields["email"]

    def facts(self) -> dict[str, Any]:
        """What the commands take, under their names."""
        facts = {name: self.cleaned_data[name] for name in EDITABLE if name in self.fields}
        team = facts["team"]
        facts["team"] = Team.objects.get(pk=team) if team else None
        return facts


class TeamForm(SeenForm):
    name = forms.CharField(label=_("Name"), max_length=120)
    parent = forms.TypedChoiceField(label=_("Below"), coerce=int, empty_value=None)
    manager = forms.TypedChoiceField(
        label=_("Manager"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=_("Who sees the deals of the team and of those below it."),
    )

    def __init__(self, data: Any = None, *, by: User, team: Team | None = None, **kw: Any) -> None:
        super().__init__(data, **kw)
        self.needs_version = team is not None
        parents, leaders = queries.team_choices(by), queries.leader_choices(by)
        if team is not None:
            # What is so now stays among the choices, also out of one's own reach.
            parents = _with(parents, team.parent)
            leaders = _with(leaders, team.manager)
        _choice(self, "parent").choices = parents
        _choice(self, "manager").choices = [("", _("Nobody")), *leaders]
        if team is not None and team.parent_id is None:
            del self.fields["parent"]

    def facts(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        parent, manager = cleaned.get("parent"), cleaned["manager"]
        return {
            "name": cleaned["name"],
            "parent": Team.objects.get(pk=parent) if parent else None,
            "manager": User.objects.get(pk=manager) if manager else None,
        }


def _choice(form: forms.Form, name: str) -> forms.ChoiceField:
    return cast(forms.ChoiceField, form.fields[name])


def _with(choices: list[tuple[int, str]], now: Team | User | None) -> list[tuple[int, str]]:
    if now is None or any(pk == now.pk for pk, _name in choices):
        return choices
    return [(now.pk, now.name), *choices]


class ProfileForm(SeenForm):
    name = forms.CharField(label=_("Name"), max_length=120)
    time_zone = ZoneField()
    style = forms.ChoiceField(
        label=_("Selling style"),
        choices=SellingStyle.choices,
        widget=forms.RadioSelect,
        help_text=_(
            "It sets the lists, the touch plans and the proposals of My Day. You are only ever"
            " compared with people who sell as you do."
        ),
    )
    theme = forms.ChoiceField(label=_("Theme"), choices=Theme.choices, widget=forms.RadioSelect)
    language = forms.ChoiceField(
        label=_("Language"), choices=Language.choices, widget=forms.RadioSelect
    )
    start_page = forms.ChoiceField(
        label=_("Begin with"),
        choices=[("", _("As for my role")), *StartPage.choices],
        required=False,
    )
    process_mails = forms.BooleanField(
        label=_("Mail me when my process changes, and about questions to it"), required=False
    )
    form_times = forms.BooleanField(
        label=_("Count how long I type in forms: for me alone, on my page of consistency"),
        required=False,
    )


class KeysForm(SeenForm):
    """A field for each key of the pages; empty is what it is at first."""

    single_keys = forms.BooleanField(
        label=_("Single keys are on (never while typing)"), required=False
    )

    def __init__(self, data: Any = None, *, person: User, **kw: Any) -> None:
        super().__init__(data, **kw)
        own = read_keys(person.keys)
        self.initial["single_keys"] = person.single_keys
        for at, one in enumerate(KEYS):
            self.fields[f"key-{at}"] = forms.CharField(
                label=one.does,
                max_length=1,
                required=False,
                initial=own.get(one.key, one.key[-1]),
                widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "off"}),
            )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        own = self._own(said)
        for at, one in enumerate(KEYS):
            mine = own.get(one.key, "")
            if mine in RESERVED or mine.isdigit() or not mine.isprintable():
                self.add_error(f"key-{at}", _("Choose a letter or a sign: this one is taken."))
        for key, other in clashes(own).items():
            words = _("“%(key)s” is taken by “%(other)s”.")
            at = [one.key for one in KEYS].index(key)
            taken = {"key": own.get(key) or key[-1], "other": FIRST[other].does}
            self.add_error(f"key-{at}", words % taken)
        said["keys"] = write_keys(own)
        return said

    def facts(self) -> dict[str, str | bool]:
        return {name: self.cleaned_data[name] for name in ("keys", "single_keys")}

    @staticmethod
    def _own(said: dict[str, Any]) -> dict[str, str]:
        typed = {one.key: said.get(f"key-{at}", "") for at, one in enumerate(KEYS)}
        return {key: mine for key, mine in typed.items() if mine}


class EmailForm(SeenForm):
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput(attrs={"id": "email-seen"}))
    email = forms.EmailField(label=_("New e-mail address"), max_length=254)
    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class AcceptForm(CommandForm):
    name = forms.CharField(
        label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("Password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    @property
    def rules(self) -> list[str]:
        return password_validators_help_texts()

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("password", again):
            raise ValidationError(_("The two passwords are not the same."))
        return again
