"""The emails about automatic payments, queued in the commit of what they tell; their wording is in autopay_emails.py.

All of them are essential: nobody is charged, or charged no more, without being told.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.autopay import Debit
from portal.models import AutopayMandate, Installment, Message, Payment, SavedMethod
from portal.services import messages
from portal.services.letters import Voice
from portal.words import autopay_emails
from portal.words.autopay_emails import DebitWords
from portal.words.emails import Letter

BANK = "bank_account"


def tell_on(session: Session, now: datetime, mandate: AutopayMandate, method: SavedMethod) -> None:
    """Send a copy of what was allowed, and say which method is charged."""
    _queue(session, now, mandate, "autopay_on", f"{method.public_id}:{now.isoformat()}", lambda voice: (
        autopay_emails.turned_on(voice.words, voice.sender, voice.reader, mandate.wording, named(method),
                                 method.last4)))


def tell_off(session: Session, now: datetime, mandate: AutopayMandate) -> None:
    """Say that nothing is charged by itself any more."""
    _queue(session, now, mandate, "autopay_off", "", lambda voice: autopay_emails.turned_off(
        voice.words, voice.sender, voice.reader))


def tell_lost(session: Session, now: datetime, mandate: AutopayMandate, method: SavedMethod) -> None:
    """Say that a method can be charged no more, and that the permission waits for another one."""
    _queue(session, now, mandate, "autopay_lost", method.public_id, lambda voice: autopay_emails.method_lost(
        voice.words, voice.sender, voice.reader, named(method), method.last4))


def tell_before(session: Session, now: datetime, installment: Installment, method: SavedMethod,
                debit: Debit) -> Message:
    """Queue the notice before a debit; one for each day and sum an installment may have."""
    said = _debit(session, installment, method, debit.amount_minor, debit.due_on, changed=debit.changed)
    key = f"debit_notice:{installment.public_id}:{debit.due_on.isoformat()}:{debit.amount_minor}"
    return messages.queue_essential(
        session, now, installment.business_id, installment.debtor_id, "debit_notice", key,
        lambda voice: autopay_emails.notice(voice.words, voice.sender, voice.reader, said))


def tell_refused(session: Session, now: datetime, installment: Installment, method: SavedMethod, payment: Payment,
                 again_on: date | None, *, confirm: bool) -> None:
    """Say that a bank refused a debit: what it means, and what happens next."""
    said = _debit(session, installment, method, payment.amount_minor, installment.due_on,
                  code=payment.failure_code or "", again_on=again_on)
    kind = "debit_confirm" if confirm else "debit_again" if again_on else "debit_stopped"
    wording = {"debit_confirm": autopay_emails.confirm, "debit_again": autopay_emails.again,
               "debit_stopped": autopay_emails.stopped}[kind]
    messages.queue_essential(
        session, now, installment.business_id, installment.debtor_id, kind, f"{kind}:{payment.public_id}",
        lambda voice: wording(voice.words, voice.sender, voice.reader, said))


def named(method: SavedMethod) -> str:
    """Give the word words/methods.py knows a method by."""
    return method.brand if method.kind == "card" else BANK


def _debit(session: Session, installment: Installment, method: SavedMethod, amount: int, day: date, *,
           changed: str = "", code: str = "", again_on: date | None = None) -> DebitWords:
    counted = select(func.count()).select_from(Installment).where(
        Installment.business_id == installment.business_id,
        Installment.arrangement_id == installment.arrangement_id, Installment.state != "void")
    of = session.scalar(counted) or 1
    number = session.scalar(counted.where(Installment.position <= installment.position)) or 1
    return DebitWords(amount, installment.currency, day, number, of, named(method), method.last4, changed, code,
                      again_on)


def _queue(session: Session, now: datetime, mandate: AutopayMandate, kind: str, cause: str,
           wording: Callable[[Voice], Letter]) -> None:
    messages.queue_essential(session, now, mandate.business_id, mandate.debtor_id, kind,
                             f"{kind}:{mandate.public_id}:{cause}"[:120], wording)
