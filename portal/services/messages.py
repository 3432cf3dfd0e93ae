"""Queues emails: one function per kind, each joining its caller's transaction and stored rendered.

A key names the cause, so that one cause makes one message. Sending is in delivery.py, the gate in gatekeeping.py.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol, cast

from sqlalchemy import Insert, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.agreements import SIGN
from portal.domain.gate import COLLECTING, COURTESY, ESSENTIAL, Decision, QuietHours, Situation, decide
from portal.models import Business, Debtor, Message, Payment, PortalLink, Refund, lock_debtor
from portal.models.base import new_public_id
from portal.models.writes import write
from portal.services import addressees, askable, gatekeeping, letters, policies
from portal.services.addressees import Addressee
from portal.services.letters import Voice
from portal.words import email_kinds
from portal.words.core import for_reader
from portal.words.emails import Letter, Rendered

BLANK = Rendered("", "", "")
AT_ANY_HOUR = QuietHours(0, 0)
Wording = Callable[..., Letter]
Teller = Callable[[Session, str], tuple[Payment, Wording]]


class Paid(Protocol):
    """A payment as an email about it names it, whether it is an object or a plain row."""

    @property
    def business_id(self) -> int: ...
    @property
    def debtor_id(self) -> int: ...
    @property
    def public_id(self) -> str: ...


@dataclass(frozen=True)
class _Parcel:
    """What differs between the kinds of email."""

    kind: str
    key: str
    message_class: str = ESSENTIAL
    attachment: str = ""
    reply_to: str = ""


def queue_code(session: Session, now: datetime, debtor: Debtor, business: Business, digits: str,
               expires_at: datetime, act: str) -> Message:
    """Email six digits to the address on file. The row holds them only until they leave (see last_look.settle)."""
    # The end of the code is part of its name: the last look reads there when sending it has no use any more.
    parcel = _Parcel("code", code_key(debtor, act, expires_at))
    return _queue(session, now, business.id, debtor.id, parcel, None, lambda voice: email_kinds.code(
        voice.words, voice.sender, digits, expires_at, signs=act == SIGN), useless_after=expires_at)


def code_key(debtor: Debtor, act: str, expires_at: datetime) -> str:
    """Name the email that brings a code: by whom, for what and until when it works."""
    return f"code:{debtor.public_id}:{act}:{expires_at.isoformat()}"


def code_ends_at(message: Message) -> datetime | None:
    """Tell when a queued code stops working; None for every other kind of message."""
    return datetime.fromisoformat(message.key.split(":", 3)[3]) if message.kind == "code" else None


def queue_new_link(session: Session, now: datetime, debtor: Debtor, business: Business, link: PortalLink) -> Message:
    """Email a fresh link to the address on file, whoever asked for it."""
    parcel = _Parcel("new_link", f"new_link:{link.public_id}")
    return _queue(session, now, business.id, debtor.id, parcel, link, lambda voice: email_kinds.new_link(
        voice.words, voice.sender, voice.reader, link.expires_at))


def queue_answer(session: Session, now: datetime, business_id: int, debtor_id: int, key: str, reply_to: str,
                 wording: Callable[[Voice], Letter]) -> Message:
    """Email what staff answered, with the way to the page; `reply_to` is where an answer to it goes, if anywhere."""
    _, debtor = _parties(session, business_id, debtor_id)
    parcel = _Parcel("answer", key, reply_to=reply_to)
    return _queue(session, now, business_id, debtor_id, parcel, fresh_link(session, now, debtor), wording)


def queue_agreement(session: Session, now: datetime, business_id: int, debtor_id: int, key: str, attachment: str,
                    wording: Callable[[Voice], Letter]) -> Message:
    """Email what somebody has signed; its PDF is printed when the email leaves."""
    _, debtor = _parties(session, business_id, debtor_id)
    parcel = _Parcel("agreement", key, attachment=attachment)
    return _queue(session, now, business_id, debtor_id, parcel, fresh_link(session, now, debtor), wording)


def queue_essential(session: Session, now: datetime, business_id: int, debtor_id: int, kind: str, key: str,
                    wording: Callable[[Voice], Letter]) -> Message:
    """Email what somebody has to know whatever the hour, such as a debit to come, with the way to their page."""
    _, debtor = _parties(session, business_id, debtor_id)
    return _queue(session, now, business_id, debtor_id, _Parcel(kind, key), fresh_link(session, now, debtor), wording)


def queue_courtesy(session: Session, now: datetime, payment: Payment, kind: str,
                   wording: Callable[[Voice], Letter]) -> Message:
    """Email something that neither asks nor is needed, about a payment, if the gate lets it: thank_you, check_in."""
    _, debtor = _parties(session, payment.business_id, payment.debtor_id)
    parcel = _Parcel(kind, f"{kind}:{payment.public_id}", COURTESY)
    return _queue(session, now, payment.business_id, debtor.id, parcel, fresh_link(session, now, debtor), wording)


def queue_courtesy_about(session: Session, now: datetime, business_id: int, debtor_id: int, kind: str, key: str,
                         wording: Callable[[Voice], Letter]) -> Message:
    """Email something that is neither asked for nor needed, once, if the gate lets it: offer_made, ends_soon."""
    _, debtor = _parties(session, business_id, debtor_id)
    known = find(session, business_id, key)
    if known is not None:
        # Before a link is made for it: a job may come by again and again.
        return known
    return _queue(session, now, business_id, debtor_id, _Parcel(kind, key, COURTESY),
                  fresh_link(session, now, debtor), wording)


def queue_receipt(session: Session, now: datetime, payment: Paid, to: Addressee | None = None) -> None:
    """Email the receipt of a payment that has arrived and is booked; its PDF is made when the email leaves.

    `to` spares a question where the caller read it under the debtor's lock.
    """
    _about(session, now, payment, _Parcel(
        "receipt", f"receipt:{payment.public_id}", attachment=f"receipt:{payment.public_id}"), to)


def queue_on_its_way(session: Session, now: datetime, payment: Paid) -> None:
    """Email that a bank is moving a payment, so that nobody pays twice meanwhile."""
    _about(session, now, payment, _Parcel("on_its_way", f"on_its_way:{payment.public_id}"))


def queue_debit_failed(session: Session, now: datetime, payment: Paid) -> None:
    """Email that a bank did not make a payment, with the way to try again."""
    _about(session, now, payment, _Parcel("debit_failed", f"debit_failed:{payment.public_id}"))


def queue_refund(session: Session, now: datetime, refund: Refund) -> None:
    """Email that a refund is on its way, or that it came back, whichever its row says."""
    payment = session.get_one(Payment, refund.payment_id)
    failed = refund.reversed_at is not None or refund.state in ("failed", "canceled")
    kind = "refund_failed" if failed else "refund"
    _about(session, now, payment, _Parcel(kind, f"{kind}:{refund.public_id}"))


def queue_reminder(session: Session, now: datetime, debtor: Debtor, *, cause: str) -> Message:
    """Ask a debtor for everything that is open, in one email, if the gate lets it; a skipped one is kept with its why.

    `cause` names what made it due, such as "by-hand:2026-11-20". It never makes a second message; only after a skip may
    it be asked again, and a row is added when the answer changed.
    """
    business, locked = _parties(session, debtor.business_id, debtor.id)
    base = f"reminder:{debtor.public_id}:{cause}"
    earlier = _of_cause(session, business.id, base)
    last = earlier[-1] if earlier else None
    if last is not None and last.state != "skipped":
        return last
    open_sums = askable.askable(session, now, locked)
    decision = gatekeeping.decide_for(session, now, business, locked, COLLECTING, askable=open_sums)
    parcel = _Parcel("reminder", f"{base}:{len(earlier) + 1}", COLLECTING)
    if decision.verdict != "skip":
        rendered = letters.reminder(session, now, business, locked, open_sums)
        return _insert(session, now, business, locked, parcel, rendered, decision, fresh_link(session, now, locked))
    if last is not None and last.reason == decision.reason:
        return last
    return _insert(session, now, business, locked, parcel, BLANK, decision, None)


def _of_cause(session: Session, business_id: int, base: str) -> list[Message]:
    query = (
        select(Message).where(Message.business_id == business_id, Message.key.startswith(f"{base}:", autoescape=True))
        .order_by(Message.id))
    return list(session.scalars(query))


def find(session: Session, business_id: int, key: str) -> Message | None:
    """Find the message that a cause has already made."""
    return session.scalars(_BY_KEY, {"business": business_id, "key": key}).one_or_none()


_BY_KEY = select(Message).where(Message.business_id == bindparam("business"), Message.key == bindparam("key"))


def fresh_link(session: Session, now: datetime, debtor: Debtor) -> PortalLink:
    """Make the link an email carries to the debtor's whole account; it stops after the days the policy says."""
    # Not by links.create(): that file queues the email about a new link, and so imports this one.
    days = policies.in_force(session, debtor.business_id).link_days
    link = PortalLink(business_id=debtor.business_id, debtor_id=debtor.id, purpose="account", created_at=now,
                      expires_at=now + timedelta(days=days))
    session.add(link)
    session.flush()
    return link


