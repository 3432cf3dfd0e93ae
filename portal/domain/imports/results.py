"""What an import is asked (options, limits) and what it answers (invoices, row errors, notes).

Plain data: no reading and no sentences, `words` renders the codes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from portal.domain.money import Mark

DateOrder = Literal["mdy", "dmy", "ymd"]
Delimiter = Literal[",", ";", "\t", "|"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be before it is refused as a whole."""

    max_bytes: int = 32 * 1024 * 1024
    max_rows: int = 200_000
    max_columns: int = 200
    max_cell: int = 2_000


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the business states about its file; everything but the currency can be left to the file itself.

    `currency` applies to rows that name none. `mapping` is field name → header and beats the guess (an empty
    header leaves the field out). `date_order` and `decimal` settle the question; `default_date_order` and
    `default_decimal` are used, with a note, only where the file does not show the answer. `today` refuses
    settled dates that lie ahead.
    """

    currency: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    delimiter: Delimiter | None = None
    date_order: DateOrder | None = None
    default_date_order: DateOrder = "mdy"
    decimal: Mark | None = None
    default_decimal: Mark = "."
    today: date | None = None
    encoding: str | None = None
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """One line of an invoice: its amount without tax, the tax beside it (minor units), the rate in basis points."""

    description: str
    amount: int
    tax: int = 0
    tax_basis_points: int = 0


@dataclass(frozen=True, slots=True)
class ParsedInvoice:
    """One invoice as the file states it. `amount` and `paid_minor` are minor units of `currency`.

    Numbers of customers and invoices are text and keep their leading zeros. A settled invoice is paid in full
    on `settled_on`; paid in full without `settled_on` means the file says so but not when.
    """

    row: int
    customer_number: str
    invoice_number: str
    issued_on: date
    due_on: date
    amount: int
    currency: str
    disputed: bool = False
    settled_on: date | None = None
    paid_minor: int = 0
    customer_name: str | None = None
    email: str | None = None
    phone: str | None = None
    postal_code: str | None = None
    country: str | None = None
    locale: str | None = None
    line_description: str | None = None
    kind: Literal["consumer", "business"] | None = None
    postal_address: str | None = None
    lines: tuple[ParsedLine, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedCredit:
    """A credit note: what it takes off (minor units, above zero), and the invoice it belongs to, if it names one."""

    row: int
    customer_number: str
    number: str
    issued_on: date
    amount: int
    currency: str
    invoice_number: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedVoid:
    """A draft, a void or a written-off invoice: nothing can be collected on it."""

    row: int
    number: str


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing wrong in one cell: the spreadsheet's row, the header, what was read, and the reason."""

    row: int
    column: str
    read: str
    code: str
    params: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """Something assumed or left out while reading, for a person to confirm."""

    code: str
    params: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The whole answer: invoices that read well, every error, and how the file was understood.

    Only a file without errors may be booked: `invoices`, `credits` and `voids` then hold every row. `source` is a
    fingerprint of the headers, the same for every file of this kind; "" for a single e-invoice.
    """

    invoices: list[ParsedInvoice]
    errors: list[RowError]
    notes: list[Note]
    mapping: dict[str, str]
    unmapped: list[str]
    encoding: str
    delimiter: str
    date_orders: dict[str, DateOrder]
    decimal: Mark
    currency: str
    credits: list[ParsedCredit] = field(default_factory=list)
    voids: list[ParsedVoid] = field(default_factory=list)
    source: str = ""
    rows: int = 0
    # Where a row is a file of an archive: their names, in order.
    files: tuple[str, ...] = ()
