"""Who may see, offer and end plans."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.office.matrix import OfficePart, OfficeRow


def _debtor(office: OfficePart) -> str:
    return office.part.debtor.public_id


def _plan(office: OfficePart) -> str:
    return office.part.plans[0].public_id


def _soon(_office: OfficePart) -> str:
    return (datetime.now(UTC) + timedelta(days=9)).date().isoformat()


ROWS = {
    ("office.plans_list", "GET"): OfficeRow("see", others=("200",)),
    ("office.debtor_plans", "GET"): OfficeRow("work", target={"debtor_id": _debtor}),
    # What they proposed covers an invoice of which nothing is left to agree on; tests/plans shows the answers.
    ("office.offer_plan", "POST"): OfficeRow("work", "409", audits=0, target={"debtor_id": _debtor}, form={
        "currency": lambda _office: "USD", "every": lambda _office: "monthly", "first": _soon,
        "count": lambda _office: "2", "nonce": lambda _office: "plan-of-the-walk"}),
    ("office.end_plan", "POST"): OfficeRow("work", "409", audits=0, target={"plan_id": _plan}, form={
        "why": lambda _office: "They asked us to.", "seen": lambda _office: "1",
        "nonce": lambda _office: "end-of-the-walk"}),
}
