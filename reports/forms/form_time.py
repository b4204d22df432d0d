"""How long somebody typed in a form, as a browser says it."""

from django import forms


class FormTimeForm(forms.Form):
    """Where a form was sent to, and how many seconds somebody typed in it."""

    path = forms.CharField(max_length=300)
    seconds = forms.IntegerField(min_value=0, max_value=86_400)
