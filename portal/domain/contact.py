"""How to reach a debtor, as staff type it: which fields there are, and what each may hold.

Pure; an empty text means that nobody knows. Refusals speak of one field each.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from zoneinfo import available_timezones

from portal.domain.errors import Refusal
from portal.domain.identity import stored_fact
from portal.domain.imports.cells import read_email

KINDS = ("consumer", "business")
FACTS = ("postal_code", "phone_last4", "none")
PREFERS = ("email", "phone", "letter")
LONGEST = {"name": 160, "greeting_name": 80, "email": 254, "phone": 32, "postal_address": 300, "postal_code": 16}
CONTACT = ("kind", "name", "greeting_name", "email", "phone", "postal_address", "postal_code", "country", "locale",
           "timezone", "identity_fact")
# Of these only the name of the field may stand in an audit row, never what was in it.
PERSONAL = frozenset({"name", "greeting_name", "email", "phone", "postal_address", "postal_code", "screening_note"})
MOST_DAYS = 120
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{4,30}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LOCALE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")


def read(field: str, typed: str) -> str:
    """Give what one field is to hold; raises Refusal invalid with the reason."""
    # An envelope needs its lines; everything else is one.
    text = "\n".join(filter(None, map(_clean, typed.splitlines()))) if field == "postal_address" else _clean(typed)
    if field in LONGEST and len(text) > LONGEST[field]:
        raise Refusal("invalid", "text_too_long", longest=LONGEST[field])
    if field == "name" and not text:
        raise Refusal("invalid", "name_empty")
    if field == "email" and text:
        return read_email(text)
    if field == "phone" and text and not _PHONE.fullmatch(text):
        raise Refusal("invalid", "phone_malformed")
    _check_choice(field, text)
    return text


def check_fact(values: Mapping[str, str]) -> None:
    """Refuse a check at the door for which nothing is on file; nobody could ever pass it."""
    fact = values["identity_fact"]
    if fact != "none" and not stored_fact(fact, values["postal_code"], values["phone"], values["country"]):
        raise Refusal("invalid", "fact_not_on_file")


def _check_choice(field: str, text: str) -> None:
    known = {
        "kind": text in KINDS, "identity_fact": text in FACTS, "country": not text or bool(_COUNTRY.fullmatch(text)),
        "locale": bool(_LOCALE.fullmatch(text)), "timezone": not text or text in available_timezones(),
    }
    if not known.get(field, True):
        raise Refusal("invalid", "choice_unknown")


def _clean(typed: str) -> str:
    visible = "".join(" " if sign in "\r\n\t" else sign for sign in unicodedata.normalize("NFC", typed)
                      if sign in "\r\n\t" or unicodedata.category(sign)[0] != "C")
    return " ".join(visible.split())
