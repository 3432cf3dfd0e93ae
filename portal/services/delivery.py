"""Sends what is queued: claims rows with a lease, looks at each a last time, and speaks SMTP outside any transaction.

A worker killed at any point loses nothing: its lease runs out and another sends the same row, under the same
Message-ID. A slow one cannot overwrite, because a result is written only while its claim still stands.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Select, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal import logs
from portal.domain.gate import ESSENTIAL
from portal.gateways.mail import (
    Attachment,
    MailRefused,
    MailTemporary,
    MailUnknown,
    OutgoingMail,
    UnsafeHeader,
    ascii_address,
)
from portal.models import Message, lock_debtor
from portal.models.base import fixed
from portal.runtime import Runtime
from portal.services import agreement_mail, agreement_papers, audit, last_look, mail_links, receipts, sending_limits
from portal.services.last_look import LEASE, Ready
from portal.services.sending_limits import UNLIMITED, Room
from portal.words.emails import fill_in, plain

BATCH = 10
# With these waits a message is tried for more than a day before it is given up.
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=30)
MOST_ATTEMPTS = 60
# After so many failures in a row something is wrong, and the rest of the batch need not wait for its timeouts.
FAILURES_MEAN_TROUBLE = 2
ALL_ROOM = Room(UNLIMITED, UNLIMITED)
WORKER = audit.Actor("job", "deliver")

# "busy": to be tried again, and everything else with it, for the server is down or wants us slower.
Outcome = Literal["sent", "dropped", "again", "busy"]


def deliver_due(rt: Runtime, limit: int = BATCH) -> int:
    """Send the messages that are due, as fast as the mail server's limits allow.

    Returns how many were sent or settled; those to be tried again do not count.
    """
    token = secrets.token_hex(16)
    claimed = claim(rt, token, limit, sending_limits.room(rt))
    handled = failures = 0
    for message_id in claimed:
        outcome = deliver(rt, message_id, token)
        failures = failures + 1 if outcome == "again" else 0
        handled += outcome in ("sent", "dropped")
        if outcome == "busy":
            sending_limits.slow_down(rt)
        if outcome == "busy" or failures == FAILURES_MEAN_TROUBLE:
            _release(rt, token)
            break
    return handled


def claim(rt: Runtime, token: str, limit: int, room: Room = ALL_ROOM) -> list[int]:
    """Take messages that are due and that no living worker holds: what is essential first, then the oldest."""
    now = rt.now()
    essential, others = _due(now).where(_ESSENTIAL), _due(now).where(~_ESSENTIAL)
    with rt.db.reading() as session:
        # SQLite has one writer at a time, and an idle worker need not stand in its way.
        if (room.essential <= 0 or session.scalar(essential.limit(1)) is None) and (
                room.others <= 0 or session.scalar(others.limit(1)) is None):
            return []

    def work(session: Session) -> list[int]:
        first = min(limit, room.essential)
        ids = list(session.scalars(essential.limit(first).with_for_update(skip_locked=True))) if first > 0 else []
        rest = min(limit - len(ids), room.others)
        ids += session.scalars(others.limit(rest).with_for_update(skip_locked=True)) if rest > 0 else []
        session.execute(
            update(Message).where(Message.id.in_(ids)).values(claim_token=token, leased_until=now + LEASE)
            .execution_options(synchronize_session=False))
        return ids

    return rt.db.run(work)


# Written into the statement, where the indexes of what waits know it.
_ESSENTIAL = Message.message_class == fixed(ESSENTIAL)


def _due(now: datetime) -> Select[int]:
    return (
        select(Message.id)
        .where(Message.state == fixed("queued"), Message.due_at <= now,
               or_(Message.leased_until.is_(None), Message.leased_until <= now))
        .order_by(Message.due_at, Message.id))


def deliver(rt: Runtime, message_id: int, token: str) -> Outcome:
    """Send one claimed message and write down what became of it."""
    try:
        ready = last_look.look(rt, message_id, token)
    except OperationalError:
        # The database's own trouble is not this message's.
        raise
    except Exception as error:
        logs.failed(error, message=str(message_id))
        return _not_ready(rt, message_id, token)
    if ready is None:
        return "dropped"
    try:
        rt.mail.send(_outgoing(rt, ready))
    except MailRefused as error:
        return _refused(rt, ready, token, bad_address=error.bad_address)
    except UnsafeHeader as error:
        logs.failed(error, message=ready.message.public_id)
        return _write(rt, ready, token, "failed", "unsafe")
    except MailTemporary as error:
        outcome = _again(rt, ready, token, "not_delivered")
        return "busy" if error.busy and outcome == "again" else outcome
    except MailUnknown:
        return _again(rt, ready, token, "perhaps_delivered")
    except Exception as error:
        # One message that cannot be made ready must not keep the others waiting behind it.
        logs.failed(error, message=ready.message.public_id)
        return _again(rt, ready, token, "not_ready")
    return _write(rt, ready, token, "sent", ready.message.reason)


def _outgoing(rt: Runtime, ready: Ready) -> OutgoingMail:
    message, business = ready.message, ready.business
    values = mail_links.values(rt, ready.debtor, business, ready.link, key=message.key) | {"door": ready.door}
    unsubscribe = "" if message.message_class == ESSENTIAL else values["stop_link"]
    return OutgoingMail(
        from_name=plain(business.name), from_address=_own_address(rt), to_address=message.to_address,
        subject=message.subject, text=fill_in(message.body_text, values), html=fill_in(message.body_html, values),
        message_id=message.message_id, language=message.language,
        reply_to=_reply_to(message.reply_to or last_look.reply_address(rt, message) or business.contact_email),
        list_unsubscribe=unsubscribe, attachments=_attachments(rt, ready))


def _own_address(rt: Runtime) -> str:
    try:
        return ascii_address(rt.settings.mail_from)
    except MailRefused as error:
        # Our own mistake; without this the debtor's address would be taken for the bad one.
        raise MailTemporary("the sender's address is not one") from error


def _reply_to(address: str) -> str:
    try:
        return ascii_address(address)
    except (MailRefused, UnsafeHeader):
        return ""


def _attachments(rt: Runtime, ready: Ready) -> tuple[Attachment, ...]:
    kind, _, public_id = ready.message.attachment.partition(":")
    if kind == agreement_mail.KIND:
        signed = agreement_papers.for_mail(rt, ready.message.business_id, public_id)
        return (Attachment(signed.name, signed.media_type, signed.content),)
    if kind != "receipt":
        return ()
    assert ready.debtor is not None
    receipt = receipts.print_receipt(rt, ready.message.business_id, ready.debtor.id, public_id)
    return (Attachment(receipt.name, "application/pdf", receipt.content),)


def _write(rt: Runtime, ready: Ready, token: str, state: str, reason: str) -> Outcome:
    now = rt.now()

    def work(session: Session) -> Outcome:
        message = _mine(session, ready.message.id, token)
        if message is not None:
            last_look.settle(message, state, reason)
            message.sent_at = now if state == "sent" else None
        return "sent" if state == "sent" else "dropped"

    return rt.db.run(work)


def _again(rt: Runtime, ready: Ready, token: str, reason: str) -> Outcome:
    if ready.message.attempts >= MOST_ATTEMPTS:
        logs.log().error("message given up", message=ready.message.public_id, attempts=ready.message.attempts)
        return _write(rt, ready, token, "failed", "never_ready" if reason == "not_ready" else "given_up")
    due_at = rt.now() + wait_after(ready.message.attempts)

    def work(session: Session) -> Outcome:
        message = _mine(session, ready.message.id, token)
        if message is not None:
            message.due_at, message.reason = due_at, reason
            message.claim_token = message.leased_until = None
        return "again"

    return rt.db.run(work)


def _not_ready(rt: Runtime, message_id: int, token: str) -> Outcome:
    """Count a try for a message whose last look breaks: it waits like any other, and rests after as many tries."""
    now = rt.now()

    def work(session: Session) -> Outcome:
        message = _mine(session, message_id, token)
        if message is None:
            return "again"
        message.attempts += 1
        if message.attempts >= MOST_ATTEMPTS:
            last_look.settle(message, "failed", "never_ready")
            return "dropped"
        message.due_at, message.reason = now + wait_after(message.attempts), "not_ready"
        message.claim_token = message.leased_until = None
        return "again"

    return rt.db.run(work)


def wait_after(attempts: int) -> timedelta:
    """Tell how long to wait after so many tries: 15 s, 30 s, 1 min … up to half an hour."""
    doublings = min(attempts - 1, 10)
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << doublings))


def _refused(rt: Runtime, ready: Ready, token: str, *, bad_address: bool) -> Outcome:
    if not bad_address:
        return _write(rt, ready, token, "failed", "refused")
    now, whose = rt.now(), ready.debtor
    if whose is None:
        return _write(rt, ready, token, "failed", "bounced")

    def work(session: Session) -> Outcome:
        debtor = lock_debtor(session, ready.message.business_id, whose.id)
        message = _mine(session, ready.message.id, token)
        if debtor is not None and message is not None:
            last_look.settle(message, "failed", "bounced")
            last_look.mark_bounced(session, now, debtor, message, WORKER)
        return "dropped"

    return rt.db.run(work)


def _mine(session: Session, message_id: int, token: str) -> Message | None:
    query = (
        select(Message).where(Message.id == message_id, Message.claim_token == token, Message.state == "queued")
        .with_for_update())
    return session.scalars(query).one_or_none()


def _release(rt: Runtime, token: str) -> None:
    def work(session: Session) -> None:
        session.execute(
            update(Message).where(Message.claim_token == token, Message.state == "queued")
            .values(claim_token=None, leased_until=None).execution_options(synchronize_session=False))

    rt.db.run(work)
