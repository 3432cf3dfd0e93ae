"""The words by which debtors and invoices are found: kept whenever one is made or renamed, and asked by lists.

Everything about language is in domain/search.py. The words can be made anew from the books at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.orm import Session

from portal.domain.search import LONGEST, fold, words_of
from portal.models import Debtor, Invoice, SearchWord
from portal.runtime import Runtime

# One word leads to so many at most; a word that leads to more is asked to be longer.
MOST_OF_A_WORD = 10_000
MOST_WORDS = 6
MOST_OWNERS = 1_000
BATCH = 1_000
LAST_SIGN = "\U0010ffff"


@dataclass(frozen=True)
class Found:
    """Who and what was found: debtors by their own words, invoices (with their debtor) by theirs."""

    debtors: frozenset[int] = frozenset()
    invoices: dict[int, int] = field(default_factory=dict)
    # More was there than could be looked through.
    more: bool = False


def index_debtor(session: Session, debtor: Debtor) -> None:
    """Keep the words of a debtor: call it whenever one was made, renamed, or given another number or email."""
    index_debtors(session, [debtor])


def index_debtors(session: Session, debtors: Sequence[Debtor]) -> None:
    """Keep the words of several debtors."""
    _replace(session, (SearchWord.debtor_id.in_([debtor.id for debtor in debtors]), SearchWord.invoice_id == 0), [
        _row(debtor.business_id, word, debtor.id, 0)
        for debtor in debtors for word in words_of(debtor.name, debtor.number, debtor.email)])


def index_invoice(session: Session, invoice: Invoice) -> None:
    """Keep the words of an invoice: call it whenever one was made."""
    index_invoices(session, [invoice])


def index_invoices(session: Session, invoices: Sequence[Invoice]) -> None:
    """Keep the words of several invoices."""
    mine = (SearchWord.debtor_id.in_({invoice.debtor_id for invoice in invoices}),
            SearchWord.invoice_id.in_([invoice.id for invoice in invoices]))
    _replace(session, mine, [
        _row(invoice.business_id, word, invoice.debtor_id, invoice.id)
        for invoice in invoices for word in words_of(invoice.number)])


def add_new(session: Session, business_id: int, debtors: Iterable[tuple[int, Sequence[str | None]]],
            invoices: Iterable[tuple[int, int, str]]) -> None:
    """Keep the words of many that were made in this very transaction: debtors with their texts, invoices as (id,
    debtor's id, number)."""
    rows = [_row(business_id, word, debtor_id, 0) for debtor_id, texts in debtors for word in words_of(*texts)]
    rows += [_row(business_id, word, debtor_id, invoice_id)
             for invoice_id, debtor_id, number in invoices for word in words_of(number)]
    _insert(session, rows)


def find(session: Session, business_id: int, typed: str) -> Found:
    """Find by the beginnings of words; all of them must fit, whether on the debtor or on one invoice of theirs."""
    prefixes = sorted(set(fold(typed).split(" ")) - {""}, key=len, reverse=True)[:MOST_WORDS]
    if not prefixes:
        return Found()
    found = {prefix: _of_word(session, business_id, prefix) for prefix in prefixes}
    narrow = _all_fit([one for one in found.values() if not one.more])
    if narrow is not None:
        # "a okafor": far too many begin with "a", so only those who are also Okafors are asked about it.
        owners = narrow.debtors | set(narrow.invoices.values())
        if len(owners) <= MOST_OWNERS:
            found |= {prefix: _of_word(session, business_id, prefix, owners)
                      for prefix, one in found.items() if one.more}
    all_fit = _all_fit(list(found.values()))
    assert all_fit is not None
    return all_fit


def _all_fit(words: Sequence[Found]) -> Found | None:
    if not words:
        return None
    debtors = frozenset.intersection(*(one.debtors for one in words))
    owners = {invoice: debtor for one in words for invoice, debtor in one.invoices.items()}
    # An invoice is found when each word fits it or its debtor, and at least one fits the invoice itself.
    invoices = {
        invoice: owner for invoice, owner in owners.items()
        if all(invoice in one.invoices or owner in one.debtors for one in words)}
    return Found(debtors, invoices, more=any(one.more for one in words))


def _of_word(session: Session, business_id: int, prefix: str, owners: Set[int] | None = None) -> Found:
    query = (
        select(SearchWord.debtor_id, SearchWord.invoice_id)
        .where(SearchWord.business_id == business_id, SearchWord.word >= prefix[:LONGEST],
               SearchWord.word < prefix[:LONGEST] + LAST_SIGN)
        .order_by(SearchWord.word, SearchWord.debtor_id, SearchWord.invoice_id).limit(MOST_OF_A_WORD))
    if owners is not None:
        query = query.where(SearchWord.debtor_id.in_(owners))
    debtors: set[int] = set()
    invoices: dict[int, int] = {}
    rows = session.execute(query).all()
    for debtor_id, invoice_id in rows:
        if invoice_id:
            invoices[invoice_id] = debtor_id
        else:
            debtors.add(debtor_id)
    return Found(frozenset(debtors), invoices, more=len(rows) >= MOST_OF_A_WORD)


def rebuild(rt: Runtime) -> int:
    """Make all words anew from the books, a batch at a time; returns how many debtors and invoices were read.

    Safe while people work: a batch is locked, read and replaced in a commit of its own.
    """
    return _all(rt, _debtors_after) + _all(rt, _invoices_after)


def _all(rt: Runtime, batch: Callable[[Session, int], tuple[int, int]]) -> int:
    last = done = 0
    while True:
        last, count = rt.db.run(lambda session, after=last: batch(session, after))  # type: ignore[misc]
        if not count:
            return done
        done += count


def _debtors_after(session: Session, last: int) -> tuple[int, int]:
    rows = session.scalars(
        select(Debtor).where(Debtor.id > last).order_by(Debtor.id).limit(BATCH).with_for_update(key_share=True)).all()
    index_debtors(session, rows)
    return (rows[-1].id if rows else last), len(rows)


def _invoices_after(session: Session, last: int) -> tuple[int, int]:
    rows = session.scalars(select(Invoice).where(Invoice.id > last).order_by(Invoice.id).limit(BATCH)).all()
    index_invoices(session, rows)
    return (rows[-1].id if rows else last), len(rows)


def _row(business_id: int, word: str, debtor_id: int, invoice_id: int) -> dict[str, object]:
    return {"business_id": business_id, "word": word, "debtor_id": debtor_id, "invoice_id": invoice_id}


def _replace(session: Session, mine: Sequence[ColumnElement[bool]], rows: list[dict[str, object]]) -> None:
    session.flush()
    session.execute(delete(SearchWord).where(*mine))
    _insert(session, rows)


def _insert(session: Session, rows: list[dict[str, object]]) -> None:
    session.flush()
    rest = iter(rows)
    while part := list(islice(rest, BATCH)):
        session.execute(insert(SearchWord), part)
