"""The ways out of a debt, told as stories a bookkeeper can read; each ends with the account statement.

A story is a function in one of the files ways_*.py beside this one. It moves a calendar, lets people act by the
services their pages call, and says what the statement reads at the end. The proof tells them all and counts them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.policy import Policy
from portal.domain.quotes import Choice
from portal.domain.roles import StaffAccess
from portal.domain.settlements import Band, SettlementRules
from portal.models import Arrangement, LedgerAccount, Offer, Payment
from portal.runtime import Runtime
from portal.services import (
    account_rows,
    announced,
    bookkeeping,
    debtor_money,
    ledger,
    ledger_verify,
    more_time,
    offer_terms,
    offers,
    payment_claims,
    payments,
    promises,
    settlement_answers,
    settlement_ends,
    settlements,
    signing_step,
)
from portal.services.agreements import Signature
from portal.services.debtor_money import Seen
from portal.services.more_time import Asked
from portal.services.offers import Order, Wanted
from portal.services.payment_claims import Told
from portal.words.core import for_reader
from tests.agreements.signing import BOXES, NAME
from tests.cast import Owed, make_business, make_debtor, make_invoice, make_link, make_runtime
from tests.ledger.stories import charged_back, line, moved, received, refunded, tell
from tests.offers.people import proven
from tests.office.people import make_staff

Story = Callable[["Shop"], None]
STORIES: list[Story] = []
# Debts ten days late are settled for four fifths at once; half is the least a person decides about.
SETTLES = SettlementRules(True, (Band(10, 8_000, 5_000),), {}, 14)


class NotSo(AssertionError):
    """What a story says is not what the books say."""


def story(told: Story) -> Story:
    """Keep a story, so that the tests and the proof tell it."""
    STORIES.append(told)
    return told


@dataclass
class Shop:
    """One business, one customer and the calendar on the wall."""

    rt: Runtime
    folder: Path
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("America/New_York"))
    currency: str = "USD"
    at: datetime = datetime(2026, 11, 2, 15, tzinfo=UTC)
    policy: Policy = field(default_factory=Policy)
    owed: Owed | None = None
    staff: StaffAccess | None = None

    def opens(self, *, currency: str = "USD", zone: str = "America/New_York", **rules: Any) -> None:
        """Let the business begin on Monday, November 2, at ten in the morning where its customer is."""
        self.zone, self.currency = ZoneInfo(zone), currency
        self.at = datetime(2026, 11, 2, 10, tzinfo=self.zone)
        self.policy = replace(Policy(), **rules).with_settlements(SETTLES)
        self.rt = replace(self.rt, clock=lambda: self.at.astimezone(UTC))
        with self.rt.db.transaction() as session:
            business = make_business(session, currency=currency, timezone=zone, policy=self.policy, country="US")
            debtor = make_debtor(session, business, timezone=zone, country=None)
            link = make_link(session, debtor, created_at=self.rt.now(), expires_at=self.rt.now() + timedelta(days=900))
            owner = make_staff(session, business, "owner", name="Priya Marsh")
        self.owed = Owed(business, debtor, link)
        self.staff = StaffAccess(business.id, owner.id, owner.public_id, "owner", 0, self.rt.now())

    def bills(self, number: str, total: int, due: str, *, terms: str = "", issued: str = "") -> None:
        """Send an invoice."""
        with self.rt.db.transaction() as session:
            self.the.invoices.append(make_invoice(
                session, self.the.debtor, total, currency=self.currency, due_on=date.fromisoformat(due),
                now=self.rt.now(), number=f"{number}-{self.the.debtor.id}", title=number, terms=terms,
                **({"issued_on": date.fromisoformat(issued)} if issued else {})))
        offer_terms.make_due(self.rt)

    @property
    def the(self) -> Owed:
        assert self.owed is not None
        return self.owed

    @property
    def desk(self) -> StaffAccess:
        assert self.staff is not None
        return replace(self.staff, stepped_up_at=self.rt.now())

    def on(self, day: str, clock: str = "10:00", *, micro: int = 0) -> None:
        """Turn the calendar to a day and a time where the customer is; the jobs of the nights between have run."""
        self.at = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=self.zone) + timedelta(microseconds=micro)
        promises.note_ended(self.rt)
        settlement_ends.note_ended(self.rt)
        announced.end_due(self.rt)

    def offers(self, until: str, *, percent: int = 0, amount: int = 0, on: Sequence[str] = (),
               refused: str = "") -> None:
        """Make a discount by hand, on all that is open or on some; `refused` is the code it is refused with."""
        ids = [one.public_id for one in self.the.invoices if one.title in on]
        wanted = Wanted(date.fromisoformat(until), percent * 100, amount, self.currency)
        self.expect(self._said(lambda: offers.make(self.rt, self.desk, self.the.debtor.public_id, Order(
            wanted, self._once("offer"), ids))), refused)

    def withdraws(self) -> None:
        """Take the newest discount back."""
        with self.rt.db.reading() as session:
            newest = session.scalars(select(Offer).where(Offer.debtor_id == self.the.debtor.id)
                                     .order_by(Offer.id.desc())).first()
        assert newest is not None
        offers.withdraw(self.rt, self.desk, newest.public_id)

    def starts(self, *only: str, part: int | None = None, shown: int | None = None) -> Payment | str:
        """Start a payment by the page; gives it, or the code of the refusal."""
        ids = tuple(one.public_id for one in self.the.invoices if one.title in only)
        choice = Choice(self.currency, ids, part)

        def go() -> Payment:
            price = shown if shown is not None else payments.quote_for(self.rt, self.the.access, choice).total_minor
            way = self.rt.db.run(lambda session: payments._prepare(
                self.rt, session, self.the.access, choice, price, "", self.rt.now()))
            assert way.payment_id is not None
            with self.rt.db.reading() as session:
                return session.get_one(Payment, way.payment_id)
        try:
            return go()
        except Refusal as refusal:
            return refusal.code

    def pays(self, *only: str, part: int | None = None) -> Payment:
        """Pay by card: started, and there at once."""
        payment = self.starts(*only, part=part)
        if isinstance(payment, str):
            raise NotSo(f"paying is refused: {payment}")
        self.arrives(payment)
        return payment

    def arrives(self, payment: Payment | str) -> None:
        """The money of a payment is here."""
        assert isinstance(payment, Payment), payment
        tell(self.rt.db, received(payment, happened_at=self.rt.now()), now=self.rt.now())

    def debits(self, payment: Payment | str) -> None:
        """A bank has begun to move the money."""
        assert isinstance(payment, Payment), payment
        tell(self.rt.db, moved(payment, "processing", happened_at=self.rt.now()), now=self.rt.now())

    def bounces(self, payment: Payment | str) -> None:
        """The bank did not find the money."""
        assert isinstance(payment, Payment), payment
        tell(self.rt.db, moved(payment, "failed", happened_at=self.rt.now()), now=self.rt.now())

    def charges_back(self, payment: Payment, *, won: bool = False) -> None:
        """The payer's bank takes a payment back; or, won, gives it back to us."""
        name = f"du_{payment.id}"
        out = line(payment, -payment.amount_minor, 0, id=f"txn_{name}_o", source=name, kind="adjustment")
        home = line(payment, payment.amount_minor, 0, id=f"txn_{name}_i", source=name, kind="adjustment")
        tell(self.rt.db, charged_back(payment, payment.amount_minor, *([out, home] if won else [out]), id=name,
                                      status="won" if won else "needs_response"), now=self.rt.now())

    def refunds(self, payment: Payment, amount: int) -> None:
        """Send a part of a payment back."""
        tell(self.rt.db, refunded(payment, amount, id=f"re_{payment.id}_{amount}", happened_at=self.rt.now()),
             now=self.rt.now())

    def banks(self, amount: int, *only: str, channel: str = "transfer", day: str = "") -> str:
        """Write down money that came by bank, in cash or by check; gives the payment's id."""
        return debtor_money.record_payment(self.rt, self.desk, self.the.debtor.public_id, Seen(
            channel, self.currency, amount, date.fromisoformat(day) if day else self.at.date(), self._once("money"),
            not_the_same=True, invoice_ids=[one.public_id for one in self.the.invoices if one.title in only])).public_id

    def check_bounces(self, payment_id: str) -> None:
        """A check did not hold."""
        debtor_money.take_back(self.rt, self.desk, self.the.debtor.public_id, payment_id, happened_on=self.at.date(),
                               words="")

    def announces(self, part: int | None = None) -> None:
        """The customer says that a bank transfer is sent."""
        payments.announce_transfer(self.rt, self.the.access, Choice(self.currency, amount_minor=part))

    def credits(self, title: str, amount: int) -> None:
        """Credit a part of an invoice."""
        invoice = next(one for one in self.the.invoices if one.title == title)
        self.rt.db.run(lambda session: bookkeeping.credit_note(
            session, invoice, amount, tax=0, cause=f"story:{self.at.timestamp()}", now=self.rt.now()))

    def charges_fee(self, title: str, amount: int) -> None:
        """Add a late fee."""
        invoice = next(one for one in self.the.invoices if one.title == title)
        self.rt.db.run(lambda session: bookkeeping.charge_fee(
            session, invoice, amount, step="late", interest=False, rule="late_fee", now=self.rt.now()))

    def asks_to_settle(self, amount: int) -> str:
        """Ask to close it for less; gives the settlement's id, or the code of a refusal."""
        return self._said(lambda: settlements.ask(self.rt, self.the.access, amount, self.currency), value=True)

    def settles(self, amount: int) -> str:
        """Ask, read and sign; gives the settlement's id."""
        made = self.asks_to_settle(amount)
        self.signs(made)
        return made

    def person_settles(self, made: str, amount: int = 0) -> None:
        """Let a person decide, who agrees, or names another sum."""
        if self.state(made) == "countered":
            settlements.ask_person(self.rt, self.the.access, made, seen=self._seen(made))
        if amount:
            settlement_answers.counter(self.rt, self.desk, made, amount, seen=self._seen(made))
        else:
            settlement_answers.approve(self.rt, self.desk, made, seen=self._seen(made))

    def proposes(self, amount: int, until: str) -> str:
        """The owner offers a settlement unasked."""
        return settlement_answers.propose(self.rt, self.desk, self.the.debtor.public_id, amount, self.currency,
                                          until=date.fromisoformat(until))

    def signs(self, made: str) -> str:
        """Read and sign with the emailed code; gives "" or the code of a refusal."""
        access = proven(self.rt, self.the)

        def go() -> str:
            shown = signing_step.review(self.rt, access, made)
            return signing_step.sign(self.rt, access, made, Signature(shown.version, shown.seen, NAME, BOXES))
        return self._said(go)

    def asks_for_time(self, until: str, *, hard_times: bool = False) -> str:
        """Ask for more time; gives the id of the wish, or the code of a refusal."""
        return self._said(lambda: more_time.ask(self.rt, self.the.access, Asked(
            date.fromisoformat(until), hard_times)), value=True)

    def promises(self, day: str) -> str:
        """Promise to pay by a day; gives the id, or the code of a refusal."""
        return self._said(lambda: promises.make(
            self.rt, self.the.access, date.fromisoformat(day), self.currency), value=True)

    def says_it_is_paid(self, amount: int, day: str) -> str:
        """Tell of a payment already made."""
        return payment_claims.claim(self.rt, self.the.access, Told(
            amount, self.currency, date.fromisoformat(day), "transfer", "RF 1"))

    def state(self, made: str) -> str:
        """How an arrangement stands."""
        with self.rt.db.reading() as session:
            return session.scalars(select(Arrangement.state).where(Arrangement.public_id == made)).one()

    def price(self, *only: str, part: int | None = None) -> int:
        """What paying would cost now, minor units."""
        ids = tuple(one.public_id for one in self.the.invoices if one.title in only)
        return payments.quote_for(self.rt, self.the.access, Choice(self.currency, ids, part)).total_minor

    def expect(self, found: object, wanted: object) -> None:
        """Say what is so on the way."""
        if found != wanted:
            raise NotSo(f"{found!r}, not {wanted!r}")

    def statement(self, wanted: str) -> None:
        """The account statement reads so, and its lines add up to the balance."""
        found = "\n".join(self.lines())
        plain = "\n".join(part.strip() for part in wanted.strip().splitlines())
        if re.sub(r" +", " ", found) != re.sub(r" +", " ", plain):
            raise NotSo(f"the statement reads\n{found}\nnot\n{plain}")

    def lines(self) -> list[str]:
        """The statement line by line: what was billed, what moved, what is left, and credit."""
        words = for_reader(self.the.debtor, self.the.business)
        with self.rt.db.reading() as session:
            accounts = {invoice or 0: (account, left) for invoice, account, left in session.execute(
                select(LedgerAccount.invoice_id, LedgerAccount.id, LedgerAccount.debits - LedgerAccount.credits).where(
                    LedgerAccount.debtor_id == self.the.debtor.id, LedgerAccount.kind == "receivable")).tuples()}
            papers = account_rows.papers(session, {invoice: account for invoice, (account, _) in accounts.items()})
            credit = ledger.credit_of(session, self.the.business.id, self.the.debtor.id, self.currency)
        said = []
        for one in self.the.invoices:
            moves = papers.movements[one.id]
            said.append(f"{one.title} {words.money(one.total_minor, self.currency)}")
            said += [f"{words.memo(move.memo)} {words.money(move.amount_minor, self.currency)}" for move in moves]
            left = one.total_minor + sum(move.amount_minor for move in moves)
            if left != accounts[one.id][1]:
                raise NotSo(f"the lines of {one.title} come to {left}, the balance is {accounts[one.id][1]}")
            said.append(f"Left {words.money(left, self.currency)}")
        return said + ([f"Credit {words.money(credit, self.currency)}"] if credit else [])

    def _seen(self, made: str) -> str:
        with self.rt.db.reading() as session:
            return str(session.scalars(select(Arrangement.version).where(Arrangement.public_id == made)).one())

    def _once(self, what: str) -> str:
        return f"{what}-{self.the.debtor.id:08d}-{int(self.at.timestamp() * 1_000_000)}"

    def _said(self, act: Callable[[], Any], *, value: bool = False) -> str:
        """Do something; gives "" or what it gave, or the code it was refused with."""
        try:
            found = act()
        except Refusal as refusal:
            return refusal.code
        return str(found) if value else ""


def tell_one(told: Story, db: Database, folder: Path) -> None:
    """Tell one story on a database; raises NotSo where the books say something else."""
    shop = Shop(make_runtime(db, folder), folder)
    told(shop)


def tell_all(db: Database, folder: Path) -> tuple[int, list[str]]:
    """Tell every story; gives how many, and what was not so."""
    wrong = []
    for told in all_stories():
        try:
            tell_one(told, db, folder)
        except Exception as error:
            wrong.append(f"{told.__name__}: {error}")
    wrong += [str(difference) for difference in ledger_verify.verify(make_runtime(db, folder))[0]]
    return len(all_stories()), wrong


def all_stories() -> list[Story]:
    """Give all stories, in the order of their files."""
    from tests.ledger import ways_discounts, ways_questions, ways_returns, ways_settlements, ways_time  # noqa: F401
    return STORIES
