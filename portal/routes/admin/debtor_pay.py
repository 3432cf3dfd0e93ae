"""Recording money that arrived outside Stripe, taking it back when it did not hold, and putting credit to use."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import BooleanField, HiddenField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import Length

from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import Filled
from portal.routes.admin.nonces import DayField, Known, OnceForm
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import debtor_money
from portal.services.debtor_money import Counter, Recorded, Seen
from portal.words import happenings
from portal.words.core import current
from portal.words.refusals import N_

NO_DAY = N_("Please choose a day.")


class ReceivedForm(OnceForm):
    """Money that came in: how, how much, when, for what."""

    channel = StringField(validators=[Known(*debtor_money.CHANNELS)], default="transfer")
    currency = StringField(validators=[Length(max=3)])
    amount = StringField(validators=[Filled(N_("Please enter an amount.")), Length(max=60)])
    received_on = DayField(validators=[Filled(NO_DAY)])
    reference = StringField(validators=[Length(max=debtor_money.LONGEST_REFERENCE)])
    invoices = SelectMultipleField(validate_choice=False, choices=[])
    words = TextAreaField(validators=[Length(max=4_000)])
    send_receipt = BooleanField(default=True)
    # Set on the page that says it looks recorded already.
    not_the_same = BooleanField()


class BouncedForm(OnceForm):
    """A check or transfer that did not hold."""

    happened_on = DayField(validators=[Filled(NO_DAY)])
    words = TextAreaField(validators=[Length(max=4_000)])


class CreditForm(OnceForm):
    """Which credit to use."""

    currency = HiddenField(validators=[Filled(N_("Please choose one of those offered.")), Length(max=3)])


@blueprint.get("/debtors/<debtor_id>/payments/record")
@guarded("record_money")
def debtor_payment(debtor_id: str) -> str:
    """Show the form; `invoice` in the address chooses one beforehand."""
    counter = debtor_money.counter(runtime(), access(), debtor_id)
    form = ReceivedForm()
    form.received_on.data = current().local_date(runtime().now()).isoformat()
    form.invoices.data = request.args.getlist("invoice")
    form.currency.data = counter.invoices[0].currency if counter.invoices else next(iter(counter.currencies), "")
    return _page(counter, form)


@blueprint.post("/debtors/<debtor_id>/payments/record")
@guarded("record_money")
def record_payment(debtor_id: str) -> Any:
    """Book it, or say what stands against it."""
    counter = debtor_money.counter(runtime(), access(), debtor_id)
    form = ReceivedForm()
    form.currency.data = form.currency.data or next(iter(counter.currencies), "")
    if form.currency.data not in counter.currencies:
        form.currency.errors = [current().text(N_("Please choose one of those offered."))]
        return _page(counter, form), form.status
    minor = form.amount_of(form.amount, form.currency.data) if form.sent() else 0
    if minor:
        seen = _seen(form, minor)
        if form.does(lambda: debtor_money.record_payment(runtime(), access(), debtor_id, seen), at={
                "day_to_come": "received_on", "day_too_old": "received_on", "payment_above_billed": "amount",
                "other_currency": "invoices", "payment_looks_recorded": "not_the_same"}):
            flash(_said(form.outcome))
            return see_other(url_for("office.debtor", debtor_id=debtor_id))
    return _page(counter, form), form.status


@blueprint.get("/debtors/<debtor_id>/payments/<payment_id>/back")
@guarded("record_money")
def debtor_bounce(debtor_id: str, payment_id: str) -> str:
    """Show the form for a payment that did not hold."""
    form = BouncedForm()
    form.happened_on.data = current().local_date(runtime().now()).isoformat()
    return _bounce_page(debtor_id, payment_id, form)


@blueprint.post("/debtors/<debtor_id>/payments/<payment_id>/back")
@guarded("record_money")
def bounce_payment(debtor_id: str, payment_id: str) -> Any:
    """Book that it was taken back."""
    form = BouncedForm()
    if form.sent() and form.happened_on.day is not None:
        day, words = form.happened_on.day, form.words.data or ""
        if form.does(lambda: debtor_money.take_back(runtime(), access(), debtor_id, payment_id, happened_on=day,
                                                    words=words), at={
                                                        "day_to_come": "happened_on", "day_too_old": "happened_on"}):
            flash(current().text(N_("Taken back. What it had paid is owed again.")))
            return see_other(url_for("office.debtor", debtor_id=debtor_id))
    return _bounce_page(debtor_id, payment_id, form), form.status


@blueprint.post("/debtors/<debtor_id>/credit/use")
@guarded("record_money")
def use_credit(debtor_id: str) -> Response:
    """Pay what is open from the debtor's credit."""
    form = CreditForm()
    currency = form.currency.data or ""
    used = debtor_money.use_credit(runtime(), access(), debtor_id, currency, form.nonce.data or "")
    flash(current().text(N_("%(amount)s of their credit has paid what was open."),
                         amount=current().money(used, currency)))
    return see_other(url_for("office.debtor", debtor_id=debtor_id))


def _seen(form: ReceivedForm, minor: int) -> Seen:
    assert form.received_on.day is not None
    return Seen(
        channel=form.channel.data or "", currency=form.currency.data or "", amount_minor=minor,
        received_on=form.received_on.day, nonce=form.nonce.data or "", reference=form.reference.data or "",
        words=form.words.data or "", invoice_ids=tuple(form.invoices.data or ()),
        not_the_same=bool(form.not_the_same.data), send_receipt=bool(form.send_receipt.data))


def _said(done: Recorded) -> str:
    said = current()
    booked = said.text(N_("%(amount)s recorded as %(number)s."), amount=said.money(done.amount_minor, done.currency),
                       number=done.number)
    if not done.credit_minor:
        return booked
    return booked + " " + said.text(N_("%(amount)s of it found nothing open and is their credit."),
                                    amount=said.money(done.credit_minor, done.currency))


def _page(counter: Counter, form: ReceivedForm) -> str:
    channels = [(code, current().text(happenings.CHANNELS[code])) for code in debtor_money.CHANNELS]
    return render_template("admin/debtor_payment.html", counter=counter, form=form, channels=channels,
                           today=current().local_date(runtime().now()))


def _bounce_page(debtor_id: str, payment_id: str, form: BouncedForm) -> str:
    return render_template(
        "admin/debtor_bounce.html", form=form, counter=debtor_money.counter(runtime(), access(), debtor_id),
        payment=debtor_money.outside_payment(runtime(), access(), debtor_id, payment_id))
