"""What a business gives up by hand: goodwill, credit notes, fees taken back, write-offs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import flash, render_template, url_for
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import Length

from portal.domain.errors import Refusal
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import Filled, ProvenForm
from portal.routes.admin.nonces import Known, OnceForm
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import approvals, debtor_money, debtor_relief
from portal.services.debtor_relief import Why
from portal.words import happenings
from portal.words.core import current
from portal.words.refusals import N_

NO_AMOUNT = N_("Please enter an amount.")
GIVING_AT = {"credit_above_invoice": "amount", "credit_above_billed": "amount", "above_one_person": "amount",
             "reason_missing": "words", "prove_first": "proof"}
WRITTEN_OFF = {"done": N_("Written off."), "waiting": N_(
    "A second person has been asked. Nothing is written off before they agree.")}


class WhyForm(OnceForm):
    """A reason, and words if they help."""

    reason = StringField()
    words = TextAreaField(validators=[Length(max=4_000)])

    def why(self) -> Why:
        """Give the reason as services take it."""
        return Why(self.reason.data or "", self.nonce.data or "", self.words.data or "")


class Asking(ProvenForm):
    """Something given away: the code is asked for only when the sum is above the limit of one person."""

    asks_now = False

    @property
    def asks_for_proof(self) -> bool:
        """Ask once the sum needs it, and take a code that was typed."""
        return super().asks_for_proof and (self.asks_now or bool(self.proof.data) or bool(self.proof.errors))

    def gives(self, work: Callable[[], object], at: Mapping[str, str] = GIVING_AT) -> bool:
        """Do it; a code that is missing is asked for in the same form."""
        def asking() -> object:
            try:
                return work()
            except Refusal as refusal:
                if refusal.code != "prove_first":
                    raise
                self.asks_now = True
                raise Refusal("invalid", "prove_first") from refusal

        return self.does(asking, at=at)


class GivingForm(WhyForm, Asking):
    """The same, with a reason."""


class GoodwillForm(GivingForm):
    """How much to give, and why."""

    currency = StringField(validators=[Length(max=3)])
    amount = StringField(validators=[Filled(NO_AMOUNT), Length(max=60)])
    reason = StringField(validators=[Known(*debtor_relief.GOODWILL_REASONS)], default="thanks")


class CreditNoteForm(GivingForm):
    """How much of an invoice to credit, and why."""

    amount = StringField(validators=[Filled(NO_AMOUNT), Length(max=60)])
    reason = StringField(validators=[Known(*debtor_relief.CREDIT_NOTE_REASONS)], default="billed_wrong")


class WaiverForm(WhyForm):
    """Which fee to take back, and why."""

    fee = StringField(validators=[Filled(N_("Please choose a fee.")), Length(max=18)])
    reason = StringField(validators=[Known(*debtor_relief.WAIVER_REASONS)], default="first_time")


class WriteOffForm(ProvenForm):
    """Why an invoice is given up; `left` is the sum the person saw."""

    reason = StringField(validators=[Known(*approvals.WRITE_OFF_REASONS)], default="uncollectable")
    words = TextAreaField(validators=[Length(max=approvals.LONGEST_NOTE)])
    left = HiddenField(validators=[Length(max=18)])


@blueprint.get("/debtors/<debtor_id>/goodwill")
@guarded("move_money")
def debtor_goodwill(debtor_id: str) -> str:
    """Show the form."""
    return _goodwill_page(debtor_id, GoodwillForm())


@blueprint.post("/debtors/<debtor_id>/goodwill")
@guarded("move_money")
def give_goodwill(debtor_id: str) -> Any:
    """Give a credit."""
    form, counter = GoodwillForm(), debtor_money.counter(runtime(), access(), debtor_id)
    currency = form.currency.data or next(iter(counter.currencies), "")
    if form.sent() and currency in counter.currencies:
        minor = form.amount_of(form.amount, currency)
        if minor and form.gives(lambda: debtor_relief.goodwill(
                runtime(), access(), debtor_id, currency, minor, form.why())):
            flash(current().text(N_("%(amount)s given. It pays what is open, the oldest first."),
                                 amount=current().money(minor, currency)))
            return see_other(url_for("office.debtor", debtor_id=debtor_id))
    return _goodwill_page(debtor_id, form), form.status


@blueprint.get("/debtors/<debtor_id>/invoices/<invoice_id>/credit-note")
@guarded("move_money")
def debtor_credit_note(debtor_id: str, invoice_id: str) -> str:
    """Show the form."""
    return _invoice_page("admin/debtor_credit_note.html", debtor_id, invoice_id, CreditNoteForm(),
                         debtor_relief.CREDIT_NOTE_REASONS)


@blueprint.post("/debtors/<debtor_id>/invoices/<invoice_id>/credit-note")
@guarded("move_money")
def make_credit_note(debtor_id: str, invoice_id: str) -> Any:
    """Credit a part of an invoice."""
    form = CreditNoteForm()
    if form.sent():
        invoice = debtor_relief.invoice_view(runtime(), access(), debtor_id, invoice_id)
        minor = form.amount_of(form.amount, invoice.currency)
        if minor and form.gives(lambda: debtor_relief.credit_note(
                runtime(), access(), debtor_id, invoice_id, minor, form.why())):
            flash(current().text(N_("%(amount)s of %(number)s credited."), number=invoice.number,
                                 amount=current().money(minor, invoice.currency)))
            return see_other(url_for("office.debtor", debtor_id=debtor_id))
    return _invoice_page("admin/debtor_credit_note.html", debtor_id, invoice_id, form,
                         debtor_relief.CREDIT_NOTE_REASONS), form.status


@blueprint.get("/debtors/<debtor_id>/fees")
@guarded("move_money")
def debtor_fees(debtor_id: str) -> str:
    """Show the fees that stand."""
    return _fees_page(debtor_id, WaiverForm())


@blueprint.post("/debtors/<debtor_id>/fees")
@guarded("move_money")
def waive_fee(debtor_id: str) -> Any:
    """Take one fee back."""
    form = WaiverForm()
    if form.sent():
        typed = form.fee.data or ""
        if not (typed.isascii() and typed.isdigit()):
            raise Refusal("not_found", "unknown_page")
        if form.does(lambda: debtor_relief.waive_fee(runtime(), access(), debtor_id, int(typed), form.why()),
                     at={"not_a_fee": "fee"}):
            flash(current().text(N_("The fee is taken back.")))
            return see_other(url_for("office.debtor", debtor_id=debtor_id))
    return _fees_page(debtor_id, form), form.status


@blueprint.get("/debtors/<debtor_id>/invoices/<invoice_id>/write-off")
@guarded("move_money")
def debtor_write_off(debtor_id: str, invoice_id: str) -> str:
    """Show the form."""
    return _invoice_page("admin/debtor_write_off.html", debtor_id, invoice_id, WriteOffForm(),
                         approvals.WRITE_OFF_REASONS)


@blueprint.post("/debtors/<debtor_id>/invoices/<invoice_id>/write-off")
@guarded("move_money")
def write_off_invoice(debtor_id: str, invoice_id: str) -> Any:
    """Give up what is left, or ask a second person."""
    form = WriteOffForm()
    debtor_relief.invoice_view(runtime(), access(), debtor_id, invoice_id)
    seen = form.left.data or ""
    expected = int(seen) if seen.isascii() and seen.isdigit() else None
    if form.sent() and form.does(lambda: approvals.write_off(
            runtime(), access(), invoice_id, form.reason.data or "", note=form.words.data or "", expected=expected),
            at={"reason_missing": "words"}):
        flash(current().text(WRITTEN_OFF[form.outcome]))
        return see_other(url_for("office.debtor", debtor_id=debtor_id))
    return _invoice_page("admin/debtor_write_off.html", debtor_id, invoice_id, form,
                         approvals.WRITE_OFF_REASONS), form.status


def _named(reasons: Sequence[str]) -> list[tuple[str, str]]:
    return [(code, current().text(happenings.REASONS[code])) for code in reasons]


def _goodwill_page(debtor_id: str, form: GoodwillForm) -> str:
    return render_template(
        "admin/debtor_goodwill.html", form=form, reasons=_named(debtor_relief.GOODWILL_REASONS),
        counter=debtor_money.counter(runtime(), access(), debtor_id))


def _invoice_page(template: str, debtor_id: str, invoice_id: str, form: Any, reasons: Sequence[str]) -> str:
    return render_template(template, form=form, reasons=_named(reasons), invoice=debtor_relief.invoice_view(
        runtime(), access(), debtor_id, invoice_id))


def _fees_page(debtor_id: str, form: WaiverForm) -> str:
    return render_template(
        "admin/debtor_fees.html", form=form, reasons=_named(debtor_relief.WAIVER_REASONS),
        counter=debtor_money.counter(runtime(), access(), debtor_id),
        fees=debtor_relief.fees(runtime(), access(), debtor_id))
