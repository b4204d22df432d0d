import pytest
from django.template import TemplateDoesNotExist, engines
from django.template.loader import get_template
from jinja2 import UndefinedError


def test_it_renders_pages_with_jinja_and_sign_in_with_django():
    assert type(get_template("base.html")).__module__ == "django.template.backends.jinja2"
    assert type(get_template("account/login.html")).__module__ == "django.template.backends.django"


def test_neither_engine_reaches_the_folder_of_the_other():
    with pytest.raises(TemplateDoesNotExist):
        engines["jinja2"].get_template("allauth/account/login.html")
    with pytest.raises(TemplateDoesNotExist):
        engines["django"].get_template("errors/404.html")


def test_it_escapes_what_people_type_and_fails_on_a_misspelt_name():
    shown = engines["jinja2"].from_string("{{ name }}")

    assert shown.render({"name": "<b>"}) == "&lt;b&gt;"
    with pytest.raises(UndefinedError):
        shown.render({"nmae": "Ana"})
