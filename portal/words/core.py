"""One reader's words: texts, plurals, money, dates and refusals in their language, country and timezone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from gettext import NullTranslations
from typing import Protocol
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import UnknownLocaleError

from portal.domain.errors import Refusal
from portal.domain.money import Mark
from portal.words import dates, memos, methods, numbers, phones, refusals
from portal.words.catalogs import LANGUAGES, PSEUDO, SOURCE, translations


@dataclass(frozen=True)
class Words:
    """How to speak to one reader; `locale` like "en_US" or "es", `timezone` like "Europe/Madrid"."""

    locale: str
    timezone: str

    @cached_property
    def language(self) -> str:
        """The language alone, as a page's lang attribute has it."""
        return self.locale.split("_")[0]

    @cached_property
    def _babel(self) -> Locale:
        return Locale.parse("en_US" if self.language == PSEUDO else self.locale)

    @cached_property
    def _texts(self) -> NullTranslations:
        return translations(self.language)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def text(self, message: str, **params: object) -> str:
        """Say a text in the reader's language; `%(name)s` takes a parameter."""
        said = self._texts.gettext(message)
        return said % params if params else said.replace("%%", "%")

    def plural(self, one: str, many: str, n: int, **params: object) -> str:
        """Say a text that counts; `%(n)s` is the number."""
        return self._texts.ngettext(one, many, n) % {"n": n, **params}

    def money(self, minor: int, currency: str) -> str:
        """Write an amount: 229023 in USD is $2,290.23."""
        return self._amounts(minor, currency)

    @cached_property
    def _amounts(self) -> Callable[[int, str], str]:
        return numbers.remembering(self._babel)

    def money_parts(self, minor: int, currency: str) -> tuple[str, str]:
        """Write an amount in two parts, for the one large sum of a page: ("$2,290", ".23")."""
        return numbers.money_parts(self._babel, minor, currency)

    def bare_money(self, minor: int, currency: str) -> str:
        """Write an amount without its sign, where a table's head names the currency."""
        return numbers.bare(self._babel, minor, currency)

    @cached_property
    def decimal_mark(self) -> Mark:
        """The sign this reader writes before cents."""
        return numbers.decimal_mark(self._babel)

    def percent(self, basis_points: int) -> str:
        """Write a rate given in hundredths of a percent: 250 is 2.5%."""
        return numbers.percent(self._babel, basis_points)

    def number(self, value: int) -> str:
        """Write a whole number with the reader's grouping."""
        return numbers.whole(self._babel, value)

    def local_date(self, moment: date | datetime) -> date:
        """Tell which day it is for the reader at a moment; a date stays itself."""
        return moment.astimezone(self.zone).date() if isinstance(moment, datetime) else moment

    def day(self, moment: date | datetime) -> str:
        """Write a day in full: "Friday, November 20", with the year when it is not this year."""
        return dates.day(self._babel, self.local_date(moment), self._this_year())

    def short_day(self, moment: date | datetime) -> str:
        """Write a day briefly: "Nov 20"."""
        return dates.short_day(self._babel, self.local_date(moment), self._this_year())

    def long_day(self, moment: date | datetime) -> str:
        """Write a day with its year and without the weekday, as a document does: "November 20, 2026"."""
        return dates.long_day(self._babel, self.local_date(moment))

    def clock(self, moment: datetime) -> str:
        """Write the time of day where the reader is: "2:42 pm"."""
        return dates.clock(self._babel, moment.astimezone(self.zone))

    def clock_there(self, local: datetime) -> str:
        """Write the time of day where somebody else is; `local` is aware and in their zone."""
        return dates.clock(self._babel, local)

    def moment(self, moment: datetime) -> str:
        """Write day and time with the name of the zone: "Friday, November 20, 11:59 pm Pacific"."""
        return dates.moment(self._babel, moment.astimezone(self.zone), self._this_year())

    def zone_name(self, moment: datetime) -> str:
        """Name the zone the reader's times are in: "Pacific"."""
        return dates.zone_name(self._babel, moment.astimezone(self.zone))

    def phone(self, number: str, country: str) -> str:
        """Write a phone number as people of its country do."""
        return phones.shown(number, country)

    def own(self, texts: Mapping[str, str]) -> str:
        """Pick what the business itself wrote, in the reader's language if it did, else in what it has."""
        return texts.get(self.language) or texts.get(SOURCE) or next(iter(texts.values()), "")

    def how_to_check(self, places: Mapping[str, str]) -> str:
        """Say how to find out whether a page or an email is genuine; `places` hold "on our van" and the like."""
        where = self.own(places)
        if not where:
            return self.text("Call a number that you already know, not one from an email. We will tell you if this "
                             "page is ours.")
        return self.text("Call the number %(where)s, not one from an email. We will tell you if this page is ours.",
                         where=where)

    def refusal(self, refusal: Refusal, currency: str = "") -> str:
        """Say why something was not done."""
        return refusals.sentence(self, refusal, currency)

    def paid_with(self, brand: str, last4: str) -> str:
        """Name what a payment was made with: "Visa ending in 4242"."""
        return methods.paid_with(self, brand, last4)

    def method_ending(self, brand: str, last4: str) -> str:
        """Name a way of paying with its end, inside a sentence (words/methods.py)."""
        return methods.ending(self, brand, last4)

    def memo(self, code: str) -> str:
        """Say what a line of the ledger was for."""
        return memos.sentence(self, code)

    def memo_rule(self, code: str) -> str:
        """Say the rule that made a fee, so that its sum can be checked; "" for any other line."""
        return memos.rule(self, code)

    def _this_year(self) -> int | None:
        now = _now.get()
        return None if now is None else now.astimezone(self.zone).year


