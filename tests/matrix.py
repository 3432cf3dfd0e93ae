"""The table of borders: for every route who may pass, what its own reader gets, and what it is asked for.

A new route needs a row here, or tests/access/test_matrix.py fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from tests.stage import PAY_ONLY_MINOR, Part

# public: the same for everybody.  door: the pages before the check, which show nothing of a debt.
# token: opened by a signed text in the address.  private: behind the check.  shared: also for links that only pay.
# paying: only for links that only pay.  machine: for programs.
Kind = Literal["public", "door", "token", "private", "shared", "paying", "machine"]
Values = Mapping[str, Callable[[Part], str]]


@dataclass(frozen=True)
class Row:
    """One route by one method. `own` is what the reader it is for gets: a status, and where a redirect leads."""

    kind: Kind
    own: str = "200"
    # The words that show that the reader's own things are on the page.
    canary: bool = False
    # What stands in the address, and what is sent; taken from the debtor whose things they are.
    target: Values = field(default_factory=dict)
    form: Values = field(default_factory=dict)
    # What other debtors get when they ask for this debtor's things by name; empty: the page with their own things.
    others: tuple[str, ...] = ()
    # What whoever has no session gets, where it is not the way to the door.
    away: tuple[str, ...] = ("303 /welcome", "303 /link-ended", "303 /left")


def said(text: str) -> Callable[[Part], str]:
    """The same text, whoever's things are asked for."""
    return lambda _part: text


