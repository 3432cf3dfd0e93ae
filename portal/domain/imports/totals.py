"""What a row, or all rows of one invoice, come to: the total with its lines and taxes, and what is paid of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from portal.domain.imports.cells import MILLION
from portal.domain.imports.results import ParsedCredit, ParsedInvoice, ParsedLine
from portal.domain.imports.rows import Facts, Row

_TO_BASIS_POINTS = 100
LONGEST_LINE = 300

Read = tuple[Row, Facts]


def of_one_row(row: Row, facts: Facts) -> ParsedInvoice | ParsedCredit | None:
    """What a row that is a whole invoice comes to; None with the reasons in the row's errors."""
    total, tax = _total(row, facts)
    if total is None:
        return None
    lines = () if not (facts.description or tax) else (_line(facts, total - tax, tax),)
    return _made(row, facts, total, lines)


def of_lines(rows: Sequence[Read]) -> ParsedInvoice | ParsedCredit | None:
    """What several rows come to that are lines of one invoice; None with the reasons in the rows' errors.

    The stated total says whether lines include their tax: 100 and 20 beside a total of 120 do not, beside 100 they do.
    """
    first, facts = rows[0]
    for row, other in rows[1:]:
        _agree(row, facts, other)
    for row, one in rows:
        if one.line is None:
            row.fault("line_amount", "cell_missing")
    if any(row.errors for row, _ in rows):
        return None
    lines = [_line(one, one.line or 0, _tax_of(one, one.line or 0)) for _, one in rows]
    net, tax = sum(line.amount for line in lines), sum(line.tax for line in lines)
    total = facts.total if facts.total is not None else net + tax
    if total == net and tax:
        lines = [replace(line, amount=line.amount - line.tax) for line in lines]
    elif total != net + tax:
        rounding = total - net - tax
        told = any(one.tax is not None for _, one in rows)
        if told or not any(line.tax for line in lines) or abs(rounding) > len(lines):
            first.fault("amount", "lines_disagree", expected=net + tax, currency=facts.currency)
            return None
        # Taxes that we reckoned by line are rounded by line; the invoice's own total counts.
        lines[-1] = replace(lines[-1], tax=lines[-1].tax + rounding)
    return _made(first, facts, total, tuple(lines))


def _made(row: Row, facts: Facts, total: int, lines: tuple[ParsedLine, ...]) -> ParsedInvoice | ParsedCredit | None:
    if total == 0:
        row.fault("amount", "amount_zero")
        return None
    if facts.credit or total < 0:
        return ParsedCredit(row.number, facts.customer_number, facts.invoice_number, facts.issued_on, abs(total),
                            facts.currency, facts.credit_for)
    if facts.due_on is None:
        row.fault("due_on", "cell_missing")
        return None
    settled_on, paid = _settled(row, facts, total)
    if row.errors:
        return None
    return ParsedInvoice(
        row.number, facts.customer_number, facts.invoice_number, facts.issued_on, facts.due_on, total, facts.currency,
        disputed=facts.disputed, settled_on=settled_on, paid_minor=paid, line_description=facts.description,
        lines=lines, **facts.customer)


def _total(row: Row, facts: Facts) -> tuple[int | None, int]:
    """The total of a row and the tax within it."""
    total, net = facts.total, facts.net
    if net is not None:
        tax = facts.tax if facts.tax is not None else _share(net, facts.rate) if total is None else total - net
        if total is None and facts.tax is None and facts.rate is None:
            row.fault("tax_amount", "cell_missing")
            return None, 0
        if total is not None and net + tax != total:
            row.fault("tax_amount", "tax_disagrees", expected=total - net, currency=facts.currency)
            return None, 0
        return net + tax, tax
    if total is None:
        row.fault("amount", "cell_missing")
        return None, 0
    tax = facts.tax if facts.tax is not None else _within(total, facts.rate)
    if abs(tax) > abs(total) or tax * total < 0:
        row.fault("tax_amount", "tax_above_amount")
        return None, 0
    return total, tax


def _settled(row: Row, facts: Facts, amount: int) -> tuple[date | None, int]:
    """When it was settled and what is paid. The statements must agree, else somebody is reminded of money received."""
    paid, left, currency = facts.paid, facts.left, facts.currency
    for field, sum_told in (("paid_amount", paid), ("open_amount", left)):
        if sum_told is not None and sum_told < 0:
            row.fault(field, "amount_negative")
            return None, 0
    if paid is not None and paid > amount:
        row.fault("paid_amount", "paid_more_than_amount", amount=amount, currency=currency)
    elif left is not None and left > amount:
        row.fault("open_amount", "open_more_than_amount", amount=amount, currency=currency)
    elif facts.in_full and left:
        row.fault("open_amount", "settled_but_open")
    elif facts.in_full and paid is not None and paid != amount:
        row.fault("paid_amount", "settled_but_open")
    elif paid is not None and left is not None and paid + left != amount:
        row.fault("open_amount", "amounts_disagree", expected=amount - paid, currency=currency)
    if facts.in_full:
        return facts.settled_on, amount
    if paid is None and left is not None:
        paid = amount - left
    return None, paid or 0


def _agree(row: Row, first: Facts, other: Facts) -> None:
    """Everything but the line itself must be the same in all rows of an invoice."""
    for field, theirs, ours in (
        ("customer_number", other.customer_number, first.customer_number),
        ("issued_on", other.issued_on, first.issued_on), ("due_on", other.due_on, first.due_on),
        ("currency", other.currency, first.currency), ("amount", other.total, first.total),
        ("paid_amount", other.paid, first.paid), ("open_amount", other.left, first.left),
        ("settled_on", other.settled_on, first.settled_on), ("disputed", other.disputed, first.disputed),
    ):
        if theirs != ours:
            row.fault(field, "rows_disagree")


def _line(facts: Facts, net: int, tax: int) -> ParsedLine:
    text = facts.description or ""
    cut = text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"
    return ParsedLine(cut, net, tax, _points(facts, net, tax))


def _points(facts: Facts, net: int, tax: int) -> int:
    if facts.rate:
        return (facts.rate + _TO_BASIS_POINTS // 2) // _TO_BASIS_POINTS
    return abs(tax) * 10_000 // abs(net) if tax and net else 0


def _tax_of(facts: Facts, net: int) -> int:
    return facts.tax if facts.tax is not None else _share(net, facts.rate)


def _share(net: int, rate: int | None) -> int:
    """The tax on a sum without it, half a cent up: 19 % of 50.03 is 9.5057, so 9.51."""
    return _rounded(net * (rate or 0), MILLION)


def _within(total: int, rate: int | None) -> int:
    """The tax within a sum that includes it: 119.00 at 19 % holds 19.00."""
    return _rounded(total * (rate or 0), MILLION + (rate or 0))


def _rounded(top: int, bottom: int) -> int:
    rounded = (2 * abs(top) + bottom) // (2 * bottom)
    return rounded if top >= 0 else -rounded
