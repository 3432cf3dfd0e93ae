"""E-invoices: Factur-X inside a PDF, and CII or UBL as XML, read by the factur-x library into our own words.

Nothing that declares a document type is opened, because entities begin there; the library's parser is only handed what
has none. What is attached to a PDF is unpacked by pypdf, which limits what one stream may become.
"""

from __future__ import annotations

import io
import logging
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from portal.domain.currencies import canonical, exponent
from portal.domain.errors import Refusal
from portal.domain.imports import ParsedCredit, ParsedFile, ParsedInvoice, ParsedLine
from portal.domain.imports.addresses import on_an_envelope
from portal.domain.imports.cells import read_country, read_email, read_identifier, read_name

LARGEST_XML = 10 * 1024 * 1024
MOST_ATTACHMENTS = 20
MOST_LINES = 2_000
CREDIT_TYPES = frozenset({"81", "83", "381", "396", "532"})
_DECLARES = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_XML = re.compile(rb"\s*(<\?xml|<([A-Za-z0-9]+:)?(Invoice|CreditNote|CrossIndustryInvoice)[\s>])")
_ENCODING = re.compile(rb"\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
ENCODINGS = frozenset({"utf-8", "utf-16", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"})
UTF_8, UTF_16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
_NAMES = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml")
PDF = b"%PDF"


def is_one(data: bytes) -> bool:
    """Say whether these bytes may be an e-invoice: a PDF, or XML."""
    head = data[:2_000].removeprefix(UTF_8)
    if head[:2] in UTF_16:
        head = head.decode("utf-16", "ignore").encode()
    return data.startswith(PDF) or _XML.match(head) is not None


def read(data: bytes, currency: str) -> ParsedFile:
    """Read one e-invoice. Raises Refusal: file_no_e_invoice, file_xml_unsafe, file_too_large, file_damaged,
    e_invoice_invalid, e_invoice_incomplete."""
    xml = _attached(data) if data.startswith(PDF) else data
    if xml is None:
        raise Refusal("invalid", "file_no_e_invoice")
    if len(xml) > LARGEST_XML:
        raise Refusal("too_large", "file_too_large")
    xml = _in_utf_8(xml)
    if _DECLARES.search(xml):
        raise Refusal("invalid", "file_xml_unsafe")
    made = _made(_told(xml))
    invoices = [made] if isinstance(made, ParsedInvoice) else []
    credits = [made] if isinstance(made, ParsedCredit) else []
    return ParsedFile(
        invoices=invoices, errors=[], notes=[], mapping={}, unmapped=[], encoding="e-invoice", delimiter="",
        date_orders={}, decimal=".", currency=currency, credits=credits, rows=1)


def _in_utf_8(xml: bytes) -> bytes:
    """Write XML in the one encoding in which it is looked through for what it declares.

    In another one (UTF-7, UTF-32) a document type would not look like one here, and be one to the parser. So the
    parser is told our own encoding in front, and a declaration that is left behind it is a fault.
    """
    xml = xml.removeprefix(UTF_8)
    stated = _ENCODING.match(xml)
    encoding = "utf-16" if xml[:2] in UTF_16 else stated[1].decode().lower() if stated else "utf-8"
    try:
        text = xml.decode(encoding) if encoding in ENCODINGS else "\0"
    except UnicodeDecodeError as error:
        raise Refusal("invalid", "file_xml_unsafe") from error
    if "\0" in text:
        raise Refusal("invalid", "file_xml_unsafe")
    return b'<?xml version="1.0" encoding="UTF-8"?>' + _DECLARATION.sub("", text, count=1).encode()


def _attached(data: bytes) -> bytes | None:
    """The invoice that is attached to a PDF; of several XML files the one with a name of the standard.

    Only that one is unpacked: many that are large together would fill the memory.
    """
    try:
        listed = [one for one in islice(PdfReader(io.BytesIO(data)).attachment_list, MOST_ATTACHMENTS)
                  if one.name.lower().endswith(".xml")]
        named = [one for name in _NAMES for one in listed if one.name.lower() == name]
        return next((bytes(content) for one in (*named, *listed) if (content := one.content)), None)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError,
            NotImplementedError, AssertionError) as error:
        raise Refusal("invalid", "file_damaged") from error


def _told(xml: bytes) -> dict[str, Any]:
    from facturx.parse_xml import parse_ubl_cii_xml

    # It tells on its log whatever it meets, which may be somebody's name.
    logging.getLogger("factur-x").setLevel(logging.CRITICAL)
    try:
        found: dict[str, Any] = parse_ubl_cii_xml(xml, check_xsd=True)
    except Exception as error:
        # The library raises plain Exception for whatever the schema refuses.
        problem = " ".join(str(error).split())
        raise Refusal("invalid", "e_invoice_invalid", problem=problem[-200:]) from error
    return found


def _made(told: dict[str, Any]) -> ParsedInvoice | ParsedCredit:
    buyer = told.get("BG-7") or {}
    number, issued_on, total = told.get("BT-1"), told.get("BT-2"), told.get("BT-112")
    is_credit = str(told.get("BT-3", "380")) in CREDIT_TYPES
    due_on = told.get("BT-9") or (issued_on if is_credit else None)
    name = buyer.get("name") or ""
    missing = [field for field, value in (
        ("invoice_number", number), ("customer_name", name), ("issued_on", issued_on), ("due_on", due_on),
        ("amount", total)) if not value]
    if missing:
        raise Refusal("invalid", "e_invoice_incomplete", fields=missing)
    assert isinstance(issued_on, date) and isinstance(due_on, date)
    currency = canonical(str(told.get("BT-5", "")))
    amount = _minor(total, currency)
    customer = read_identifier(str(told.get("BT-46") or buyer.get("identifier") or name)[:64])
    invoice_number = read_identifier(str(number))
    if is_credit or amount < 0:
        return ParsedCredit(1, customer, invoice_number, issued_on, abs(amount), currency)
    if amount == 0 or due_on < issued_on:
        raise Refusal("invalid", "e_invoice_incomplete", fields=["amount" if amount == 0 else "due_on"])
    left = _minor(told["BT-115"], currency) if told.get("BT-115") not in (None, "") else amount
    country = read_country(str(buyer.get("country_code") or ""))
    lines = _lines(told, amount, currency)
    return ParsedInvoice(
        1, customer, invoice_number, issued_on, due_on, amount, currency, paid_minor=min(max(amount - left, 0), amount),
        customer_name=read_name(name[:160]), email=_email(buyer.get("contact_email")), kind="business",
        postal_code=(str(buyer.get("postcode") or "")[:16] or None), country=country,
        postal_address=_address(buyer, country), line_description=lines[0].description if lines else None, lines=lines)


def _lines(told: dict[str, Any], total: int, currency: str) -> tuple[ParsedLine, ...]:
    """The lines, where with their taxes they come to the total; else the invoice stands as one sum."""
    tax = total - _minor(told["BT-109"], currency) if told.get("BT-109") not in (None, "") else 0
    made = []
    for line in list(told.get("BG-25") or ())[:MOST_LINES]:
        net = _minor(line.get("BT-131", "0"), currency)
        made.append(ParsedLine(str(line.get("BT-153") or "")[:300], net))
    if not made or sum(line.amount for line in made) + tax != total:
        return (ParsedLine(made[0].description if made else "", total - tax, tax),)
    last = made[-1]
    made[-1] = ParsedLine(last.description, last.amount, tax)
    return tuple(made)


def _minor(value: Any, currency: str) -> int:
    try:
        scaled = Decimal(str(value)).scaleb(exponent(currency))
    except InvalidOperation as error:
        raise Refusal("invalid", "e_invoice_invalid", problem=str(value)[:40]) from error
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or abs(scaled) > 10**13:
        raise Refusal("invalid", "e_invoice_invalid", problem=str(value)[:40])
    return int(scaled)


def _email(value: Any) -> str | None:
    try:
        return read_email(str(value)) if value else None
    except Refusal:
        return None


def _address(buyer: dict[str, Any], country: str | None) -> str | None:
    street = str(buyer.get("addr_l1") or "")[:160]
    if not street:
        return None
    more, city = (str(buyer.get(name) or "")[:60] or None for name in ("addr_l2", "city"))
    return on_an_envelope(street, more, city, None, str(buyer.get("postcode") or "")[:16] or None, country)
