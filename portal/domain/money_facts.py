"""Facts about money that moved at Stripe, in our words: what an event or a look-up told us, nothing inferred.

All amounts are integer minor units in `currency`; all times aware UTC. Ids of Stripe objects are plain text.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Fact:
    """Something that is true at Stripe; `account` is "" for the installation's own account."""

    account: str
    happened_at: datetime

    def as_data(self) -> dict[str, Any]:
        """Give a form that can be stored while the fact waits for its predecessor."""
        return {"fact": type(self).__name__, **_plain(asdict(self))}


@dataclass(frozen=True)
class Received(Fact):
    """Money of a payment has arrived."""

    intent: str
    payment: str
    amount: int
    currency: str
    charge: str | None = None
    brand: str | None = None
    last4: str | None = None


@dataclass(frozen=True)
class Moved(Fact):
    """A payment changed without money arriving: processing, failed, canceled or its page expired."""

    intent: str | None
    session: str | None
    payment: str
    state: str
    failure_code: str | None = None
    charge: str | None = None
    brand: str | None = None
    last4: str | None = None
    # What the card's bank or network advises about trying again, if it does.
    advice: str | None = None


@dataclass(frozen=True)
class Described(Fact):
    """How a payer would recognize a payment: the charge, the brand of the card or bank, its last digits."""

    intent: str
    charge: str
    brand: str | None
    last4: str | None


@dataclass(frozen=True)
class BalanceLine(Fact):
    """One line of Stripe's own balance, in the currency Stripe settles in; amounts signed as Stripe's."""

    id: str
    kind: str
    amount: int
    fee: int
    currency: str
    # The object it is about (a charge, refund, dispute or payout) and the payment intent behind it, if known.
    source: str
    intent: str | None = None


@dataclass(frozen=True)
class BalancePending(Fact):
    """A line of Stripe's balance exists, but only its id was told; a job fetches it."""

    line: str


@dataclass(frozen=True)
class Refunded(Fact):
    """A refund as it stands now; `our_refund` is our public id when we made it."""

    id: str
    intent: str | None
    charge: str | None
    amount: int
    currency: str
    status: str
    our_refund: str = ""
    failure_code: str | None = None


@dataclass(frozen=True)
class ChargedBack(Fact):
    """A chargeback or returned bank debit as it stands now, with the balance lines it has caused so far."""

    id: str
    intent: str | None
    charge: str | None
    amount: int
    currency: str
    reason: str
    status: str
    lines: tuple[BalanceLine, ...] = ()


@dataclass(frozen=True)
class PaidOut(Fact):
    """A payout to the bank as it stands now."""

    id: str
    amount: int
    currency: str
    status: str
    arrives_at: datetime | None = None


@dataclass(frozen=True)
class MethodPending(Fact):
    """A method was saved, but only by what was told; a job fetches the rest. `what` is setup or saved_by."""

    what: str
    object_id: str


@dataclass(frozen=True)
class MethodSaved(Fact):
    """A payment method was saved for later, by our request `setup` or by our payment `payment`."""

    method: str
    customer: str | None
    setup: str
    payment: str
    kind: str
    brand: str
    last4: str
    exp_month: int | None = None
    exp_year: int | None = None
    # Stripe's own permission to debit a bank account; a card has none.
    mandate: str | None = None


@dataclass(frozen=True)
class MethodChanged(Fact):
    """A saved method as it stands now: a new card in place of an old one, or gone."""

    method: str
    gone: bool
    kind: str
    brand: str
    last4: str
    exp_month: int | None = None
    exp_year: int | None = None


@dataclass(frozen=True)
class MandateChanged(Fact):
    """Stripe's permission to debit a bank account as it stands now: active, inactive or pending."""

    mandate: str
    method: str
    status: str


@dataclass(frozen=True)
class Noted(Fact):
    """Something to keep and show, with nothing to book."""

    what: str
    object_id: str = ""


_KINDS: dict[str, type[Fact]] = {
    kind.__name__: kind
    for kind in (Received, Moved, Described, BalanceLine, BalancePending, Refunded, ChargedBack, PaidOut, MethodPending,
                 MethodSaved, MethodChanged, MandateChanged, Noted)}


def from_data(data: dict[str, Any]) -> Fact:
    """Read back what as_data() stored."""
    values = {name: value for name, value in data.items() if name != "fact"}
    for name in ("happened_at", "arrives_at"):
        if values.get(name):
            values[name] = datetime.fromisoformat(values[name])
    if "lines" in values:
        values["lines"] = tuple(_line(line) for line in values["lines"])
    return _KINDS[data["fact"]](**values)


def _line(data: dict[str, Any]) -> BalanceLine:
    return BalanceLine(**{**data, "happened_at": datetime.fromisoformat(data["happened_at"])})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value
