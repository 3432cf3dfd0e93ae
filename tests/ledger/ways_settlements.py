"""Settlements: asked for and offered, kept and missed, by card, debit, check and cash."""

from __future__ import annotations

from tests.ledger.ways import Shop, story


@story
def a_settlement_is_kept(shop: Shop) -> None:
    """A hundred and fifty are closed by one payment of a hundred and twenty."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    shop.bills("Fence", 50_00, "2026-10-10")
    made = shop.settles(120_00)
    shop.pays()
    shop.expect(shop.state(made), "kept")
    shop.statement("""
        Drain $100.00
        You paid, thank you −$80.00
        The rest is settled −$20.00
        Left $0.00
        Fence $50.00
        You paid, thank you −$40.00
        The rest is settled −$10.00
        Left $0.00
    """)


@story
def a_settlement_by_bank_debit(shop: Shop) -> None:
    """The rest is forgiven when the debit has arrived, not when it was begun."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.settles(80_00)
    payment = shop.starts()
    shop.debits(payment)
    shop.expect(shop.state(made), "active")
    shop.on("2026-11-19")
    shop.arrives(payment)
    shop.expect(shop.state(made), "kept")
    shop.statement("""
        Drain $100.00
        You paid, thank you −$80.00
        The rest is settled −$20.00
        Left $0.00
    """)


@story
def a_settlement_whose_debit_bounces(shop: Shop) -> None:
    """The bank finds no money: nothing is forgiven, and after its day the full sum stands."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.settles(80_00)
    payment = shop.starts()
    shop.debits(payment)
    shop.on("2026-11-06")
    shop.bounces(payment)
    shop.on("2026-11-17")
    shop.expect(shop.state(made), "broken")
    shop.statement("""
        Drain $100.00
        Left $100.00
    """)


@story
def a_settlement_is_missed(shop: Shop) -> None:
    """Nothing was paid by the day: the full sum stands again."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.settles(80_00)
    shop.on("2026-11-17")
    shop.expect(shop.state(made), "broken")
    shop.expect(shop.price(), 100_00)
    shop.statement("""
        Drain $100.00
        Left $100.00
    """)


@story
def a_settlement_started_on_its_last_evening(shop: Shop) -> None:
    """Begun in time, arrived four days later: it is kept."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.settles(80_00)
    shop.on("2026-11-16", "23:59:59")
    payment = shop.starts()
    shop.debits(payment)
    shop.on("2026-11-20")
    shop.arrives(payment)
    shop.expect(shop.state(made), "kept")
    shop.statement("""
        Drain $100.00
        You paid, thank you −$80.00
        The rest is settled −$20.00
        Left $0.00
    """)


@story
def a_person_agrees_to_less(shop: Shop) -> None:
    """The rules would not, but the owner agrees to 60.00."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.asks_to_settle(60_00)
    shop.person_settles(made)
    shop.signs(made)
    shop.pays()
    shop.statement("""
        Drain $100.00
        You paid, thank you −$60.00
        The rest is settled −$40.00
        Left $0.00
    """)


@story
def a_person_names_another_sum(shop: Shop) -> None:
    """Asked for 60.00, the owner names 70.00, and that is signed and paid."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.asks_to_settle(60_00)
    shop.person_settles(made, 70_00)
    shop.signs(made)
    shop.pays()
    shop.statement("""
        Drain $100.00
        You paid, thank you −$70.00
        The rest is settled −$30.00
        Left $0.00
    """)


@story
def an_owner_offers_one(shop: Shop) -> None:
    """The owner offers to close it for half; unsigned it is nothing, signed and paid it closes all."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.proposes(50_00, "2026-11-09")
    shop.expect(shop.price(), 100_00)
    shop.signs(made)
    shop.expect(shop.price(), 50_00)
    shop.pays()
    shop.statement("""
        Drain $100.00
        You paid, thank you −$50.00
        The rest is settled −$50.00
        Left $0.00
    """)


@story
def an_offer_nobody_signed(shop: Shop) -> None:
    """What nobody signed runs out with its day."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.proposes(50_00, "2026-11-09")
    shop.on("2026-11-10")
    shop.expect(shop.state(made), "ended")
    shop.expect(shop.signs(made), "settlement_decided")
    shop.pays()
    shop.statement("""
        Drain $100.00
        You paid, thank you −$100.00
        Left $0.00
    """)


@story
def a_settlement_paid_by_check(shop: Shop) -> None:
    """A check over the agreed sum closes it; the check does not hold, and all of it is open again."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    shop.bills("Fence", 50_00, "2026-10-10")
    shop.settles(120_00)
    check = shop.banks(120_00, channel="check")
    shop.on("2026-11-09")
    shop.check_bounces(check)
    shop.statement("""
        Drain $100.00
        You paid by check, thank you −$80.00
        The rest is settled −$20.00
        The bank took this payment back $80.00
        Settlement taken back, because the payment did not hold $20.00
        Left $100.00
        Fence $50.00
        You paid by check, thank you −$40.00
        The rest is settled −$10.00
        The bank took this payment back $40.00
        Settlement taken back, because the payment did not hold $10.00
        Left $50.00
    """)


