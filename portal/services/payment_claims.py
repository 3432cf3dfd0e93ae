""""I already paid", from the debtor's side: when, how and how much; reminders wait while somebody looks for it.

What staff answer is in claim_answers.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.questions import told
from portal.models import Business, Debtor, Hold, PaymentClaim
from portal.runtime import Runtime
from portal.services import (
    arrangement_mail,
    arrangements,
    calendars,
    claim_proofs,
    debts,
    more_time,
    policies,
    sent_files,
)
from portal.services.audit import Actor, record
from portal.services.sent_files import Kept, Sent

WAYS = ("transfer", "card", "cash", "check", "other")
LONGEST_WORDS = 2_000
LONGEST_REFERENCE = 80
# A payment older than this needs a look at paper, and so a question.
OLDEST = timedelta(days=366)
MOST_WAITING = 3
MOST_SHOWN = 20
CAUSE = "already_paid"


@dataclass(frozen=True)
class Told:
    """What a debtor says of their payment; minor units of `currency`."""

    amount_minor: int
    currency: str
    paid_on: date
    way: str
    reference: str = ""
    words: str = ""
    proof: Sent | None = None


@dataclass(frozen=True)
class ClaimView:
    """One claim as its debtor sees it."""

    public_id: str
    state: str
    amount_minor: int
    currency: str
    paid_on: date
    way: str
    reference: str
    words: str
    answer: str
    claimed_at: datetime
    answer_by: datetime
    # What the file is called that came with it; "" where none did.
    proof: str = ""


@dataclass(frozen=True)
class Claimable:
    """What the page starts from: what is left by currency, the oldest day that can be named, earlier claims."""

    left: dict[str, int]
    today: date
    oldest: date
    wait_days: int
    claims: tuple[ClaimView, ...]


def offered(rt: Runtime, access: Access) -> Claimable:
    """Give what the page starts from, and what was told before."""
    _require_whole_page(access)
    now = rt.now()
    with rt.db.reading() as session:
        debtor = session.get_one(Debtor, access.debtor_id)
        today = arrangements.today(session, debtor, now)
        left: dict[str, int] = {}
        for invoice in debts.open_invoices(session, access):
            left[invoice.currency] = left.get(invoice.currency, 0) + invoice.left_minor
        claims = session.scalars(select(PaymentClaim).where(
            PaymentClaim.business_id == access.business_id, PaymentClaim.debtor_id == access.debtor_id)
            .order_by(PaymentClaim.id.desc()).limit(MOST_SHOWN)).all()
        claims = [one for one in claims if _visible(session, access, one)]
        days = policies.in_force(session, access.business_id).claim_wait_days
    return Claimable(left, today, today - OLDEST, days, tuple(view(claim) for claim in claims))


def claim(rt: Runtime, access: Access, said: Told) -> str:
    """Write down that a debtor has paid; reminders wait for what they may see. Returns the claim's public id.

    Told twice it is one; a file that comes with the second telling is added. Raises Refusal: amount_negative,
    day_to_come, day_too_far, unknown_way, words_too_long, claims_wait, nothing_open, link_ended, and what
    sent_files.keep() refuses.
    """
    _require_whole_page(access)
    now, said = rt.now(), _checked(said)
    kept = sent_files.keep(rt, said.proof) if said.proof is not None else None
    used = False
    try:
        claim_id, used = rt.db.run(lambda session: _write_down(session, access, said, kept, now))
    finally:
        if kept is not None:
            # Refused, or told before: a file that no row names stays nowhere.
            (sent_files.arrived if used else sent_files.drop)(rt, kept)
    return claim_id


def _checked(said: Told) -> Told:
    words = told(said.words, longest=LONGEST_WORDS) if said.words.strip() else ""
    if said.way not in WAYS:
        raise Refusal("invalid", "unknown_way")
    if said.amount_minor <= 0:
        raise Refusal("invalid", "amount_negative")
    return replace(said, words=words, reference=said.reference.strip()[:LONGEST_REFERENCE])


def _write_down(session: Session, access: Access, said: Told, kept: Kept | None, now: datetime) -> tuple[str, bool]:
    """Make the claim, or find the one that was made; also tells whether the file got a row."""
    debtor = more_time.locked(session, access, now)
    _check_day(session, debtor, said.paid_on, now)
    mine = [one.id for one in debts.open_invoices(session, access) if one.currency == said.currency]
    if not mine:
        raise Refusal("conflict", "nothing_open")
    waiting = _waiting(session, debtor)
    known = next((one for one in waiting if _is_same(one, said) and _visible(session, access, one)), None)
    if known is not None:
        return known.public_id, _add(session, access, known, kept, now)
    if len(waiting) >= MOST_WAITING:
        raise Refusal("too_many", "claims_wait", count=MOST_WAITING)
    business = session.get_one(Business, access.business_id)
    made = _made(session, business, debtor, said, now)
    if kept is not None:
        claim_proofs.attach(session, made, kept, now)
    _hold(session, made, mine, now)
    arrangement_mail.tell_staff_of_claim(session, now, business, made)
    _record(session, access, made, "claim.made", now, amount=made.amount_minor, currency=made.currency,
            paid_on=made.paid_on.isoformat(), way=made.way, proof=kept is not None)
    return made.public_id, kept is not None


def _is_same(claim: PaymentClaim, said: Told) -> bool:
    return (claim.amount_minor, claim.currency, claim.paid_on) == (said.amount_minor, said.currency, said.paid_on)


def _made(session: Session, business: Business, debtor: Debtor, said: Told, now: datetime) -> PaymentClaim:
    made = PaymentClaim(
        business_id=business.id, debtor_id=debtor.id, state="waiting", currency=said.currency,
        amount_minor=said.amount_minor, paid_on=said.paid_on, way=said.way, reference=said.reference,
        words=said.words, claimed_at=now, answer_by=calendars.answer_by(session, business, now))
    session.add(made)
    session.flush()
    return made


def withdraw(rt: Runtime, access: Access, claim_id: str) -> None:
    """Take a claim back; reminders go on. Raises Refusal: not_found, claim_decided, link_ended."""
    _require_whole_page(access)
    now = rt.now()

    def work(session: Session) -> None:
        more_time.locked(session, access, now)
        found = own(session, access, claim_id)
        if found.state == "withdrawn":
            return
        if found.state != "waiting":
            raise Refusal("conflict", "claim_decided")
        found.state, found.decided_at = "withdrawn", now
        release(session, found, now)
        _record(session, access, found, "claim.withdrawn", now)

    rt.db.run(work)


def one(rt: Runtime, access: Access, claim_id: str) -> ClaimView:
    """Give one of a debtor's claims; raises Refusal not_found."""
    _require_whole_page(access)
    with rt.db.reading() as session:
        claim = own(session, access, claim_id)
        return replace(view(claim), proof=claim_proofs.name_of(session, claim))


