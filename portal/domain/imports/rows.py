"""One row of the file: every cell read, every fault noted, an invoice if all is well.

What one row says about another (duplicates) is found in `invoices`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NoReturn, TypedDict, TypeVar

from portal.domain.errors import Refusal
from portal.domain.imports import cells as read
from portal.domain.imports.dates import ColumnOrder, read_date
from portal.domain.imports.numbers import FileMark, read_amount
from portal.domain.imports.results import Limits, ParsedInvoice, RowError

_LONGEST_SHOWN = 80
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


@dataclass(frozen=True, slots=True)
class _Payment:
    settled_on: date | None
    paid: int | None
    left: int | None
    in_full: bool


class _Customer(TypedDict):
    customer_name: str | None
    email: str | None
    phone: str | None
    postal_code: str | None
    country: str | None
    locale: str | None
    line_description: str | None
    kind: read.CustomerKind | None


class Row:
    """One row while it is read. `errors` collects every fault, so that a file is mended once."""

    def __init__(self, layout: Layout, number: int, cells: Sequence[str]) -> None:
        self._layout = layout
        self._cells = cells
        self.number = number
        self.errors: list[RowError] = []
        self.ignored_country = False
        self.invoice_number: str | None = None
        self._currency = self._optional("currency", read.read_currency) or layout.currency
        self._status = self._optional("status", read.read_status)

    def invoice(self) -> ParsedInvoice | None:
        """The row's invoice, or None with the reasons in `errors`."""
        if not self._has_right_length():
            return None
        self._check_unread_cells()
        draft, customer, payment = self._core(), self._customer(), self._payment()
        if draft is None or self.errors:
            return None
        paid = self._settled(draft, payment)
        return None if self.errors else replace(paid, **customer)

    def _has_right_length(self) -> bool:
        expected, found = len(self._layout.headers), len(self._cells)
        surplus = [cell for cell in self._cells[expected:] if cell.strip()]
        if found >= expected and not surplus:
            return True
        # A cell too few may well be the settled date: such a row is never guessed at.
        self._note("", "", "row_length", expected=expected, found=found)
        return False

    def _check_unread_cells(self) -> None:
        read_positions = set(self._layout.mapping.values())
        for position, header in enumerate(self._layout.headers):
            if position not in read_positions:
                try:
                    read.refuse_hidden(self._cells[position], self._layout.limits.max_cell)
                except Refusal as refusal:
                    self._note(header, self._cells[position], refusal.code, **refusal.params)

    def _core(self) -> ParsedInvoice | None:
        """What every invoice must have. Reads on after a fault, so that all faults of the row are named."""
        customer = self._required("customer_number", read.read_identifier)
        self.invoice_number = number = self._required("invoice_number", read.read_identifier)
        issued_on, due_on = self._required_date("issued_on"), self._required_date("due_on")
        amount = self._required("amount", lambda text: self._positive(text, self._currency))
        if issued_on and due_on and due_on < issued_on:
            self._fault("due_on", "due_before_issued", issued_on=issued_on)
        if self._status == "not_collectable":
            self._fault("status", "invoice_not_collectable")
        disputed = bool(self._optional("disputed", read.read_yes_no)) or self._status == "disputed"
        if not (customer and number and issued_on and due_on and amount):
            return None
        return ParsedInvoice(
            self.number, customer, number, issued_on, due_on, amount, self._currency, disputed=disputed
        )

    def _customer(self) -> _Customer:
        country_text = self._optional("country", str)
        country = read.read_country(country_text) if country_text else None
        self.ignored_country = bool(country_text) and country is None
        return {
            "customer_name": self._optional("customer_name", read.read_name),
            "email": self._optional("email", read.read_email),
            "phone": self._optional("phone", lambda text: read.read_identifier(text, 32)),
            "postal_code": self._optional("postal_code", lambda text: read.read_identifier(text, 16)),
            "country": country,
            "locale": self._optional("locale", read.read_locale),
            "line_description": self._optional("line_description", str),
            "kind": self._optional("kind", read.read_kind),
        }

    def _payment(self) -> _Payment:
        settled_on = self._optional_date("settled_on")
        if settled_on and self._layout.today and settled_on > self._layout.today:
            self._fault("settled_on", "settled_in_future", today=self._layout.today)
        return _Payment(
            settled_on=settled_on,
            paid=self._optional("paid_amount", lambda text: self._not_negative(text, self._currency)),
            left=self._optional("open_amount", lambda text: self._not_negative(text, self._currency)),
            in_full=bool(self._optional("paid", read.read_yes_no))
            or self._status == "paid"
            or bool(settled_on),
        )

    def _settled(self, draft: ParsedInvoice, payment: _Payment) -> ParsedInvoice:
        """What is already paid. The statements must agree, else somebody is reminded of money received."""
        amount, paid, left = draft.amount, payment.paid, payment.left
        if paid is not None and paid > amount:
            self._fault("paid_amount", "paid_more_than_amount", amount=amount, currency=draft.currency)
        elif left is not None and left > amount:
            self._fault("open_amount", "open_more_than_amount", amount=amount, currency=draft.currency)
        elif payment.in_full and left:
            self._fault("open_amount", "settled_but_open")
        elif payment.in_full and paid is not None and paid != amount:
            self._fault("paid_amount", "settled_but_open")
        elif paid is not None and left is not None and paid + left != amount:
            self._fault("open_amount", "amounts_disagree", expected=amount - paid, currency=draft.currency)
        if payment.in_full:
            return replace(draft, settled_on=payment.settled_on, paid_minor=amount)
        if paid is None and left is not None:
            paid = amount - left
        return replace(draft, paid_minor=paid or 0)

    def _positive(self, text: str, currency: str) -> int:
        amount = read_amount(text, currency, self._layout.mark)
        if amount <= 0:
            raise Refusal("invalid", "credit_note" if amount else "amount_zero")
        return amount

    def _not_negative(self, text: str, currency: str) -> int:
        amount = read_amount(text, currency, self._layout.mark)
        if amount < 0:
            raise Refusal("invalid", "amount_negative")
        return amount

    def _required_date(self, field: str) -> date | None:
        return self._required(field, lambda text: read_date(text, self._layout.orders[field].order))

    def _optional_date(self, field: str) -> date | None:
        return self._optional(field, lambda text: read_date(text, self._layout.orders[field].order))

    def _required(self, field: str, reader: Callable[[str], Value]) -> Value | None:
        def read_or_refuse(text: str) -> Value:
            return reader(text) if text else _refuse_empty()

        return self._cell(field, read_or_refuse)

    def _optional(self, field: str, reader: Callable[[str], Value]) -> Value | None:
        return self._cell(field, lambda text: reader(text) if text else None)

    def _cell(self, field: str, reader: Callable[[str], Value]) -> Value | None:
        position = self._layout.mapping.get(field)
        if position is None or position >= len(self._cells):
            return None
        raw = self._cells[position]
        try:
            return reader(read.clean(raw, self._layout.limits.max_cell))
        except Refusal as refusal:
            self._note(self._layout.headers[position], raw, refusal.code, **refusal.params)
            return None

    def _fault(self, field: str, code: str, **params: object) -> None:
        position = self._layout.mapping.get(field)
        header, raw = (
            (self._layout.headers[position], self._cells[position]) if position is not None else ("", "")
        )
        self._note(header, raw, code, **params)

    def _note(self, column: str, raw: str, code: str, **params: object) -> None:
        self.errors.append(RowError(self.number, column, shown(raw), code, params))


def shown(raw: str) -> str:
    """A cell's text as it may be shown in an error: short, and with invisible characters spelled out."""
    short = raw if len(raw) <= _LONGEST_SHOWN else raw[: _LONGEST_SHOWN - 1] + "…"
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in short
    )


def _refuse_empty() -> NoReturn:
    raise Refusal("invalid", "cell_missing")
