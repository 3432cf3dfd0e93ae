"""Discounts beside the card: by transfer and check, taken back by banks and refunds, in other currencies and zones."""

from __future__ import annotations

from tests.ledger.ways import Shop, story


@story
def a_transfer_that_leaves_out_the_discount(shop: Shop) -> None:
    """A bank transfer of the lower sum came in time: staff write it down, the discount is taken."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=2)
    shop.on("2026-11-19")
    shop.banks(98_00)
    shop.statement("""
        Patio $100.00
        You paid by bank transfer, thank you −$98.00
        Discount −$2.00
        Left $0.00
    """)


@story
def a_transfer_that_came_too_late(shop: Shop) -> None:
    """The same transfer a day after the end leaves the discount to pay."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=2)
    shop.on("2026-11-23")
    shop.banks(98_00)
    shop.statement("""
        Patio $100.00
        You paid by bank transfer, thank you −$98.00
        Left $2.00
    """)


@story
def a_transfer_announced_in_time(shop: Shop) -> None:
    """Announced on the last day, it counts from then, though it takes three days."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=2)
    shop.on("2026-11-20", "18:00")
    shop.announces()
    shop.on("2026-11-23")
    shop.banks(98_00)
    shop.statement("""
        Patio $100.00
        You paid by bank transfer, thank you −$98.00
        Discount −$2.00
        Left $0.00
    """)


@story
def a_check_that_does_not_hold(shop: Shop) -> None:
    """The check bounces: what it paid and what it earned are owed again."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=2)
    check = shop.banks(98_00, channel="check")
    shop.on("2026-11-06")
    shop.check_bounces(check)
    shop.statement("""
        Patio $100.00
        You paid by check, thank you −$98.00
        Discount −$2.00
        The bank took this payment back $98.00
        Discount taken back, because the payment did not hold $2.00
        Left $100.00
    """)


@story
def a_card_chargeback(shop: Shop) -> None:
    """The bank takes a discounted payment back: exactly what it closed is open again."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=5)
    payment = shop.pays()
    shop.on("2026-12-08")
    shop.charges_back(payment)
    shop.statement("""
        Patio $100.00
        You paid, thank you −$95.00
        Discount −$5.00
        The bank took this payment back $95.00
        Discount taken back, because the payment did not hold $5.00
        Left $100.00
    """)


@story
def a_chargeback_that_was_won(shop: Shop) -> None:
    """Won weeks later, the discount is earned again with the money."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=5)
    payment = shop.pays()
    shop.on("2026-12-08")
    shop.charges_back(payment)
    shop.on("2027-01-15")
    shop.charges_back(payment, won=True)
    shop.statement("""
        Patio $100.00
        You paid, thank you −$95.00
        Discount −$5.00
        The bank took this payment back $95.00
        Discount taken back, because the payment did not hold $5.00
        The bank returned this payment to us −$95.00
        Discount −$5.00
        Left $0.00
    """)


@story
def a_refund_of_a_part(shop: Shop) -> None:
    """A part of a discounted payment is refunded: it no longer covers the price, so the discount goes too."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=10)
    payment = shop.pays()
    shop.refunds(payment, 30_00)
    shop.statement("""
        Patio $100.00
        You paid, thank you −$90.00
        Discount −$10.00
        Paid back to you $30.00
        Discount taken back, because the payment did not hold $10.00
        Left $40.00
    """)


@story
def a_correction_that_is_sent_back(shop: Shop) -> None:
    """The invoice was 20.00 too high; what was paid too much goes back, and the discount stays earned."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=10)
    payment = shop.pays()
    shop.credits("Patio", 20_00)
    shop.refunds(payment, 20_00)
    shop.statement("""
        Patio $100.00
        You paid, thank you −$90.00
        Discount −$10.00
        Paid back to you $20.00
        Paid from your credit −$20.00
        Left $0.00
    """)


@story
def yen_have_no_cents(shop: Shop) -> None:
    """Two and a half percent of 33,333 yen is 833 yen, rounded down."""
    shop.opens(currency="JPY", zone="Asia/Tokyo")
    shop.bills("Garden", 33_333, "2026-11-30")
    shop.offers("2026-11-20", amount=833)
    shop.on("2026-11-20", "23:59")
    shop.pays()
    shop.statement("""
        Garden ¥33,333
        You paid, thank you −¥32,500
        Discount −¥833
        Left ¥0
    """)


