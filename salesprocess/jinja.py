"""Jinja2 as Django's template engine for our own pages."""

from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.template import TemplateDoesNotExist
from django.template.backends.jinja2 import Jinja2, Template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from jinja2 import Environment, StrictUndefined

from salesprocess import format as formats


class Jinja2Pages(Jinja2):
    def get_template(self, template_name: str) -> Template:
        """Any page but those of the other engine, whose folder lies inside ours."""
        if template_name.startswith("allauth/"):
            raise TemplateDoesNotExist(template_name, backend=self)
        return super().get_template(template_name)


def url(name: str, *args: Any, **kwargs: Any) -> str:
    return reverse(name, args=args, kwargs=kwargs)


def language() -> str:
    """What the page is written in, for its `lang`."""
    return translation.get_language() or settings.LANGUAGE_CODE


def environment(**options: Any) -> Environment:
    # A misspelt name is an error on the page that has it, not an empty place.
    env = Environment(**{**options, "undefined": StrictUndefined, "autoescape": True})  # noqa: S701  # it is on
    env.trim_blocks = env.lstrip_blocks = True
    env.globals.update(static=static, url=url, messages=get_messages, language=language)
    env.filters.update(
        money=formats.money,
        money_short=formats.money_short,
        day=formats.day,
        clock=formats.clock,
    )
    # newstyle=False: with it, every % in a translated text would have to be doubled.
    env.install_gettext_callables(  # type: ignore[attr-defined]  # added by the i18n extension
        translation.gettext, translation.ngettext, newstyle=False
    )
    return env
