"""The guards of automatic payments: where each stands, how it is taken away, and which figure must notice."""

from __future__ import annotations

from proofs.guards import Guard

LOOK, CHARGES = "portal/services/autopay_look.py", "portal/services/autopay_charges.py"
YEARS, RACES = ("plan_years", "sqlite", ""), "plan_races_wrong"

AUTOPAY = (
    Guard("what is held is not charged", LOOK,
          "    refusal = (_held(session, installment, debtor, now) or _being_paid(", "    refusal = (_being_paid(",
          ("plan_races", "sqlite", "hold_and_autopay"), RACES),
    Guard("what is being paid is not charged", LOOK,
          '    return Look("being_paid", now + SOON) if other is not None or mine is not None else None\n',
          "    return None\n", ("plan_races", "sqlite", "pay_and_autopay"), RACES),
    Guard("a plan is signed over what is owed then", "portal/services/plan_signing.py",
          "    if sum(one.payable_minor for one in covered) != plan.total_minor:\n", "    if not covered:\n",
          ("plan_races", "sqlite", "pay_and_sign"), RACES),
    Guard("a hold of days is seen on each of them", LOOK,
          "or_(Hold.autopay, Hold.cause.in_(MONEY_COMES)), Hold.starts_at <= now,",
          "Hold.cause.in_(MONEY_COMES), Hold.starts_at <= now,", YEARS, "installments_charged_while_held_or_paid"),
    Guard("a notice counts from the day it left", LOOK,
          "    day = max(notice.due_on, autopay.earliest(message.sent_at, notice.days, zone))\n",
          "    day = today\n", YEARS, "installments_charged_untold"),
    Guard("a charge nobody answered is looked up, and has one key", CHARGES,
          "        if found:\n            return found\n"
          "        if not rt.db.run(lambda session: _still(rt, session, payment.id, claimed.token)):\n"
          "            return []\n"
          "    # The same key and words charge once, however often they are sent; Stripe keeps them for a day.\n"
          '    return rt.stripe.charge(payment.request, key=f"payment:{payment.id}:{payment.public_id}",\n',
          "        del found\n"
          '    return rt.stripe.charge(payment.request, key=f"payment:{payment.id}:{claimed.token}",\n',
          YEARS, "installments_charged_twice"),
    Guard("fees that an event only names are fetched", "portal/services/fetching.py",
          "lambda stripe, line, account: stripe.balance_line(line, account=account),",
          # Within a year the payment itself is asked about once more, which finds the fee as well.
          "lambda stripe, line, account: [],", ("plan_races", "sqlite", "pay_and_autopay"), RACES),
    Guard("what a payment that the bank took back costs is booked", "portal/services/fact_balance.py",
          "        if line.fee:\n", "        if line.fee < 0:\n", YEARS, "ledger_vs_stripe_drift_minor_units"),
    Guard("what is due is charged in the order of its time", CHARGES,
          "            .order_by(Installment.try_at, Installment.id).limit(limit)))\n",
          "            .order_by(func.random()).limit(limit)))\n", YEARS, "plan_same_seed_differs"),
)
