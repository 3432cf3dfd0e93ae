"""Templates are compiled once for each language, and say what they would say if each text were looked up anew."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined, UndefinedError, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from portal import words
from portal.words import Spoken, equip
from portal.words.jinja import _say

NOW = datetime(2026, 11, 10, tzinfo=UTC)
TEMPLATES = {
    "plain.html": '{{ _("Invoice") }}, {{ _("Your rights") }}',
    "plain.txt": '{{ _("%(name)s collects its own invoices.", name=name) }}',
    "filled.html": '{{ _("%(name)s collects its own invoices.", name=name) }}',
    "twice.html": '{{ _("%(a)s and %(a)s, then %(b)s", a=name, b=_("Your rights")) }}',
    "percent.html": '{{ _("100%% of it") }}|{{ _("%(n)s%% of it", n=7) }}',
    "inner.html": '{% macro said(text) %}<b>{{ text }}</b>{% endmacro %}'
                  '{{ said(_("Don\'t <i>worry</i>")) }}{{ said(_("Hello %(name)s,", name=name)) }}'
                  '{{ _("yes") if name else _("no") }}',
    "short.html": '{{ _("%(name)s collects its own invoices.", nobody=name) }}',
    "dynamic.html": '{{ _(text) }}',
    "outer.html": '{% extends "frame.html" %}{% block body %}{% include "plain.html" %}{% endblock %}',
    "values.html": '{% macro two(a) %}{{ a }}{% endmacro %}{% set kept %}{{ value }}{% endset %}{% set bare = value %}'
                   '{{ value }}|{{ value|upper }}|{{ value ~ "<" }}|{{ two(value) }}|{{ kept }}|{{ bare }}|{{ kept|e }}'
                   '|{% for one in [value] %}{{ one }}{% endfor %}',
    "frame.html": '<h1>{{ _("Invoice") }}</h1>{% block body %}{% endblock %}',
}


def pages() -> Spoken:
    env = Spoken(loader=DictLoader(TEMPLATES), autoescape=lambda name: str(name).endswith("html"),
                 undefined=StrictUndefined)
    equip(env)
    return env


def shown(env: Spoken, template: str, language: str, **values: object) -> str:
    with words.speaking(words.speak(language, "UTC"), NOW):
        return env.get_template(template).render(**values)


def test_each_language_has_its_own_page_and_none_is_taken_for_another() -> None:
    env = pages()
    for _ in range(2):
        assert shown(env, "plain.html", "en_US") == "Invoice, Your rights"
        assert shown(env, "plain.html", "es_ES") == "Factura, Sus derechos"
        assert shown(env, "plain.html", "qps") == "⟦Ìñvóíçé⟧".replace("Ì", "Í") + ", ⟦Ýóúr ríghtš⟧"
        assert shown(env, "outer.html", "es") == "<h1>Factura</h1>Factura, Sus derechos"
        assert shown(env, "outer.html", "en") == "<h1>Invoice</h1>Invoice, Your rights"


def test_what_is_filled_in_is_escaped_on_pages_and_nowhere_else() -> None:
    env = pages()
    hostile = "<script>alert('1')</script> & Co %(name)s"
    assert shown(env, "filled.html", "en", name=hostile) == (
        "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; Co %(name)s collects its own invoices.")
    assert shown(env, "plain.txt", "en", name=hostile) == f"{hostile} collects its own invoices."
    assert shown(env, "filled.html", "en", name=Markup("<b>Anna</b>")) == "<b>Anna</b> collects its own invoices."
    assert shown(env, "inner.html", "en", name="<i>") == (
        "<b>Don't <i>worry</i></b><b>Hello &lt;i&gt;,</b>yes")


def test_holes_are_filled_where_the_translation_has_them() -> None:
    env = pages()
    assert shown(env, "twice.html", "en", name="<A>") == "&lt;A&gt; and &lt;A&gt;, then Your rights"
    assert shown(env, "percent.html", "en") == "100% of it|7% of it"
    assert shown(env, "dynamic.html", "es", text="Invoice") == "Factura"


def test_a_text_without_what_fills_it_is_an_error_and_no_half_sentence() -> None:
    with pytest.raises(KeyError):
        shown(pages(), "short.html", "en", name="Anna")


@pytest.mark.parametrize("language", ["en_US", "es_ES", "qps"])
@pytest.mark.parametrize("name", ["plain.html", "plain.txt", "filled.html", "twice.html", "percent.html", "inner.html"])
def test_a_page_says_the_same_as_one_that_looks_each_text_up(language: str, name: str) -> None:
    plain = pages()
    plain.language = "looked up"  # an environment that has a language asks for no other
    plain._generate = super(Spoken, plain)._generate  # type: ignore[method-assign]
    plain.globals["_"] = _say
    for filled in ("Anna", "<script>&amp;</script>", Markup("<b>Anna</b>")):
        assert shown(pages(), name, language, name=filled) == shown(plain, name, language, name=filled)


class Odd(str):
    """Text with a way of its own to be shown."""

    def __html__(self) -> str:
        return "<b>odd</b>"


@pytest.mark.parametrize("value", [
    "plain", "<b>", "a & b", "it's", '"x"', "&amp;", "", "ü – ¥ \u2028", Markup("<i>&amp;</i>"), Odd("<u>"), 7, 2.5,
    None, True, ["<b>"], ("'",)])
def test_every_value_is_escaped_as_jinja_escapes_it(value: object) -> None:
    usual = Environment(loader=DictLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    template = "values.html"
    assert shown(pages(), template, "en", value=value) == usual.get_template(template).render(value=value)


def test_what_is_not_there_is_an_error_and_never_an_empty_place() -> None:
    with pytest.raises(UndefinedError):
        shown(pages(), "values.html", "en")


def test_functions_that_ask_for_the_context_get_it() -> None:
    @pass_context
    def reader(context: Context, greeting: str) -> str:
        return f"{greeting} {context['name']}"

    class Called:
        def __call__(self, what: str) -> str:
            return f"[{what}]"

        def method(self, *, what: str) -> str:
            return what

    env = Spoken(loader=DictLoader({"calls.html": (
        "{% block b %}{% for n in [1] %}{{ reader('Hello') }} {{ called('<') }} {{ called.method(what='x') }} "
        "{{ range(n)|list }}{% endfor %}{% endblock %}")}), autoescape=True)
    env.globals |= {"reader": reader, "called": Called()}
    assert shown(env, "calls.html", "en", name="<Anna>") == "Hello &lt;Anna&gt; [&lt;] x [0]"