def in_days(days: int) -> Callable[[Part], str]:
    """A day so far from today, as a form sends it."""
    return lambda _part: (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def _slug(part: Part) -> str:
    return part.business.slug


def _invoice(part: Part) -> str:
    return part.owed.invoices[0].public_id


def _price(part: Part) -> str:
    return str(part.owed.invoices[0].total_minor - 50_00)


def a_payment(state: str) -> Values:
    """Name one of the debtor's payments by what became of it."""
    return {"payment_id": lambda part: part.payments[state].public_id}


CHOICE: Values = {"currency": said("USD"), "invoice": _invoice}
CHOSEN: Values = {"what": lambda part: f"one:USD:{_invoice(part)}", "how": said("stripe")}
NOT_THEIRS = ("404",)
# A choice of what is not there leads back to choosing, whether it is nobody's or another's.
BACK = ("303 /pay",)
SLUG: Values = {"slug": _slug}
QUESTION: Values = {"question_id": lambda part: part.question.public_id}
TIME: Values = {"time_id": lambda part: part.times[0].public_id}
AUTOPAY: Values = {"plan_id": lambda part: part.things.plan}
BY_HAND: Values = {"plan_id": lambda part: part.things.plan_by_hand}
SETUP: Values = {"setup_id": lambda part: part.things.setup}
DISPUTE: Values = {"dispute_id": lambda part: part.dispute.public_id}
CLAIM: Values = {"claim_id": lambda part: part.claims[0].public_id}
AGREEMENT: Values = {"agreement_id": lambda part: part.agreements[0].public_id}
SETTLEMENT: Values = {"settlement_id": lambda part: part.settled[0].public_id}
SETTLED: Values = {"arrangement_id": lambda part: part.settled[0].public_id}
PLAN: Values = {"plan_id": lambda part: part.plans[0].public_id}
PLAN_PART: Values = {**PLAN, "installment_id": said("the-first")}
TOKEN: Values = {"token": lambda part: "made-by-the-walk"}
BRAND: Values = {"name": lambda part: "made-by-the-walk"}

ROWS: dict[tuple[str, str], Row] = {
    ("static", "GET"): Row("public", target={"filename": said("css/tokens.css")}),
    ("debtor.root", "GET"): Row("public"),
    ("debtor.terms", "GET"): Row("public", target=SLUG),
    ("debtor.older_terms", "GET"): Row("public", target={**SLUG, "version": said("1")}),
    ("debtor.privacy", "GET"): Row("public", target=SLUG),
    ("debtor.rights", "GET"): Row("public", target=SLUG),
    ("debtor.advice", "GET"): Row("public", target=SLUG),
    ("debtor.really_us", "GET"): Row("public", target=SLUG),
    # Whoever has the fingerprint learns that it is genuine, and nothing else.
    ("debtor.verify", "GET"): Row("public"),
    ("debtor.verified", "GET"): Row("public", target={"fingerprint": lambda part: part.agreements[0].fingerprint}),
    ("debtor.verify_now", "POST"): Row(
        "public", "303 /verify/", form={"fingerprint": lambda part: part.agreements[0].fingerprint}),
    ("brand.css", "GET"): Row("public", target=BRAND),
    ("brand.logo", "GET"): Row("public", target=BRAND),
    ("health.healthz", "GET"): Row("machine"),
    ("health.readyz", "GET"): Row("machine"),
    # Only this machine itself, or who brings the token, may know that it is there.
    ("metrics.metrics", "GET"): Row("machine", "404"),
    ("webhooks.stripe", "POST"): Row("machine", "400"),
    ("webhooks.stripe_connect", "POST"): Row("machine", "400"),
    ("webhooks.mailgun", "POST"): Row("machine", "400"),
    ("webhooks.sendgrid", "POST"): Row("machine", "400"),
    # The door.
    ("debtor.open", "GET"): Row("token", "303 /welcome", target=TOKEN),
    ("debtor.welcome", "GET"): Row("door"),
    ("debtor.step_in", "POST"): Row("door", "303 /balance"),
    ("debtor.check", "GET"): Row("door"),
    ("debtor.check_fact", "POST"): Row("door", "303 /balance", form={"fact": lambda part: part.marks.digits}),
    ("debtor.code", "GET"): Row("door"),
    ("debtor.send_code", "POST"): Row("door", "303 /code"),
    ("debtor.enter_code", "POST"): Row("door", "422", form={"code": said("000000")}),
    ("debtor.ended", "GET"): Row("door", "410"),
    ("debtor.send_fresh", "POST"): Row("door", "303 /link-ended/sent"),
    ("debtor.ended_sent", "GET"): Row("door"),
    ("debtor.leave", "POST"): Row("door", "303 /left"),
    ("debtor.left", "GET"): Row("door"),
    # Behind the check.
    ("debtor.rights_here", "GET"): Row("private", "303 /b/"),
    ("debtor.help", "GET"): Row("private", canary=True),
    ("debtor.plan", "GET"): Row("private", canary=True),
    # The sum that was shown is not what is owed: a plan is proposed in tests/plans. Not of the invoice that
    # debtor.open_dispute names: what somebody says is wrong rests, and no plan can be made of it.
    ("debtor.propose_plan", "POST"): Row("private", "409", form={
        "currency": said("USD"), "invoice": lambda part: part.owed.invoices[1].public_id, "every": said("monthly"),
        "first": in_days(10), "n": said("2"), "total": said("1")}, others=NOT_THEIRS),
    ("debtor.one_plan", "GET"): Row("private", canary=True, target=PLAN, others=NOT_THEIRS),
    ("debtor.how_plan", "POST"): Row("private", "303 /plan/", target=PLAN, form={"seen": said("0")}, others=NOT_THEIRS),
    ("debtor.withdraw_plan", "POST"): Row(
        "private", "303 /plan/", target=PLAN, form={"seen": said("1")}, others=NOT_THEIRS),
    # What was signed here is no plan; tests/plans shows where the signature of one leads.
    ("debtor.plan_signed", "GET"): Row("private", "404", target=AGREEMENT, others=NOT_THEIRS),
    ("debtor.autopay", "GET"): Row("private", canary=True),
    ("debtor.allow_autopay", "GET"): Row("private", "303 /code", target=BY_HAND),
    ("debtor.autopay_allowed", "POST"): Row("private", "303 /code", target=BY_HAND, form={"agreed": said("yes")}),
    ("debtor.start_autopay", "POST"): Row("private", "303 http://127.0.0.1", target=AUTOPAY, others=NOT_THEIRS),
    ("debtor.use_method", "POST"): Row(
        "private", "303 /autopay", target=AUTOPAY, form={"method": lambda part: part.things.method},
        others=NOT_THEIRS),
    # Nobody's thing is named: others come to a page for a method of their own.
    ("debtor.replace_method", "POST"): Row("private", "303 http://127.0.0.1"),
    ("debtor.pay_installment", "POST"): Row(
        "private", "303 /autopay", target={"installment_id": lambda part: part.things.installment}, others=NOT_THEIRS),
    ("debtor.method_saved", "GET"): Row(
        "private", canary=True, target=SETUP, others=NOT_THEIRS, away=("200",)),
    ("debtor.ask_saved", "POST"): Row("private", "303 /autopay/saved/", target=SETUP, others=NOT_THEIRS),
    ("debtor.stop_autopay", "POST"): Row("private", "303 /autopay", target=AUTOPAY, others=NOT_THEIRS),
    ("debtor.remove_method", "POST"): Row(
        "private", "303 /autopay", target={"method_id": lambda part: part.things.method}, others=NOT_THEIRS),
    # Nothing runs on the stage; tests/plans changes payments of plans that do.
    ("debtor.change_installment", "GET"): Row("private", "409", target=PLAN_PART, others=NOT_THEIRS),
    ("debtor.installment_changed", "POST"): Row(
        "private", "303 /plan/", target=PLAN_PART, form={"do": said("to_end"), "seen": said("1")}, others=NOT_THEIRS),
    ("debtor.questions", "GET"): Row("private", canary=True),
    ("debtor.ask_question", "POST"): Row(
        "private", "303 /questions/", form={"words": said("Why?"), "about": _invoice}, others=NOT_THEIRS),
    ("debtor.question", "GET"): Row("private", canary=True, target=QUESTION, others=NOT_THEIRS),
    ("debtor.say_more", "POST"): Row(
        "private", "303 /questions/", target=QUESTION, form={"words": said("And when?")}, others=NOT_THEIRS),
    ("debtor.promise", "GET"): Row("private"),
    ("debtor.make_promise", "POST"): Row(
        "private", "303 /promise", form={"until": in_days(10), "currency": said("USD")}),
    ("debtor.more_time", "GET"): Row("private", canary=True),
    ("debtor.ask_for_time", "POST"): Row("private", "303 /more-time/", form={"until": in_days(60)}),
    ("debtor.time_asked", "GET"): Row("private", canary=True, target=TIME, others=NOT_THEIRS),
    ("debtor.answer_time", "POST"): Row(
        "private", "303 /more-time/", target=TIME, form={"answer": said("withdraw"), "seen": said("1")},
        others=NOT_THEIRS),
    ("debtor.settlement", "GET"): Row("private"),
    # The business settles nothing: whoever asks is told that there is no such page.
    ("debtor.ask_to_settle", "POST"): Row("private", "404", form={"amount": said("12.00"), "currency": said("USD")}),
    ("debtor.settlement_asked", "GET"): Row("private", target=SETTLEMENT, others=NOT_THEIRS),
    ("debtor.answer_settlement", "POST"): Row(
        "private", "303 /settlement/", target=SETTLEMENT, form={"answer": said("withdraw"), "seen": said("2")},
        others=NOT_THEIRS),
    ("debtor.already_paid", "GET"): Row("private", canary=True),
    ("debtor.claim_payment", "POST"): Row("private", "303 /already-paid/", form={
        "amount": said("12.00"), "currency": said("USD"), "paid_on": in_days(-3), "way": said("transfer")}),
    ("debtor.claimed", "GET"): Row("private", canary=True, target=CLAIM, others=NOT_THEIRS),
    ("debtor.withdraw_claim", "POST"): Row("private", "303 /already-paid/", target=CLAIM, others=NOT_THEIRS),
    ("debtor.ways", "GET"): Row("private"),
    ("debtor.agreements", "GET"): Row("private"),
    ("debtor.agreement", "GET"): Row("private", canary=True, target=AGREEMENT, others=NOT_THEIRS),
    ("debtor.agreement_pdf", "GET"): Row("private", canary=True, target=AGREEMENT, others=NOT_THEIRS),
    ("debtor.agreement_text", "GET"): Row("private", canary=True, target=AGREEMENT, others=NOT_THEIRS),
    ("debtor.agreement_on_paper", "POST"): Row("private", "303 /agreements/", target=AGREEMENT, others=NOT_THEIRS),
    ("debtor.withdraw_signing_consent", "POST"): Row("private", "303 /agreements"),
    # What is signed already leads to what was signed; tests/agreements shows the signing itself.
    ("debtor.sign", "GET"): Row("private", "303 /agreements/", target=SETTLED, others=NOT_THEIRS),
    ("debtor.sign_now", "POST"): Row("private", "303 /agreements/", target=SETTLED, others=NOT_THEIRS),
    ("debtor.wrong", "GET"): Row("private", canary=True),
    ("debtor.open_dispute", "POST"): Row("private", "303 /disputes/", form={
        "part": lambda part: part.owed.invoices[2].public_id, "reason": said("quality"), "wants": said("credit"),
        "words": said("It broke.")}, others=NOT_THEIRS),
    ("debtor.dispute", "GET"): Row("private", canary=True, target=DISPUTE, others=NOT_THEIRS),
    ("debtor.answer_dispute", "POST"): Row(
        "private", "303 /disputes/", target=DISPUTE, form={"words": said("And more.")}, others=NOT_THEIRS),
    ("debtor.call_me", "GET"): Row("private"),
    ("debtor.ask_for_call", "POST"): Row("private", "303 /questions/", form={"when": said("Monday")}),
    ("debtor.balance", "GET"): Row("private", canary=True),
    # The stage's money never was at the stand-in, which therefore refuses to send it back.
    ("debtor.refund_credit", "POST"): Row("private", "409", target={"currency": said("eur")}),
    ("debtor.pay", "GET"): Row("private", canary=True),
    ("debtor.choose", "POST"): Row("private", "303 /pay/review", form=CHOSEN, others=("422",)),
    ("debtor.review", "GET"): Row("private", canary=True, target=CHOICE, others=BACK),
    ("debtor.start", "POST"): Row(
        "private", "303 http://127.0.0.1", form={**CHOICE, "expected_total": _price}, others=NOT_THEIRS),
    ("debtor.transfer", "GET"): Row("private", canary=True, target=CHOICE, others=BACK),
    ("debtor.transfer_sent", "POST"): Row("private", "303 /payments/", form=CHOICE, others=BACK),
    ("debtor.payment", "GET"): Row(
        "private", canary=True, target=a_payment("received"), others=NOT_THEIRS, away=("200",)),
    ("debtor.ask", "POST"): Row(
        "shared", "303 /payments/", target=a_payment("open"), others=NOT_THEIRS),
    ("debtor.receipt", "GET"): Row("private", canary=True, target=a_payment("received"), others=NOT_THEIRS),
    ("debtor.statement", "GET"): Row("private", canary=True),
    ("debtor.paid_in_full", "GET"): Row("private", canary=True),
    ("debtor.history", "GET"): Row("private", canary=True),
    ("debtor.invoice_pdf", "GET"): Row(
        "private", canary=True, target={"invoice_id": _invoice}, others=NOT_THEIRS),
    ("debtor.document", "GET"): Row(
        "private", canary=True, target={"invoice_id": _invoice, "document_id": lambda part: part.files[0].public_id},
        others=NOT_THEIRS),
    ("debtor.pay_link", "GET"): Row("private", canary=True),
    ("debtor.make_pay_link", "POST"): Row("private", "303 /pay-link", form=CHOSEN, others=("404", "422")),
    ("debtor.revoke_pay_link", "POST"): Row(
        "private", "303 /pay-link", target={"link_id": lambda part: part.pay_only.public_id}, others=NOT_THEIRS),
    ("debtor.pay_only", "GET"): Row("paying", canary=True),
    ("debtor.start_pay_only", "POST"): Row(
        "paying", "303 http://127.0.0.1", form={"expected_total": said(str(PAY_ONLY_MINOR))}),
    ("debtor.ask_pay_only", "POST"): Row("paying", "303 /pay-only"),
    ("debtor.give_feedback_here", "POST"): Row(
        "private", "303 /payments/", target=a_payment("received"), form={"score": said("3")}, others=NOT_THEIRS),
    # By a signed text in an email.
    ("debtor.feedback", "GET"): Row("token", target=TOKEN),
    ("debtor.give_feedback", "POST"): Row("token", "303 /feedback/", target=TOKEN, form={"score": said("3")}),
    ("debtor.stop", "GET"): Row("token", target=TOKEN),
    ("debtor.stop_now", "POST"): Row("token", "303 /stop/", target=TOKEN),
    ("debtor.resume", "POST"): Row("token", "303 /stop/", target=TOKEN),
    ("debtor.not_me", "GET"): Row("token", target=TOKEN),
    ("debtor.not_me_said", "GET"): Row("token", target=TOKEN),
    ("debtor.say_not_me", "POST"): Row("token", "303 /not-me/", target=TOKEN),
}
# These end what others still need, so they come last.
LAST = ("debtor.send_fresh", "debtor.stop_now", "debtor.resume", "debtor.say_not_me")
