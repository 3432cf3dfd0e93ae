"""Teaches a Jinja environment our words: `_()`, `ngettext()` and the filters for money and dates.

Pages, emails and letters use the same; who is spoken to comes from `speaking()`, never from a template's variables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache, lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context, pass_eval_context, select_autoescape
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from markupsafe import Markup

from portal.words import phones
from portal.words.agreement_paper import grouped
from portal.words.catalogs import translations
from portal.words.core import current
from portal.words.spoken import Spoken


def equip(env: Environment) -> None:
    """Add the words to an environment; safe to do once for each."""
    env.add_extension("jinja2.ext.i18n")
    env.policies["ext.i18n.trimmed"] = True
    env.install_gettext_callables(  # type: ignore[attr-defined]
        _gettext, _ngettext, newstyle=True)
    env.globals["_"] = _say
    env.globals["words"] = current
    for name, filter_ in FILTERS.items():
        env.filters[name] = filter_


@cache
def environment() -> Environment:
    """Give the environment for what is written outside a web request: emails."""
    env = Spoken(
        loader=PackageLoader("portal", "templates"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        autoescape=select_autoescape(("html", "htm", "xml")),
    )
    equip(env)
    return env


@pass_eval_context
def _say(setting: EvalContext, message: str, /, **values: object) -> str:
    """Say a text that no template could say beforehand; what is filled in is escaped on pages."""
    if not values:
        return _plain(current().language, message, setting.autoescape)
    said = current()._texts.gettext(message)
    # Our own catalogs are safe; what is filled in is escaped by Markup itself.
    return (Markup(said) if setting.autoescape else said) % values  # noqa: S704  # nosec B704


@lru_cache(maxsize=4_096)
def _plain(language: str, message: str, safe: bool) -> str:
    said = translations(language).gettext(message).replace("%%", "%")
    return Markup(said) if safe else said  # noqa: S704  # nosec B704  # our own texts and translations, as in Jinja's i18n


def _gettext(message: str) -> str:
    return current()._texts.gettext(message)


def _ngettext(one: str, many: str, n: int) -> str:
    return current()._texts.ngettext(one, many, n)


# The context argument keeps Jinja from working a filter out once and for all when a template is compiled.

@pass_context
def money(_context: Context, minor: int, currency: str) -> str:
    return current().money(minor, currency)


@pass_context
def money_parts(_context: Context, minor: int, currency: str) -> tuple[str, str]:
    return current().money_parts(minor, currency)


@pass_context
def percent(_context: Context, basis_points: int) -> str:
    return current().percent(basis_points)


@pass_context
def day(_context: Context, value: date | datetime) -> str:
    return current().day(value)


@pass_context
def short_day(_context: Context, value: date | datetime) -> str:
    return current().short_day(value)


@pass_context
def long_day(_context: Context, value: date | datetime) -> str:
    return current().long_day(value)


@pass_context
def clock(_context: Context, value: datetime) -> str:
    return current().clock(value)


@pass_context
def moment(_context: Context, value: datetime) -> str:
    return current().moment(value)


@pass_context
def phone(_context: Context, number: str, country: str) -> str:
    return current().phone(number, country)


@pass_context
def own(_context: Context, texts: Mapping[str, str]) -> str:
    return current().own(texts)


@pass_context
def label(_context: Context, text: str) -> str:
    """What a business calls something, in the reader's language where we know it.

    It is theirs, so it stays text to be escaped: `_()` is for our own texts alone, which it takes for safe.
    """
    return current()._texts.gettext(text) if text else ""


@pass_context
def how_to_check(_context: Context, places: Mapping[str, str]) -> str:
    return current().how_to_check(places)


@pass_context
def memo(_context: Context, code: str) -> str:
    return current().memo(code)


@pass_context
def memo_rule(_context: Context, code: str) -> str:
    return current().memo_rule(code)


FILTERS: dict[str, Callable[..., object]] = {
    "money": money, "money_parts": money_parts, "percent": percent, "day": day, "short_day": short_day,
    "long_day": long_day, "clock": clock, "moment": moment, "phone": phone, "tel": phones.dialled, "own": own,
    "label": label, "how_to_check": how_to_check, "memo": memo, "memo_rule": memo_rule,
    "fingerprint": grouped,
}
