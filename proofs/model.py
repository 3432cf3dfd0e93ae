"""A small pure model of the books: from what is true of a debtor's money it says where all of it must lie.

It shares no line with the portal, so that a mistake would have to be made twice to go unseen. Minor units.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Owing:
    """One invoice: `due` orders surplus money, `owed` is its sum with fees and less what was forgiven.

    What was credited after it had been paid is in `beyond`: it went to the debtor.
    """

    due: tuple[int, int]
    owed: int
    beyond: int = 0


@dataclass
class Paid:
    """One payment as it truly is: what came in, what went back, and what its payer meant it for.

    A part is (invoice, amount, discount it would earn); what goes back is taken from the last part first.
    """

    order: int
    parts: tuple[tuple[int, int, int], ...]
    captured: int = 0
    returned: int = 0


@dataclass
class Truth:
    """Everything that is true of one debtor in one currency."""

    invoices: dict[int, Owing] = field(default_factory=dict)
    payments: dict[int, Paid] = field(default_factory=dict)
    gifts: int = 0


@dataclass(frozen=True)
class Lies:
    """Where the money must lie: what is left per invoice, the debtor's credit, what a person must look at."""

    left: dict[int, int]
    credit: int
    suspense: int


def where(truth: Truth) -> Lies:
    """Spread all money: each payment first where its payer sent it, the rest to the oldest due, then to credit.

    Worked: 100 owed on A and 60 on B; 100 came for A twice. Left: A 0, B 0; credit 40.
    """
    standing = {key: _standing(paid) for key, paid in truth.payments.items() if paid.captured}
    left = {key: max(0, invoice.owed - _discount(truth, key, standing)) for key, invoice in truth.invoices.items()}
    money = truth.gifts + sum(min(paid.captured, max(0, paid.captured - paid.returned))
                              for paid in truth.payments.values())
    for key in sorted(standing, key=lambda key: truth.payments[key].order):
        for (invoice, _, _), amount in zip(truth.payments[key].parts, standing[key], strict=True):
            given = min(amount, left[invoice], money)
            left[invoice] -= given
            money -= given
    for invoice in sorted(left, key=lambda key: truth.invoices[key].due):
        given = min(left[invoice], money)
        left[invoice] -= given
        money -= given
    beyond = sum(max(0, paid.returned - paid.captured) for paid in truth.payments.values())
    return Lies(left, money, beyond)


def _standing(paid: Paid) -> list[int]:
    """What of each part still stands, after what went back was taken from the last part first."""
    gone, standing = min(paid.returned, paid.captured), []
    for _, amount, _ in reversed(paid.parts):
        taken = min(gone, amount)
        gone -= taken
        standing.append(amount - taken)
    return standing[::-1]


def _discount(truth: Truth, invoice: int, standing: dict[int, list[int]]) -> int:
    """The discount an invoice has earned: by a payment that met its terms and still covers, with it, what is owed."""
    earned = [discount for key, parts in standing.items()
              for (target, amount, discount), stands in zip(truth.payments[key].parts, parts, strict=True)
              if target == invoice and (stands == amount or (stands and _until(truth, invoice, standing, key)
                                                             + discount >= _owed(truth, invoice)))]
    return max(earned, default=0)


def _until(truth: Truth, invoice: int, standing: dict[int, list[int]], last: int) -> int:
    """What stands of all payments for an invoice up to one of them."""
    return sum(stands for key, parts in standing.items() if truth.payments[key].order <= truth.payments[last].order
               for (target, _, _), stands in zip(truth.payments[key].parts, parts, strict=True) if target == invoice)


def _owed(truth: Truth, invoice: int) -> int:
    """What had to be paid for an invoice, whenever it was credited."""
    return truth.invoices[invoice].owed - truth.invoices[invoice].beyond
