"""Questions about a line of an invoice that a signed settlement covers: its time stands still until the answer."""

from __future__ import annotations

from sqlalchemy import select

from portal.models import AuditEvent, Dispute, InvoiceLine, Message
from portal.services import dispute_answers, dispute_views, disputes
from portal.services.dispute_answers import Verdict
from portal.services.dispute_choices import Chosen
from portal.services.disputes import Said
from tests.ledger.ways import Shop, story


def settles_and_questions(shop: Shop, *, on: str = "2026-11-02") -> tuple[str, str]:
    """Settle 100.00 for 80.00 and question a line of 40.00; gives the ids of the settlement and of the question."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    invoice = shop.the.invoices[0]
    with shop.rt.db.transaction() as session:
        session.add_all(InvoiceLine(
            business_id=shop.the.business.id, invoice_id=invoice.id, position=position, description=words,
            amount_minor=net, tax_minor=tax, tax_basis_points=2500)
            for position, words, net, tax in ((1, "First visit", 48_00, 12_00), (2, "Second visit", 32_00, 8_00)))
    made = shop.settles(80_00)
    shop.on(on)
    return made, disputes.open_one(shop.rt, shop.the.access, Said(
        parts=(Chosen(invoice.public_id, 2),), reason="not_received", wants="credit",
        words="The second visit never happened."))


def answers(shop: Shop, question: str, credit: int) -> None:
    """Decide about a question with so much credit; minor units."""
    with shop.rt.db.reading() as session:
        shown = dispute_views.view(session, session.scalars(
            select(Dispute).where(Dispute.public_id == question)).one())
    dispute_answers.decide(shop.rt, shop.desk, question, Verdict({shown.parts[0].id: credit}, "We looked.", shown.seen))


def told_of(shop: Shop, made: str) -> tuple[list[str], list[object]]:
    """The days that emails about a settlement named since it was questioned, and those that the audit did."""
    with shop.rt.db.reading() as session:
        keys = session.scalars(select(Message.key).where(
            Message.key.like(f"%:{made}:%:2026-%"), Message.kind.in_(("answer", "ends_soon"))).order_by(Message.id))
        noted = session.scalars(select(AuditEvent.details).where(
            AuditEvent.act == "settlement.day_moved", AuditEvent.target == f"arrangement:{made}"))
        days = [f"{key.split(':')[0]} {key.rsplit(':', 1)[1]}" for key in keys]
        return days, [one["until"] for one in noted]


@story
def a_settlement_waits_for_an_answer(shop: Shop) -> None:
    """Its day passes while the business is silent: it stands, and has its five days again after the answer.

    Reminded of its first day before, the debtor is told of the new one, and reminded of that one as well.
    """
    made, question = settles_and_questions(shop, on="2026-11-15")
    shop.on("2026-11-20")
    shop.expect((shop.state(made), shop.price()), ("active", 48_00))
    shop.expect(told_of(shop, made), (["ends_soon 2026-11-16"], []))
    answers(shop, question, 0)
    moved = ["ends_soon 2026-11-16", "settlement_moved 2026-11-21"]
    shop.expect(told_of(shop, made), (moved, ["2026-11-21"]))
    shop.on("2026-11-21")
    shop.expect(told_of(shop, made), ([*moved, "ends_soon 2026-11-21"], ["2026-11-21"]))
    shop.expect((shop.state(made), shop.price()), ("active", 80_00))
    shop.pays()
    shop.expect(shop.state(made), "kept")
    shop.statement("""
        Drain $100.00
        You paid, thank you −$80.00
        The rest is settled −$20.00
        Left $0.00
    """)


@story
def a_settlement_missed_after_an_answer(shop: Shop) -> None:
    """The days that were given back pass as well: then it is over."""
    made, question = settles_and_questions(shop)
    shop.on("2026-11-20")
    answers(shop, question, 0)
    shop.on("2026-12-05")
    shop.expect((shop.state(made), shop.price()), ("broken", 100_00))
    shop.statement("""
        Drain $100.00
        Left $100.00
    """)


@story
def a_settlement_paid_while_a_line_is_questioned(shop: Shop) -> None:
    """48.00 are paid; the question is rejected, and 32.00 close the rest: 80.00 in all, as was signed."""
    made, question = settles_and_questions(shop)
    shop.expect(shop.price(), 48_00)
    shop.pays()
    shop.expect(shop.state(made), "active")
    answers(shop, question, 0)
    shop.expect((shop.state(made), shop.price()), ("active", 32_00))
    shop.pays()
    shop.expect(shop.state(made), "kept")
    shop.statement("""
        Drain $100.00
        You paid, thank you −$48.00
        The rest is settled −$12.00
        You paid, thank you −$32.00
        The rest is settled −$8.00
        Left $0.00
    """)


@story
def a_settlement_whose_questioned_line_is_credited(shop: Shop) -> None:
    """48.00 are paid and the line of 40.00 is credited: nothing is left, so it is kept at once."""
    made, question = settles_and_questions(shop)
    shop.pays()
    answers(shop, question, 40_00)
    shop.expect(shop.state(made), "kept")
    shop.statement("""
        Drain $100.00
        You paid, thank you −$48.00
        The rest is settled −$12.00
        Credit for a correction −$32.00
        Tax on the correction −$8.00
        Left $0.00
    """)
