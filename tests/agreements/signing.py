"""A signing as tests need it: an arrangement somebody may sign, a code that was entered, a text, and the signature."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.agreements import AUTOPAY, ELECTRONIC_RECORDS, SIGN, Statement
from portal.models import Agreement, Arrangement, Business, Debtor, Message, PortalLink, lock_debtor
from portal.runtime import Runtime
from portal.services import agreements, arrangements, identity, sessions
from portal.services.agreements import Signature, ToSign
from portal.services.arrangements import Step
from portal.words.core import for_reader
from tests.access.visitor import CODE
from tests.cast import Owed

NAME = "Helen Adaeze Okafor"
BOXES = frozenset({ELECTRONIC_RECORDS})
CHARGES = Statement(AUTOPAY, "1", "On each of these days we charge the card you choose.")


@dataclass
class Signing:
    """One arrangement that can be signed, and who may sign it."""

    rt: Runtime
    owed: Owed
    arrangement: Arrangement
    access: Access
    autopay: Statement | None = None

    def text(self) -> str:
        return (f"# What we agree\n\nHelen Okafor pays 80.00 by the end of the month; the rest of 20.00 is let go.\n\n"
                f"- Invoice {self.owed.invoices[0].number}\n\n## Number\n{self.arrangement.public_id}\n")

    def to_sign(self) -> ToSign:
        with self.rt.db.reading() as session:
            return self._ready(session)

    def sign(self, *, access: Access | None = None, **changes: object) -> Agreement:
        """Sign as the page does; `changes` are what came back otherwise, `access` is who signs."""
        signature, rt = replace(self.signature(), **changes), self.rt  # type: ignore[arg-type]

        def work(session: Session) -> Agreement:
            lock_debtor(session, self.owed.business.id, self.owed.debtor.id)
            return agreements.sign(session, rt.settings, access or self.access, self._ready(session), signature,
                                   rt.now())

        return rt.db.run(work)

    def signature(self) -> Signature:
        boxes = BOXES | ({AUTOPAY} if self.autopay else frozenset())
        return Signature(self.the().version, self.to_sign().seen, NAME, boxes, "203.0.113.7", "Browser 1.0")

    def the(self) -> Arrangement:
        with self.rt.db.reading() as session:
            return session.get_one(Arrangement, self.arrangement.id)

    def _ready(self, session: Session) -> ToSign:
        debtor = session.get_one(Debtor, self.owed.debtor.id)
        words = for_reader(debtor, session.get_one(Business, debtor.business_id))
        return agreements.ready(session, debtor, words, session.get_one(Arrangement, self.arrangement.id),
                                self.text(), "settlement/1", autopay=self.autopay)


def prepare(rt: Runtime, owed: Owed, *, autopay: bool = False) -> Signing:
    """Let somebody have an offer on the table, and enter the code that opens the signing."""
    return Signing(rt, owed, offered(rt, owed), proven(rt, owed.link), CHARGES if autopay else None)


def offered(rt: Runtime, owed: Owed) -> Arrangement:
    """Write an arrangement down that waits for a signature."""
    now = rt.now()
    with rt.db.transaction() as session:
        debtor = lock_debtor(session, owed.business.id, owed.debtor.id)
        assert debtor is not None
        made = arrangements.open_one(
            session, debtor, "settlement", [owed.invoices[0].id], now,
            asked_until=(now + timedelta(days=20)).date(), currency="USD", amount_minor=80_00)
        arrangements.note(session, made, Step("debtor", "asked", made.asked_until, 80_00), now)
        return made


def proven(rt: Runtime, link: PortalLink, act: str = SIGN) -> Access:
    """Enter the emailed code for an act; returns the door it opened."""
    identity.send_code(rt, link.public_id, act)
    with rt.db.reading() as session:
        sent = session.scalars(select(Message).where(Message.kind == "code").order_by(Message.id.desc())).first()
    found = CODE.search(sent.body_text) if sent else None
    assert found is not None
    new = identity.enter_code(rt, link.public_id, act, found[1], replaces=None)
    visit = sessions.find(rt, new.key, act)
    assert visit is not None
    return visit.access
