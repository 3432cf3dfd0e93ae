"""A debtor with a plan in each of its states, proposed, running and over, for the pages of both sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from playwright.sync_api import Page
from sqlalchemy import select

from portal.domain.plan_terms import Wish
from portal.domain.roles import StaffAccess
from portal.models import (
    Arrangement,
    AutopayCharge,
    Business,
    Debtor,
    Hold,
    Installment,
    Invoice,
    Plan,
    PortalLink,
    SavedMethod,
    Staff,
    StripeCustomer,
    lock_debtor,
)
from portal.runtime import Runtime
from portal.services import (
    arrangements,
    bookkeeping,
    mandates,
    plan_answers,
    plan_money,
    plan_proposals,
    plan_renewal,
    plan_watch,
)
from portal.services.bookkeeping import Part
from portal.services.payments import new_number
from portal.services.plan_proposals import Asked
from proofs.dispute_states import Reader
from proofs.page_states import Act, State, press, typing
from tests.autopay.house import sign_plan
from tests.borders import Theatre
from tests.cast import Owed, make_debtor, make_invoice, make_link
from tests.ledger.stories import start_payment
from tests.office.borders import OfficeTheatre
from tests.office.people import make_staff

OWED, HALF = 100_00, 50_00


@dataclass(frozen=True)
class House:
    """A business, one of its people, and a debtor with an invoice for every plan."""

    rt: Runtime
    access: StaffAccess
    owed: Owed

    @property
    def today(self) -> date:
        """The day where the debtor is."""
        with self.rt.db.reading() as session:
            return arrangements.today(session, session.get_one(Debtor, self.owed.debtor.id), self.rt.now())

    def row(self, plan_id: str) -> Arrangement:
        """The row of a plan."""
        with self.rt.db.reading() as session:
            return session.scalars(select(Arrangement).where(Arrangement.public_id == plan_id)).one()

    def seen(self, plan_id: str) -> str:
        """What whoever reads the plan now has read."""
        return str(self.row(plan_id).version)


@dataclass(frozen=True)
class Planned:
    """The debtor's link and their plans by state; `away` is one that can be changed, `off` one paid by hand."""

    link: PortalLink
    debtor_id: str
    ids: dict[str, str]
    coming: str

    @property
    def readers(self) -> dict[str, Reader]:
        """Who looks: the debtor with their fact, and with the code that was emailed for either act."""
        return {"planning": (self.link, 1), "signing": (self.link, 2, "sign"), "allowing": (self.link, 2, "autopay")}

    def states(self) -> list[State]:
        """The debtor's pages about their plans."""
        change = f"/plan/{self.ids['good']}/payments/{self.coming}"
        allow, sign = f"/autopay/allow/{self.ids['late']}", f"/sign/{self.ids['countered']}"
        return [
            *(State(f"plan-{name}", "planning", f"/plan/{id}") for name, id in self.ids.items()),
            State("balance-plans", "planning", "/balance"), State("autopay", "planning", "/autopay"),
            State("plan-change", "planning", change),
            State("plan-change-passed", "planning", change, 422, typing("until", "2020-01-01", change)),
            State("plan-sign", "planning", sign), State("plan-sign-proven", "signing", sign),
            State("plan-sign-other-name", "planning", sign, 422, _as_somebody_else(sign)),
            State("autopay-code", "planning", "/code?for=autopay"), State("autopay-allow", "allowing", allow),
            State("autopay-not-allowed", "allowing", allow, 422, press(allow)),
        ]


def _as_somebody_else(sign: str) -> Act:
    """Sign by a name that is not the one on the invoices."""
    def act(page: Page) -> None:
        for box in page.query_selector_all("[name=consent]"):
            box.check()
        typing("name", "Grace Hopper", sign)(page)
    return act


def to_read(theatre: Theatre) -> Planned:
    """Put the debtor on the stage of the debtors' pages."""
    with theatre.db.transaction() as session:
        staff = make_staff(session, theatre.stage.own.business, "manager")
    return _stand(theatre.rt, theatre.stage.own.business, staff, "Plans")


