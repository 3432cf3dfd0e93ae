"""Tables, constraints, and queries used more than once. Importing this package loads every table."""

from portal.models import triggers as triggers
from portal.models.arrangements import Arrangement, ArrangementInvoice, ArrangementRound, PaymentClaim
from portal.models.audit import AuditEvent
from portal.models.base import Base
from portal.models.businesses import Business, PolicyVersion
from portal.models.cadences import Cadence, CadenceStep, CallTask, ReminderTrack, StepOutcome
from portal.models.contact import Consent, DeliveryReport, Feedback, FeeTrack, Holiday, JobState, SendingWindow
from portal.models.conversations import InboundEmail, Note, Question, QuestionEntry
from portal.models.debtors import BlockedAddress, Debtor, lock_debtor
from portal.models.holds import Hold
from portal.models.invoices import Invoice, InvoiceDocument, InvoiceLine, StoredFile
from portal.models.ledger import LedgerAccount, LedgerTransfer
from portal.models.links import DebtorSession, IdentityAttempt, OneTimeCode, PortalLink, PortalLinkInvoice
from portal.models.messages import Message
from portal.models.offers import Offer
from portal.models.papers import HandOver, HandOverInvoice, PaperLetter
from portal.models.payments import Chargeback, Payment, PaymentInvoice, Payout, Refund
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

__all__ = [
    "Approval", "Arrangement", "ArrangementInvoice", "ArrangementRound", "Assignment", "AuditEvent", "Base",
    "BlockedAddress", "Business", "Cadence", "CadenceStep", "CallTask", "Chargeback", "Consent", "DashboardSummary",
    "Debtor", "DebtorSession", "DebtorStanding", "DeliveryReport", "FeeTrack", "Feedback", "HandOver",
    "HandOverInvoice", "Hold", "Holiday", "IdentityAttempt", "InboundEmail", "Invitation", "Invoice",
    "InvoiceDocument", "InvoiceLine", "JobState", "LedgerAccount", "LedgerTransfer", "Membership", "Message", "Note",
    "Offer", "OneTimeCode", "PaperLetter", "Payment", "PaymentClaim", "PaymentInvoice", "Payout", "PolicyVersion",
    "PortalLink", "PortalLinkInvoice", "Question", "QuestionEntry", "QueueMark", "RecoveryCode", "Refund",
    "ReminderTrack", "SearchWord", "SendingWindow", "SignInAttempt", "Staff", "StaffSession", "StepOutcome",
    "StoredFile", "StripeEvent", "StripeFetch", "SuspenseItem", "WaitingFact", "lock_debtor",
]
