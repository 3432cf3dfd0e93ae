"""Queues emails to the people of the office; essential ones only, stored rendered, sent the way all emails are."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.domain.gate import ESSENTIAL
from portal.models import Business, Message
from portal.services import letters, messages
from portal.words.core import Words, speak, speaking
from portal.words.emails import Letter, Reader, Sender, render

Wording = Callable[[Words, Sender], Letter]


@dataclass(frozen=True)
class StaffReader:
    """One of the staff, or who is to become one, as an email reaches them."""

    address: str
    locale: str


def queue(session: Session, now: datetime, business: Business, reader: StaffReader, kind: str, key: str,
          wording: Wording, *, attachment: str = "") -> Message:
    """Queue an email about the work of a business to one of its people; the same key never makes a second one.

    `attachment` names what is made and attached when the email leaves, see delivery.py.
    """
    known = messages.find(session, business.id, key)
    if known is not None:
        return known
    words = speak(reader.locale, business.timezone)
    with speaking(words, now):
        sender = letters.sender_of(business, words)
        rendered = render(words, sender, Reader("", "none"), wording(words, sender))
    message = Message(
        business_id=business.id, debtor_id=None, kind=kind, message_class=ESSENTIAL, key=key,
        to_address=reader.address, language=words.language, subject=rendered.subject, body_text=rendered.text,
        body_html=rendered.html, attachment=attachment, message_id=secrets.token_hex(16), state="queued",
        reason=ESSENTIAL, created_at=now, due_at=now, attempts=0)
    session.add(message)
    session.flush()
    return message
