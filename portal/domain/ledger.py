"""The words of the ledger: accounts, entries, and which kinds of transfer move a debtor's own money.

One entry is one transfer from the credited account to the debited one; it cannot be half an entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

# Accounts of one debtor; all others belong to the business as a whole.
RECEIVABLE = "receivable"
DEBTOR_CREDIT = "debtor_credit"

CLEARING = "stripe_clearing"
BANK = "bank"
SUSPENSE = "suspense"
EXCHANGE = "exchange"
SALES = "sales"
FEE_INCOME = "fee_income"
INTEREST_INCOME = "interest_income"
PROCESSING_FEES = "processing_fees"
CHARGEBACK_FEES = "chargeback_fees"
DISCOUNTS = "discounts_allowed"
SETTLEMENTS = "settlements_allowed"
CREDIT_NOTES = "credit_notes"
TAX = "tax_payable"
BAD_DEBT = "bad_debt"
GOODWILL = "goodwill"

# Kinds of transfer that carry a debtor's money to or from a receivable. Everything else on a receivable
# (issue, fee, discount, credit note …) says how much is owed; settle.py may move only what is in this set.
MONEY_KINDS = frozenset({
    "payment", "credit_used", "credit_returned", "refund", "refund_failed", "chargeback", "chargeback_reinstated",
    "manual_payment", "manual_payment_bounced", "suspense_applied", "correction_of_money",
})


@dataclass(frozen=True)
class Account:
    """Names an account by what it is; owner ids only for a debtor's accounts."""

    kind: str
    currency: str
    debtor_id: int | None = None
    invoice_id: int | None = None

    @property
    def owner(self) -> str:
        if self.invoice_id is not None:
            return f"invoice:{self.invoice_id}"
        return f"debtor:{self.debtor_id}" if self.debtor_id is not None else ""


@dataclass(frozen=True)
class Entry:
    """One transfer to post; `key` is its cause, account and leg, and can count only once per business."""

    debit: Account
    credit: Account
    amount: int
    kind: str
    key: str
    cause_type: str
    cause_id: str
    happened_at: datetime
    memo: str = ""
    corrects_id: int | None = None


def receivable(invoice_id: int, debtor_id: int, currency: str) -> Account:
    """The account of what is left on one invoice."""
    return Account(RECEIVABLE, currency, debtor_id, invoice_id)


def debtor_credit(debtor_id: int, currency: str) -> Account:
    """The account of money a debtor has with the business beyond what they owed."""
    return Account(DEBTOR_CREDIT, currency, debtor_id)


def own(kind: str, currency: str) -> Account:
    """One of the business's own accounts."""
    return Account(kind, currency)
