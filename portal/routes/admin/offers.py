"""Discounts by hand and settlements offered: the list, making one for a debtor, taking one back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, render_template, request, url_for
from wtforms import BooleanField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import Length

from portal.domain.errors import Refusal
from portal.routes.admin.desk import access, blueprint, guarded, visit
from portal.routes.admin.forms import Filled
from portal.routes.admin.nonces import DayField, OnceForm
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import debtor_money, offer_desk, offers, settlement_answers
from portal.services.debtor_money import Counter
from portal.services.offers import PERMISSION, Order, Wanted
from portal.services.setup_sums import percent
from portal.words.core import current
from portal.words.refusals import N_

NO_DAY = N_("Please choose a day.")
STATES = {"standing": N_("Stands"), "soon": N_("Ends soon"), "taken": N_("Taken"), "expired": N_("Has ended"),
          "withdrawn": N_("Taken back"), "superseded": N_("Replaced")}
FILTERS = {"standing": N_("Those that stand"), "soon": N_("Ending within three days"), "taken": N_("Taken"),
           "over": N_("Over, not taken")}
KINDS = {"early_pay": N_("For paying early"), "prompt_pay": N_("For paying soon"), "settlement": N_("Settlement")}
AT = {"day_passed": "until", "day_too_far": "until", "discount_too_small": "amount", "discount_too_large": "amount",
      "below_minimum_charge": "amount", "settlement_not_less": "amount", "amount_step": "amount",
      "words_too_long": "words", "settlement_owner_only": "amount"}


class OfferForm(OnceForm):
    """A discount: a percentage or an amount, its last day, which invoices (none: all), words, and whether they hear."""

    percent = StringField(validators=[Length(max=6)])
    amount = StringField(validators=[Length(max=60)])
    currency = StringField(validators=[Length(max=3)])
    until = DayField(validators=[Filled(NO_DAY)])
    invoice = SelectMultipleField(choices=(), validate_choice=False)
    words = TextAreaField(validators=[Length(max=offers.LONGEST_WORDS)])
    tell = BooleanField()

    def wanted(self, currency: str) -> Wanted | None:
        """Read the discount; None with the reason at its field."""
        share, plain = (self.percent.data or "").strip(), (self.amount.data or "").strip()
        if bool(share) == bool(plain):
            self.refuse(Refusal("invalid", "discount_unreadable"), "percent")
            return None
        assert self.until.day is not None
        if plain:
            minor = self.amount_of(self.amount, currency)
            return Wanted(self.until.day, amount_minor=minor, currency=currency) if minor else None
        try:
            return Wanted(self.until.day, basis_points=percent(share, most=10_000), currency=currency)
        except Refusal as refusal:
            self.refuse(refusal, "percent")
            return None


class SettlementForm(OnceForm):
    """A settlement offered by hand: the sum that closes all of it, until when, and words."""

    amount = StringField(validators=[Filled(N_("Please enter an amount.")), Length(max=60)])
    currency = StringField(validators=[Length(max=3)])
    until = DayField(validators=[Filled(NO_DAY)])
    words = TextAreaField(validators=[Length(max=settlement_answers.LONGEST_ANSWER)])


class WithdrawForm(OnceForm):
    """Words kept beside an offer that is taken back; debtors never see them."""

    words = TextAreaField(validators=[Length(max=offers.LONGEST_WORDS)])


@blueprint.get("/offers")
@guarded("see")
def offers_list() -> str:
    """List offers, what ends first at the top."""
    page = offer_desk.shown(runtime(), access(), wanted=request.args.get("show", ""), kind=request.args.get("kind", ""),
                            after=request.args.get("after", ""))
    return render_template("admin/offers.html", page=page, states=STATES, filters=FILTERS, kinds=KINDS)


@blueprint.get("/debtors/<debtor_id>/offer")
@guarded(PERMISSION)
def debtor_offer(debtor_id: str) -> str:
    """Show the form for a discount."""
    form = OfferForm(formdata=None)
    form.until.data, form.tell.data = _usual_day(), True
    return _offer_page(debtor_id, form)


@blueprint.post("/debtors/<debtor_id>/offer")
@guarded(PERMISSION)
def make_offer(debtor_id: str) -> Any:
    """Make a discount for one debtor."""
    form, counter = OfferForm(), debtor_money.counter(runtime(), access(), debtor_id)
    currency = form.currency.data or next(iter(counter.currencies), "")
    if form.sent() and currency in counter.currencies:
        wanted = form.wanted(currency)
        if wanted is not None:
            order = Order(wanted, form.nonce.data or "", form.invoice.data or (), form.words.data or "",
                          bool(form.tell.data))
            if form.does(lambda: offers.make(runtime(), access(), debtor_id, order), AT):
                flash(_made(form.outcome))
                return see_other(url_for("office.debtor", debtor_id=debtor_id))
    return _offer_page(debtor_id, form, counter), form.status


@blueprint.get("/debtors/<debtor_id>/settlement")
@guarded(PERMISSION)
def debtor_settlement(debtor_id: str) -> str:
    """Show the form for a settlement."""
    form = SettlementForm(formdata=None)
    form.until.data = _usual_day()
    return _settlement_page(debtor_id, form)


@blueprint.post("/debtors/<debtor_id>/settlement")
@guarded(PERMISSION)
def offer_settlement(debtor_id: str) -> Any:
    """Offer a settlement; it holds once they have signed."""
    form, counter = SettlementForm(), debtor_money.counter(runtime(), access(), debtor_id)
    currency = form.currency.data or next(iter(counter.currencies), "")
    if form.sent() and currency in counter.currencies:
        minor = form.amount_of(form.amount, currency)
        words = form.words.data or ""
        if minor and form.does(lambda: settlement_answers.propose(
                runtime(), access(), debtor_id, minor, currency, until=form.until.day, words=words), AT):
            flash(current().text(N_("Offered. It holds once they have signed it on their page.")))
            return see_other(url_for("office.queue_item", name="settlements", item=form.outcome))
    return _settlement_page(debtor_id, form, counter), form.status


@blueprint.get("/offers/<offer_id>/withdraw")
@guarded(PERMISSION)
def ask_withdraw_offer(offer_id: str) -> str:
    """Show what would be taken back."""
    return _withdraw_page(offer_id, WithdrawForm(formdata=None))


@blueprint.post("/offers/<offer_id>/withdraw")
@guarded(PERMISSION)
def withdraw_offer(offer_id: str) -> Any:
    """Take a discount back; a payment begun before keeps it."""
    form = WithdrawForm()
    if form.sent() and form.does(lambda: offers.withdraw(runtime(), access(), offer_id, form.words.data or ""),
                                 {"words_too_long": "words"}):
        flash(current().text(N_("Taken back. Whoever had begun to pay keeps it.")))
        return see_other(url_for("office.offers_list"))
    return _withdraw_page(offer_id, form), form.status


def _usual_day() -> str:
    policy_days = offers.usual_days(runtime(), access())
    return (current().local_date(runtime().now()) + timedelta(days=policy_days)).isoformat()


def _made(made: offers.Made) -> str:
    said, first = current(), made.offers[0]
    text = said.plural("The discount stands on %(n)s invoice until %(day)s.",
                       "The discount stands on %(n)s invoices until %(day)s.", len(made.offers),
                       day=said.day(first.deadline))
    if not made.left_out:
        return text
    return f"{text} {said.text(N_('Left out: %(numbers)s.'), numbers=', '.join(number for number, _ in made.left_out))}"


def _offer_page(debtor_id: str, form: OfferForm, counter: Counter | None = None) -> str:
    return render_template("admin/debtor_offer.html", form=form,
                           counter=counter or debtor_money.counter(runtime(), access(), debtor_id))


def _settlement_page(debtor_id: str, form: SettlementForm, counter: Counter | None = None) -> str:
    return render_template("admin/debtor_settlement.html", form=form,
                           counter=counter or debtor_money.counter(runtime(), access(), debtor_id))


def _withdraw_page(offer_id: str, form: WithdrawForm) -> str:
    assert visit().business is not None
    return render_template("admin/offer_withdraw.html", form=form, kinds=KINDS, states=STATES,
                           offer=offer_desk.one(runtime(), access(), offer_id))
