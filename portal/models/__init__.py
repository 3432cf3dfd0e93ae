"""Tables, constraints, and queries used more than once.

What debtors and Stripe bring about is loaded at once. Tables that only the office and its jobs use are loaded when
first asked for, since every fresh process would wait for them; `load_all` is for whoever needs every table there is.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import configure_mappers

from portal.models import triggers as triggers
from portal.models.agreements import Agreement, AgreementPaper, AgreementPrint, ShownNotice, SigningConsent
from portal.models.arrangements import Arrangement, ArrangementInvoice, ArrangementRound, PaymentClaim
from portal.models.audit import AuditEvent
from portal.models.base import Base
from portal.models.businesses import Business, PolicyVersion
from portal.models.cadences import Cadence, CadenceStep, CallTask, ReminderTrack, StepOutcome
from portal.models.contact import Consent, DeliveryReport, Feedback, FeeTrack, Holiday, JobState, SendingWindow
from portal.models.conversations import InboundEmail, Note, Question, QuestionEntry
from portal.models.debtors import BlockedAddress, Debtor, lock_debtor
from portal.models.disputes import Dispute, DisputeFile, DisputePart
from portal.models.holds import Hold
from portal.models.invoices import Invoice, InvoiceDocument, InvoiceLine, StoredFile
from portal.models.ledger import LedgerAccount, LedgerTransfer
from portal.models.links import DebtorSession, IdentityAttempt, OneTimeCode, PortalLink, PortalLinkInvoice
from portal.models.messages import Message
from portal.models.offers import Offer, SettlementOffer
from portal.models.papers import HandOver, HandOverInvoice, PaperLetter
from portal.models.payments import Chargeback, Payment, PaymentInvoice, Payout, Refund
from portal.models.plans import Installment, InstallmentPayment, Plan
from portal.models.saved_methods import (
    AutopayCharge,
    AutopayMandate,
    AutopayStop,
    DebitNotice,
    MethodSetup,
    SavedMethod,
    StripeCustomer,
)
from portal.models.staff import (
    Approval,
    Assignment,
    Invitation,
    Membership,
    RecoveryCode,
    SignInAttempt,
    Staff,
    StaffSession,
)
from portal.models.standings import DashboardSummary, DebtorStanding, QueueMark, SearchWord
from portal.models.stripe_inbox import StripeEvent, StripeFetch, SuspenseItem, WaitingFact

if TYPE_CHECKING:
    from portal.models.bank_statements import BankLine, BankMapping, BankStatement
    from portal.models.imports import (
        ImportCustomer,
        ImportedInvoice,
        ImportFinding,
        ImportLine,
        ImportMapping,
        ImportRow,
        ImportRun,
    )
    from portal.models.reconciliation import Drift, Reconciliation, StripeRecord

__all__ = [
    "Agreement", "AgreementPaper", "AgreementPrint", "Approval", "Arrangement", "ArrangementInvoice",
    "ArrangementRound", "Assignment", "AuditEvent", "AutopayCharge", "AutopayMandate", "AutopayStop", "BankLine",
    "BankMapping", "BankStatement", "Base", "BlockedAddress", "Business", "Cadence", "CadenceStep", "CallTask",
    "Chargeback", "Consent", "DashboardSummary", "DebitNotice", "Debtor", "DebtorSession", "DebtorStanding",
    "DeliveryReport", "Dispute", "DisputeFile", "DisputePart", "Drift", "FeeTrack", "Feedback", "HandOver",
    "HandOverInvoice", "Hold", "Holiday", "IdentityAttempt", "ImportCustomer", "ImportFinding", "ImportLine",
    "ImportMapping", "ImportRow", "ImportRun", "ImportedInvoice", "InboundEmail", "Installment",
    "InstallmentPayment", "Invitation", "Invoice", "InvoiceDocument", "InvoiceLine", "JobState", "LedgerAccount",
    "LedgerTransfer", "Membership", "Message", "MethodSetup", "Note", "Offer", "OneTimeCode", "PaperLetter",
    "Payment", "PaymentClaim", "PaymentInvoice", "Payout", "Plan", "PolicyVersion", "PortalLink",
    "PortalLinkInvoice", "Question", "QuestionEntry", "QueueMark", "Reconciliation", "RecoveryCode", "Refund",
    "ReminderTrack", "SavedMethod", "SearchWord", "SendingWindow", "SettlementOffer", "ShownNotice",
    "SignInAttempt", "SigningConsent", "Staff", "StaffSession", "StepOutcome", "StoredFile", "StripeCustomer",
    "StripeEvent", "StripeFetch", "StripeRecord", "SuspenseItem", "WaitingFact", "lock_debtor",
]

_LATE = {
    "bank_statements": ("BankLine", "BankMapping", "BankStatement"),
    "imports": ("ImportCustomer", "ImportFinding", "ImportLine", "ImportMapping", "ImportRow", "ImportRun",
                "ImportedInvoice"),
    "reconciliation": ("Drift", "Reconciliation", "StripeRecord"),
}
_HOME = {name: module for module, names in _LATE.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load the table that is asked for; raises AttributeError for a name that is none."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def load_all() -> None:
    """Load every table, as migrations and comparisons of whole databases need it."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def finish() -> None:
    """Connect all tables that are loaded with each other now, which the first question would else wait for."""
    configure_mappers()
