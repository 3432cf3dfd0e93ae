"""What Stripe holds against what the books say of it: pure comparison, object by object, in whole minor units.

Both sides are sums per object and currency, signed as Stripe's balance is: money in is positive. Each difference has
one name, that of the object nearest to its cause; nothing is guessed and nothing is mended here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# What money did on the clearing account, by the word in a transfer's key.
OWN_WORDS = {"intent": ("paid", "surplus", "suspense", "returned"), "refund": ("refunded", "failed"),
             "dispute": ("withdrawn", "reinstated"), "payout": ("paid", "failed")}
NAMES = {"intent": "payment", "refund": "refund", "dispute": "chargeback", "payout": "payout"}
PREFIXES = {"pi_": "intent", "re_": "refund", "pyr_": "refund", "du_": "dispute", "dp_": "dispute", "po_": "payout",
            "txn_": "line"}
# Stripe writes a line of its balance some time after the money itself is told of.
LINE_PATIENCE = timedelta(days=1)
OWN_CHARGES = ("stripe_fee",)
ON_ITS_WAY = ("pending", "in_transit")


@dataclass(frozen=True)
class Seen:
    """One object as Stripe lists it. `amount` is what it moved by its own word: 0 for a payment that did not succeed.

    Of a line, `source` is what it is about; of a payment, its charge. `automatic` payouts can be asked for their lines.
    """

    kind: str
    id: str
    amount: int
    currency: str
    status: str
    made_at: datetime
    fee: int = 0
    source: str = ""
    intent: str = ""
    payout: str = ""
    automatic: bool = False


@dataclass(frozen=True)
class Booked:
    """One movement on our clearing account, as the key of its transfer names it; `word` is what it was."""

    object_id: str
    word: str
    currency: str
    amount: int
    at: datetime


@dataclass(frozen=True)
class Difference:
    """One place where both disagree: its type, Stripe's object, and what each side says."""

    kind: str
    object_id: str
    currency: str
    at_stripe: int
    in_books: int


