"""The wording of a printed statement and of a copy of an invoice. Layout is not here, nor is any sum worked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portal.words.core import Words


@dataclass(frozen=True)
class BilledLine:
    """One line as it was billed, minor units; tax stands beside."""

    text: str
    amount_minor: int
    tax_minor: int
    tax_basis_points: int


@dataclass(frozen=True)
class Move:
    """What changed an invoice since: negative lowers it, minor units; `memo` is the ledger's code."""

    memo: str
    at: datetime
    amount_minor: int


@dataclass(frozen=True)
class BilledInvoice:
    """An invoice with all that made what is left of it; minor units."""

    number: str
    title: str
    issued_on: date
    due_on: date
    terms: str
    currency: str
    total_minor: int
    left_minor: int
    lines: tuple[BilledLine, ...]
    moves: tuple[Move, ...]
    # What the debtor questions of what is left.
    held_minor: int = 0


@dataclass(frozen=True)
class Account:
    """Whom a paper speaks of and the person to ask; `left` and `credit` in minor units by currency, main one first."""

    name: str
    number: str
    contact: tuple[str, str]
    left: tuple[tuple[str, int], ...]
    credit: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class TableWords:
    """One invoice as a table: day, what, amount, and a note under what."""

    title: str
    columns: tuple[str, str, str]
    rows: tuple[tuple[str, str, str, str], ...]
    totals: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PaperWords:
    """All texts of one paper, ready to print."""

    title: str
    page_label: str
    file_name: str
    to: tuple[str, ...]
    eyebrow: str
    amount: str
    amount_tail: str
    lead: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[TableWords, ...]
    notes: tuple[str, ...]
    closing_title: str
    closing: tuple[str, ...]


def statement(words: Words, account: Account, invoices: Sequence[BilledInvoice], now: datetime) -> PaperWords:
    """Word a statement: what is left per currency, and each invoice with every line and change."""
    (currency, left), *others = account.left
    whole, tail = words.money_parts(left, currency)
    facts = [(words.text("As of"), words.long_day(now)), (words.text("Account number"), account.number)]
    facts += [(words.text("Left to pay in %(currency)s", currency=code), words.money(minor, code))
              for code, minor in others]
    facts += [(words.text("With us as your credit"), words.money(minor, code)) for code, minor in account.credit]
    notes = () if invoices else (words.text("There was nothing on your account in the last twelve months."),)
    return PaperWords(
        title=words.text("Statement of your account"), page_label=_page_label(words),
        file_name=words.text("statement-%(day)s", day=words.local_date(now).isoformat()),
        to=(account.name,), eyebrow=words.text("Left to pay"), amount=whole, amount_tail=tail,
        lead=words.text("All open invoices, and those settled in the last twelve months."), facts=tuple(facts),
        tables=tuple(_table(words, invoice) for invoice in invoices), notes=notes,
        closing_title=words.text("Talk to a person"), closing=_closing(words, account))


def invoice(words: Words, account: Account, billed: BilledInvoice, now: datetime) -> PaperWords:
    """Word a copy of an invoice as it was billed, with what is left of it now."""
    whole, tail = words.money_parts(billed.total_minor, billed.currency)
    facts = [(words.text("Issued on"), words.long_day(billed.issued_on)),
             (words.text("Due on"), words.long_day(billed.due_on)),
             (words.text("Account number"), account.number)]
    if billed.terms:
        facts.append((words.text("Terms"), billed.terms))
    table = TableWords("", _columns(words), _billed_rows(words, billed), (_total(words, billed),))
    left = words.text("On %(day)s, %(left)s of it is left to pay. Your statement shows what changed since.",
                      day=words.long_day(now), left=words.money(billed.left_minor, billed.currency))
    return PaperWords(
        title=words.text("Invoice %(number)s", number=billed.number), page_label=_page_label(words),
        file_name=words.text("invoice-%(number)s", number=billed.number), to=(account.name,),
        eyebrow=billed.title, amount=whole, amount_tail=tail,
        lead=words.text("A copy made from our books."), facts=tuple(facts), tables=(table,), notes=(left,),
        closing_title=words.text("Talk to a person"), closing=_closing(words, account))


def _table(words: Words, billed: BilledInvoice) -> TableWords:
    named = words.text("Invoice %(number)s", number=billed.number)
    title = f"{named}: {billed.title}" if billed.title else named
    moves = tuple(
        (words.long_day(move.at), words.memo(move.memo), words.money(move.amount_minor, billed.currency),
         words.memo_rule(move.memo)) for move in billed.moves)
    left = (words.text("Left to pay, due %(day)s", day=words.long_day(billed.due_on)) if billed.left_minor
            else words.text("Settled"), words.money(billed.left_minor, billed.currency))
    return TableWords(title, _columns(words), _billed_rows(words, billed) + moves, (left, *_parts(words, billed)))


def _parts(words: Words, billed: BilledInvoice) -> tuple[tuple[str, str], ...]:
    """Both parts of what is left, where some of it is questioned."""
    if not billed.held_minor:
        return ()
    return ((words.text("Of this you question, and it rests"), words.money(billed.held_minor, billed.currency)),
            (words.text("Can be paid now"), words.money(billed.left_minor - billed.held_minor, billed.currency)))


def _billed_rows(words: Words, billed: BilledInvoice) -> tuple[tuple[str, str, str, str], ...]:
    day = words.long_day(billed.issued_on)
    rows = []
    for line in billed.lines:
        rows.append((day, line.text, words.money(line.amount_minor, billed.currency), ""))
        if line.tax_minor:
            rows.append((day, words.text("Tax, %(rate)s", rate=words.percent(line.tax_basis_points)),
                         words.money(line.tax_minor, billed.currency), ""))
    if sum(line.amount_minor + line.tax_minor for line in billed.lines) != billed.total_minor:
        # An import may know the total alone; lines that do not add up to it would only confuse.
        return ((day, words.text("As billed"), words.money(billed.total_minor, billed.currency), ""),)
    return tuple(rows)


def _total(words: Words, billed: BilledInvoice) -> tuple[str, str]:
    return words.text("Total billed"), words.money(billed.total_minor, billed.currency)


def _columns(words: Words) -> tuple[str, str, str]:
    return words.text("Day"), words.text("For"), words.text("Amount")


def _page_label(words: Words) -> str:
    return words.text("Page %(page)s of %(pages)s", page="{page}", pages="{pages}")


def _closing(words: Words, account: Account) -> tuple[str, ...]:
    person, phone = account.contact
    return words.text("%(name)s reads every message.", name=person), phone
