"""The frame of the page at hand: which business hosts it, who reads it, and in which language."""

from __future__ import annotations

from functools import lru_cache

from flask import g, redirect, request, session
from flask.templating import Environment
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response as BaseResponse

from portal import words
from portal.routes.shared.runtime import runtime
from portal.services.brands import BusinessView
from portal.words.core import settle

REMEMBERED = "speaks"


class Pages(words.Spoken, Environment):
    """The templates of the web, each compiled once for each language."""


def speak_as_browser_asks() -> None:
    """Before anyone is known, speak as on the page before, else as the browser asks."""
    remembered = session.get(REMEMBERED)
    settle(words.speak(str(remembered or _asked() or "en"), "UTC"), runtime().now())


def speak(said: words.Words) -> None:
    """Speak as the reader of this page does, and remember the language for pages that know nobody."""
    settle(said, runtime().now())
    if session.get(REMEMBERED) != said.locale:
        session[REMEMBERED] = said.locale


def host(business: BusinessView) -> None:
    """Make a business the host of the page: its mark, name, color and contact stand on it."""
    g.business = business


def public_words(business: BusinessView) -> words.Words:
    """Give the words for a public page of a business: the reader's language, the business's country and zone."""
    remembered = session.get(REMEMBERED)
    locale = str(remembered or words.locale_of(_asked() or business.locale, business.country))
    return words.speak(locale, business.timezone)


def _asked() -> str:
    """Tell which of our languages the browser would rather have; "" when it names none."""
    return _best(request.headers.get("Accept-Language", ""))


@lru_cache(maxsize=512)
def _best(named: str) -> str:
    return parse_accept_header(named, LanguageAccept).best_match([*words.LANGUAGES, words.PSEUDO]) or ""


def page_values() -> dict[str, object]:
    """Give what every template may rest on: the business that hosts the page, and its reader."""
    return {"business": g.get("business"), "reader": g.get("reader")}


def see_other(url: str) -> BaseResponse:
    """Send the browser on with a GET."""
    return redirect(url, code=303)
