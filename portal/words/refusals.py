"""Sentences for refusals: one per code, saying what is so and what to do; amounts in it are written as money.

Each code that is raised anywhere must stand here; a test reads the code base and compares.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from portal.domain.errors import Kind, Refusal
from portal.words.autopay_refusals import AUTOPAY
from portal.words.dispute_refusals import DISPUTES
from portal.words.help_refusals import HELP
from portal.words.offer_refusals import OFFERS
from portal.words.office_refusals import OFFICE
from portal.words.plan_refusals import PLANS

if TYPE_CHECKING:
    from portal.words.core import Words


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


PLACEHOLDER = re.compile(r"%\((\w+)\)s")
MONEY_PARAMS = frozenset({"least", "most", "step", "maximum", "left", "amount", "expected"})

BY_KIND: dict[Kind, str] = {
    "invalid": N_("Something in the form needs another look."),
    "not_found": N_("There is nothing here, or it is not yours to see."),
    "not_allowed": N_("This is not open to you."),
    "conflict": N_("Something has changed in the meantime. Please look again."),
    "gone": N_("This has ended."),
    "too_many": N_("That was a lot in a short time. Please wait a little and try again."),
    "too_large": N_("That is more than we can take at once."),
}

SENTENCES: dict[str, str] = {
    "nothing_open": N_("There is nothing left to pay."),
    "nothing_chosen": N_("Please choose what you would like to pay."),
    "unknown_invoice": N_("There is nothing here, or it is not yours to see."),
    "amount_too_small": N_("The smallest part you can pay is %(least)s."),
    "amount_too_large": N_("That is too much. The most you can pay is %(most)s."),
    "amount_step": N_("This currency is only paid in steps of %(step)s."),
    "below_minimum_charge": N_("The smallest amount that can be paid this way is %(least)s."),
    "amount_empty": N_("Please enter an amount."),
    "amount_too_long": N_("That is too long for an amount."),
    "amount_control_character": N_("Please enter an amount with digits only, such as 120.50."),
    "amount_not_a_number": N_("Please enter an amount with digits only, such as 120.50."),
    "amount_other_currency": N_("Please enter the amount in %(currency)s."),
    "amount_ambiguous": N_("We can read this amount in two ways. Please write it with its cents."),
    "amount_too_precise": N_("That is more exact than this currency can be paid."),
    "amount_negative": N_("Please enter an amount above zero."),
    "quote_changed": N_("The amount has changed since you looked. Please check it again; nothing was charged."),
    "payment_processing": N_("A payment for this is on its way. Please do not pay again."),
    "checkout_closed": N_("This payment page has closed. Nothing was charged; you can start again."),
    "currency_unknown": N_("We do not take this currency."),
    "currency_mismatch": N_("This needs one currency at a time."),
    "unknown_payment": N_("There is nothing here, or it is not yours to see."),
    "payment_in_the_way": N_("Another payment for this is still open. Please finish it first or wait a little."),
    "stripe_unreachable": N_("The payment service does not answer at the moment. Nothing was charged. Please try again "
                             "in a few minutes."),
    "stripe_refused": N_("The payment service could not open a payment page. Nothing was charged. Please call us."),
    "refund_no_credit": N_("There is no credit that could be paid back."),
    "refund_not_by_stripe": N_("This money did not come by card or debit. Please call us, and we send it back."),
    "refund_ask_us": N_("We look at this before we send it back. Please ask us for it with a question, and we answer "
                        "you."),
    "refund_under_chargeback": N_("Your bank is looking at this payment. We can pay it back when it has decided."),
    "refund_may_bounce": N_("This payment may still be taken back by the bank. Please try again in some days."),
    "refund_refused": N_("The payment service did not take this refund. Please call us, and we send it another way."),
    # What staff do in the books
    "already_corrected": N_("This entry has been corrected already."),
    "cannot_bounce": N_("Only a transfer, cash or a check that was recorded as received can be taken back, and once."),
    "correct_the_payment": N_("This entry belongs to a payment. Correct the payment instead."),
    "credit_is_used": N_("Part of this credit has been used since. Only %(most)s of it is left."),
    "not_a_fee": N_("Only a fee or interest can be taken back this way."),
    "other_currency": N_("The two are in different currencies."),
    "percentage_impossible": N_("This percentage cannot be worked out."),
    "refund_too_large": N_("That is more than this payment can give back."),
    "split_impossible": N_("This amount cannot be divided that way."),
    "suspense_resolved": N_("This money has been dealt with already."),
    "invoice_handed_over": N_("Somebody else looks after this invoice now. Your page says whom to pay."),
    "ask_who_sent_it": N_("This can no longer be paid here. Please ask the person who sent you the link."),
    "pay_links_used_up": N_("You already have many links that work. Please end one of them first."),
    "answer_unknown": N_("Please press one of the three."),
    # Access
    "unknown_page": N_("There is nothing here, or it is not yours to see."),
    "tries_used_up": N_("All tries are used. The page stays closed for a while."),
    "fact_wrong": N_("That did not match what we have on file."),
    "fact_empty": N_("Please enter it, so that we can compare."),
    "code_wrong": N_("That code did not match."),
    "code_empty": N_("Please enter the six digits from our email."),
    "code_ended": N_("This code has ended. Please ask for a new one."),
    "codes_used_up": N_("We have sent several codes already. Please wait until tomorrow, or call us."),
    "no_address": N_("We have no email address that we can use. Please call us."),
    "color_malformed": N_("Please write the color as # and six digits or letters, such as #2f5d3a."),
    "color_hard_to_read": N_("In this color, words would be hard to read. Please choose another."),
    # Commands
    "unknown_business": N_("There is no business “%(slug)s”."),
    "unknown_debtor": N_("There is no debtor “%(number)s”."),
    "link_ended": N_("This link has ended."),
    "stripe_account_malformed": N_("A Stripe account looks like acct_ and letters and digits."),
    "stripe_account_taken": N_("Another business already has this Stripe account."),
    "logo_not_svg": N_(
        "The logo must be a plain SVG drawing of at most 64 KB, without scripts, pictures or links in it."),
    "detail_too_long": N_("Each line needs some text and may have at most %(longest)s characters."),
    **AUTOPAY,
    **HELP,
    **OFFERS,
    **DISPUTES,
    **OFFICE,
    **PLANS,
}


# What is said when the sums of a sentence are not known.
SHORTER: dict[str, str] = {
    "amount_too_large": N_("That amount is too large."),
    "amount_too_small": N_("That amount is too small."),
}


def sentence(words: Words, refusal: Refusal, currency: str = "") -> str:
    """Say why something was not done; a code without words of its own gets the sentence of its kind."""
    message = SENTENCES.get(refusal.code, BY_KIND[refusal.kind])
    money_of = str(refusal.params.get("currency") or currency)
    if "%(" not in message:
        return words.text(message)
    if not set(PLACEHOLDER.findall(message)) <= set(refusal.params):
        return words.text(SHORTER.get(refusal.code, BY_KIND[refusal.kind]))
    return words.text(
        message, **{name: _shown(words, name, value, money_of) for name, value in refusal.params.items()})


def _shown(words: Words, name: str, value: object, currency: str) -> object:
    # A largest or smallest sum may come named "maximum"; without its currency it is shown as the plain number.
    if name in MONEY_PARAMS and isinstance(value, int) and currency:
        return words.money(value, currency)
    return words.day(value) if isinstance(value, date) else value
