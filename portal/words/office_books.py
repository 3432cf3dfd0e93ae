"""The words of the books for staff: what each account holds, what each transfer was, and who caused it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portal.words.core import Words


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


ACCOUNTS: dict[str, tuple[str, str]] = {
    "receivable": (N_("Receivables"), N_("what debtors owe")),
    "debtor_credit": (N_("Debtor credit"), N_("paid beyond what was owed; it is theirs")),
    "stripe_clearing": (N_("Stripe clearing"), N_("at Stripe, not paid out yet")),
    "bank": (N_("Bank"), N_("paid out by Stripe, and recorded by staff")),
    "suspense": (N_("Suspense"), N_("money that could not be matched yet")),
    "exchange": (N_("Exchange"), N_("the two sides of payments settled in another currency")),
    "sales": (N_("Sales"), N_("invoices issued")),
    "fee_income": (N_("Fee income"), N_("late fees added")),
    "interest_income": (N_("Interest income"), N_("interest added")),
    "processing_fees": (N_("Processing fees"), N_("Stripe's fees")),
    "chargeback_fees": (N_("Chargeback fees"), N_("what banks ask for a chargeback")),
    "discounts_allowed": (N_("Discounts allowed"), N_("discounts that were earned")),
    "settlements_allowed": (N_("Settlements allowed"), N_("forgiven by a settlement")),
    "credit_notes": (N_("Credit notes"), N_("invoices that were too high")),
    "tax_payable": (N_("Tax on credit notes"), N_("tax within what was credited")),
    "bad_debt": (N_("Bad debt"), N_("written off")),
    "goodwill": (N_("Goodwill credit"), N_("credits given of our own accord")),
}
KINDS: dict[str, str] = {
    "issued": N_("Invoice issued"), "issue_corrected": N_("Invoice corrected"), "fee": N_("Late fee"),
    "interest": N_("Interest"),
    "fee_waived": N_("Fee taken back"), "payment": N_("Payment received"),
    "manual_payment": N_("Payment outside Stripe"), "manual_payment_bounced": N_("Payment outside Stripe bounced"),
    "credit": N_("Credit note"), "tax_credit": N_("Tax of a credit note"), "write_off": N_("Written off"),
    "goodwill": N_("Goodwill credit"), "suspense": N_("Put into suspense"),
    "thank_you_credit": N_("Thank-you credit for paying early"),
    "suspense_applied": N_("Suspense applied to an invoice"), "suspense_returned": N_("Suspense sent back"),
    "correction": N_("Correction by a mirror"), "discount": N_("Discount earned"),
    "discount_unearned": N_("Discount taken back"), "settled": N_("Rest forgiven by a settlement"),
    "settled_unearned": N_("Settlement taken back"), "credit_used": N_("Credit used"),
    "credit_returned": N_("Moved back to credit"), "refund": N_("Refund"), "refund_failed": N_("Refund came back"),
    "chargeback": N_("Chargeback"), "chargeback_reinstated": N_("Chargeback won"),
    "chargeback_fee": N_("Chargeback fee"), "chargeback_fee_returned": N_("Chargeback fee came back"),
    "stripe_fee": N_("Stripe's fee"), "payout": N_("Paid out to the bank"), "payout_failed": N_("Payout failed"),
    "exchange": N_("Currency exchange"),
}
CAUSES: dict[str, str] = {
    "invoice": N_("Invoice %(number)s"), "fee": N_("Fee on invoice %(number)s"), "payment": N_("Payment %(number)s"),
    "writeoff": N_("A write-off"), "correction": N_("A correction"), "suspense": N_("Money in suspense"),
    "thank_you": N_("A payment before its due date"),
    "goodwill": N_("A credit of our own accord"), "balance_line": N_("A line of Stripe's balance"),
    "payout": N_("A payout of Stripe"), "settle": N_("Where a debtor's money belongs, worked out anew"),
    "offer": N_("A discount that was offered"), "dispute": N_("An objection that was right"),
}
ACTORS: dict[str, str] = {
    "stripe": N_("Stripe told us"), "job": N_("by itself, by a rule"), "debtor": N_("the debtor"),
    "cli": N_("the command line"), "staff": N_("staff"),
}


def account(words: Words, kind: str) -> str:
    """Name a kind of account; one without words keeps its code."""
    return words.text(ACCOUNTS[kind][0]) if kind in ACCOUNTS else kind


def holds(words: Words, kind: str) -> str:
    """Say what lies on a kind of account."""
    return words.text(ACCOUNTS[kind][1]) if kind in ACCOUNTS else ""


def entry(words: Words, kind: str) -> str:
    """Name a kind of transfer; one without words keeps its code."""
    return words.text(KINDS[kind]) if kind in KINDS else kind


def cause(words: Words, kind: str, number: str) -> str:
    """Name what caused a transfer; one without words keeps its code."""
    return words.text(CAUSES[kind], number=number) if kind in CAUSES else kind


def actor(words: Words, kind: str) -> str:
    """Say who does things, where it is no person of the office."""
    return words.text(ACTORS[kind]) if kind in ACTORS else kind
