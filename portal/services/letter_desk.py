"""What the office does with letters: sees the queue, prints what waits, notes what was printed, drops and writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.ledger import RECEIVABLE
from portal.domain.roles import StaffAccess
from portal.models import Business, Debtor, Invoice, LedgerAccount, PaperLetter, lock_debtor
from portal.runtime import Runtime
from portal.services import debtor_desk, ledger, letter_print, nonces, paper_letters
from portal.services.audit import COMMAND_LINE, Actor, record, staff_actor
from portal.services.letter_print import Sheet
from portal.services.paper_letters import DROPPED, PRINTED, WAITING
from portal.words.letter_paper import PAID_IN_FULL

# So many letters are made and printed in one go; the rest waits for the next.
MOST_AT_ONCE = 50
SHOWN = 100
SETTLED_SHOWN = 12
STATES = (WAITING, PRINTED, DROPPED)
HAND_KINDS = ("friendly", "formal", "final", PAID_IN_FULL)


@dataclass(frozen=True)
class LetterRow:
    """One letter of the queue."""

    public_id: str
    kind: str
    state: str
    reason: str
    created_at: datetime
    printed_at: datetime | None
    dropped_at: datetime | None
    debtor_id: str
    debtor_name: str
    debtor_number: str
    has_words: bool


@dataclass(frozen=True)
class Stack:
    """What was made ready for the printer: the letters in one file, their ids, and how many were dropped meanwhile."""

    public_ids: tuple[str, ...]
    content: bytes
    dropped: int


@dataclass(frozen=True)
class Choice:
    """What a letter by hand starts from: whether it would arrive, and the invoices that were paid lately."""

    has_address: bool
    settled: Sequence[tuple[str, str, str]]


def choice(rt: Runtime, access: StaffAccess, debtor_id: str) -> Choice:
    """Give what a letter by hand starts from; raises Refusal not_found."""
    access.require("work")
    with rt.db.reading() as session:
        debtor = debtor_desk.find(session, access, debtor_id)
        settled = session.execute(
            select(Invoice.public_id, Invoice.number, Invoice.title)
            .join(LedgerAccount, LedgerAccount.invoice_id == Invoice.id)
            .where(Invoice.business_id == access.business_id, Invoice.debtor_id == debtor.id,
                   LedgerAccount.kind == RECEIVABLE, LedgerAccount.credits >= LedgerAccount.debits)
            .order_by(Invoice.due_on.desc(), Invoice.id.desc()).limit(SETTLED_SHOWN)).all()
        return Choice(paper_letters.has_address(debtor), [(row[0], row[1], row[2]) for row in settled])


def queue(rt: Runtime, access: StaffAccess, state: str = WAITING) -> Sequence[LetterRow]:
    """List letters in one state: those that wait the oldest first, others the newest; raises Refusal unknown_page."""
    access.require("see")
    if state not in STATES:
        raise Refusal("not_found", "unknown_page")
    moment = {WAITING: PaperLetter.created_at, PRINTED: PaperLetter.printed_at, DROPPED: PaperLetter.dropped_at}[state]
    order = moment.asc() if state == WAITING else moment.desc()
    with rt.db.reading() as session:
        rows = session.execute(
            select(PaperLetter, Debtor).join(Debtor, Debtor.id == PaperLetter.debtor_id)
            .where(PaperLetter.business_id == access.business_id, PaperLetter.state == state)
            .order_by(order, PaperLetter.id).limit(SHOWN)).all()
    return [LetterRow(letter.public_id, letter.kind, letter.state, letter.reason, letter.created_at, letter.printed_at,
                      letter.dropped_at, debtor.public_id, debtor.name, debtor.number, letter_print.is_ready(letter))
            for letter, debtor in rows]


def print_waiting(rt: Runtime, access: StaffAccess) -> Stack:
    """Make what waits ready and give it as one file; what may not go any more is dropped with its reason.

    The letters keep waiting until somebody says that they came out of the printer. Raises Refusal no_letters.
    """
    access.require("work")
    sheets, dropped = _make(rt, access.business_id, staff_actor(access))
    if not sheets:
        raise Refusal("conflict", "letters_dropped" if dropped else "no_letters")
    return Stack(tuple(one.public_id for one in sheets), letter_print.together(sheets), dropped)


def print_into(rt: Runtime, slug: str, folder: Path) -> int:
    """Write every waiting letter into a folder, one file each, and note it as printed; returns how many.

    A run that breaks off writes the rest, and the last one again, the next time. Raises Refusal unknown_business.
    """
    with rt.db.reading() as session:
        business_id = session.scalar(select(Business.id).where(Business.slug == slug))
    if business_id is None:
        raise Refusal("not_found", "unknown_business", slug=slug)
    written = 0
    while True:
        sheets, _ = _make(rt, business_id, COMMAND_LINE)
        if not sheets:
            return written
        for one in sheets:
            (folder / one.file_name).write_bytes(one.content)
        written += _note_printed(rt, business_id, [one.public_id for one in sheets], COMMAND_LINE)


def note_printed(rt: Runtime, access: StaffAccess, public_ids: Sequence[str]) -> int:
    """Note that letters came out of the printer; returns how many were still waiting. Raises Refusal nothing_chosen."""
    access.require("work")
    if not public_ids:
        raise Refusal("invalid", "nothing_chosen")
    return _note_printed(rt, access.business_id, public_ids, staff_actor(access))


def drop(rt: Runtime, access: StaffAccess, public_id: str) -> None:
    """Take a waiting letter out of the queue; twice changes nothing. Raises Refusal not_found, letter_printed."""
    access.require("work")
    now = rt.now()

    def work(session: Session) -> None:
        letter = _find(session, access, public_id)
        lock_debtor(session, letter.business_id, letter.debtor_id)
        session.refresh(letter)
        if letter.state == PRINTED:
            raise Refusal("conflict", "letter_printed")
        if letter.state == DROPPED:
            return
        letter.state, letter.reason, letter.dropped_at = DROPPED, "by_staff", now
        record(session, at=now, actor=staff_actor(access), act="letter.dropped", business_id=access.business_id,
               debtor_id=letter.debtor_id, target=f"letter:{letter.public_id}")

    rt.db.run(work)


def again(rt: Runtime, access: StaffAccess, public_id: str) -> Sheet:
    """Give a letter that has its words as a PDF; the same text each time. Raises Refusal not_found."""
    access.require("see")
    with rt.db.reading() as session:
        letter = _find(session, access, public_id)
    if not letter_print.is_ready(letter):
        raise Refusal("not_found", "unknown_page")
    return letter_print.sheet(rt, letter)


def write(rt: Runtime, access: StaffAccess, debtor_id: str, kind: str, invoice_ids: Sequence[str], nonce: str) -> str:
    """Put a letter into the queue by hand; returns its public id. The same form twice is one letter.

    Raises Refusal: not_found, unknown_invoice, debtor_erased, unknown_reason, nothing_chosen, letter_has_no_address,
    letter_nothing_open, letter_still_open.
    """
    access.require("work")
    now = rt.now()
    if kind not in HAND_KINDS:
        raise Refusal("invalid", "unknown_reason")
    if not invoice_ids:
        raise Refusal("invalid", "nothing_chosen")

    def work(session: Session) -> str:
        debtor = debtor_desk.lock(session, access, debtor_id)
        public_id = nonces.public_id(access, "letter", nonce)
        if session.scalar(select(PaperLetter.id).where(PaperLetter.public_id == public_id)) is not None:
            return public_id
        if not paper_letters.has_address(debtor):
            raise Refusal("conflict", "letter_has_no_address")
        ids = [debtor_desk.invoice_of(session, debtor, one).id for one in dict.fromkeys(invoice_ids)]
        left = ledger.left_by_invoice(session, access.business_id, debtor.id)
        if kind == PAID_IN_FULL and any(left.get(id, 0) for id in ids):
            raise Refusal("conflict", "letter_still_open")
        if kind != PAID_IN_FULL and not any(left.get(id, 0) for id in ids):
            raise Refusal("conflict", "letter_nothing_open")
        session.add(PaperLetter(
            public_id=public_id, business_id=access.business_id, debtor_id=debtor.id, kind=kind,
            key=f"hand:{public_id}", contents={"invoices": sorted(ids), "tone": kind}, state=WAITING, created_at=now))
        record(session, at=now, actor=staff_actor(access), act="letter.asked", business_id=access.business_id,
               debtor_id=debtor.id, target=f"letter:{public_id}", kind=kind)
        return public_id

    return rt.db.run(work)


def _make(rt: Runtime, business_id: int, actor: Actor) -> tuple[list[Sheet], int]:
    """Take the last look at what waits, one debtor's lock after the other, and print what may go."""
    with rt.db.reading() as session:
        found = [(letter.id, letter.debtor_id) for letter in
                 letter_print.waiting(session, business_id, MOST_AT_ONCE)]
    made: list[PaperLetter] = []
    dropped: list[PaperLetter] = []
    for letter_id, debtor_id in found:
        letter = _ready(rt, business_id, letter_id, debtor_id)
        if letter is not None:
            (made if letter.state == WAITING else dropped).append(letter)
    if made or dropped:
        now = rt.now()
        rt.db.run(lambda session: record(
            session, at=now, actor=actor, act="letters.made", business_id=business_id, count=len(made),
            left_out=len(dropped)))
    return [letter_print.sheet(rt, letter) for letter in made], len(dropped)


