"""A year of many debtors by seed: who pays when, who objects, moves, opts out or bounces, told as it happens."""

from __future__ import annotations

import random
from bisect import insort
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.models import Business, Debtor, Hold, Invoice, lock_debtor
from portal.runtime import Runtime
from portal.services import bookkeeping, not_me, opt_out
from portal.services.bookkeeping import Part
from portal.services.payments import new_number
from proofs.reminder_checker import Bill, Person
from sandbox.mailbox.smtp import SmtpServer
from tests.cast import Clock, make_business, make_debtor, make_invoice

US = ("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
      "America/Anchorage", "Pacific/Honolulu")
# Currency, language, series, zone of the business, and every zone of its country.
HOUSES: tuple[dict[str, Any], ...] = (
    {"country": "US", "currency": "USD", "locale": "en", "timezone": "America/Los_Angeles", "zones": US,
     "preset": "standard"},
    {"country": "US", "currency": "USD", "locale": "en", "timezone": "America/New_York", "zones": US, "preset": "firm"},
    {"country": "ES", "currency": "EUR", "locale": "es", "timezone": "Europe/Madrid", "preset": "gentle",
     "zones": ("Europe/Madrid", "Atlantic/Canary", "Africa/Ceuta")},
    {"country": "AU", "currency": "AUD", "locale": "en", "timezone": "Australia/Sydney", "preset": "firm",
     "zones": ("Australia/Sydney", "Australia/Perth", "Australia/Adelaide", "Australia/Darwin", "Australia/Brisbane")},
)
FAR = ("Asia/Kolkata", "Asia/Kathmandu", "Pacific/Auckland", "Europe/London", "America/St_Johns", "Pacific/Apia")
Happening = Callable[[], None]


class Refused(set[str]):
    """Addresses the mail server does not know, with how often each was tried."""

    def __init__(self) -> None:
        super().__init__()
        self.tries: dict[str, int] = defaultdict(int)

    def __contains__(self, address: object) -> bool:
        known = super().__contains__(address)
        if known:
            self.tries[str(address)] += 1
        return known