@story
def cash_on_the_way_to_a_settlement(shop: Shop) -> None:
    """30.00 in cash count towards it; the one payment becomes less by as much."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.settles(80_00)
    shop.banks(30_00, channel="cash")
    shop.expect(shop.price(), 50_00)
    shop.pays()
    shop.expect(shop.state(made), "kept")
    shop.statement("""
        Drain $100.00
        You paid in cash, thank you −$30.00
        You paid, thank you −$50.00
        The rest is settled −$20.00
        Left $0.00
    """)


@story
def nothing_is_settled_in_pieces(shop: Shop) -> None:
    """A part of a settlement cannot be paid by card: the page names the one payment."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    shop.bills("Fence", 50_00, "2026-10-10")
    shop.settles(120_00)
    shop.expect(shop.starts("Drain"), "settlement_whole")
    shop.expect(shop.starts(part=60_00), "settlement_whole")
    shop.statement("""
        Drain $100.00
        Left $100.00
        Fence $50.00
        Left $50.00
    """)


@story
def a_discount_gives_way_to_a_settlement(shop: Shop) -> None:
    """What was offered before is replaced, never added."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    shop.offers("2026-11-20", percent=10)
    shop.settles(80_00)
    shop.expect(shop.price(), 80_00)
    shop.on("2026-11-03")
    shop.offers("2026-11-20", percent=15, refused="settlement_stands")
    shop.pays()
    shop.statement("""
        Drain $100.00
        You paid, thank you −$80.00
        The rest is settled −$20.00
        Left $0.00
    """)


@story
def cash_for_most_of_one_invoice_of_a_settlement(shop: Shop) -> None:
    """90.00 in cash leave 30.00 to the agreed 120.00: nothing is forgiven before all of it is there."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    shop.bills("Fence", 50_00, "2026-10-10")
    made = shop.settles(120_00)
    shop.banks(90_00, channel="cash")
    shop.expect((shop.state(made), shop.price()), ("active", 30_00))
    shop.pays()
    shop.expect(shop.state(made), "kept")
    shop.statement("""
        Drain $100.00
        You paid in cash, thank you −$90.00
        You paid, thank you −$5.00
        The rest is settled −$5.00
        Left $0.00
        Fence $50.00
        You paid, thank you −$25.00
        The rest is settled −$25.00
        Left $0.00
    """)


@story
def cash_for_all_of_one_invoice_of_a_settlement(shop: Shop) -> None:
    """100.00 in cash close the first invoice; what was to be forgiven on it is forgiven on the other."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    shop.bills("Fence", 50_00, "2026-10-10")
    made = shop.settles(120_00)
    shop.banks(100_00, channel="cash")
    shop.expect((shop.state(made), shop.price()), ("active", 20_00))
    shop.on("2026-11-03")
    shop.banks(20_00, channel="cash")
    shop.expect(shop.state(made), "kept")
    shop.statement("""
        Drain $100.00
        You paid in cash, thank you −$100.00
        Left $0.00
        Fence $50.00
        You paid in cash, thank you −$20.00
        The rest is settled −$30.00
        Left $0.00
    """)


@story
def a_transfer_named_for_one_invoice_of_a_settlement(shop: Shop) -> None:
    """80.00 for the first invoice are its share of the price, and meet nothing: 40.00 are left to pay."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    shop.bills("Fence", 50_00, "2026-10-10")
    made = shop.settles(120_00)
    shop.banks(80_00, "Drain")
    shop.expect((shop.state(made), shop.price()), ("active", 40_00))
    shop.on("2026-11-03")
    shop.banks(40_00, "Fence")
    shop.expect(shop.state(made), "kept")
    shop.statement("""
        Drain $100.00
        You paid by bank transfer, thank you −$80.00
        You paid by bank transfer, thank you −$11.43
        The rest is settled −$8.57
        Left $0.00
        Fence $50.00
        You paid by bank transfer, thank you −$28.57
        The rest is settled −$21.43
        Left $0.00
    """)


@story
def a_settlement_that_forgives_one_cent(shop: Shop) -> None:
    """An invoice on which nothing is forgiven belongs to the one payment all the same."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    shop.bills("Fence", 50_00, "2026-10-10")
    made = shop.settles(149_99)
    shop.expect(shop.starts("Drain"), "settlement_whole")
    shop.expect(shop.starts("Fence"), "settlement_whole")
    shop.pays()
    shop.expect(shop.state(made), "kept")
    shop.statement("""
        Drain $100.00
        You paid, thank you −$99.99
        The rest is settled −$0.01
        Left $0.00
        Fence $50.00
        You paid, thank you −$50.00
        Left $0.00
    """)
