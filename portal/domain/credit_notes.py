"""How much tax lies within a credit note: the share it has in the invoice."""

from __future__ import annotations


def tax_within(amount: int, *, total: int, tax: int) -> int:
    """Tell the tax within a credited sum, half a cent rounded up; all in minor units, tax included in both sums.

    Worked: of an invoice of 120.00 with 20.00 tax, a credit of 30.00 holds 5.00 tax.
    """
    if total <= 0 or tax <= 0:
        return 0
    return min(amount, (2 * amount * tax + total) // (2 * total))