def own(session: Session, access: Access, claim_id: str) -> PaymentClaim:
    """Find one of a debtor's own claims; raises Refusal not_found for anybody else's."""
    found = session.scalars(select(PaymentClaim).where(
        PaymentClaim.public_id == claim_id, PaymentClaim.business_id == access.business_id,
        PaymentClaim.debtor_id == access.debtor_id)).one_or_none()
    if found is None or not _visible(session, access, found):
        raise Refusal("not_found", "unknown_page")
    return found


def _visible(session: Session, access: Access, claim: PaymentClaim) -> bool:
    """Whoever sees only some invoices sees no claim that was made about others; its holds name what it is about."""
    if access.invoice_ids is None:
        return True
    about = set(session.scalars(select(Hold.invoice_id).where(
        Hold.business_id == claim.business_id, Hold.cause == CAUSE, Hold.cause_id == claim.public_id)))
    return bool(about) and about <= access.invoice_ids


def release(session: Session, claim: PaymentClaim, now: datetime) -> None:
    """Let reminders go on for what a claim held. The caller holds the debtor's lock."""
    session.execute(update(Hold).where(
        Hold.business_id == claim.business_id, Hold.cause == CAUSE, Hold.cause_id == claim.public_id,
        Hold.released_at.is_(None)).values(released_at=now).execution_options(synchronize_session=False))


def look_again(session: Session, business: Business, payment_id: int, now: datetime) -> list[PaymentClaim]:
    """Let claims wait anew whose payment was somebody else's after all; gives them. The caller holds the lock."""
    found = list(session.scalars(select(PaymentClaim).where(
        PaymentClaim.business_id == business.id, PaymentClaim.payment_id == payment_id,
        PaymentClaim.state == "matched")))
    days = policies.in_force(session, business.id).claim_wait_days
    for claim in found:
        claim.state, claim.payment_id, claim.staff_id, claim.decided_at, claim.answer = "waiting", None, None, None, ""
        claim.answer_by = calendars.answer_by(session, business, now)
        session.execute(update(Hold).where(
            Hold.business_id == business.id, Hold.cause == CAUSE, Hold.cause_id == claim.public_id)
            .values(released_at=None, until=now + timedelta(days=days)).execution_options(synchronize_session=False))
    session.flush()
    return found


def view(claim: PaymentClaim) -> ClaimView:
    """Show a claim as pages read it."""
    return ClaimView(
        public_id=claim.public_id, state=claim.state, amount_minor=claim.amount_minor, currency=claim.currency,
        paid_on=claim.paid_on, way=claim.way, reference=claim.reference, words=claim.words, answer=claim.answer,
        claimed_at=claim.claimed_at, answer_by=claim.answer_by)


def _add(session: Session, access: Access, claim: PaymentClaim, kept: Kept | None, now: datetime) -> bool:
    if kept is None or claim.file_id is not None:
        return False
    claim_proofs.attach(session, claim, kept, now)
    _record(session, access, claim, "claim.proof_added", now)
    return True


def _hold(session: Session, made: PaymentClaim, invoice_ids: list[int], now: datetime) -> None:
    days = policies.in_force(session, made.business_id).claim_wait_days
    session.add_all(
        Hold(business_id=made.business_id, debtor_id=made.debtor_id, invoice_id=invoice_id, reminders=True, fees=True,
             cause=CAUSE, cause_id=made.public_id, starts_at=now, until=now + timedelta(days=days))
        for invoice_id in invoice_ids)
    session.flush()


def _waiting(session: Session, debtor: Debtor) -> list[PaymentClaim]:
    return list(session.scalars(select(PaymentClaim).where(
        PaymentClaim.business_id == debtor.business_id, PaymentClaim.debtor_id == debtor.id,
        PaymentClaim.state == "waiting").order_by(PaymentClaim.id)))


def _check_day(session: Session, debtor: Debtor, day: date, now: datetime) -> None:
    today = arrangements.today(session, debtor, now)
    if day > today:
        raise Refusal("invalid", "day_to_come")
    if day < today - OLDEST:
        raise Refusal("invalid", "day_too_far", day=today - OLDEST)


def _record(session: Session, access: Access, claim: PaymentClaim, act: str, now: datetime, **details: object) -> None:
    record(session, at=now, actor=Actor("debtor", access.link_public_id), act=act, business_id=claim.business_id,
           debtor_id=claim.debtor_id, target=f"claim:{claim.public_id}", **details)


def _require_whole_page(access: Access) -> None:
    # The door lets no such link in; should one ever come through, it may not speak for the debtor.
    if access.pay_only:
        raise Refusal("not_found", "unknown_page")
