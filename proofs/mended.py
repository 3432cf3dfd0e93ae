"""What is broken off is mended by the jobs; then every balance must be what Stripe's own objects say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from portal.db import Database
from portal.models import Payment, Refund, StripeFetch
from portal.runtime import Runtime
from portal.services import asking, fetching, inbox, ledger_verify, refunds
from proofs import compare
from proofs.harness import Figures, Remote, say
from proofs.killing import Steps, runtime
from tests.cast import Owed, make_business, make_debtor, make_invoice, make_link

FAR = datetime(2099, 1, 1, tzinfo=UTC)


class Bench:
    """One portal, one Stripe and the debtors of a round."""

    def __init__(self, url: str, folder: Path, stripe: Remote) -> None:
        self.url, self.folder, self.stripe, self.offset = url, folder, stripe, 0.0
        self.business: Any = None

    @contextmanager
    def portal(self, steps: Steps | None = None) -> Iterator[Runtime]:
        """A portal of its own connections; nothing of it is open when it ends."""
        rt = runtime(self.url, self.folder, self.stripe.url, lambda: self.offset, steps)
        try:
            yield rt
        finally:
            rt.db.dispose()

    def pass_time(self, seconds: int) -> None:
        """Let time pass for both sides."""
        self.stripe.do("advance", seconds=seconds)
        self.offset += seconds

    def owes(self, rt: Runtime) -> Owed:
        """Somebody who owes two sums."""
        now = rt.now()
        with rt.db.transaction() as session:
            self.business = self.business or make_business(session)
            debtor = make_debtor(session, self.business)
            link = make_link(session, debtor, expires_at=FAR)
            invoices = [make_invoice(session, debtor, total, now=now) for total in (60_00, 40_00)]
        return Owed(self.business, debtor, link, invoices)

    def recover(self, rt: Runtime) -> None:
        """Do what the worker would do by itself within half an hour, and hear of all events."""
        for _ in range(4):
            self.pass_time(600)
            refunds.send_due(rt)
            inbox.catch_up_wide(rt)
            for job in (asking.ask_due, fetching.fetch_due):
                while job(rt):
                    pass


def judge(bench: Bench) -> Figures:
    """Let the jobs mend what was broken off, then count every place where the books are not right.

    Three looks: our own books (`ledger verify`), the same against Stripe's objects, and what was forgotten.
    """
    with bench.portal() as rt:
        bench.recover(rt)
        known: dict[str, list[dict[str, Any]]] = {}

        def objects(kind: str) -> list[dict[str, Any]]:
            if kind not in known:
                known[kind] = bench.stripe.do("objects", kind=kind)
            return known[kind]
        apart = [f"{w.where}: {w.found}, not {w.wanted}" for w in (
            *compare.against_stripe(rt.db, objects), *compare.clearing_against_balance(rt.db, objects))]
        differences, transfers = ledger_verify.verify(rt)
        wrong = [*apart, *(f"verify: {difference}" for difference in differences), *_hanging(rt.db, objects)]
        balances = compare.balances(rt.db)
    for line in wrong[:20]:
        say(f"WRONG: {line}")
    return {"kills_lost_or_doubled": len(wrong), "kills_ledger_transfers": transfers,
            "kills_ledger_differences": len(differences), "kills_balances_reconciled": balances,
            "kills_reconciliation_differences": len(apart)}


def _hanging(db: Database, objects: compare.Objects) -> list[str]:
    """What was forgotten: a page that can be paid, a refund, a question to Stripe; and what was made twice."""
    with db.reading() as session:
        undone = session.scalar(select(func.count()).select_from(StripeFetch).where(StripeFetch.done_at.is_(None))) or 0
        unasked = session.scalar(select(func.count()).select_from(Refund).where(
            Refund.state.in_(("requested", "unknown")))) or 0
        ended = set(session.scalars(
            select(Payment.public_id).where(Payment.state.in_(("failed", "expired", "canceled")))))
    wrong = [f"page {page['id']} can be paid but its payment has ended" for page in objects("checkout.session")
             if page["status"] == "open" and page["client_reference_id"] in ended]
    wrong += [f"{undone} questions to Stripe were never asked"] if undone else []
    wrong += [f"{unasked} refunds were never heard of again"] if unasked else []
    pages = [page["client_reference_id"] for page in objects("checkout.session")]
    wrong += [f"payment {name} has two pages" for name in set(pages) if pages.count(name) > 1]
    asked = [refund["metadata"].get("refund") for refund in objects("refund")]
    return wrong + [f"refund {name} was made twice" for name in set(asked) if name and asked.count(name) > 1]


def owing(rt: Runtime, business: Any, count: int) -> list[Owed]:
    """Many debtors at once, for load."""
    found = []
    with rt.db.transaction() as session:
        for _ in range(count):
            debtor = make_debtor(session, business)
            link = make_link(session, debtor, expires_at=FAR)
            found.append(Owed(business, debtor, link, [make_invoice(session, debtor, 100_00, now=rt.now())]))
    return found
