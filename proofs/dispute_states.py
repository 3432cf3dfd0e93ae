"""A debtor with a dispute in each of its states, for the pages of both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from playwright.sync_api import Page

from portal.models import Business, InvoiceLine, PortalLink, Staff
from portal.runtime import Runtime
from portal.services import dispute_answers, disputes
from portal.services.dispute_choices import Chosen
from proofs.dispute_stage import House, decide, parts_of, question
from proofs.page_states import State, typing
from tests.borders import Theatre
from tests.cast import Clock, Owed, make_debtor, make_invoice, make_link
from tests.office.borders import OfficeTheatre
from tests.office.people import make_staff

LINES = (("First visit", 48_00, 12_00), ("Second visit", 32_00, 8_00))
# A link, the level its reader has come to, and the act an emailed code was entered for.
Reader = tuple[PortalLink, int] | tuple[PortalLink, int, str]
# What is questioned of an invoice of 100.00: its second line, with its tax.
MINOR = 40_00


def _ask_for_the_code(page: Page) -> None:
    page.fill("[name=words]", "It is wrong.")
    page.click("button[name=do][value=code]")


@dataclass(frozen=True)
class Questioned:
    """The debtor's link, and the public id of their dispute in each state by its name."""

    link: PortalLink
    ids: dict[str, str]

    @property
    def readers(self) -> dict[str, Reader]:
        """Who looks: the debtor with their fact, and with the emailed code that lets them send files."""
        return {"questioning": (self.link, 1), "proven": (self.link, 2, "dispute")}

    def states(self) -> list[State]:
        """The debtor's pages about it."""
        return [
            State("wrong", "questioning", "/something-wrong"), State("wrong-files", "proven", "/something-wrong"),
            State("wrong-nothing", "questioning", "/something-wrong", 422,
                  typing("words", "It is wrong.", "/something-wrong")),
            State("wrong-code", "questioning", "/something-wrong", 200, _ask_for_the_code),
            *(State(f"dispute-{name}", "questioning", f"/disputes/{id}") for name, id in self.ids.items()),
            State("dispute-files", "proven", f"/disputes/{self.ids['waiting']}"),
            State("dispute-silent", "questioning", f"/disputes/{self.ids['waiting']}", 422,
                  typing("words", " ", "/disputes/")),
        ]


def to_read(theatre: Theatre) -> Questioned:
    """Put the debtor on the stage of the debtors' pages."""
    with theatre.db.transaction() as session:
        staff = make_staff(session, theatre.stage.own.business, "manager")
    return _stand(theatre.rt, theatre.stage.own.business, staff, "Questions")


def to_decide(theatre: OfficeTheatre) -> dict[str, str]:
    """Put the debtor on the office's stage, called as its own debtor is; gives the addresses by name."""
    part = theatre.stage.own.part
    found = _stand(theatre.rt, part.business, theatre.stage.own.staff["manager"], part.debtor.name)
    queued = {f"queue-dispute-{name}": f"/office/requests/disputes/{found.ids[name]}" for name in ("open", "again")}
    return {"queue-disputes": "/office/requests/disputes", **queued,
            **{f"dispute-{name}": f"/office/disputes/{id}" for name, id in found.ids.items()}}


def _stand(rt: Runtime, business: Business, staff: Staff, name: str) -> Questioned:
    house = House(rt, Clock(rt.now()), business, staff)
    owed = _who_questions(house, name)
    ids = {}
    for invoice, (state, bring) in zip(owed.invoices, STATES.items(), strict=True):
        ids[state] = question(house, owed, Chosen(invoice.public_id, 2), words=f"{name}: it is wrong.")
        bring(house, owed, ids[state])
    return Questioned(owed.link, ids)


def _who_questions(house: House, name: str) -> Owed:
    now, invoices = house.rt.now(), []
    with house.rt.db.transaction() as session:
        debtor = make_debtor(session, house.business, name=name, created_at=now)
        for _ in STATES:
            invoice = make_invoice(session, debtor, 100_00, now=now, due_on=now.date() - timedelta(days=9))
            session.add_all(InvoiceLine(
                business_id=house.business.id, invoice_id=invoice.id, position=place, description=text,
                amount_minor=net, tax_minor=tax, tax_basis_points=2_500)
                for place, (text, net, tax) in enumerate(LINES, start=1))
            invoices.append(invoice)
        link = make_link(session, debtor, created_at=now, expires_at=now + timedelta(days=30))
    return Owed(house.business, debtor, link, invoices)


def _leave(_house: House, _owed: Owed, _id: str) -> None:
    """Nothing was said yet."""


def _ask(house: House, _owed: Owed, id: str) -> None:
    dispute_answers.say(house.rt, house.access, id, "Was the gate open that day?", seen=parts_of(house, id)[1])


def _credit(minor: int) -> Callable[[House, Owed, str], None]:
    return lambda house, _owed, id: decide(house, id, minor)


def _take_back(house: House, owed: Owed, id: str) -> None:
    disputes.withdraw(house.rt, owed.access, id)


def _look_again(house: House, owed: Owed, id: str) -> None:
    decide(house, id, 0)
    disputes.look_again(house.rt, owed.access, id, "My neighbour was there and saw nobody.")


def _for_good(house: House, owed: Owed, id: str) -> None:
    _look_again(house, owed, id)
    decide(house, id, 0)


STATES: dict[str, Callable[[House, Owed, str], None]] = {
    "open": _leave, "waiting": _ask, "upheld": _credit(MINOR), "partly": _credit(15_00), "rejected": _credit(0),
    "again": _look_again, "final": _for_good, "withdrawn": _take_back}