@story
def dinars_end_in_a_zero(shop: Shop) -> None:
    """A third of a dinar is taken off in steps that can be paid."""
    shop.opens(currency="KWD", zone="Asia/Kuwait", part_payment_discount="shares")
    shop.bills("Well", 10_000, "2026-11-30")
    shop.offers("2026-11-20", amount=1_000)
    shop.pays(part=3_330)
    shop.pays()
    shop.statement("""
        Well KWD10.000
        You paid, thank you −KWD3.330
        You paid, thank you −KWD6.010
        Discount −KWD0.660
        Left KWD0.000
    """)


@story
def the_night_the_clocks_go_back(shop: Shop) -> None:
    """The deadline is the end of that day by the clock on the wall, an hour longer."""
    shop.opens()
    shop.on("2026-10-30")
    shop.bills("Roof", 100_00, "2026-11-30")
    shop.offers("2026-11-01", percent=5)
    shop.on("2026-11-01", "23:59:59.999999")
    shop.pays()
    shop.statement("""
        Roof $100.00
        You paid, thank you −$95.00
        Discount −$5.00
        Left $0.00
    """)


@story
def a_customer_far_away(shop: Shop) -> None:
    """Midnight is where the customer is: in Auckland the last day ends eighteen hours earlier."""
    shop.opens(zone="Pacific/Auckland")
    shop.bills("Jetty", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=5)
    shop.on("2026-11-21", "00:00")
    shop.expect(shop.price(), 100_00)
    shop.on("2026-11-20", "23:59")
    shop.pays()
    shop.statement("""
        Jetty $100.00
        You paid, thank you −$95.00
        Discount −$5.00
        Left $0.00
    """)


@story
def a_discount_earned_is_not_earned_again(shop: Shop) -> None:
    """The discount of the second payment stands; what the first one left open anew costs its full sum."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-12-01")
    first = shop.pays(part=60_00)
    shop.offers("2026-12-06", percent=10)
    shop.pays()
    shop.on("2026-11-20")
    shop.charges_back(first)
    shop.expect(shop.price(), 60_00)
    shop.pays()
    shop.statement("""
        Drain $100.00
        You paid, thank you −$60.00
        You paid, thank you −$36.00
        Discount −$4.00
        The bank took this payment back $60.00
        You paid, thank you −$60.00
        Left $0.00
    """)


@story
def a_discount_kept_by_parts_counts_once(shop: Shop) -> None:
    """60.00 and 30.00 earned 10.00; the 60.00 are sent back, and 60.00 are owed again."""
    shop.opens(part_payment_discount="keeps")
    shop.bills("Drain", 100_00, "2026-12-01")
    shop.offers("2026-11-06", percent=10)
    first = shop.pays(part=60_00)
    shop.pays()
    shop.refunds(first, 60_00)
    shop.expect(shop.price(), 60_00)
    shop.pays()
    shop.statement("""
        Drain $100.00
        You paid, thank you −$60.00
        You paid, thank you −$30.00
        Discount −$10.00
        Paid back to you $60.00
        You paid, thank you −$60.00
        Left $0.00
    """)


@story
def a_fee_after_a_discount_was_earned(shop: Shop) -> None:
    """What is added later is no second occasion for a discount."""
    shop.opens(part_payment_discount="keeps")
    shop.bills("Drain", 100_00, "2026-12-01")
    shop.offers("2026-12-06", percent=10)
    shop.pays()
    shop.on("2026-11-10")
    shop.charges_fee("Drain", 30_00)
    shop.expect(shop.price(), 30_00)
    shop.pays()
    shop.statement("""
        Drain $100.00
        You paid, thank you −$90.00
        Discount −$10.00
        Late fee $30.00
        You paid, thank you −$30.00
        Left $0.00
    """)


@story
def a_settlement_taken_back_by_the_bank(shop: Shop) -> None:
    """A chargeback brings back what was paid and what was forgiven."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-10-01")
    made = shop.settles(80_00)
    payment = shop.pays()
    shop.on("2026-12-10")
    shop.charges_back(payment)
    shop.expect(shop.state(made), "broken")
    shop.statement("""
        Drain $100.00
        You paid, thank you −$80.00
        The rest is settled −$20.00
        The bank took this payment back $80.00
        Settlement taken back, because the payment did not hold $20.00
        Left $100.00
    """)
