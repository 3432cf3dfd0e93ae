"""What Stripe is asked when its whole state is compared with the books: lists, page by page, and single objects.

Part of the gateway of stripe.py. A page begins behind the last object of the one before, so that whoever was
interrupted goes on where they were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.domain.money_facts import BalanceLine, Fact
from portal.domain.reconciling import Seen
from portal.gateways import stripe_facts
from portal.gateways.stripe_client import StripeClientHolder, StripeRefused, asking, options
from portal.gateways.stripe_facts import Data, id_of

PAGE = 100
KINDS = ("intent", "refund", "dispute", "payout", "line")
UNKNOWN = "resource_missing"
STANDING = ("pending", "succeeded")


@dataclass(frozen=True)
class Page:
    """Some objects of a list, the newest first; `after` begins the next page, "" when this was the last."""

    objects: tuple[Seen, ...]
    after: str


@dataclass(frozen=True)
class Looked:
    """One object as it stands now, and the facts it tells."""

    seen: Seen
    facts: tuple[Fact, ...]


class ListCalls(StripeClientHolder):
    """The calls that list; `account` is a connected account's id or None for our own."""

    def page(self, kind: str, *, account: str | None, since: datetime, until: datetime, after: str = "") -> Page:
        """List one page of a kind of object that was made between two times, both included."""
        params: dict[str, Any] = {"created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())}}
        return self._page(kind, params, account, after)

    def payout_page(self, payout: str, *, account: str | None, after: str = "") -> Page:
        """List one page of the lines an automatic payout carried to the bank."""
        found = self._page("line", {"payout": payout}, account, after)
        return Page(tuple(one for one in found.objects if one.source != payout), found.after)

    def look_up_object(self, kind: str, object_id: str, *, account: str | None) -> Looked | None:
        """Ask how one object stands now; None when Stripe does not know it."""
        params = {"expand": EXPANDED[kind]} if kind in EXPANDED else {}
        try:
            with asking(f"look_up_{kind}"):
                found = self._lists()[kind].retrieve(object_id, params=params, options=options(account)).to_dict()
        except StripeRefused as refusal:
            if refusal.code == UNKNOWN:
                return None
            raise
        return Looked(SEEN[kind](found), tuple(FACTS[kind](found, account or "", self._now())))

    def _page(self, kind: str, params: dict[str, Any], account: str | None, after: str) -> Page:
        asked = {**params, "limit": PAGE, **({"starting_after": after} if after else {})}
        with asking(f"list_{kind}"):
            listing = self._lists()[kind].list(params=asked, options=options(account))
            rows = [row.to_dict() for row in listing.data]
            return Page(tuple(SEEN[kind](row) for row in rows), rows[-1]["id"] if rows and listing.has_more else "")

    def _lists(self) -> Mapping[str, Any]:
        v1 = self._client.v1
        return {"intent": v1.payment_intents, "refund": v1.refunds, "dispute": v1.disputes, "payout": v1.payouts,
                "line": v1.balance_transactions}


def _intent(data: Data) -> Seen:
    moved = int(data["amount_received"]) if data["status"] == "succeeded" else 0
    return Seen("intent", data["id"], moved, _currency(data), str(data["status"]), _made(data),
                source=id_of(data.get("latest_charge")) or "", intent=data["id"])


def _refund(data: Data) -> Seen:
    moved = -int(data["amount"]) if data.get("status") in STANDING else 0
    return Seen("refund", data["id"], moved, _currency(data), str(data.get("status") or ""), _made(data),
                source=id_of(data.get("charge")) or "", intent=id_of(data.get("payment_intent")) or "")


def _dispute(data: Data) -> Seen:
    lines = [line for line in data.get("balance_transactions") or () if isinstance(line, Mapping)]
    gone, back = (any(int(line["amount"]) * sign > 0 for line in lines) for sign in (-1, 1))
    moved = -int(data["amount"]) if gone and not back else 0
    return Seen("dispute", data["id"], moved, _currency(data), str(data["status"]), _made(data),
                source=id_of(data.get("charge")) or "", intent=id_of(data.get("payment_intent")) or "")


def _payout(data: Data) -> Seen:
    moved = -int(data["amount"]) if data["status"] == "paid" else 0
    known = bool(data.get("automatic")) and data.get("reconciliation_status") == "completed"
    return Seen("payout", data["id"], moved, _currency(data), str(data["status"]), _made(data), automatic=known)


def _line(data: Data) -> Seen:
    source = data.get("source")
    intent = id_of(source.get("payment_intent")) if isinstance(source, Mapping) else ""
    return Seen("line", data["id"], int(data["amount"]), _currency(data), str(data["type"])[:40], _made(data),
                fee=int(data["fee"]), source=id_of(source) or "", intent=intent or "")


def _facts_of_line(data: Data, account: str, _happened_at: datetime) -> list[BalanceLine]:
    return [stripe_facts.line_of(data, account)]


def _currency(data: Data) -> str:
    return str(data["currency"]).upper()[:3]


def _made(data: Data) -> datetime:
    return datetime.fromtimestamp(int(data["created"]), UTC)


SEEN: Mapping[str, Callable[[Data], Seen]] = {
    "intent": _intent, "refund": _refund, "dispute": _dispute, "payout": _payout, "line": _line}
FACTS: Mapping[str, Callable[[Data, str, datetime], Any]] = {
    "intent": stripe_facts.facts_of_intent, "refund": stripe_facts.facts_of_refund,
    "dispute": stripe_facts.facts_of_dispute, "payout": stripe_facts.facts_of_payout, "line": _facts_of_line}
EXPANDED: Mapping[str, list[str]] = {
    "intent": ["latest_charge.balance_transaction"], "refund": ["balance_transaction"], "line": ["source"]}
