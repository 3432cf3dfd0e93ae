"""One row of the file: every cell read, every fault noted.

What the amounts of a row come to is `totals`; what rows say about each other is `invoices`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypedDict, TypeVar

from portal.domain.errors import Refusal
from portal.domain.imports import cells as read
from portal.domain.imports.addresses import on_an_envelope
from portal.domain.imports.dates import ColumnOrder, read_date
from portal.domain.imports.numbers import FileMark, read_amount
from portal.domain.imports.results import Limits, RowError

_LONGEST_SHOWN = 80
_LONGEST_ADDRESS_PART = 160
ADDRESS_FIELDS = ("address", "address2", "city", "region")
# Fields whose cells repeat; a sum is read anew each time, since its currency may be another.
_REPEATED = (
    "issued_on", "due_on", "settled_on", "disputed", "paid", "status", "document", "currency", "country", "locale",
    "kind", "city", "region", "address", "customer_number", "customer_name", "email", "phone", "postal_code",
    "tax_percent")
_MOST_KNOWN = 2_000
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Layout:
    """How this file is to be read: which column is what, and how dates and amounts are written."""

    headers: Sequence[str]
    mapping: Mapping[str, int]
    orders: Mapping[str, ColumnOrder]
    mark: FileMark
    currency: str
    limits: Limits
    today: date | None
    # Rows are lines, and several of them can be one invoice.
    by_lines: bool
    # Columns that nothing is made of; they are looked through all the same.
    unread: tuple[int, ...]
    # What cells that come again and again were read as, by field.
    known: dict[str, dict[str, Any]] = field(default_factory=lambda: {name: {} for name in _REPEATED})


class Customer(TypedDict):
    """What a row tells of its customer."""

    customer_name: str | None
    email: str | None
    phone: str | None
    postal_code: str | None
    country: str | None
    locale: str | None
    kind: read.CustomerKind | None
    postal_address: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What one row says; amounts in minor units as they stand there, None where nothing does."""

    customer_number: str
    invoice_number: str
    issued_on: date
    due_on: date | None
    currency: str
    credit: bool
    disputed: bool
    credit_for: str | None
    customer: Customer
    description: str | None
    total: int | None
    net: int | None
    tax: int | None
    rate: int | None
    line: int | None
    settled_on: date | None
    paid: int | None
    left: int | None
    in_full: bool


