"""Jinja2 as Django's template engine for our own pages."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.template import TemplateDoesNotExist
from django.template.backends.jinja2 import Jinja2, Template
from django.templatetags.static import static
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils import translation
from django.utils.module_loading import import_string
from jinja2 import Environment, StrictUndefined
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup

from salesprocess.lib import format as formats
from salesprocess.lib import unsent
from salesprocess.lib.cookies import read_cookie
from salesprocess.lib.notes import undo_of
from salesprocess.lib.translation import gettext


class Jinja2Pages(Jinja2):
    def get_template(self, template_name: str) -> Template:
        """Leaves templates/allauth/ to the Django engine, although it lies inside our folder."""
        if template_name.startswith("allauth/"):
            raise TemplateDoesNotExist(template_name, backend=self)
        return super().get_template(template_name)


_INDENT = re.compile(r"(?<=>)\s*\n\s*|(\s*\n\s*|  +)")


class FoldedIndents(Extension):
    """A page gets one blank, or a line break after a tag, for each break and indent of a template.

    Pages only: the lines of a mail are its own. No template has text of its own in a `pre` or a
    `textarea`; what people typed is not folded.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        is_page = (stream.name or "").endswith(".html")
        for token in stream:
            if is_page and token.type == "data":
                text = _INDENT.sub(lambda found: " " if found[1] else "\n", token.value)
                token = Token(token.lineno, token.type, text)
            yield token


# One page names the same few files and addresses dozens of times.
static_file = lru_cache(maxsize=512)(static)


def url(name: str, *args: Any, **kwargs: Any) -> str:
    if args or kwargs:
        return reverse(name, args=args, kwargs=kwargs)
    return _plain_url(name, get_urlconf(), get_script_prefix())


@lru_cache(maxsize=512)
def _plain_url(name: str, urlconf: str | None, _prefix: str) -> str:
    return reverse(name, urlconf=urlconf)


def language() -> str:
    """The language code for the `lang` attribute of the page."""
    return translation.get_language() or settings.LANGUAGE_CODE


@lru_cache(maxsize=512)
def icon(name: str, css: str = "") -> Markup:
    """An icon of the sprite; `css` is added to the class that all icons have."""
    return Markup('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>').format(
        f"i {css}" if css else "i", static_file("dist/sprite.svg"), name
    )


def _cached_frame(env: Environment) -> Callable[..., Markup]:
    """The global `framed("rail", here)`: a macro of components/frame.html, cached by its arguments and
    the language. For the parts around every page that are the same for everybody."""

    def draw(name: str, *words: str) -> Markup:
        drawn: Markup = getattr(env.get_template("components/frame.html").module, name)(*words)
        return drawn

    @lru_cache(maxsize=1024)
    def keep(_language: str, _urlconf: str | None, _prefix: str, name: str, *words: str) -> Markup:
        return draw(name, *words)

    def framed(name: str, *words: str) -> Markup:
        if env.auto_reload:  # whoever edits a template wants to see it
            return draw(name, *words)
        return keep(language(), get_urlconf(), get_script_prefix(), name, *words)

    return framed


def environment(*, filters: Mapping[str, str], **options: Any) -> Environment:
    """Called once by Django with the OPTIONS of TEMPLATES; `filters` maps names to import paths."""
    # A misspelt name is an error on the page that has it, not an empty place.
    env = Environment(**{**options, "undefined": StrictUndefined, "autoescape": True})  # noqa: S701  # it is on
    env.trim_blocks = env.lstrip_blocks = True
    env.add_extension(FoldedIndents)
    env.globals.update(
        static=static_file,
        url=url,
        messages=get_messages,
        undo_of=undo_of,
        read_cookie=read_cookie,
        language=language,
        reader_mark=unsent.sign_reader,
        unsent_of=unsent.stored_form,
        number=formats.number,
        percentage=formats.percent,
        drawn_icon=icon,
        framed=_cached_frame(env),
    )
    env.filters.update(
        money=formats.money,
        money_short=formats.money_short,
        day=formats.day,
        clock=formats.clock,
        **{name: import_string(path) for name, path in filters.items()},
    )
    # newstyle=False: with it, every % in a translated text would have to be doubled.
    env.install_gettext_callables(  # type: ignore[attr-defined]  # added by the i18n extension
        translation.gettext, translation.ngettext, newstyle=False
    )
    env.globals["_"] = gettext
    return env
