"""The events of a payment in every order, once and twice: the balances in the end are the same."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from portal.db import Database
from portal.domain.money_facts import Fact
from tests.cast import balances, someone_owes
from tests.ledger.stories import assert_sound, charged_back, line, moved, received, refunded, start_payment, tell


def _story(db: Database) -> tuple[int, list[Fact]]:
    owed = someone_owes(db, 60_00, 40_00)
    payment = start_payment(db, owed, (owed.invoices[0], 60_00), (owed.invoices[1], 40_00))
    return owed.business.id, [
        moved(payment, "processing"), received(payment), line(payment, 100_00, 3_20, id=f"txn_{payment.id}"),
        refunded(payment, 30_00, id=f"re_{payment.id}", status="pending"),
        refunded(payment, 30_00, id=f"re_{payment.id}")]


def _plain(found: dict[str, int]) -> list[int]:
    """Balances without the ids in their names, which differ from story to story."""
    return [amount for _, amount in sorted((name.split(" ")[0], amount) for name, amount in found.items())]


def _without_ids(name: str, invoices: dict[str, str]) -> str:
    kind, _, rest = name.partition(" ")
    owner, _, number = rest.split(" ")[0].partition(":")
    return f"{kind} {invoices[number]}" if owner == "invoice" else kind


def test_every_order_of_a_refunded_payment_ends_the_same(db: Database, tmp_path: Path) -> None:
    ends = set()
    for order in itertools.permutations(range(5)):
        business_id, facts = _story(db)
        tell(db, *(facts[i] for i in order))
        ends.add(tuple(_plain(balances(db, business_id))))
    assert len(ends) == 1
    assert_sound(db, tmp_path)


@pytest.mark.parametrize("seed", range(12))
def test_two_payments_of_one_debtor_shuffled_and_repeated(db: Database, tmp_path: Path, seed: int) -> None:
    """Paid twice, one refunded, one charged back and won, a third invoice waiting for the surplus."""
    ends = set()
    for shuffle in range(4):
        owed = someone_owes(db, 100_00, 50_00, 70_00)
        first = start_payment(db, owed, (owed.invoices[0], 100_00), opens=False)
        second = start_payment(db, owed, (owed.invoices[0], 100_00), (owed.invoices[1], 50_00), opens=False)
        withdrawn = line(first, -100_00, 15_00, id=f"txn_d{first.id}", source="du_1", kind="adjustment")
        reinstated = line(first, 100_00, -15_00, id=f"txn_r{first.id}", source="du_1", kind="adjustment")
        facts: list[Fact] = [
            received(first), received(second), line(first, 100_00, 3_20, id=f"txn_{first.id}"),
            line(second, 150_00, 4_65, id=f"txn_{second.id}"),
            refunded(second, 120_00, id=f"re_{second.id}", status="pending"),
            refunded(second, 120_00, id=f"re_{second.id}"),
            charged_back(first, 100_00, withdrawn, id=f"du_{first.id}"),
            charged_back(first, 100_00, withdrawn, reinstated, id=f"du_{first.id}", status="won")]
        # The same seed drops and repeats the same facts; only their order differs.
        told = random.Random(seed).choices(facts, k=4) + facts
        random.Random(seed * 100 + shuffle).shuffle(told)
        tell(db, *told)
        ids = {str(invoice.id): str(index) for index, invoice in enumerate(owed.invoices)}
        found = balances(db, owed.business.id)
        ends.add(tuple(sorted((_without_ids(name, ids), amount) for name, amount in found.items())))
    assert len(ends) == 1, ends
    assert_sound(db, tmp_path)


def test_refunded_and_charged_back_the_excess_is_seen_in_suspense(db: Database, tmp_path: Path) -> None:
    for order in ((0, 1, 2), (0, 2, 1), (1, 2, 0), (2, 1, 0)):
        owed = someone_owes(db, 100_00)
        payment = start_payment(db, owed, (owed.invoices[0], 100_00))
        withdrawn = line(payment, -100_00, 0, id=f"txn_d{payment.id}", source="du_1", kind="adjustment")
        facts: list[Fact] = [
            received(payment), refunded(payment, 100_00, id=f"re_{payment.id}"),
            charged_back(payment, 100_00, withdrawn, id=f"du_{payment.id}")]
        tell(db, *(facts[i] for i in order))
        assert _plain(balances(db, owed.business.id)) == [100_00, -100_00, -100_00, 100_00]
    assert_sound(db, tmp_path)
