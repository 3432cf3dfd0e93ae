"""Discounts: from the terms and by hand, in time and too late, in parts, and taken back."""

from __future__ import annotations

from tests.ledger.ways import Shop, story


@story
def two_percent_within_ten_days(shop: Shop) -> None:
    """The terms say 2/10 net 30, and the customer pays on the ninth day."""
    shop.opens()
    shop.bills("Roof", 1_681_80, "2026-12-02", terms="2/10 net 30", issued="2026-11-02")
    shop.on("2026-11-11")
    shop.expect(shop.price(), 1_648_17)
    shop.pays()
    shop.statement("""
        Roof $1,681.80
        You paid, thank you −$1,648.17
        Discount −$33.63
        Left $0.00
    """)


@story
def a_day_too_late_for_the_terms(shop: Shop) -> None:
    """On the day after the tenth nothing comes off any more."""
    shop.opens()
    shop.bills("Roof", 1_681_80, "2026-12-02", terms="2/10 net 30", issued="2026-11-02")
    shop.on("2026-11-13")
    shop.pays()
    shop.statement("""
        Roof $1,681.80
        You paid, thank you −$1,681.80
        Left $0.00
    """)


@story
def every_new_invoice_has_a_discount(shop: Shop) -> None:
    """The business takes three percent off whatever is paid within seven days."""
    shop.opens(early_pay_basis_points=300, early_pay_days=7)
    shop.bills("Hedge", 200_00, "2026-12-02", issued="2026-11-02")
    shop.on("2026-11-09", "23:59")
    shop.pays()
    shop.statement("""
        Hedge $200.00
        You paid, thank you −$194.00
        Discount −$6.00
        Left $0.00
    """)


@story
def a_discount_by_hand_for_one_of_two(shop: Shop) -> None:
    """Ten percent off the younger of two invoices; both are paid at once."""
    shop.opens()
    shop.bills("Drain", 608_43, "2026-10-18")
    shop.bills("Patio", 400_00, "2026-11-30")
    shop.offers("2026-11-20", percent=10, on=("Patio",))
    shop.on("2026-11-15")
    shop.expect(shop.price(), 968_43)
    shop.pays()
    shop.statement("""
        Drain $608.43
        You paid, thank you −$608.43
        Left $0.00
        Patio $400.00
        You paid, thank you −$360.00
        Discount −$40.00
        Left $0.00
    """)


@story
def a_plain_amount_off_what_is_late(shop: Shop) -> None:
    """Prompt pay: 25.00 off an invoice that is late already."""
    shop.opens()
    shop.bills("Fence", 300_00, "2026-10-15")
    shop.offers("2026-11-10", amount=25_00)
    shop.on("2026-11-10")
    shop.pays()
    shop.statement("""
        Fence $300.00
        You paid, thank you −$275.00
        Discount −$25.00
        Left $0.00
    """)


@story
def started_in_the_last_moment(shop: Shop) -> None:
    """The payment is begun in the very last microsecond, and the money comes days later."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=5)
    shop.on("2026-11-20", "23:59:59.999999")
    payment = shop.starts()
    shop.debits(payment)
    shop.on("2026-11-24")
    shop.arrives(payment)
    shop.statement("""
        Patio $100.00
        You paid, thank you −$95.00
        Discount −$5.00
        Left $0.00
    """)


@story
def one_microsecond_later(shop: Shop) -> None:
    """A millionth of a second after the deadline the full price counts."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=5)
    shop.on("2026-11-21", "00:00")
    shop.expect(shop.price(), 100_00)
    shop.pays()
    shop.statement("""
        Patio $100.00
        You paid, thank you −$100.00
        Left $0.00
    """)


@story
def the_written_grace(shop: Shop) -> None:
    """Who saw the price in time and presses half an hour after the end still has it."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=5)
    shop.on("2026-11-21", "00:30")
    shop.arrives(shop.starts(shown=95_00))
    shop.statement("""
        Patio $100.00
        You paid, thank you −$95.00
        Discount −$5.00
        Left $0.00
    """)


@story
def after_the_grace(shop: Shop) -> None:
    """An hour after the end nobody has it, and is told that it ended."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=5)
    shop.on("2026-11-21", "00:46")
    shop.expect(shop.starts(shown=95_00), "offer_expired")
    shop.pays()
    shop.statement("""
        Patio $100.00
        You paid, thank you −$100.00
        Left $0.00
    """)


