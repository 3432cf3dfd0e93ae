"""What comes between a settlement and its end: questions, for which time stands still, and money begun before it."""

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


@story
def a_check_bounces_beside_cash_that_holds(shop: Shop) -> None:
    """30.00 in cash and a check of 50.00 kept it; the check does not hold: what it closed is open, the cash stays."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.settles(80_00)
    shop.banks(30_00, channel="cash")
    shop.on("2026-11-03")
    check = shop.banks(50_00, channel="check")
    shop.expect(shop.state(made), "kept")
    shop.on("2026-11-09")
    shop.check_bounces(check)
    shop.expect((shop.state(made), shop.price()), ("broken", 70_00))
    shop.statement("""
        Drain $100.00
        You paid in cash, thank you −$30.00
        You paid by check, thank you −$50.00
        The rest is settled −$20.00
        The bank took this payment back $50.00
        Settlement taken back, because the payment did not hold $20.00
        Left $70.00
    """)


@story
def a_settlement_of_fewer_cents_than_invoices(shop: Shop) -> None:
    """Two cents are forgiven on three invoices: none is asked for again, and one payment closes all."""
    shop.opens()
    for number, title in enumerate(("Drain", "Fence", "Gate")):
        shop.bills(title, 10_00, f"2026-10-0{number + 1}")
    made = shop.settles(29_98)
    shop.pays()
    shop.expect(shop.state(made), "kept")
    shop.statement("""
        Drain $10.00
        You paid, thank you −$9.99
        The rest is settled −$0.01
        Left $0.00
        Fence $10.00
        You paid, thank you −$9.99
        The rest is settled −$0.01
        Left $0.00
        Gate $10.00
        You paid, thank you −$10.00
        Left $0.00
    """)


@story
def a_page_opened_before_the_answer(shop: Shop) -> None:
    """The full sum is paid on a page that was open before a person agreed to less: nothing is left to settle."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.asks_to_settle(60_00)
    page = shop.starts()
    shop.person_settles(made)
    shop.signs(made)
    shop.arrives(page)
    # Should money go back before its day, the one price still holds: it is kept when that day is over.
    shop.expect(shop.state(made), "active")
    shop.on("2027-03-01")
    shop.expect(shop.state(made), "kept")
    shop.statement("""
        Drain $100.00
        You paid, thank you −$100.00
        Left $0.00
    """)


@story
def a_part_paid_on_a_page_opened_before_the_answer(shop: Shop) -> None:
    """A part that was begun before a person agreed to less counts towards the one payment."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.asks_to_settle(60_00)
    page = shop.starts(part=20_00)
    shop.person_settles(made)
    shop.signs(made)
    shop.arrives(page)
    shop.expect((shop.state(made), shop.price()), ("active", 40_00))
    shop.pays()
    shop.expect(shop.state(made), "kept")
    shop.statement("""
        Drain $100.00
        You paid, thank you −$20.00
        You paid, thank you −$40.00
        The rest is settled −$40.00
        Left $0.00
    """)
