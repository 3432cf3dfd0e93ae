"""Paying over time in a real browser: the schedule follows what is chosen, and nothing is kept by looking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from portal.models import Installment
from tests.browser.conftest import Product, Watch, visitor
from tests.browser.test_walk import Walk, cast, enter

pytestmark = pytest.mark.browser


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def test_a_plan_is_chosen_as_the_schedule_follows_then_signed_and_moved(product: Product, browser: Browser) -> None:
    owed = cast(product)
    watch = Watch((product.url, product.stripe.url, product.mailbox.url))
    with visitor(browser, 360, watch) as page:
        walk = Walk(product, page, watch, "plans")
        enter(walk, owed)
        page.goto(f"{product.url}/plan")
        expect(page.get_by_text("Your schedule")).to_be_visible()
        walk.look("plan")
        # Without a press: the answer follows what is chosen.
        page.get_by_label("Every two weeks").check()
        expect(page.get_by_text("4 payments, every two weeks").or_(
            page.get_by_text("3 payments, every two weeks"))).not_to_have_count(0)
        page.get_by_label("My own days").check()
        expect(page.get_by_label("Day of payment 1")).to_be_visible()
        walk.look("plan-own-days")
        page.get_by_label("Every month").check()
        expect(page.get_by_label("First payment")).to_be_visible()
        walk.look("plan-again")
    assert watch.foreign == [] and watch.complaints == []
    with product.rt.db.reading() as session:
        assert session.scalars(select(Installment)).all() == []
