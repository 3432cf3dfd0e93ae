"""The last look before an email leaves: the gate is asked again, sums are written anew, and the lease is renewed.

One short transaction under the debtor's lock. What it returns is all that sending needs; sending is in delivery.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.gate import COLLECTING, ESSENTIAL, Decision
from portal.models import Business, CadenceStep, Debtor, Message, PortalLink, lock_debtor
from portal.runtime import Runtime
from portal.services import letters, messages, not_me, sending_limits
from portal.services.askable import Askable, askable
from portal.services.audit import Actor, record
from portal.services.gatekeeping import decide_for
from portal.words.own_words import NONE, OwnWords

# Longer than one message can take with every timeout of the mail server.
LEASE = timedelta(minutes=4)
# While a business is in safe mode, its emails are looked at so often.
SAFE_MODE_LOOK = timedelta(hours=1)
# reminder:<debtor>:<step>:<day>
STEP_KEY_COLONS = 3


@dataclass(frozen=True)
class Ready:
    """One message that may leave now, with the rows its links are made from."""

    message: Message
    business: Business
    # None for an email to one of the staff.
    debtor: Debtor | None
    link: PortalLink | None
    # What an email to one of the staff opens, made now: an invitation, a new password.
    door: str = ""


def look(rt: Runtime, message_id: int, claim_token: str) -> Ready | None:
    """Decide again about one claimed message: None when it waits longer, is skipped, or is no longer ours."""
    now = rt.now()

    def work(session: Session) -> Ready | None:
        debtor = _lock_its_debtor(session, message_id)
        message = _still_claimed(session, message_id, claim_token)
        if message is None:
            return None
        business = session.get_one(Business, message.business_id)
        if debtor is None:
            return _to_staff(rt, now, session, message, business)
        owed = askable(session, now, debtor) if message.message_class == COLLECTING else None
        decision = decide_for(
            session, now, business, debtor, message.message_class, askable=owed, but_message_id=message.id,
            blocked=not_me.is_blocked(session, rt.settings, business.id, debtor.email),
            useless_after=messages.code_ends_at(message), by_hand=not _is_of_a_step(message))
        if decision.verdict != "send":
            _put_off(message, decision)
            return None
        if rt.settings.mail_safe_mode:
            settle(message, "skipped", "safe_mode")
            return None
        if business.safe_mode_at is not None:
            # It leaves when safe mode ends, if the gate still lets it.
            _wait(message, now + SAFE_MODE_LOOK, "safe_mode")
            return None
        if _waits_for_room(rt, now, session, message):
            return None
        if owed is not None:
            _write_anew(session, now, business, debtor, message, owed)
        messages.write_if_blank(session, now, message, business, debtor)
        _make_ready(rt, now, message, debtor, decision)
        link = session.get(PortalLink, message.link_id) if message.link_id else None
        return Ready(message, business, debtor, link)

    return rt.db.run(work)


def _to_staff(rt: Runtime, now: datetime, session: Session, message: Message, business: Business) -> Ready | None:
    """What goes to one of the staff is essential, and the gate that guards debtors has nothing to say about it."""
    if rt.settings.mail_safe_mode:
        settle(message, "skipped", "safe_mode")
        return None
    if _waits_for_room(rt, now, session, message):
        return None
    _count_try(rt, now, message)
    # What only staff are sent needs the whole of their sign-in, and most processes never send it.
    from portal.services import staff_links

    return Ready(message, business, None, None, staff_links.door(rt, session, message))


def _waits_for_room(rt: Runtime, now: datetime, session: Session, message: Message) -> bool:
    """Take one place in what the mail server takes from us, or let the message wait until there is one."""
    until = sending_limits.take(session, rt.settings, now, essential=message.message_class == ESSENTIAL)
    if until is None:
        return False
    _wait(message, until, "sending_limit")
    return True


def _wait(message: Message, until: datetime, reason: str) -> None:
    message.due_at, message.reason = until, reason
    message.claim_token = message.leased_until = None


def settle(message: Message, state: str, reason: str) -> None:
    """End a message's life, whichever way it went."""
    message.state, message.reason = state, reason
    message.claim_token = message.leased_until = None
    if message.kind == "code":
        # Six digits that open a page are kept only while they wait to be sent; the row still tells that they were.
        message.body_text = message.body_html = ""