class Reader(Protocol):
    """Whoever is written to: anything with a locale, a country and a timezone of its own, each perhaps unknown."""

    @property
    def locale(self) -> str: ...
    @property
    def country(self) -> str | None: ...
    @property
    def timezone(self) -> str | None: ...


@cache
def locale_of(language: str, country: str | None) -> str:
    """Join a language we speak with a country: ("es", "US") is es_US. An unknown language becomes English."""
    parts = language.replace("-", "_").split("_")
    spoken = parts[0].lower() if parts[0].lower() in (*LANGUAGES, PSEUDO) else SOURCE
    territory = parts[1] if len(parts) > 1 else country
    if not territory or spoken == PSEUDO:
        return spoken
    try:
        return str(Locale.parse(f"{spoken}_{territory.upper()}"))
    except (UnknownLocaleError, ValueError):
        return spoken


@cache
def speak(locale: str, timezone: str) -> Words:
    """Give the words for a locale and a timezone; what we do not speak falls back to English, then UTC."""
    try:
        ZoneInfo(timezone)
    except (ValueError, OSError, LookupError):
        timezone = "UTC"
    return Words(locale_of(locale, None), timezone)


def for_reader(reader: Reader, business: Reader) -> Words:
    """Give the words for a debtor, who lives where the business does unless we know better."""
    locale = locale_of(reader.locale or business.locale, reader.country or business.country)
    return speak(locale, reader.timezone or business.timezone or "UTC")


_words: ContextVar[Words] = ContextVar("words")
_now: ContextVar[datetime | None] = ContextVar("now", default=None)


def current() -> Words:
    """Give the words that are being spoken; before anyone is known, plain English."""
    return _words.get(speak(SOURCE, "UTC"))


def settle(words: Words, now: datetime) -> None:
    """Make these the words spoken from here on; for a web request, which sets them anew each time."""
    _words.set(words)
    _now.set(now)


@contextmanager
def speaking(words: Words, now: datetime) -> Iterator[Words]:
    """Speak these words inside the block; `now` decides which year goes without saying."""
    spoken, clock = _words.set(words), _now.set(now)
    try:
        yield words
    finally:
        _words.reset(spoken)
        _now.reset(clock)