def _ready(rt: Runtime, business_id: int, letter_id: int, debtor_id: int) -> PaperLetter | None:
    now = rt.now()

    def work(session: Session) -> PaperLetter | None:
        debtor = lock_debtor(session, business_id, debtor_id)
        letter = session.get_one(PaperLetter, letter_id)
        if debtor is None or letter.state != WAITING:
            return None
        paused = session.get_one(Business, business_id).paused_at is not None
        letter_print.make_ready(session, now, letter, debtor, paused=paused)
        session.flush()
        return letter

    return rt.db.run(work)


def _note_printed(rt: Runtime, business_id: int, public_ids: Sequence[str], actor: Actor) -> int:
    now = rt.now()

    def work(session: Session) -> int:
        letters = session.scalars(
            select(PaperLetter).where(PaperLetter.business_id == business_id, PaperLetter.state == WAITING,
                                      PaperLetter.public_id.in_(public_ids))
            .order_by(PaperLetter.id).with_for_update()).all()
        printed = [letter for letter in letters if letter_print.is_ready(letter)]
        for letter in printed:
            letter.state, letter.printed_at = PRINTED, now
        if printed:
            record(session, at=now, actor=actor, act="letters.printed", business_id=business_id, count=len(printed))
        return len(printed)

    return rt.db.run(work)


def _find(session: Session, access: StaffAccess, public_id: str) -> PaperLetter:
    letter = session.scalars(select(PaperLetter).where(
        PaperLetter.public_id == public_id, PaperLetter.business_id == access.business_id)).one_or_none()
    if letter is None:
        raise Refusal("not_found", "unknown_page")
    return letter