def _about(session: Session, now: datetime, payment: Paid, parcel: _Parcel, to: Addressee | None = None) -> None:
    """Queue an email about a payment. It is written when it leaves: a webhook's answer must not wait for words."""
    to = to or addressees.locked(session, payment.business_id, payment.debtor_id)
    # What somebody needs at once knows no quiet hours: only the address can speak against it.
    decision = decide(Situation(
        message_class=parcel.message_class, address=to.email, address_state=to.email_state, quiet=AT_ANY_HOUR,
        zones=gatekeeping.zones_of(to.home.timezone, to.home.country, to.business.timezone or "")), now)
    write(session, _blank(session.connection().dialect.name), {
        "public_id": new_public_id(), "business_id": payment.business_id, "debtor_id": payment.debtor_id,
        "kind": parcel.kind, "message_class": parcel.message_class, "key": parcel.key, "to_address": to.email or "",
        "language": for_reader(to.home, to.business).language, "subject": "", "body_text": "", "body_html": "",
        "attachment": parcel.attachment, "reply_to": "", "message_id": secrets.token_hex(16),
        "state": _state(decision), "reason": decision.reason, "created_at": now, "due_at": decision.at, "attempts": 0})


@cache
def _blank(dialect: str) -> Insert:
    # One cause, one message: the key says so itself, and needs no look beforehand.
    to = postgresql if dialect == "postgresql" else sqlite
    insert = to.insert(cast(Table, Message.__table__)).inline()
    return cast(Insert, insert.on_conflict_do_nothing(index_elements=["business_id", "key"]))