@story
def taken_back_before_it_was_paid(shop: Shop) -> None:
    """Staff take a discount back; whoever saw it is told, and pays in full."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=5)
    shop.withdraws()
    shop.on("2026-11-02", "18:00")
    shop.expect(shop.starts(shown=95_00), "offer_withdrawn")
    shop.pays()
    shop.statement("""
        Patio $100.00
        You paid, thank you −$100.00
        Left $0.00
    """)


@story
def taken_back_after_it_was_started(shop: Shop) -> None:
    """A payment that was begun before keeps its discount."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=5)
    payment = shop.starts()
    shop.withdraws()
    shop.on("2026-11-04")
    shop.arrives(payment)
    shop.statement("""
        Patio $100.00
        You paid, thank you −$95.00
        Discount −$5.00
        Left $0.00
    """)


@story
def a_better_one_takes_its_place(shop: Shop) -> None:
    """A second discount replaces the first; they are never added up."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=5)
    shop.on("2026-11-03")
    shop.offers("2026-11-25", percent=8)
    shop.expect(shop.starts(shown=95_00), "offer_superseded")
    shop.on("2026-11-24")
    shop.pays()
    shop.statement("""
        Patio $100.00
        You paid, thank you −$92.00
        Discount −$8.00
        Left $0.00
    """)


@story
def a_part_ends_it(shop: Shop) -> None:
    """Rule of the house: a part payment ends a discount."""
    shop.opens(part_payment_discount="ends")
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=10)
    shop.pays(part=40_00)
    shop.on("2026-11-05")
    shop.expect(shop.price(), 60_00)
    shop.pays()
    shop.statement("""
        Patio $100.00
        You paid, thank you −$40.00
        You paid, thank you −$60.00
        Left $0.00
    """)


@story
def a_part_keeps_it(shop: Shop) -> None:
    """Rule of the house: the discount stays on the rest."""
    shop.opens(part_payment_discount="keeps")
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=10)
    shop.pays(part=40_00)
    shop.on("2026-11-05")
    shop.expect(shop.price(), 50_00)
    shop.pays()
    shop.statement("""
        Patio $100.00
        You paid, thank you −$40.00
        You paid, thank you −$50.00
        Discount −$10.00
        Left $0.00
    """)


@story
def a_part_leaves_its_share(shop: Shop) -> None:
    """Rule of the house: the share of the rest stays."""
    shop.opens(part_payment_discount="shares")
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=10)
    shop.pays(part=40_00)
    shop.on("2026-11-05")
    shop.expect(shop.price(), 54_00)
    shop.pays()
    shop.statement("""
        Patio $100.00
        You paid, thank you −$40.00
        You paid, thank you −$54.00
        Discount −$6.00
        Left $0.00
    """)


@story
def a_part_was_kept_and_the_rest_came_late(shop: Shop) -> None:
    """The discount stayed on the rest, but the rest came after its end."""
    shop.opens(part_payment_discount="keeps")
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=10)
    shop.pays(part=40_00)
    shop.on("2026-11-21")
    shop.pays()
    shop.statement("""
        Patio $100.00
        You paid, thank you −$40.00
        You paid, thank you −$60.00
        Left $0.00
    """)


@story
def an_amount_that_pays_one_in_whole(shop: Shop) -> None:
    """A part that covers the older invoice takes that one's discount."""
    shop.opens()
    shop.bills("Drain", 100_00, "2026-11-10")
    shop.bills("Patio", 200_00, "2026-11-30")
    shop.offers("2026-11-20", percent=10, on=("Drain",))
    shop.pays(part=150_00)
    shop.statement("""
        Drain $100.00
        You paid, thank you −$90.00
        Discount −$10.00
        Left $0.00
        Patio $200.00
        You paid, thank you −$60.00
        Left $140.00
    """)


@story
def nobody_pays_more_than_the_better_price(shop: Shop) -> None:
    """Who types the full sum pays the discounted one."""
    shop.opens()
    shop.bills("Patio", 100_00, "2026-11-30")
    shop.offers("2026-11-20", percent=10)
    shop.pays(part=95_00)
    shop.statement("""
        Patio $100.00
        You paid, thank you −$90.00
        Discount −$10.00
        Left $0.00
    """)
