"""What people say after paying: one press out of three, and words if they like; one answer for each payment.

Asked on the payment's own page and, by a signed link, in its receipt; looking never counts as an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import words
from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.models import Business, Debtor, Feedback, Payment, lock_debtor
from portal.runtime import Runtime
from portal.services import brands, policies
from portal.services.audit import Actor, record
from portal.services.brands import BusinessView
from portal.services.tokens import Ended, NotGenuine, link_tokens

SCORES = (1, 2, 3)
LONGEST_WORDS = 1_000


@dataclass(frozen=True)
class Given:
    """What somebody has answered so far: 0 is nothing yet."""

    score: int = 0
    body: str = ""


@dataclass(frozen=True)
class FeedbackPage:
    """Who asks, in which words, and what was answered; nothing of any money."""

    business: BusinessView
    words: words.Words
    given: Given


def page(rt: Runtime, token: str) -> FeedbackPage:
    """Give the page of a signed link; raises Refusal not_found. Writes nothing."""
    with rt.db.reading() as session:
        payment, debtor, business = _named(session, rt, token)
        return FeedbackPage(brands.view(business), words.for_reader(debtor, business), _given(session, payment))


def asked(rt: Runtime, access: Access, payment_id: str) -> Given | None:
    """Tell what was answered about one of the reader's own payments; None where nobody is asked."""
    with rt.db.reading() as session:
        row = session.execute(
            select(Payment, Feedback).outerjoin(Feedback, Feedback.payment_id == Payment.id)
            .where(Payment.public_id == payment_id, Payment.business_id == access.business_id,
                   Payment.debtor_id == access.debtor_id)).one_or_none()
        if row is None or access.pay_only or not policies.in_force(session, access.business_id).ask_feedback:
            return None
        return Given(row[1].score, row[1].body) if row[1] is not None else Given()


def answer(rt: Runtime, token: str, *, score: int | None = None, body: str | None = None) -> None:
    """Keep an answer that came by a signed link; raises Refusal not_found, and as keep() does."""
    now = rt.now()

    def work(session: Session) -> None:
        payment, _, _ = _named(session, rt, token)
        _keep(session, payment, score, body, now)

    rt.db.run(work)


def answer_here(rt: Runtime, access: Access, payment_id: str, *, score: int | None = None,
                body: str | None = None) -> None:
    """Keep an answer about one of the reader's own payments.

    Raises Refusal not_found/unknown_payment, invalid/answer_unknown, invalid/note_too_long.
    """
    now = rt.now()

    def work(session: Session) -> None:
        payment = session.scalars(select(Payment).where(
            Payment.public_id == payment_id, Payment.business_id == access.business_id,
            Payment.debtor_id == access.debtor_id)).one_or_none()
        if payment is None:
            raise Refusal("not_found", "unknown_payment")
        _keep(session, payment, score, body, now)

    rt.db.run(work)


def _keep(session: Session, payment: Payment, score: int | None, body: str | None, now: datetime) -> None:
    """Keep a press, or words beside one; the same again changes nothing, another press replaces the first."""
    if score is not None and score not in SCORES:
        raise Refusal("invalid", "answer_unknown")
    if body is not None and len(body) > LONGEST_WORDS:
        raise Refusal("invalid", "note_too_long", longest=LONGEST_WORDS)
    lock_debtor(session, payment.business_id, payment.debtor_id)
    if not payment.captured_minor:
        raise Refusal("not_found", "unknown_payment")
    row = session.scalars(select(Feedback).where(Feedback.payment_id == payment.id)).one_or_none()
    if row is None and score is None:
        raise Refusal("invalid", "answer_unknown")
    if row is None:
        row = Feedback(business_id=payment.business_id, debtor_id=payment.debtor_id, payment_id=payment.id, body="")
        session.add(row)
    wanted = (score or row.score, row.body if body is None else body.strip())
    if wanted == (row.score, row.body):
        return
    row.score, row.body, row.at = *wanted, now
    record(session, at=now, actor=Actor("debtor"), act="feedback.given", business_id=payment.business_id,
           debtor_id=payment.debtor_id, target=f"payment:{payment.public_id}", score=row.score, words=bool(row.body))


def _given(session: Session, payment: Payment) -> Given:
    row = session.scalars(select(Feedback).where(Feedback.payment_id == payment.id)).one_or_none()
    return Given(row.score, row.body) if row is not None else Given()


def _named(session: Session, rt: Runtime, text: str) -> tuple[Payment, Debtor, Business]:
    try:
        token = link_tokens(rt.settings).read("feedback", text, rt.now())
    except (NotGenuine, Ended) as error:
        raise Refusal("not_found", "unknown_page") from error
    row = session.execute(
        select(Payment, Debtor, Business).join(Debtor, Debtor.id == Payment.debtor_id)
        .join(Business, Business.id == Payment.business_id).where(Payment.public_id == token.id)).one_or_none()
    if row is None:
        raise Refusal("not_found", "unknown_page")
    return row[0], row[1], row[2]
