"""What the outside world does to payments: time passes, banks answer, payers dispute, networks fail.

The same acts are reachable over HTTP under /_sandbox/ by their names; see control_routes.py.
"""

from __future__ import annotations

import time
from typing import Any

from sandbox.stripe import (
    accounts,
    checkout_pay,
    disputes,
    fraud_warnings,
    paying,
    payouts,
    refunds,
)
from sandbox.stripe.cards import BY_NAME
from sandbox.stripe.errors import StripeError, missing
from sandbox.stripe.rewriting import Rewriting
from sandbox.stripe.store import Obj
from sandbox.stripe.traffic import public_of
from sandbox.stripe.world import API_VERSION, PLATFORM, PLATFORM_ID, Scope


class Control(Rewriting):
    """Acts of the outside world. Each takes ids, finds the account they belong to, and answers the object."""

    # Time

    def now(self) -> int:
        """The stand-in's time, in seconds since 1970."""
        return self._world.now()

    def set_clock(self, at: int | None = None, frozen: bool = False) -> int:
        """Set the time and let it run on from there, or stand still. Without `at`: the real time again."""
        offset = 0.0 if at is None else at - time.time()
        self._world.store.set("clock", {"offset": offset, "frozen": at if frozen else None})
        self._world.run_due()
        return self.now()

    def advance(self, seconds: int) -> int:
        """Let time pass at once; everything that falls due happens before this returns."""
        clock = self._world.store.setting("clock", {"offset": 0.0, "frozen": None})
        if clock["frozen"] is not None:
            clock["frozen"] += seconds
        clock["offset"] += seconds
        self._world.store.set("clock", clock)
        self._world.run_due()
        return self.now()

    # The payer and the payer's bank

    def press(self, session: str, outcome: str = "pay", number: str = "4242424242424242") -> Obj:
        """Press a button on a session's hosted page; "authenticate" is passed too. Answers the session.

        With "saved", `number` is the id of a saved method.
        """
        with self._world.store.transaction():
            scope, found = self._find(session, "checkout.session")
            if found["status"] != "open":
                raise StripeError(f"This Checkout Session is {found['status']}.")
            checkout_pay.choose(scope, found, outcome, number, "payer@example.com")
            intent = scope.store.get(scope.account, found["payment_intent"] or found["setup_intent"] or "")
            if intent is not None and intent["status"] == "requires_action":
                checkout_pay.authenticate(scope, intent, passed=True)
            return public_of(scope.get("checkout.session", session))

    def change_heart(self, payment_method: str, like: str) -> Obj:
        """From now on the bank behind a saved method behaves like that of one of Stripe's test methods."""
        with self._world.store.transaction():
            scope, method = self._find(payment_method, "payment_method")
            method["_test"] = BY_NAME[like].name
            method["_authenticated"] = False
            return public_of(scope.put(method))

    def expire_card(self, payment_method: str) -> Obj:
        """A saved card's last month is over; nobody tells us."""
        with self._world.store.transaction():
            scope, method = self._find(payment_method, "payment_method")
            method["card"].update(exp_month=1, exp_year=2020)
            return public_of(scope.put(method))

    def settle_debit(self, payment_intent: str) -> Obj:
        """A bank debit on its way arrives."""
        return self._end_debit(payment_intent, "")

    def fail_debit(self, payment_intent: str, reason: str = "insufficient_funds") -> Obj:
        """A bank debit on its way comes back."""
        return self._end_debit(payment_intent, reason)

    def _end_debit(self, payment_intent: str, reason: str) -> Obj:
        with self._world.store.transaction():
            scope, intent = self._find(payment_intent, "payment_intent")
            if intent["status"] != "processing":
                raise StripeError(f"This payment is {intent['status']}, not processing.")
            paying.end_debit(scope, intent, reason)
            return public_of(intent)

    def return_debit(self, charge: str, reason: str = "insufficient_funds") -> Obj:
        """A bank debit that had succeeded is taken back by the bank. Give a charge or a payment intent."""
        with self._world.store.transaction():
            scope, found = self._charge(charge)
            return public_of(disputes.return_debit(scope, found["id"], reason))

    def open_dispute(
        self,
        charge: str,
        reason: str = "fraudulent",
        amount: int | None = None,
        inquiry: bool = False,
        fee: bool = True,
    ) -> Obj:
        """The payer asks the bank for the money back. Give a charge or a payment intent."""
        with self._world.store.transaction():
            scope, found = self._charge(charge)
            how = disputes.Opening(reason=reason, amount=amount, inquiry=inquiry, fee=fee)
            return public_of(disputes.start(scope, found["id"], how))

    def submit_dispute(self, dispute: str) -> Obj:
        """Our evidence goes to the bank."""
        with self._world.store.transaction():
            scope, found = self._find(dispute, "dispute")
            return public_of(disputes.submit(scope, found))

    def win_dispute(self, dispute: str, return_fee: bool = True) -> Obj:
        """The bank decides for us."""
        return self._decide(dispute, True, return_fee)

    def lose_dispute(self, dispute: str) -> Obj:
        """The bank decides for the payer."""
        return self._decide(dispute, False, False)

    def _decide(self, dispute: str, won: bool, return_fee: bool) -> Obj:
        with self._world.store.transaction():
            scope, found = self._find(dispute, "dispute")
            return public_of(disputes.decide(scope, found, won, return_fee))

    def warn_of_fraud(self, charge: str) -> None:
        """The card network warns about a payment. Give a charge or a payment intent."""
        with self._world.store.transaction():
            scope, found = self._charge(charge)
            fraud_warnings.warn(scope, found["id"])

    def finish_refund(self, refund: str) -> Obj:
        """A pending refund reaches the payer."""
        with self._world.store.transaction():
            scope, _ = self._find(refund, "refund")
            refunds.finish(scope, refund)
            return public_of(scope.get("refund", refund))

    def fail_refund(self, refund: str, reason: str = "lost_or_stolen_card") -> Obj:
        """The payer's bank can't take a refund."""
        with self._world.store.transaction():
            scope, _ = self._find(refund, "refund")
            return public_of(refunds.fail(scope, refund, reason))

    def renew_card(self, payment_method: str, last4: str = "1881") -> Obj:
        """The payer's bank sends a new card, and Stripe learns of it."""
        with self._world.store.transaction():
            scope, method = self._find(payment_method, "payment_method")
            method["card"].update(last4=last4, exp_year=method["card"]["exp_year"] + 4)
            scope.put(method)
            scope.emit("payment_method.automatically_updated", method)
            return public_of(method)

    def revoke_mandate(self, mandate: str) -> Obj:
        """The payer withdraws the permission to debit."""
        with self._world.store.transaction():
            scope, found = self._find(mandate, "mandate")
            found["status"] = "inactive"
            scope.put(found)
            scope.emit("mandate.updated", found, {"status": "active"})
            return public_of(found)

    # Payouts and accounts

    def make_payout(self, account: str = PLATFORM, include_pending: bool = False) -> Obj | None:
        """Stripe pays out what is available; nothing to pay out answers None."""
        with self._world.store.transaction():
            payout = payouts.sweep(self._world.scope(account), include_pending)
            return payout and public_of(payout)

    def pay_payout(self, payout: str) -> Obj:
        """A payout reaches the bank."""
        with self._world.store.transaction():
            scope, _ = self._find(payout, "payout")
            return public_of(payouts.arrive(scope, payout))

    def fail_payout(self, payout: str, code: str = "account_closed") -> Obj:
        """The bank refuses a payout."""
        with self._world.store.transaction():
            scope, _ = self._find(payout, "payout")
            return public_of(payouts.fail(scope, payout, code))

    def create_account(self, account: str | None = None, ready: bool = True, **params: Any) -> Obj:
        """A connected account with an id of one's choice, by default through with onboarding."""
        with self._world.store.transaction():
            known = self._world.store.get(PLATFORM, account) if account else None
            return public_of(known or accounts.make(self._world.scope(), params, account, ready))

    def set_account(self, account: str, ready: bool) -> Obj:
        """An account gains or loses the right to take money; tells its capabilities too."""
        with self._world.store.transaction():
            scope = self._world.scope()
            found = accounts.find(scope, account)
            was = found["charges_enabled"]
            accounts.set_ready(found, ready)
            accounts.changed(scope, found, {"charges_enabled": was})
            for name, status in found["capabilities"].items():
                requirements = {**found["requirements"], "alternatives": []}
                capability = {"id": name, "object": "capability", "account": account, "requested": True}
                capability |= {
                    "requested_at": found["created"],
                    "requirements": requirements,
                    "status": status,
                }
                self._world.scope(account).emit("capability.updated", capability)
            return public_of(found)

    def set_settlement_currency(self, currency: str, account: str = PLATFORM) -> Obj:
        """The currency in which an account's balance is kept, from now on."""
        with self._world.store.transaction():
            found = accounts.find(self._world.scope(), account or PLATFORM_ID)
            found["default_currency"] = currency
            return public_of(self._world.scope().put(found))

    def name_platform(self, name: str) -> Obj:
        """The name of the platform's own business, as the hosted page shows it."""
        with self._world.store.transaction():
            found = accounts.find(self._world.scope(), PLATFORM_ID)
            found["business_profile"]["name"] = name
            return public_of(self._world.scope().put(found))

    def deauthorize(self, account: str) -> None:
        """A connected account takes back its permission; the keys no longer open it."""
        with self._world.store.transaction():
            found = accounts.find(self._world.scope(), account)
            found["_deauthorized"] = True
            self._world.store.put(PLATFORM, found)
            application = {"id": "ca_sandbox", "object": "application", "name": "Sandbox"}
            self._world.scope(account).emit("account.application.deauthorized", application)

    def state(self) -> Obj:
        """A summary: time, what is kept back, what is undelivered."""
        paused = self._world.store.setting("paused", False)
        return {
            "now": self.now(),
            "paused": paused,
            "undelivered": self.undelivered(),
            "api_version": API_VERSION,
        }

    def _find(self, object_id: str, kind: str) -> tuple[Scope, Obj]:
        owner = self._world.store.owner(object_id)
        if owner is None:
            raise missing(kind, object_id)
        scope = self._world.scope(owner)
        return scope, scope.get(kind, object_id)

    def _charge(self, object_id: str) -> tuple[Scope, Obj]:
        if not object_id.startswith("pi_"):
            return self._find(object_id, "charge")
        scope, intent = self._find(object_id, "payment_intent")
        return scope, scope.get("charge", intent["latest_charge"] or "")
