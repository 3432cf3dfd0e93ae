"""Emails as text and HTML: one letter of worded blocks, laid out twice by two templates.

The wording of each kind is in email_kinds.py. What is unknown until a letter leaves (its links) stands in it as a
placeholder such as {{portal_link}}; fill_in() puts the real thing there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portal.domain.colors import shades
from portal.words.core import Words
from portal.words.jinja import environment

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
PLACEHOLDERS = (
    "portal_link", "portal_host", "stop_link", "not_me_link", "rights_link", "feedback_link", "office", "door")
_PLACEHOLDER = re.compile(r"\{\{(" + "|".join(PLACEHOLDERS) + r")\}\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
LONGEST_SUBJECT = 250


@dataclass(frozen=True)
class Sender:
    """The business as its letters show it; `where_to_check` says where its real number stands: "on your last bill"."""

    name: str
    color: str
    contact_name: str
    contact_phone: str
    hours: str
    where_to_check: str
    postal_address: str


@dataclass(frozen=True)
class Reader:
    """The debtor as a letter speaks to them; `fact` is what the portal asks for before it shows anything."""

    greeting_name: str
    fact: str
    # The whole name, for words that need one where nothing shorter is known.
    name: str = ""


@dataclass(frozen=True)
class Row:
    """One line of a list with a sum: an invoice with its date, or a total."""

    label: str
    value: str
    note: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Way:
    """One thing the reader can do: a strong verb and the rest of its line."""

    verb: str
    rest: str


@dataclass(frozen=True, kw_only=True)
class Letter:
    """The worded blocks of one email, in reading order; an empty block is left out."""

    subject: str
    preview: str
    greeting: str
    opening: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    code: str = ""
    amount_note: str = ""
    rows: tuple[Row, ...] = ()
    action: str = ""
    # Asks how paying was; leads to a page of its own.
    question: str = ""
    ways: tuple[Way, ...] = ()
    # Stands after the first paragraph of the closing.
    warning: Way | None = None
    closing: tuple[str, ...] = ()
    signed: bool = True
    # A letter to one of the staff: its action leads into the office, and nothing of a debtor's foot stands under it.
    office_page: str = ""


@dataclass(frozen=True)
class Foot:
    """The small print of every email: how to check that it is genuine, how to stop, and who writes."""

    check_title: str
    check: str
    stop: str
    not_me: str
    rights: str
    ways_intro: str
    regards: str


@dataclass(frozen=True)
class Rendered:
    """One finished email, its links still placeholders."""

    subject: str
    text: str
    html: str


def plain(value: str) -> str:
    """Make a stored name or title safe to stand in an email: one line, and no placeholder of ours."""
    return _CONTROL.sub(" ", value).replace("{{", "{ {").strip()


def render(words: Words, sender: Sender, reader: Reader, letter: Letter) -> Rendered:
    """Lay a letter out as text and as HTML in the business's colors, in the words it was written in."""
    # Without a way in, nothing will be asked behind it.
    fact = reader.fact if letter.action else "none"
    view = {
        "letter": letter, "sender": sender, "foot": _foot(words, sender, fact), "shades": shades(sender.color),
        "language": words.language, "initial": sender.name[:1].upper(),
        "link": {name: "{{" + name + "}}" for name in PLACEHOLDERS},
    }
    if letter.office_page:
        view["link"] = {"portal_link": "{{office}}" + letter.office_page}
    text = environment().get_template("email/letter.txt").render(view)
    html = environment().get_template("email/letter.html").render(view)
    return Rendered(letter.subject[:LONGEST_SUBJECT], re.sub(r"\n{3,}", "\n\n", text).strip() + "\n", html)


def fill_in(body: str, values: Mapping[str, str]) -> str:
    """Put the real links into a stored email, each placeholder once and in one pass.

    Raises KeyError for a placeholder without a value, so that no reader ever sees one.
    """
    return _PLACEHOLDER.sub(lambda match: values[match[1]], body)


def _foot(words: Words, sender: Sender, fact: str) -> Foot:
    asks = {
        "postal_code": words.text("The link leads to %(host)s; there we ask for your postal code, never for a "
                                  "password.", host="{{portal_host}}"),
        "phone_last4": words.text("The link leads to %(host)s; there we ask for the last four digits of your "
                                  "phone number, never for a password.", host="{{portal_host}}"),
        "none": words.text("The links lead to %(host)s; we never ask for a password.", host="{{portal_host}}"),
    }
    check = (
        words.text("Call the number %(where)s and ask.", where=sender.where_to_check) if sender.where_to_check
        else words.text("Call %(phone)s and ask.", phone=sender.contact_phone))
    return Foot(
        check_title=words.text("Is this really from us?"),
        check=f"{check} {asks.get(fact, asks['none'])}",
        stop=words.text("Stop these emails"), not_me=words.text("This is not me"),
        rights=words.text("Your rights"), ways_intro=words.text("On your page you can"),
        regards=words.text("Kind regards,"),
    )
