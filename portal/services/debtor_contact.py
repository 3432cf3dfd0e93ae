"""Edits of what is known about a debtor: contact, preferences, screening and terms.

An edit carries the version it was read at. The second of two editors is told what the first one changed, field by
field, and nothing of theirs is saved until they have seen it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain import contact
from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Debtor, Message, PortalLink
from portal.runtime import Runtime
from portal.services import consents, debtor_desk, not_me, search, standings
from portal.services.audit import record, staff_actor
from portal.words import LANGUAGES, places

SAID_BY = ("phone", "email", "letter", "in_person")
SOURCES = {"phone": "by_phone", "email": "by_email", "letter": "by_letter", "in_person": "in_person"}
# Columns that hold "" where nobody knows; the others hold nothing.
TEXTS = ("name", "greeting_name", "kind", "postal_address", "locale", "identity_fact")
TERMS = ("screening_note", "terms_days")
# What a tick on the form refuses, by the channel it speaks of.
REFUSALS = {"opted_out": consents.EMAIL, "no_letters": consents.LETTER, "no_calls": consents.PHONE}
PREFERENCES = ("prefers", *REFUSALS)


@dataclass(frozen=True)
class Change:
    """One field that somebody else has changed meanwhile."""

    field: str
    before: str
    now: str


@dataclass(frozen=True)
class Known:
    """What is on file, as a form shows it, with the version an edit must name."""

    debtor_id: str
    display_name: str
    number: str
    values: Mapping[str, str]
    version: int
    email_state: str
    erased: bool
    open_links: int = 0


@dataclass(frozen=True)
class Edit:
    """What somebody typed over what they had seen; `said_by` tells how the debtor said it, `words` why."""

    typed: Mapping[str, str]
    seen: Mapping[str, str]
    version: int
    said_by: str = ""
    words: str = ""
    # Fields of a form nobody shows, such as the nonce, never reach a debtor's row.
    fields: tuple[str, ...] = field(default=contact.CONTACT)


@dataclass(frozen=True)
class Edited:
    """What came of it: which fields changed, and how many links to the old address still open the page."""

    changed: tuple[str, ...]
    links_of_old_address: int = 0


def known(rt: Runtime, access: StaffAccess, debtor_id: str) -> Known:
    """Give what is on file about a debtor; raises Refusal not_found."""
    now = rt.now()
    with rt.db.reading() as session:
        debtor = debtor_desk.find(session, access, debtor_id)
        return Known(debtor.public_id, debtor.name, debtor.number, _values_of(session, debtor), debtor.version,
                     debtor.email_state, debtor.erased_at is not None, _open_links(session, debtor, now))


def _values_of(session: Session, debtor: Debtor) -> dict[str, str]:
    """Write what is on file as a form has it; what is unknown is empty."""
    values = {name: str(getattr(debtor, name) or "") for name in contact.CONTACT}
    days = "" if debtor.terms_days is None else str(debtor.terms_days)
    refused = consents.refused_by(session, debtor)
    ticks = {name: "y" if channel in refused else "" for name, channel in REFUSALS.items()}
    return values | {"screening_note": debtor.screening_note, "terms_days": days, "prefers": debtor.prefers, **ticks}


def edit_contact(rt: Runtime, access: StaffAccess, debtor_id: str, edit: Edit) -> Edited:
    """Save who a debtor is and how to reach them.

    A corrected email address may be written to again; links sent to the old one still open the page until they are
    ended. Raises Refusal: not_found, debtor_erased, changed_meanwhile (changes, version), address_blocked,
    choice_unknown (field), and those of domain/contact.py.
    """
    clean = {name: contact.read(name, edit.typed.get(name, "")) for name in contact.CONTACT}
    contact.check_fact(clean)

    def write(session: Session, debtor: Debtor, changed: Mapping[str, str], now: datetime) -> Edited:
        _only_offered(changed)
        for name, value in changed.items():
            setattr(debtor, name, value if name in TEXTS
                    else value or None)
        if "email" in changed:
            if not_me.is_blocked(session, rt.settings, debtor.business_id, debtor.email):
                raise Refusal("conflict", "address_blocked")
            debtor.email_state = "ok"
        if "phone" in changed:
            consents.new_number(session, now, debtor)
        if {"name", "email"} & changed.keys():
            search.index_debtor(session, debtor)
        return Edited(tuple(changed), _open_links(session, debtor, now) if "email" in changed else 0)

    return _save(rt, access, debtor_id, edit, clean, write, "debtor.edited")


def edit_preferences(rt: Runtime, access: StaffAccess, debtor_id: str, edit: Edit) -> Edited:
    """Save how a debtor wants to be reached and whether emails that ask, letters and calls may come, with who said so.

    Raises Refusal: not_found, debtor_erased, changed_meanwhile, choice_unknown, said_by_missing.
    """
    clean = {"prefers": edit.typed.get("prefers", ""),
             **{name: "y" if edit.typed.get(name) else "" for name in REFUSALS}}
    if clean["prefers"] not in contact.PREFERS:
        raise Refusal("invalid", "choice_unknown")

    def write(session: Session, debtor: Debtor, changed: Mapping[str, str], now: datetime) -> Edited:
        told = [name for name in REFUSALS if name in changed]
        if told and edit.said_by not in SAID_BY:
            raise Refusal("invalid", "said_by_missing")
        for name in told:
            consents.say(session, now, debtor, REFUSALS[name], given=not changed[name], source=SOURCES[edit.said_by])
        debtor.prefers = clean["prefers"]
        if told:
            standings.recount_one(session, debtor.business_id, debtor.id, now)
        return Edited(tuple(changed))

    return _save(rt, access, debtor_id, edit, clean, write, "preferences.changed")


def edit_terms(rt: Runtime, access: StaffAccess, debtor_id: str, edit: Edit) -> Edited:
    """Save what was found out before giving credit, and the days to pay that are granted from now on.

    Raises Refusal: not_found, debtor_erased, changed_meanwhile, terms_days_wrong.
    """
    days = edit.typed.get("terms_days", "").strip()
    if days and not (days.isascii() and days.isdigit() and int(days) <= contact.MOST_DAYS):
        raise Refusal("invalid", "terms_days_wrong", days=contact.MOST_DAYS)
    note = edit.typed.get("screening_note", "").replace("\r\n", "\n").strip()[:debtor_desk.LONGEST_WORDS]
    clean = {"screening_note": note, "terms_days": str(int(days)) if days else ""}

    def write(session: Session, debtor: Debtor, changed: Mapping[str, str], now: datetime) -> Edited:
        debtor.screening_note = note
        debtor.terms_days = int(days) if days else None
        return Edited(tuple(changed))

    return _save(rt, access, debtor_id, edit, clean, write, "terms.changed")


def _only_offered(changed: Mapping[str, str]) -> None:
    # What an import brought may stay; what is chosen anew is one of the choices of the form.
    offered = {"locale": set(LANGUAGES), "country": {"", *dict(places.countries("en"))},
               "timezone": {"", *dict(places.timezones())}}
    for name, choices in offered.items():
        if name in changed and changed[name] not in choices:
            raise Refusal("invalid", "choice_unknown", field=name)


def _save(rt: Runtime, access: StaffAccess, debtor_id: str, edit: Edit, clean: Mapping[str, str],
          write: Callable[[Session, Debtor, Mapping[str, str], datetime], Edited], act: str) -> Edited:
    access.require("work")
    now = rt.now()

    def work(session: Session) -> Edited:
        debtor = debtor_desk.lock(session, access, debtor_id)
        stored = _values_of(session, debtor)
        changed = {name: value for name, value in clean.items() if value != stored[name]}
        if not changed:
            return Edited(())
        if debtor.version != edit.version:
            _refuse_stale(debtor, stored, edit, tuple(clean))
        edited = write(session, debtor, changed, now)
        debtor.version += 1
        session.flush()
        debtor_desk.keep_words(session, access, debtor, now, f"edit:{debtor.version}", edit.words)
        record(session, at=now, actor=staff_actor(access), act=act, business_id=access.business_id,
               debtor_id=debtor.id, target=f"debtor:{debtor.public_id}", fields=sorted(changed),
               said_by=edit.said_by, before=_open_values(stored, changed), after=_open_values(clean, changed))
        return edited

    return rt.db.run(work)


def _refuse_stale(debtor: Debtor, stored: Mapping[str, str], edit: Edit, fields: tuple[str, ...]) -> None:
    changes = tuple(
        Change(name, edit.seen.get(name, ""), stored[name]) for name in fields
        if edit.seen.get(name, "").replace("\r\n", "\n") != stored[name])
    raise Refusal("conflict", "changed_meanwhile", changes=changes, version=debtor.version, values=dict(stored))


def _open_values(values: Mapping[str, str], changed: Mapping[str, str]) -> dict[str, str]:
    return {name: values[name] for name in sorted(changed) if name not in contact.PERSONAL}


def _open_links(session: Session, debtor: Debtor, now: datetime) -> int:
    """Count the links in earlier emails to a debtor that still open their page."""
    return session.scalar(
        select(func.count()).select_from(PortalLink).where(
            PortalLink.debtor_id == debtor.id, PortalLink.business_id == debtor.business_id,
            PortalLink.revoked_at.is_(None), PortalLink.expires_at > now,
            PortalLink.id.in_(select(Message.link_id).where(
                Message.debtor_id == debtor.id, Message.link_id.is_not(None))))) or 0
