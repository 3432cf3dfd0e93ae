"""Debtors with a settlement in each of its states, and one with a discount by hand, for the pages of both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from portal.domain.quotes import Choice
from portal.domain.roles import StaffAccess
from portal.models import Business, PortalLink, Staff
from portal.runtime import Runtime
from portal.services import offers, payments, settlement_answers, settlement_ends, settlements
from proofs.page_states import State, typing
from tests.borders import Theatre
from tests.cast import Owed, make_business, make_debtor, make_invoice, make_link
from tests.ledger.stories import received, tell
from tests.offers.people import ALLOWS, pay_quoted, seen, set_policy, sign
from tests.office.borders import OfficeTheatre
from tests.office.people import make_staff

OWED, FITS, LESS = (100_00, 50_00), 120_00, 90_00
# Agreed on this long before, an unpaid settlement is over today.
BEFORE = timedelta(days=20)


@dataclass(frozen=True)
class House:
    """A business that lets debtors settle, and its owner."""

    rt: Runtime
    business: Business
    access: StaffAccess


@dataclass(frozen=True)
class Settled:
    """Who looks, by the state of what they settle, and the public id of each settlement."""

    links: dict[str, PortalLink]
    ids: dict[str, str]

    @property
    def readers(self) -> dict[str, tuple[PortalLink, int]]:
        """Each debtor with their fact."""
        return {f"settling-{name}": (link, 1) for name, link in self.links.items()}

    def states(self) -> list[State]:
        """The debtors' pages about it."""
        return [
            *(State(f"settlement-{name}", f"settling-{name}", f"/settlement/{id}") for name, id in self.ids.items()),
            State("settlement-ask", "settling-discount", "/settlement"),
            State("settlement-ask-too-much", "settling-discount", "/settlement", 422,
                  typing("amount", "900", "/settlement")),
            State("settlement-stands", "settling-asked", "/settlement"),
            State("settlement-sign", "settling-fits", f"/sign/{self.ids['fits']}"),
            State("help-settles", "settling-discount", "/help"), State("ways-settles", "settling-fits", "/ways"),
            State("balance-settled", "settling-active", "/balance"), State("pay-settled", "settling-active", "/pay"),
            State("review-settled", "settling-active", "/pay/review?currency=USD"),
            State("balance-discount", "settling-discount", "/balance"),
            State("review-discount", "settling-discount", "/pay/review?currency=USD"),
            State("history-settled", "settling-kept", "/history"),
        ]


def to_read(theatre: Theatre) -> Settled:
    """Put the debtors on the stage of the debtors' pages, with a business of their own that settles."""
    now = theatre.rt.now()
    with theatre.db.transaction() as session:
        business = make_business(session, policy=ALLOWS, created_at=now - timedelta(days=90))
        staff = make_staff(session, business, "owner")
    return _stand(theatre.rt, business, staff, "Settles")


def to_decide(theatre: OfficeTheatre) -> dict[str, str]:
    """Put the debtors on the office's stage, called as its own debtor is; gives the addresses by name."""
    part = theatre.stage.own.part
    set_policy(theatre.rt, part.owed, ALLOWS)
    found = _stand(theatre.rt, part.business, theatre.stage.own.staff["owner"], part.debtor.name)
    lists = {f"offers-{show}": f"/office/offers?show={show}" for show in ("standing", "soon", "taken", "over")}
    return {"queue-settlements": "/office/requests/settlements", **lists,
            **{f"queue-settlement-{name}": f"/office/requests/settlements/{id}" for name, id in found.ids.items()}}


def _stand(rt: Runtime, business: Business, staff: Staff, name: str) -> Settled:
    house = House(rt, business, StaffAccess(business.id, staff.id, staff.public_id, "owner", 0, rt.now()))
    discounted = _who_owes(house, name)
    offers.make(rt, house.access, discounted.debtor.public_id, offers.Order(
        offers.Wanted(rt.now().date() + timedelta(days=2), basis_points=1_000), "discount".ljust(22, "-")))
    links, ids = {"discount": discounted.link}, {}
    for state, bring in STATES.items():
        owed = _who_owes(house, name)
        links[state], ids[state] = owed.link, bring(house, owed, name)
    return Settled(links, ids)


def _who_owes(house: House, name: str) -> Owed:
    now = house.rt.now()
    begun = now - timedelta(days=60)
    with house.rt.db.transaction() as session:
        debtor = make_debtor(session, house.business, name=name, created_at=begun)
        invoices = [make_invoice(session, debtor, total, due_on=now.date() - timedelta(days=40), now=begun)
                    for total in OWED]
        link = make_link(session, debtor, created_at=begun, expires_at=now + timedelta(days=30))
    return Owed(house.business, debtor, link, invoices)


def _fits(house: House, owed: Owed, _name: str) -> str:
    return settlements.ask(house.rt, owed.access, FITS, "USD")


def _countered(house: House, owed: Owed, name: str) -> str:
    return settlements.ask(house.rt, owed.access, LESS, "USD", words=f"{name}: my hours were cut.")


def _asked(house: House, owed: Owed, name: str) -> str:
    made = _countered(house, owed, name)
    settlements.ask_person(house.rt, owed.access, made, seen=seen(house.rt, made))
    return made


def _refused(house: House, owed: Owed, name: str) -> str:
    made = _asked(house, owed, name)
    settlement_answers.refuse(house.rt, house.access, made, seen=seen(house.rt, made), words=f"{name}: a plan, maybe?")
    return made


def _offered(house: House, owed: Owed, name: str) -> str:
    return settlement_answers.propose(house.rt, house.access, owed.debtor.public_id, 110_00, "USD",
                                      words=f"{name}: if it helps.")


def _taken_back(house: House, owed: Owed, name: str) -> str:
    made = _offered(house, owed, name)
    settlement_answers.take_back(house.rt, house.access, made, seen=seen(house.rt, made), words=f"{name}: sorry.")
    return made


def _active(house: House, owed: Owed, name: str) -> str:
    made = _fits(house, owed, name)
    sign(house.rt, owed, made)
    return made


def _kept(house: House, owed: Owed, name: str) -> str:
    made, now = _active(house, owed, name), house.rt.now()
    payment = pay_quoted(house.rt, owed, payments.quote_for(house.rt, owed.access, Choice("USD")), at=now)
    tell(house.rt.db, received(payment, happened_at=now), now=now)
    return made


def _broken(house: House, owed: Owed, name: str) -> str:
    then = house.rt.now() - BEFORE
    made = _active(replace(house, rt=replace(house.rt, clock=lambda: then)), owed, name)
    settlement_ends.note_ended(house.rt)
    return made


STATES: dict[str, Callable[[House, Owed, str], str]] = {
    "asked": _asked, "countered": _countered, "fits": _fits, "offered": _offered, "refused": _refused,
    "taken-back": _taken_back, "active": _active, "kept": _kept, "broken": _broken}