class Row:
    """One row while it is read. `errors` collects every fault, so that a file is mended once."""

    def __init__(self, layout: Layout, number: int, cells: Sequence[str]) -> None:
        self._layout = layout
        self._cells = cells
        self.number = number
        self.errors: list[RowError] = []
        self.ignored_country = False
        self.invoice_number: str | None = None

    def has_right_length(self) -> bool:
        """Say whether there is a cell for each header; a row of another length is never guessed at."""
        expected, found = len(self._layout.headers), len(self._cells)
        if found == expected or (found > expected and not any(cell.strip() for cell in self._cells[expected:])):
            return True
        # A cell too few may well be the settled date.
        self._note("", "", "row_length", expected=expected, found=found)
        return False

    def is_void(self) -> bool:
        """Say whether nothing can be collected on this row: a draft, a void or written-off invoice, no invoice at all.

        Only what names it is read then.
        """
        self._status = self._optional("status", read.read_status)
        self._document = self._optional("document", read.read_document) or "invoice"
        if self._status != "not_collectable" and self._document != "other":
            return False
        if self._document != "other":
            self.invoice_number = self._optional("invoice_number", read.read_identifier)
        return True

    def facts(self) -> Facts | None:
        """Read the whole row, also after a fault, so that all faults of it are named; None when there were any."""
        self._check_unread_cells()
        currency = self._optional("currency", read.read_currency) or self._layout.currency
        customer_number = self._required("customer_number", read.read_identifier)
        self.invoice_number = number = self._required("invoice_number", read.read_identifier)
        issued_on, due_on = self._required("issued_on", self._date("issued_on")), self._day("due_on")
        amounts = {field: self._signed(field, currency) for field in ("amount", "net_amount", "tax_amount",
                                                                      "line_amount")}
        status, settled_on = self._status, self._day("settled_on")
        if issued_on and due_on and due_on < issued_on:
            self.fault("due_on", "due_before_issued", issued_on=issued_on)
        self._check_due(due_on, amounts.values())
        if settled_on and self._layout.today and settled_on > self._layout.today:
            self.fault("settled_on", "settled_in_future", today=self._layout.today)
        disputed = bool(self._optional("disputed", read.read_yes_no)) or status == "disputed"
        paid, left = self._signed("paid_amount", currency), self._signed("open_amount", currency)
        in_full = bool(self._optional("paid", read.read_yes_no)) or status == "paid" or bool(settled_on)
        customer, description = self._customer(), self._optional("line_description", str)
        rate, credit_for = self._rate(), self._optional("credit_for", read.read_identifier)
        if self.errors or not (customer_number and number and issued_on):
            return None
        return Facts(
            customer_number=customer_number, invoice_number=number, issued_on=issued_on, due_on=due_on,
            currency=currency, credit=self._document == "credit", disputed=disputed, credit_for=credit_for,
            customer=customer, description=description, total=amounts["amount"], net=amounts["net_amount"],
            tax=amounts["tax_amount"], rate=rate, line=amounts["line_amount"], settled_on=settled_on, paid=paid,
            left=left, in_full=in_full)

    def fault(self, field: str, code: str, **params: object) -> None:
        """Note that a cell which reads well cannot be right."""
        position = self._layout.mapping.get(field)
        header, raw = (
            (self._layout.headers[position], self._cells[position]) if position is not None else ("", ""))
        self._note(header, raw, code, **params)

    def _check_due(self, due_on: date | None, amounts: Iterable[int | None]) -> None:
        """An invoice needs a due date; a credit note, which is one or is below zero, needs none."""
        is_credit = self._document == "credit" or any(amount is not None and amount < 0 for amount in amounts)
        position = self._layout.mapping["due_on"]
        if due_on is None and not is_credit and not self._cells[position].strip():
            self.fault("due_on", "cell_missing")

    def _check_unread_cells(self) -> None:
        for position in self._layout.unread:
            cell = self._cells[position]
            if cell.isprintable() and len(cell) <= self._layout.limits.max_cell:
                continue
            try:
                read.refuse_hidden(cell, self._layout.limits.max_cell)
            except Refusal as refusal:
                self._note(self._layout.headers[position], cell, refusal.code, **refusal.params)

    def _customer(self) -> Customer:
        country_text = self._optional("country", str)
        country = read.read_country(country_text) if country_text else None
        self.ignored_country = bool(country_text) and country is None
        postal_code = self._optional("postal_code", _postal_code)
        return {
            "customer_name": self._optional("customer_name", read.read_name),
            "email": self._optional("email", read.read_email),
            "phone": self._optional("phone", _phone),
            "postal_code": postal_code,
            "country": country,
            "locale": self._optional("locale", read.read_locale),
            "kind": self._optional("kind", read.read_kind),
            "postal_address": self._address(postal_code, country),
        }

    def _address(self, postal_code: str | None, country: str | None) -> str | None:
        if "address" not in self._layout.mapping:
            return None
        street, more, city, region = (self._optional(field, _address_part) for field in ADDRESS_FIELDS)
        if not street:
            return None
        try:
            return on_an_envelope(street, more, city, region, postal_code, country)
        except Refusal as refusal:
            self.fault("address", refusal.code, **refusal.params)
            return None

    def _rate(self) -> int | None:
        if "tax_amount" in self._layout.mapping:
            # The sum is told; a rate without a figure ("standard") is then only a name.
            return self._optional("tax_percent", read.rate_if_any)
        return self._optional("tax_percent", read.read_percent)

    def _signed(self, field: str, currency: str) -> int | None:
        if field not in self._layout.mapping:
            return None
        needed = field == "amount" and not self._layout.by_lines and "net_amount" not in self._layout.mapping
        reader = self._required if needed else self._optional
        return reader(field, lambda text: read_amount(text, currency, self._layout.mark))

    def _date(self, field: str) -> Callable[[str], date]:
        return lambda text: read_date(text, self._layout.orders[field].order)

    def _day(self, field: str) -> date | None:
        return self._optional(field, self._date(field)) if field in self._layout.mapping else None

    def _required(self, field: str, reader: Callable[[str], Value]) -> Value | None:
        position = self._layout.mapping.get(field)
        return None if position is None else self._cell(field, position, reader, needed=True)

    def _optional(self, field: str, reader: Callable[[str], Value]) -> Value | None:
        position = self._layout.mapping.get(field)
        return None if position is None else self._cell(field, position, reader, needed=False)

    def _cell(self, field: str, position: int, reader: Callable[[str], Value], *, needed: bool) -> Value | None:
        if position >= len(self._cells):
            return None
        raw = self._cells[position]
        known = self._layout.known.get(field)
        if known is not None and raw in known:
            found: Value | None = known[raw]
            return found
        try:
            text = read.clean(raw, self._layout.limits.max_cell)
            if needed and not text:
                raise Refusal("invalid", "cell_missing")
            value = reader(text) if text else None
            if known is not None:
                if len(known) >= _MOST_KNOWN:
                    known.clear()
                known[raw] = value
            return value
        except Refusal as refusal:
            self._note(self._layout.headers[position], raw, refusal.code, **refusal.params)
            return None

    def _note(self, column: str, raw: str, code: str, **params: object) -> None:
        self.errors.append(RowError(self.number, column, shown(raw), code, params))


def shown(raw: str) -> str:
    """A cell's text as it may be shown in an error: short, and with invisible characters spelled out."""
    short = raw if len(raw) <= _LONGEST_SHOWN else raw[: _LONGEST_SHOWN - 1] + "…"
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in short
    )


def _postal_code(text: str) -> str:
    return read.read_identifier(text, 16)


def _phone(text: str) -> str:
    return read.read_identifier(text, 32)


def _address_part(text: str) -> str:
    if len(text) > _LONGEST_ADDRESS_PART:
        raise Refusal("invalid", "cell_too_long", maximum=_LONGEST_ADDRESS_PART)
    return text