def write_if_blank(session: Session, now: datetime, message: Message, business: Business, debtor: Debtor) -> None:
    """Write an email about a payment, with the sums of this moment, and make its link; any other is left alone."""
    about = ABOUT_PAYMENT.get(message.kind)
    if about is None or message.body_text:
        return
    payment, wording = about(session, message.key.partition(":")[2])
    paid = replace(letters.paid_sum(session, payment), asks=_asks(session, message))
    rendered = letters.write(session, now, business, debtor, lambda voice: wording(
        voice.words, voice.sender, voice.reader, paid))
    message.subject, message.body_text, message.body_html = rendered.subject, rendered.text, rendered.html
    message.link_id = fresh_link(session, now, debtor).id


def _asks(session: Session, message: Message) -> bool:
    return message.kind == "receipt" and policies.in_force(session, message.business_id).ask_feedback


def _queue(session: Session, now: datetime, business_id: int, debtor_id: int, parcel: _Parcel,
           link: PortalLink | None, wording: Callable[[Voice], Letter], *,
           useless_after: datetime | None = None) -> Message:
    business, debtor = _parties(session, business_id, debtor_id)
    known = find(session, business_id, parcel.key)
    if known is not None:
        return known
    decision = gatekeeping.decide_for(
        session, now, business, debtor, parcel.message_class, useless_after=useless_after)
    rendered = BLANK if decision.verdict == "skip" else letters.write(session, now, business, debtor, wording)
    return _insert(session, now, business, debtor, parcel, rendered, decision, link)


def _payment_told(wording: Wording) -> Teller:
    return lambda session, public_id: (
        session.scalars(select(Payment).where(Payment.public_id == public_id)).one(), wording)


def _refund_told(*, failed: bool) -> Teller:
    def tell(session: Session, public_id: str) -> tuple[Payment, Wording]:
        refund = session.scalars(select(Refund).where(Refund.public_id == public_id)).one()
        if failed:
            return session.get_one(Payment, refund.payment_id), lambda words, sender, reader, paid: (
                email_kinds.refund_failed(words, sender, reader, paid, refund.amount_minor))
        return session.get_one(Payment, refund.payment_id), lambda words, sender, reader, paid: (
            email_kinds.refund_made(words, sender, reader, paid, refund.amount_minor, reopens=refund.mode == "reopen"))
    return tell


ABOUT_PAYMENT: dict[str, Teller] = {
    "receipt": _payment_told(email_kinds.receipt), "on_its_way": _payment_told(email_kinds.on_its_way),
    "debit_failed": _payment_told(email_kinds.debit_failed), "refund": _refund_told(failed=False),
    "refund_failed": _refund_told(failed=True),
}


def _parties(session: Session, business_id: int, debtor_id: int) -> tuple[Business, Debtor]:
    debtor = _locked(session, business_id, debtor_id)
    return session.get_one(Business, business_id), debtor


def _locked(session: Session, business_id: int, debtor_id: int) -> Debtor:
    # The lock makes "was this cause queued already?" and "is this day taken?" true until the commit.
    debtor = lock_debtor(session, business_id, debtor_id)
    if debtor is None:
        raise LookupError(f"business {business_id} has no debtor {debtor_id}")
    return debtor


def _state(decision: Decision) -> str:
    return "skipped" if decision.verdict == "skip" else "queued"


def _insert(session: Session, now: datetime, business: Business, debtor: Debtor, parcel: _Parcel,
            rendered: Rendered, decision: Decision, link: PortalLink | None) -> Message:
    message = Message(
        business_id=business.id, debtor_id=debtor.id, kind=parcel.kind, message_class=parcel.message_class,
        key=parcel.key, to_address=debtor.email or "", language=for_reader(debtor, business).language,
        subject=rendered.subject, body_text=rendered.text, body_html=rendered.html,
        link_id=link.id if link else None, attachment=parcel.attachment, reply_to=parcel.reply_to,
        # The sending side completes it with its domain, once, before the first try.
        message_id=secrets.token_hex(16),
        state=_state(decision), reason=decision.reason,
        local_day=decision.local_day if parcel.message_class == COLLECTING else None,
        created_at=now, due_at=decision.at, attempts=0,
    )
    session.add(message)
    session.flush()
    return message