@dataclass
class _Side:
    """The books, added up."""

    moved: dict[tuple[str, str], dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    last: dict[str, datetime] = field(default_factory=dict)


def kind_of(object_id: str) -> str:
    """Tell what kind of object of Stripe's an id names; "" for none of those that are compared."""
    return next((kind for prefix, kind in PREFIXES.items() if object_id.startswith(prefix)), "")


def compare(seen: Iterable[Seen], booked: Iterable[Booked], charges: Mapping[str, str], since: datetime,
            until: datetime) -> list[Difference]:
    """Name every difference between what Stripe lists and what the books hold.

    `charges` leads from a charge to its payment where our own payments know it. Only what was made or moved since
    `since` is looked at. Worked: Stripe lists a payment of 100.00 with a line of 100.00 less a fee of 3.20; the books
    have 100.00 and no fee: one difference, fee_missing, -3.20 at Stripe and 0.00 in the books.
    """
    records = {one.id: one for one in seen}
    books = _added_up(booked)
    owners = _owners(records, charges)
    found = [*_objects(records, books, since), *_gone(records, books)]
    named = {one.object_id for one in found}
    found += [one for one in _lines(records, books, owners, since, until) if one.object_id not in named]
    return sorted(found, key=lambda one: (one.kind, one.object_id))


def _added_up(booked: Iterable[Booked]) -> _Side:
    side = _Side()
    for one in booked:
        side.moved[one.object_id, one.word][one.currency] += one.amount
        side.last[one.object_id] = max(one.at, side.last.get(one.object_id, one.at))
    return side


def _owners(records: Mapping[str, Seen], charges: Mapping[str, str]) -> dict[str, str]:
    """Which payment, refund, chargeback or payout each line of the balance is about; "" where nothing tells."""
    by_charge = {**charges, **{one.source: one.id for one in records.values() if one.kind == "intent" and one.source}}
    owners = {}
    for one in records.values():
        if one.kind == "line":
            known = kind_of(one.source) in OWN_WORDS
            owners[one.id] = one.source if known else by_charge.get(one.source, "") or one.intent
    return owners


def _sum_of(books: _Side, object_id: str, words: Iterable[str]) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for word in words:
        for currency, amount in books.moved.get((object_id, word), {}).items():
            total[currency] += amount
    return {currency: amount for currency, amount in total.items() if amount}


def _objects(records: Mapping[str, Seen], books: _Side, since: datetime) -> list[Difference]:
    """Compare each object's own word with what was booked for it."""
    found = []
    for one in records.values():
        if one.kind == "line" or one.made_at < since:
            continue
        have = _sum_of(books, one.id, OWN_WORDS[one.kind])
        wanted = {one.currency: one.amount} if one.amount else {}
        if have != wanted:
            booked = have.get(one.currency, 0) or next(iter(have.values()), 0)
            word = "amount" if have else "missing"
            found.append(Difference(f"{NAMES[one.kind]}_{word}", one.id, one.currency, one.amount, booked))
    return found


def _gone(records: Mapping[str, Seen], books: _Side) -> list[Difference]:
    """What was booked for objects that Stripe does not list; whether it knows them is asked afterwards."""
    found = []
    for object_id in sorted({object_id for object_id, _ in books.moved} - records.keys()):
        kind = kind_of(object_id)
        words = OWN_WORDS.get(kind) or ("fee", "exchange")
        name = NAMES.get(kind, "line")
        for currency, amount in _sum_of(books, object_id, words).items():
            found.append(Difference(f"{name}_not_at_stripe", object_id, currency, 0, amount))
            break
    return found


def _lines(records: Mapping[str, Seen], books: _Side, owners: Mapping[str, str], since: datetime,
           until: datetime) -> list[Difference]:
    """Compare the lines of Stripe's balance with fees and sums in the books, in the currency Stripe settles in."""
    found: list[Difference] = []
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    fees: dict[str, int] = defaultdict(int)
    lines: dict[str, list[Seen]] = defaultdict(list)
    for one in records.values():
        if one.kind != "line":
            continue
        owner = owners[one.id]
        if owner:
            lines[owner].append(one)
            sums[owner][one.currency] += one.amount
        if one.made_at >= since:
            found += _fee(one, owner, books, fees)
    found += _dispute_fees(fees, lines, books)
    late = until - LINE_PATIENCE
    for object_id in sorted(sums.keys() | {one for one, _ in books.moved if kind_of(one) in OWN_WORDS}):
        if _is_settled(object_id, records, books, lines[object_id], since, late):
            found += _sums(object_id, records, books, lines[object_id], sums[object_id])
    return found


def _fee(line: Seen, owner: str, books: _Side, fees: dict[str, int]) -> list[Difference]:
    """Compare what one line cost us. Those of a chargeback are booked with it and added up first."""
    kind = kind_of(owner)
    have = books.moved.get((line.id, "fee"), {}).get(line.currency, 0)
    if kind == "dispute":
        fees[owner] -= line.fee
        return []
    if not owner and line.status not in OWN_CHARGES:
        return [Difference("line_unknown", line.id, line.currency, line.amount - line.fee, have)]
    wanted = -line.fee if owner else line.amount
    if have == wanted:
        return []
    return [Difference("fee_amount" if have else "fee_missing", line.id, line.currency, wanted, have)]


def _dispute_fees(fees: Mapping[str, int], lines: Mapping[str, list[Seen]], books: _Side) -> list[Difference]:
    found = []
    for dispute, wanted in fees.items():
        currency = lines[dispute][0].currency
        have = _sum_of(books, dispute, ("fee", "fee_returned")).get(currency, 0)
        if have != wanted:
            found.append(Difference("fee_amount" if have else "fee_missing", dispute, currency, wanted, have))
    return found


def _is_settled(object_id: str, records: Mapping[str, Seen], books: _Side, lines: list[Seen], since: datetime,
                late: datetime) -> bool:
    """Say whether an object is old enough for all its lines, and young enough for all of them to be listed here."""
    record = records.get(object_id)
    times = [one.made_at for one in lines]
    times += [record.made_at] if record else []
    times += [books.last[object_id]] if object_id in books.last else []
    if record is not None and record.kind == "payout" and record.status in ON_ITS_WAY:
        return False
    return min(times) >= since and max(times) <= late


def _sums(object_id: str, records: Mapping[str, Seen], books: _Side, lines: list[Seen],
          sums: Mapping[str, int]) -> list[Difference]:
    own = _sum_of(books, object_id, OWN_WORDS[kind_of(object_id)])
    if not lines:
        return [Difference("line_missing", object_id, currency, 0, amount) for currency, amount in own.items()][:1]
    for currency, wanted in sums.items():
        exchanged = sum(books.moved.get((one.id, "exchange"), {}).get(currency, 0) for one in lines)
        have = own.get(currency, 0) + exchanged
        if have != wanted:
            return [Difference("line_amount", object_id, currency, wanted, have)]
    return []
