"""Time, promises, claims and parts: what they do to the account, and what they leave alone."""

from __future__ import annotations

from tests.ledger.ways import Shop, story


@story
def time_given_changes_no_sum(shop: Shop) -> None:
    """Three weeks are given; what is owed stays, and is paid within them."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.asks_for_time("2026-11-23")
    shop.expect(shop.state(made), "active")
    shop.on("2026-11-20")
    shop.pays()
    shop.statement("""
        Drain $100.00
        You paid, thank you −$100.00
        Left $0.00
    """)


@story
def a_discount_keeps_its_clock_beside_time(shop: Shop) -> None:
    """Time was given, but the discount ends on its own day."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    shop.offers("2026-11-10", percent=10)
    shop.asks_for_time("2026-11-23")
    shop.on("2026-11-20")
    shop.pays()
    shop.statement("""
        Drain $100.00
        You paid, thank you −$100.00
        Left $0.00
    """)


@story
def a_promise_that_is_kept(shop: Shop) -> None:
    """Promised for Friday, paid on Thursday."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.promises("2026-11-13")
    shop.on("2026-11-12")
    shop.pays()
    shop.on("2026-11-14")
    shop.expect(shop.state(made), "kept")
    shop.statement("""
        Drain $100.00
        You paid, thank you −$100.00
        Left $0.00
    """)


@story
def a_promise_that_is_broken(shop: Shop) -> None:
    """The day passes unpaid; nothing is added, and it is noted."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.promises("2026-11-13")
    shop.on("2026-11-14")
    shop.expect(shop.state(made), "broken")
    shop.statement("""
        Drain $100.00
        Left $100.00
    """)


@story
def a_claim_that_is_found(shop: Shop) -> None:
    """They said it was paid; staff find the transfer and write it down."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    shop.says_it_is_paid(100_00, "2026-11-01")
    shop.banks(100_00, day="2026-11-01")
    shop.statement("""
        Drain $100.00
        You paid by bank transfer, thank you −$100.00
        Left $0.00
    """)


@story
def a_part_payment_goes_to_the_oldest(shop: Shop) -> None:
    """70.00 pay the older invoice and begin the younger one."""
    shop.opens()
    shop.bills("Drain", 50_00, "2026-10-01")
    shop.bills("Fence", 80_00, "2026-10-10")
    shop.pays(part=70_00)
    shop.statement("""
        Drain $50.00
        You paid, thank you −$50.00
        Left $0.00
        Fence $80.00
        You paid, thank you −$20.00
        Left $60.00
    """)


@story
def hard_times_and_then_a_settlement(shop: Shop) -> None:
    """A pause is given; later the rest is settled, and the pause gives way."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.asks_for_time("2026-11-23", hard_times=True)
    shop.on("2026-11-10")
    shop.settles(80_00)
    shop.expect(shop.state(made), "ended")
    shop.pays()
    shop.statement("""
        Drain $100.00
        You paid, thank you −$80.00
        The rest is settled −$20.00
        Left $0.00
    """)


@story
def a_late_fee_and_a_prompt_discount(shop: Shop) -> None:
    """5.00 late fee, then 10.00 off for paying this week."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    shop.charges_fee("Drain", 5_00)
    shop.offers("2026-11-06", amount=10_00)
    shop.pays()
    shop.statement("""
        Drain $100.00
        Late fee $5.00
        You paid, thank you −$95.00
        Discount −$10.00
        Left $0.00
    """)