class World:
    """The people and what happens to them; each happening moves the portal's rows and what the checker knows."""

    def __init__(self, rt: Runtime, clock: Clock, server: SmtpServer, seed: int, *, people: int, days: int) -> None:
        self._rt, self._clock, self._server = rt, clock, server
        self._dice = random.Random(seed)
        self._start, self._days = clock.now, days
        self._coming: list[tuple[datetime, int, Happening]] = []
        self._numbers = 0
        self.refused = Refused()
        server.faults.refused = self.refused
        self.businesses = self._open_houses()
        self.people = [self._meet(number) for number in range(people)]
        self.by_debtor = {person.debtor_id: person for person in self.people}
        for place in range(len(self.businesses)):
            self._close_for_a_while(place)
        self._coming.sort(key=lambda one: one[:2], reverse=True)

    def happen(self, until: datetime) -> int:
        """Let everything happen that was to happen by now."""
        count = 0
        while self._coming and self._coming[-1][0] <= until:
            self._coming.pop()[2]()
            count += 1
        return count

    def _open_houses(self) -> list[Business]:
        with self._rt.db.transaction() as session:
            return [make_business(session, created_at=self._clock.now, **{
                key: house[key] for key in ("country", "currency", "locale", "timezone")}) for house in HOUSES]

    def _meet(self, number: int) -> Person:
        place = number % len(HOUSES)
        house, business, dice = HOUSES[place], self.businesses[place], self._dice
        known = dice.random() < 0.7
        zones = (dice.choice(house["zones"]),) if known else (
            house["timezone"], *(zone for zone in house["zones"] if zone != house["timezone"]))
        with self._rt.db.transaction() as session:
            debtor = make_debtor(
                session, business, name=f"Debtor {number}", email=f"person{number}@debtor.example",
                timezone=zones[0] if known else None, country=house["country"], locale=house["locale"],
                kind=dice.choice(("consumer", "business")), created_at=self._clock.now,
                phone=None if dice.random() < 0.3 else "+15035550199")
        person = Person(number, debtor.id, place, debtor.email or "", zones)
        self._plan(person)
        return person

    def _at(self, moment: datetime, happening: Happening) -> None:
        self._numbers += 1
        self._coming.append((moment, self._numbers, happening))

    def _some_day(self, first: float = 0.0, last: float = 1.0) -> datetime:
        return self._start + timedelta(days=self._dice.uniform(first, last) * self._days)

    def _plan(self, person: Person) -> None:
        """Decide the year of one debtor."""
        dice = self._dice
        for _ in range(max(1, round(dice.uniform(1.0, 3.4) * self._days / 365))):
            self._plan_bill(person, self._some_day(0.0, 0.8))
        chances: tuple[tuple[float, Callable[[], None]], ...] = (
            (0.08, lambda: self._opt_out(person)), (0.04, lambda: self._say_not_me(person)),
            (0.10, lambda: self._move(person)), (0.12, lambda: self._begin_to_bounce(person)),
            (0.10, lambda: self._promise(person)))
        for chance, happening in chances:
            if dice.random() < chance:
                self._at(self._some_day(0.1, 0.9), happening)

    def _plan_bill(self, person: Person, issued: datetime) -> None:
        dice, amount = self._dice, self._dice.randint(20_00, 900_00)
        due = issued.date() + timedelta(days=dice.randint(7, 30))
        bill = Bill(f"YR-{self._numbers}", 0, due, amount)
        self._at(issued, lambda: self._issue(person, bill))
        late = dice.choice((-3, 1, 4, 9, 15, 22, 30, 45, 70, 400))
        pays = datetime.combine(due, issued.timetz()) + timedelta(days=late, hours=dice.uniform(-10, 10))
        if dice.random() < 0.15:
            self._at(max(pays - timedelta(days=5), issued), lambda: self._pay(person, bill, amount // 3))
        self._at(max(pays, issued), lambda: self._pay(person, bill, None))
        if dice.random() < 0.12:
            objects = issued + timedelta(days=dice.uniform(1, 50))
            self._at(objects, lambda: self._object(person, bill, objects + timedelta(days=dice.uniform(3, 40))))

    def _change(self, person: Person, work: Callable[[Session, Debtor], None]) -> None:
        def locked(session: Session) -> None:
            debtor = lock_debtor(session, self.businesses[person.business].id, person.debtor_id)
            assert debtor is not None
            work(session, debtor)

        self._rt.db.run(locked)

    def _issue(self, person: Person, bill: Bill) -> None:
        def work(session: Session, debtor: Debtor) -> None:
            house = HOUSES[person.business]
            made = make_invoice(session, debtor, bill.left, currency=house["currency"], due_on=bill.due_on,
                                now=self._clock.now, number=bill.number)
            bill.id = made.id

        self._change(person, work)
        person.bills.append(bill)

    def _pay(self, person: Person, bill: Bill, amount: int | None) -> None:
        if bill not in person.bills or bill.left <= 0:
            return
        paid = min(amount or bill.left, bill.left)

        def work(session: Session, debtor: Debtor) -> None:
            bookkeeping.receive_outside(
                session, debtor, [Part(session.get_one(Invoice, bill.id), paid)], channel="transfer", amount=paid,
                reference="", received_at=self._clock.now, now=self._clock.now, number=new_number())

        self._change(person, work)
        bill.left -= paid

    def _object(self, person: Person, bill: Bill, until: datetime) -> None:
        if bill not in person.bills:
            return
        self._hold(person, bill, "dispute")
        bill.held = True

        def settle() -> None:
            self._change(person, lambda session, debtor: self._release(session, debtor, bill))
            bill.held = False

        self._later(until, settle)

    def _promise(self, person: Person) -> None:
        until = self._clock.now + timedelta(days=self._dice.uniform(4, 20))
        self._hold(person, None, "promise")
        person.held = True

        def over() -> None:
            self._change(person, lambda session, debtor: self._release(session, debtor, None))
            person.held = False

        self._later(until, over)

    def _hold(self, person: Person, bill: Bill | None, cause: str) -> None:
        self._change(person, lambda session, debtor: session.add(Hold(
            business_id=debtor.business_id, debtor_id=debtor.id, invoice_id=bill.id if bill else None, reminders=True,
            cause=cause, starts_at=self._clock.now)))

    def _release(self, session: Session, debtor: Debtor, bill: Bill | None) -> None:
        session.execute(
            update(Hold).where(Hold.debtor_id == debtor.id, Hold.released_at.is_(None),
                               Hold.invoice_id.is_(None) if bill is None else Hold.invoice_id == bill.id)
            .values(released_at=self._clock.now))

    def _opt_out(self, person: Person) -> None:
        with self._rt.db.reading() as session:
            public_id = session.get_one(Debtor, person.debtor_id).public_id
        opt_out.stop(self._rt, opt_out.token(self._rt.settings, public_id, self._clock.now), one_click=True)
        person.opted_out = True

    def _say_not_me(self, person: Person) -> None:
        with self._rt.db.reading() as session:
            debtor = session.get_one(Debtor, person.debtor_id)
        url = not_me.url_of(self._rt.settings, debtor, self._clock.now)
        not_me.say(self._rt, url.rsplit("/", 1)[1])
        person.not_them = True

    def _move(self, person: Person) -> None:
        zone = self._dice.choice(FAR)

        def work(_session: Session, debtor: Debtor) -> None:
            debtor.timezone = zone

        self._change(person, work)
        person.zones = (zone,)

    def _begin_to_bounce(self, person: Person) -> None:
        self.refused.add(person.address)
        self._later(self._clock.now + timedelta(days=self._dice.uniform(50, 110)), lambda: self._correct(person))

    def _correct(self, person: Person) -> None:
        """Staff learn the right address."""
        if person.not_them:
            return
        fresh = f"again.{person.address}"

        def work(_session: Session, debtor: Debtor) -> None:
            debtor.email, debtor.email_state = fresh, "ok"

        self._change(person, work)
        person.address = fresh

    def _close_for_a_while(self, place: int) -> None:
        """A business pauses all its reminders for two weeks."""
        begins = self._some_day(0.3, 0.6)
        self._at(begins, lambda: self._pause(place, paused=True))
        self._at(begins + timedelta(days=14), lambda: self._pause(place, paused=False))

    def _pause(self, place: int, *, paused: bool) -> None:
        with self._rt.db.transaction() as session:
            session.get_one(Business, self.businesses[place].id).paused_at = self._clock.now if paused else None
        for person in self.people:
            if person.business == place:
                person.paused = paused

    def _later(self, moment: datetime, happening: Happening) -> None:
        """Plan something while the year runs already."""
        self._numbers += 1
        insort(self._coming, (moment, self._numbers, happening), key=lambda one: (-one[0].timestamp(), -one[1]))