def to_run(theatre: OfficeTheatre) -> dict[str, str]:
    """Put the debtor on the office's stage, called as its own debtor is; gives the addresses by name."""
    part = theatre.stage.own.part
    found = _stand(theatre.rt, part.business, theatre.stage.own.staff["manager"], part.debtor.name)
    return {"plans-in-every-state": f"/office/debtors/{found.debtor_id}/plans", "plans-running": "/office/plans",
            "queue-plans": "/office/requests/plans", "debtor-with-plans": f"/office/debtors/{found.debtor_id}",
            **{f"queue-plan-{name}": f"/office/requests/plans/{found.ids[name]}" for name in PROPOSED}}


def _stand(rt: Runtime, business: Business, staff: Staff, name: str) -> Planned:
    access = StaffAccess(business.id, staff.id, staff.public_id, "manager", 0, rt.now())
    house = House(rt, access, _who_plans(rt, business, name))
    places = iter(house.owed.invoices)
    ids = {state: bring(house, next(places)) for state, bring in RUNNING.items()}
    plan_watch.watch(rt)
    plan_renewal.renew(rt)
    with rt.db.reading() as session:
        ids["changed"] = session.scalars(
            select(Arrangement.public_id).join(Plan, Plan.arrangement_id == Arrangement.id)
            .where(Plan.replaces_id == house.row(ids["outgrown"]).id)).one()
    ids |= {state: _proposed(house, next(places), bring) for state, bring in PROPOSED.items()}
    with rt.db.reading() as session:
        coming = session.scalars(select(Installment.public_id).where(
            Installment.arrangement_id == house.row(ids["good"]).id, Installment.state == "open")
            .order_by(Installment.position).limit(1)).one()
    return Planned(house.owed.link, house.owed.debtor.public_id, ids, coming)


def _who_plans(rt: Runtime, business: Business, name: str) -> Owed:
    now = rt.now()
    with rt.db.transaction() as session:
        debtor = make_debtor(session, business, name=name, created_at=now)
        invoices = [make_invoice(session, debtor, OWED, now=now, due_on=now.date() - timedelta(days=20 + place))
                    for place in range(len(PROPOSED) + len(RUNNING))]
        link = make_link(session, debtor, created_at=now, expires_at=now + timedelta(days=30))
    return Owed(business, debtor, link, invoices)


# Before the signature

def _proposed(house: House, invoice: Invoice, bring: Callable[[House, str], None]) -> str:
    wish = Wish("monthly", house.today + timedelta(days=70), 3)
    asked = Asked("USD", wish, (invoice.public_id,), "My season begins in spring.", person=True)
    plan_id = plan_proposals.propose(house.rt, house.owed.access, asked, total_minor=OWED)
    bring(house, plan_id)
    return plan_id


def _leave(_house: House, _plan_id: str) -> None:
    """Nobody has answered yet."""


def _counter(house: House, plan_id: str) -> None:
    plan_answers.counter(house.rt, house.access, plan_id, None, seen=house.seen(plan_id), words="Would this do?")


def _refuse(house: House, plan_id: str) -> None:
    plan_answers.refuse(house.rt, house.access, plan_id, seen=house.seen(plan_id), words="Spring is too late for us.")


def _take_back(house: House, plan_id: str) -> None:
    plan_proposals.withdraw(house.rt, house.owed.access, plan_id, seen=house.seen(plan_id))


# After it

def _signed(*days: int, allow: bool = False, paid: int = 0) -> Callable[[House, Invoice], str]:
    """A plan of two payments that are due so many days from today, some of it paid."""
    return lambda house, invoice: _begun(house, invoice, days, allow=allow, paid=paid)


def _begun(house: House, invoice: Invoice, days: Sequence[int], *, allow: bool = False, paid: int = 0) -> str:
    rt, own = house.rt, replace(house.owed, invoices=[invoice])
    plan_id = sign_plan(rt.db, own, rt.now(), *((house.today + timedelta(days=day), HALF) for day in days), allow=allow)
    if paid:
        with rt.db.transaction() as session:
            bookkeeping.receive_outside(
                session, own.debtor, [Part(session.get_one(Invoice, invoice.id), paid)], channel="check", amount=paid,
                reference="", received_at=rt.now(), now=rt.now(), number=new_number())
    return plan_id


def _broken(house: House, invoice: Invoice) -> str:
    """Long missed, and the last notice is over: the next look ends it."""
    plan_id = _begun(house, invoice, (-40, 20))
    with house.rt.db.transaction() as session:
        plan = session.get_one(Plan, house.row(plan_id).id)
        plan.standing, plan.cure_until = "cure", house.today - timedelta(days=2)
    return plan_id


