"""Two at once: a dispute decided twice, decided while the debtor pays, taken back while it is decided, opened twice."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy import select

from portal.domain.errors import Refusal
from portal.models import AuditEvent, Dispute
from portal.services import disputes, ledger_verify
from portal.services.dispute_choices import Chosen
from proofs.dispute_stage import House, build, decide, question, someone, wrong
from proofs.harness import Databases, Figures, Steps, say
from tests.cast import Owed
from tests.ledger.stories import received, start_payment, tell

LINES = [(4000, 800), (2500, 500)]
DECISIONS = ("dispute.upheld", "dispute.partly_upheld", "dispute.rejected", "dispute.withdrawn")


def run(made: Databases, rounds: int) -> Figures:
    """Run every race so many times; each must end in one outcome, and in books that add up."""
    races = wrongs = 0
    with made.opened() as db:
        house, steps = build(db, made.folder), Steps("races of disputes", rounds * len(RACES))
        for _ in range(rounds):
            for race in RACES:
                owed = someone(house, LINES)
                found = [*race(house, owed), *wrong(house, owed)]
                for one in found[:1]:
                    say(f"WRONG: {race.__name__}: {one}")
                races, wrongs = races + 1, wrongs + bool(found)
                steps.step()
        wrongs += len(ledger_verify.verify(house.rt)[0])
    return {"dispute_races": races, "dispute_races_wrong": wrongs}


def _twice(house: House, owed: Owed) -> list[str]:
    dispute_id = question(house, owed, Chosen(owed.invoices[0].public_id, 1))
    broken = _at_once(lambda: decide(house, dispute_id, 4800), lambda: decide(house, dispute_id, 100))
    return [*broken, *_decided_once(house, dispute_id)]


def _while_paying(house: House, owed: Owed) -> list[str]:
    dispute_id = question(house, owed, Chosen(owed.invoices[0].public_id, 1))
    payment = start_payment(house.rt.db, owed, (owed.invoices[0], 7800), at=house.rt.now())
    broken = _at_once(lambda: decide(house, dispute_id, 4800), lambda: tell(house.rt.db, received(payment)))
    return [*broken, *_decided_once(house, dispute_id)]


def _taken_back(house: House, owed: Owed) -> list[str]:
    dispute_id = question(house, owed, Chosen(owed.invoices[0].public_id))
    broken = _at_once(lambda: decide(house, dispute_id, 7800),
                      lambda: disputes.withdraw(house.rt, owed.access, dispute_id))
    return [*broken, *_decided_once(house, dispute_id)]


def _opened_twice(house: House, owed: Owed) -> list[str]:
    one = Chosen(owed.invoices[0].public_id, 2)
    broken = _at_once(lambda: question(house, owed, one), lambda: question(house, owed, one, words="In other words."))
    with house.rt.db.reading() as session:
        found = session.scalars(select(Dispute).where(Dispute.debtor_id == owed.debtor.id)).all()
    return broken if len(found) == 1 else [*broken, f"{len(found)} disputes of one line"]


RACES: tuple[Callable[[House, Owed], list[str]], ...] = (_twice, _while_paying, _taken_back, _opened_twice)


def _decided_once(house: House, dispute_id: str) -> list[str]:
    with house.rt.db.reading() as session:
        acts = session.scalars(select(AuditEvent.act).where(
            AuditEvent.target == f"dispute:{dispute_id}", AuditEvent.act.in_(DECISIONS))).all()
        row = session.scalars(select(Dispute).where(Dispute.public_id == dispute_id)).one()
    return [] if len(acts) == 1 and acts[0] == f"dispute.{row.state}" else [f"{acts} and {row.state}"]


def _at_once(*works: Callable[[], object]) -> list[str]:
    """Do things at the same moment; gives every error that is no refusal, in words."""
    gate = threading.Barrier(len(works))
    broken: list[str] = []

    def go(work: Callable[[], object]) -> None:
        gate.wait()
        try:
            work()
        except Refusal:
            return
        except Exception as error:
            broken.append(repr(error)[:300])

    threads = [threading.Thread(target=go, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return broken