def mark_bounced(session: Session, now: datetime, debtor: Debtor, message: Message, actor: Actor) -> None:
    """Write down that an address is dead, unless it was corrected while the message was on its way."""
    if debtor.email == message.to_address and debtor.email_state == "ok":
        debtor.email_state = "bounced"
        record(session, at=now, actor=actor, act="debtor.email_bounced", business_id=debtor.business_id,
               debtor_id=debtor.id, target=f"message:{message.public_id}")


def message_id(rt: Runtime, key: str) -> str:
    """Complete the secret part of a Message-ID with the domain that emails come from."""
    domain = rt.settings.mail_from.rpartition("@")[2].strip("> ").lower() or "localhost"
    return f"<{key}@{domain}>"


def reply_address(rt: Runtime, message: Message) -> str:
    """Give the address at which answers to an email reach the office; "" where the installation takes no email in.

    Its secret part is that of the Message-ID, so that whoever answers needs nothing but the email.
    """
    domain = rt.settings.reply_domain
    return f"reply+{message.message_id[1:].partition('@')[0]}@{domain}" if domain and message.debtor_id else ""


def _lock_its_debtor(session: Session, message_id: int) -> Debtor | None:
    ids = session.execute(select(Message.business_id, Message.debtor_id).where(Message.id == message_id)).one_or_none()
    return lock_debtor(session, ids[0], ids[1]) if ids and ids[1] is not None else None


def _still_claimed(session: Session, message_id: int, claim_token: str) -> Message | None:
    # The row is locked as well, so that a claim cannot change hands between this look and its commit.
    query = (
        select(Message).where(Message.id == message_id, Message.claim_token == claim_token, Message.state == "queued")
        .with_for_update())
    return session.scalars(query).one_or_none()


def _put_off(message: Message, decision: Decision) -> None:
    if decision.verdict == "skip":
        settle(message, "skipped", decision.reason)
        return
    _wait(message, decision.at, decision.reason)
    if message.message_class == COLLECTING:
        message.local_day = decision.local_day


def _write_anew(session: Session, now: datetime, business: Business, debtor: Debtor, message: Message,
                owed: Askable) -> None:
    """A part may have been paid or disputed since it was queued; what leaves names the sums of this moment."""
    tone, own = _spoken(session, message)
    rendered = letters.reminder(session, now, business, debtor, owed, tone=tone, own=own)
    if message.link_id is None:
        message.link_id = messages.fresh_link(session, now, debtor).id
    message.subject, message.body_text, message.body_html = rendered.subject, rendered.text, rendered.html


def _spoken(session: Session, message: Message) -> tuple[str, OwnWords]:
    """The tone and the own words of the step a reminder speaks for; one sent by hand is friendly, in our words."""
    step = message.key.split(":")[2] if _is_of_a_step(message) else ""
    found = session.execute(select(CadenceStep.tone, CadenceStep.own_words).where(
        CadenceStep.business_id == message.business_id, CadenceStep.public_id == step)).one_or_none()
    return (found[0], found[1]) if found else ("friendly", NONE)


def _is_of_a_step(message: Message) -> bool:
    # What is sent by hand ends in a number, and what a step sends in its day.
    return message.key.count(":") == STEP_KEY_COLONS and not message.key.rpartition(":")[2].isdigit()


def _make_ready(rt: Runtime, now: datetime, message: Message, debtor: Debtor, decision: Decision) -> None:
    message.to_address, message.reason = debtor.email or "", decision.reason
    if message.message_class == COLLECTING:
        message.local_day = decision.local_day
    _count_try(rt, now, message)


def _count_try(rt: Runtime, now: datetime, message: Message) -> None:
    # Counted before the try, so that a message that kills its worker is given up one day.
    message.attempts += 1
    message.leased_until = now + LEASE
    if "@" not in message.message_id:
        message.message_id = message_id(rt, message.message_id)
