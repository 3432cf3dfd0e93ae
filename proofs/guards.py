"""The guards of the money path: where each stands, how it is taken away, and which figure must notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Guard:
    """One guard. `old` is its exact text in `file`, `new` what stands there without it.

    `probe` is the proof that must notice: its part, its database ("" where the part chooses), and the one race or
    act that is run; `figure` is the zero that must become something else (several: each of them must).
    """

    name: str
    file: str
    old: str
    new: str
    probe: tuple[str, str, str]
    figure: str


def _race(name: str, database: str = "postgresql") -> tuple[str, str, str]:
    return ("races", database, name)


RACES, MODEL, KILLS = "races_wrong", "model_failures", "kills_lost_or_doubled"
FORGED: tuple[tuple[str, str, str], str] = (("forged", "", ""), "forged_accepted")
TOKENS: tuple[tuple[str, str, str], str] = (("tokens", "", ""), "tokens_accepted")
MODELED = ("model", "sqlite", "")
TOLD = ("webhooks", "sqlite", "")

GUARDS = (
    Guard("the debtor's lock", "portal/models/debtors.py", ".with_for_update(key_share=True)", "",
          _race("two_tabs"), RACES),
    Guard("the debtor's lock before a fact is booked", "portal/services/fact_lookup.py",
          "\n        .with_for_update(key_share=True, of=debtor))", ")", _race("told_while_cash_is_taken"), RACES),
    Guard("the look for a known cause", "portal/services/ledger.py", "if entry.key not in known]", "]",
          MODELED, MODEL),
    Guard("the cap at what is left of an invoice", "portal/services/ledger.py", "if entry.amount <= left:",
          "if entry.amount >= 0:", MODELED, MODEL),
    Guard("a payment counts once", "portal/services/fact_payments.py",
          "    if payment.captured_minor:\n        arrivals.learn(", "    if not payment.id:\n        arrivals.learn(",
          _race("told_twice"), RACES),
    Guard("a cause has one name, whichever event tells it", "portal/services/fact_balance.py",
          'f"stripe:{fact.id}:fee")', 'f"stripe:{fact.id}:fee:{now.timestamp()}")', TOLD, "webhook_facts_doubled"),
    Guard("totals move with the transfers", "portal/services/ledger.py",
          "_TRANSFER, *rows)\n    _keep_totals(session, moved)\n", "_TRANSFER, *rows)\n", TOLD,
          "webhook_ledger_differences"),
    Guard("totals and transfers in one commit", "portal/services/ledger.py",
          "_TRANSFER, *rows)\n    _keep_totals(session, moved)\n",
          "_TRANSFER, *rows)\n"
          "    session.connection().exec_driver_sql(\"COMMIT\")\n    session.connection().exec_driver_sql(\"BEGIN\")\n"
          "    _keep_totals(session, moved)\n",
          ("kills", "sqlite", "hear"), "kills_ledger_differences"),
    Guard("a payment of another sum closes nothing", "portal/services/fact_payments.py",
          'return "" if payment.amount_minor == fact.amount else "other_amount"', 'return ""', TOLD,
          "webhook_balances_wrong"),
    Guard("facts that wait for their payment", "portal/services/facts.py",
          "            if arrival.awaited:\n                _apply_waiting(session, fact, now)\n", "", TOLD,
          "webhook_facts_lost"),
    Guard("a waiting fact and its payment, one after the other", "portal/services/fact_lookup.py",
          "return func.pg_advisory_xact_lock(func.hashtextextended(name, 0))", "return func.length(name)",
          _race("refund_before_payment"), RACES),
    Guard("SQLite begins to write at once", "portal/db.py", '"BEGIN IMMEDIATE"', '"BEGIN"',
          _race("two_tabs", "sqlite"), RACES),
    Guard("one page at a time can be paid", "portal/services/payments.py", "    if standing:\n", "    if not price:\n",
          _race("two_tabs"), RACES),
    Guard("a revoked link starts nothing", "portal/services/payments.py",
          "    _refuse_revoked(session, access, now)\n    price = _quote(session, access, choice, now)\n    if",
          "    price = _quote(session, access, choice, now)\n    if", _race("revoked"), RACES),
    Guard("refunds on their way count", "portal/services/refunds.py",
          " - _asked(session, Refund.payment_id == payment.id)", "", _race("two_refunds", "sqlite"), RACES),
    Guard("credit on its way back counts", "portal/services/refunds.py", "        credit -= _asked(", "        _asked(",
          _race("credit_back_twice"), RACES),
    Guard("no call to Stripe under a lock", "portal/gateways/stripe_client.py",
          '    refuse_inside_transaction(f"Stripe {what}")\n', "", _race("asked_under_a_lock"), RACES),
    Guard("the key of a page", "portal/gateways/stripe.py",
          "params=dict(request), options=options(account, key))", "params=dict(request), options=options(account))",
          ("kills", "sqlite", "start"), KILLS),
    Guard("the key of a refund", "portal/gateways/stripe.py",
          '"metadata": {"refund": refund}},\n                options=options(account, key))',
          '"metadata": {"refund": refund}},\n                options=options(account))',
          ("kills", "postgresql", "refund_again"), KILLS),
    Guard("fact and event in one commit", "portal/services/inbox.py",
          "    return rt.db.run(lambda session: _receive(session, event, now))\n",
          "    if rt.db.run(lambda session: _store_once(session, event, now)) is None:\n        return \"known\"\n"
          "    again = {**event, \"id\": event[\"id\"] + \"+\"}\n"
          "    return rt.db.run(lambda session: _receive(session, again, now))\n",
          ("kills", "sqlite", "hear_of_a_chargeback"), f"{KILLS} kills_reconciliation_differences"),
    Guard("a worker's lease runs out", "portal/services/fetching.py", "StripeFetch.leased_until < now)",
          "StripeFetch.leased_until.is_(None))", ("kills", "sqlite", "fetch"), KILLS),
    Guard("a refund nobody answered is asked for again", "portal/services/refunds.py",
          'select(Refund.id).where(Refund.state.in_(("requested", "unknown")))',
          'select(Refund.id).where(Refund.state == "nothing")', ("kills", "sqlite", "refund"), KILLS),
    Guard("payouts are caught up too", "portal/gateways/stripe.py",
          "for types in (stripe_facts.EVENT_TYPES, stripe_facts.ALSO_EVENT_TYPES):",
          "for types in (stripe_facts.EVENT_TYPES,):", ("simulation", "sqlite", ""), "simulation_drift_minor_units"),
    Guard("surplus pays the oldest invoice, not any", "portal/domain/allocation.py",
          "key=lambda target: (target.due_on, target.invoice_id)):", "key=lambda _: __import__('random').random()):",
          ("simulation", "sqlite", ""), "simulation_same_seed_differs"),
    Guard("money lies where the rule says after every return", "portal/services/fact_returns.py",
          "    settle.settle(session, payment.business_id, payment.debtor_id, payment.currency, cause=key, now=now)\n",
          "", MODELED, MODEL),
    Guard("credit pays a new fee", "portal/services/bookkeeping.py",
          "            if whose in causes:\n", "            if not causes:\n",
          MODELED, MODEL),
    Guard("the signature of an event", "portal/gateways/stripe.py",
          "        if not header or not any(", "        if header is None and not any(", *FORGED),
    Guard("the age of an event", "portal/gateways/stripe.py", "        _check_age(header, now)\n", "", *FORGED),
    Guard("the mode of an event", "portal/gateways/stripe.py", 'if event.get("livemode") is not livemode:',
          'if event.get("livemode") is None:', *FORGED),
    Guard("a token's end", "portal/services/tokens.py",
          "        if now >= token.ends_at:\n            raise Ended(token)\n", "", *TOKENS),
    Guard("a token's one spelling", "portal/services/signing.py",
          "        return any([hmac.compare_digest(text, given) for text in written])\n",
          "        return bool(written) and super().verify_signature(signed, given)\n", *TOKENS),
    Guard("keys that still stand", "portal/services/tokens.py",
          "            id, end, word = self._serializer(self._keys, purpose).loads(text)\n",
          "            id, end, word = self._serializer(self._keys[-1:], purpose).loads(text)\n",
          ("tokens", "", ""), "tokens_genuine_refused"),
    Guard("a token's purpose", "portal/services/tokens.py", 'salt=f"portal.{purpose}"', 'salt="portal"', *TOKENS),
)