def _ended(house: House, invoice: Invoice) -> str:
    plan_id = _begun(house, invoice, (5, 35))
    plan_answers.end(house.rt, house.access, plan_id, seen=house.seen(plan_id), words="You asked us to.")
    return plan_id


def _outgrown(house: House, invoice: Invoice) -> str:
    """A fee came on top of what was signed: a changed plan is proposed."""
    plan_id = _begun(house, invoice, (12, 42))
    with house.rt.db.transaction() as session:
        bookkeeping.charge_fee(session, session.get_one(Invoice, invoice.id), HALF, step="late", interest=False,
                               rule="late_fee", now=house.rt.now())
    return plan_id


def _charged(house: House, invoice: Invoice) -> str:
    """Paid by a saved card, first and second."""
    plan_id = _begun(house, invoice, (9, 39), allow=True)
    _save(house, plan_id, "visa")
    return plan_id


def _held(house: House, invoice: Invoice) -> str:
    """To be charged, and waiting, because a bank looks at what was paid before."""
    plan_id = _charged(house, invoice)
    with house.rt.db.transaction() as session:
        session.add(Hold(
            business_id=invoice.business_id, debtor_id=invoice.debtor_id, invoice_id=invoice.id, reminders=True,
            autopay=True, cause="chargeback", cause_id=plan_id, starts_at=house.rt.now()))
    return plan_id


def _refused_by_bank(house: House, invoice: Invoice) -> str:
    """The card was refused for good: its owner has to pay by hand."""
    rt, plan_id = house.rt, _begun(house, invoice, (-2, 28), allow=True)
    method_id = _save(house, plan_id, "mastercard")
    failed = start_payment(rt.db, house.owed, (invoice, HALF), opens=False, at=rt.now() - timedelta(hours=5),
                           state="failed", failure_code="expired_card")
    with rt.db.transaction() as session:
        arrangement = house.row(plan_id)
        row = session.scalars(select(Installment).where(
            Installment.arrangement_id == arrangement.id, Installment.position == 1)).one()
        mandate = mandates.of_plan(session, arrangement.business_id, arrangement.id)
        assert mandate is not None
        row.tries, row.try_at = 1, None
        session.add(AutopayCharge(
            payment_id=failed.id, business_id=row.business_id, debtor_id=row.debtor_id, installment_id=row.id,
            saved_method_id=method_id, mandate_id=mandate.id, try_no=1, outcome="payer", code="expired_card",
            created_at=failed.created_at))
    return plan_id


def _save(house: House, plan_id: str, brand: str) -> int:
    """Save a card for a plan; returns the id of its row."""
    debtor, now, arrangement = house.owed.debtor, house.rt.now(), house.row(plan_id)
    with house.rt.db.transaction() as session:
        lock_debtor(session, debtor.business_id, debtor.id)
        customer = session.scalars(select(StripeCustomer).where(StripeCustomer.debtor_id == debtor.id)).one_or_none()
        if customer is None:
            customer = StripeCustomer(business_id=debtor.business_id, debtor_id=debtor.id, account="",
                                      customer=f"cus_{debtor.public_id}", created_at=now)
            session.add(customer)
            session.flush()
        method = SavedMethod(
            business_id=debtor.business_id, debtor_id=debtor.id, customer_id=customer.id, method=f"pm_{plan_id}",
            kind="card", brand=brand, last4="4242", exp_month=12, exp_year=now.year + 3, state="active", saved_at=now,
            told_at=now)
        session.add(method)
        session.flush()
        mandate = mandates.of_plan(session, debtor.business_id, arrangement.id)
        assert mandate is not None
        mandates.use(session, mandate, method, now)
        plan_money.follow(session, debtor.business_id, debtor.id, now)
        return method.id


PROPOSED: dict[str, Callable[[House, str], None]] = {
    "asked": _leave, "countered": _counter, "refused": _refuse, "withdrawn": _take_back}
RUNNING: dict[str, Callable[[House, Invoice], str]] = {
    "good": _signed(-10, 20, paid=HALF), "late": _signed(-3, 27), "cure": _signed(-9, 21), "broken": _broken,
    "kept": _signed(-30, 20, paid=OWED), "ended": _ended, "charged": _charged, "held": _held,
    "bank-refused": _refused_by_bank, "outgrown": _outgrown, "waiting": _signed(11, 41, allow=True)}
