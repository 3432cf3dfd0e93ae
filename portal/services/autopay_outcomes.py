"""What became of a payment for an installment, in the commit in which its fact is booked: marked, tried again, or told.

Called by fact_payments.py alone, which holds the debtor's lock. How much of an installment has come follows the ledger.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Select, Update, select, update
from sqlalchemy.orm import Session

from portal.domain import autopay
from portal.domain.declines import class_of, retry_on
from portal.domain.plan_rules import Living
from portal.models import (
    Arrangement,
    AutopayCharge,
    AutopayMandate,
    DebitNotice,
    Debtor,
    Installment,
    InstallmentPayment,
    Payment,
    Plan,
    SavedMethod,
)
from portal.services import arrangements, autopay_look, autopay_mail, fact_lookup, saved_methods

DEBITS = ("us_bank_account",)


def received(session: Session, payment_id: int) -> None:
    """Note that money for an installment is here: no other payment of it need wait any more."""
    session.execute(_closing(payment_id))
    session.execute(update(Installment).where(Installment.id.in_(_installments(payment_id)))
                    .values(claim_token=None, claimed_until=None, try_at=None)
                    .execution_options(synchronize_session="fetch"))


def ended(session: Session, payment: Payment, state: str, advice: str | None, now: datetime) -> bool:
    """Note that a payment came to nothing; of an automatic one its payer is told. Returns whether it was automatic."""
    session.execute(_closing(payment.id))
    charge = session.get(AutopayCharge, payment.id)
    if charge is None or charge.outcome:
        return charge is not None
    if state == "canceled":
        # Given up at Stripe before any bank had decided.
        untried(session, charge, now, again_at=None)
        return True
    _refused(session, payment, charge, advice, now)
    return True


def untried(session: Session, charge: AutopayCharge, now: datetime, *, again_at: datetime | None) -> None:
    """Note that Stripe never charged what was claimed, so that it was no try; look again at a moment, or not."""
    charge.outcome = "untried"
    installment = session.get_one(Installment, charge.installment_id)
    session.execute(_closing(charge.payment_id))
    _free(installment, again_at)
    session.flush()


def _refused(session: Session, payment: Payment, charge: AutopayCharge, advice: str | None, now: datetime) -> None:
    installment = session.get_one(Installment, charge.installment_id)
    method = session.get_one(SavedMethod, charge.saved_method_id)
    charge.code = (payment.failure_code or "")[:60]
    charge.outcome = class_of(charge.code, advice)
    if payment.payment_intent:
        fact_lookup.ask_later(session, "cancel_intent", payment.payment_intent, payment.stripe_account or "", now)
    again_on = _again_on(session, installment, charge, method, now) if charge.outcome == "later" else None
    again_at = None
    if again_on is not None:
        debtor = session.get_one(Debtor, installment.debtor_id)
        again_at = autopay.charge_at(again_on, arrangements.zone_of(session, debtor))
    _free(installment, again_at)
    session.flush()
    if charge.outcome == "never":
        saved_methods.unusable(session, method, now)
    autopay_mail.tell_refused(session, now, installment, method, payment, again_on,
                              confirm=charge.outcome == "confirm")


def _again_on(session: Session, installment: Installment, charge: AutopayCharge, method: SavedMethod,
              now: datetime) -> date | None:
    """The day of the next try, by the rules the plan was signed with; none once the permission has ended."""
    mandate = session.get_one(AutopayMandate, charge.mandate_id)
    arrangement = session.get_one(Arrangement, installment.arrangement_id)
    if mandate.state != "active" or mandate.saved_method_id != method.id or arrangement.state != "active":
        return None
    debtor = session.get_one(Debtor, installment.debtor_id)
    zone = arrangements.zone_of(session, debtor)
    notice_at = session.scalar(select(DebitNotice.made_at).where(
        DebitNotice.installment_id == installment.id, DebitNotice.made_at <= charge.created_at)
        .order_by(DebitNotice.id.desc()).limit(1))
    tries = autopay_look.tries_since(session, installment, notice_at or charge.created_at)
    days = Living.from_data(session.get_one(Plan, installment.arrangement_id).rules).retry_days
    return retry_on(tries[0].astimezone(zone).date(), len(tries), days, now.astimezone(zone).date(),
                    debit=method.kind in DEBITS)


def _free(installment: Installment, again_at: datetime | None) -> None:
    installment.claim_token = installment.claimed_until = None
    installment.try_at = again_at if installment.state == "open" else None


def _installments(payment_id: int) -> Select[int]:
    return select(InstallmentPayment.installment_id).where(InstallmentPayment.payment_id == payment_id)


def _closing(payment_id: int) -> Update:
    return (update(InstallmentPayment).where(InstallmentPayment.payment_id == payment_id, InstallmentPayment.open)
            .values(open=False).execution_options(synchronize_session="fetch"))
