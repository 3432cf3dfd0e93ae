"""The debtor themselves: name, address, preferences, what staff found out, and the words they are found by."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from portal.models import Assignment, Debtor, SearchWord
from portal.services import search

NAME = "person"
FIELDS = ("number", "kind", "name", "greeting_name", "email", "email_state", "phone", "postal_address", "postal_code",
          "country", "locale", "timezone", "identity_fact", "opted_out_at", "prefers", "screening_note", "terms_days",
          "created_at")


def take_out(_session: Session, debtor: Debtor) -> dict[str, Any]:
    """Give what is on file about the person."""
    return {name: getattr(debtor, name) for name in FIELDS}


def erase(session: Session, debtor: Debtor, now: datetime) -> int:
    """Leave a row that names nobody, so that the books still have somebody to point at.

    Its number and name become a word that means nothing: should this person come back, they are a new debtor.
    """
    debtor.number = debtor.name = f"erased-{debtor.public_id[:8]}"
    debtor.greeting_name = debtor.screening_note = debtor.postal_address = ""
    debtor.email = debtor.phone = debtor.postal_code = debtor.country = debtor.timezone = None
    debtor.identity_fact, debtor.email_state, debtor.prefers = "none", "ok", "email"
    debtor.terms_days = debtor.call_from = None
    debtor.opted_out_at = debtor.opted_out_at or now
    debtor.erased_at = now
    debtor.version += 1
    session.flush()
    search.index_debtor(session, debtor)
    session.execute(delete(SearchWord).where(SearchWord.debtor_id == debtor.id, SearchWord.invoice_id != 0))
    session.execute(delete(Assignment).where(Assignment.debtor_id == debtor.id))
    return 1
