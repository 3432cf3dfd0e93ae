"""The audit page: every act in words, found by who, what, whom and when; nothing of another business."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest

from portal.db import Database
from portal.services import approvals, audit, audit_pages
from portal.services.audit import Actor, staff_actor
from portal.services.audit_pages import Asked
from portal.services.lists import bulk
from portal.services.queues import chargebacks
from portal.words import happenings, office_audit, speak
from tests.cast import NOON
from tests.office.books import Desk, open_desk

PORTAL = Path(__file__).resolve().parents[2] / "portal"


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    """An office where three people and a job did something."""
    desk = open_desk(db, tmp_path, 80_00)
    seat = desk.as_("manager")
    seat.post("/office/set-up/brand/keep", brand_color="#8a2f2f", version="1")
    approvals.write_off(desk.rt, desk.access("second"), desk.owed.invoices[0].public_id, "agreed", note="<b>Bold</b>")
    desk.rt.clock.pass_time(days=2)  # type: ignore[attr-defined]
    with db.transaction() as session:
        audit.record(session, at=desk.rt.now(), actor=Actor("job", "deliver"), act="debtor.email_bounced",
                     business_id=desk.owed.business.id, debtor_id=desk.owed.debtor.id, target="message:x")
    return desk


def acts(desk: Desk, **asked: object) -> list[str]:
    page = audit_pages.page(desk.rt, desk.access("owner"), Asked(**asked))  # type: ignore[arg-type]
    return [event.act for event in page.events]


def test_every_filter_finds_its_own(desk: Desk) -> None:
    everything = ["debtor.email_bounced", "invoice.written_off", "setup.changed"]
    assert acts(desk) == everything
    assert acts(desk, who=desk.staff["manager"].public_id) == ["setup.changed"]
    assert acts(desk, who="job") == ["debtor.email_bounced"]
    assert acts(desk, act="invoice.written_off") == ["invoice.written_off"]
    assert acts(desk, debtor=desk.owed.debtor.number) == everything[:2]
    assert acts(desk, debtor=desk.owed.debtor.public_id) == everything[:2]
    assert acts(desk, last=NOON.date()) == everything[1:]
    assert acts(desk, first=(NOON + timedelta(days=1)).date()) == everything[:1]
    assert acts(desk, who=desk.staff["manager"].public_id, act="invoice.written_off") == []


def test_the_page_says_it_in_words_with_before_and_after(desk: Desk) -> None:
    page = desk.as_("owner").get("/office/audit").text
    for words in ("Set-up changed", "color: #2f5d3a → <b>#8a2f2f</b>", "Manager of the house", "Invoice written off",
                  "amount: $80.00", "reason: Agreed with the debtor", "Helen Okafor", "by itself, by a rule"):
        assert words in page, words
    assert "Bold" not in page and "setup.changed</th>" not in page
    spanish = desk.as_("owner")
    assert spanish.get("/office/audit?who=job&act=&debtor=&from=&to=").status_code == 200


def test_absurd_filters_are_told_and_nothing_of_others_is_found(desk: Desk, tmp_path: Path) -> None:
    seat = desk.as_("owner")
    for query in ("from=31/12/2026", "to=2026-13-01", "after=xyz", "debtor=nobody"):
        assert seat.get(f"/office/audit?{query}").status_code == 422, query
    assert "Nothing was done that fits" in seat.get("/office/audit?act=made.up&who=nobody").text
    other = open_desk(desk.rt.db, tmp_path / "other", 5_00)
    assert acts(other) == []
    assert other.as_("owner").get(f"/office/audit?debtor={desk.owed.debtor.public_id}").status_code == 422
    assert desk.as_("agent").get("/office/audit").status_code == 403


def test_pages_hang_together_by_their_edge(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        for _ in range(120):
            audit.record(session, at=desk.rt.now(), actor=staff_actor(desk.access("agent")), act="call.logged",
                         business_id=desk.owed.business.id)
    seen, after = 0, ""
    while True:
        page = audit_pages.page(desk.rt, desk.access("owner"), Asked(act="call.logged"), after)
        seen += len(page.events)
        after = page.next
        if not after:
            break
    assert seen == 120


def recorded() -> set[str]:
    """Every act that is noted by its full name somewhere in the code."""
    found = set()
    for path in PORTAL.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                found |= {word.value.value for word in node.keywords
                          if word.arg == "act" and isinstance(word.value, ast.Constant)
                          and isinstance(word.value.value, str) and "." in word.value.value}
    return found


# Acts whose name is put together: what stands before the dot, and every word that may follow it.
BUILT = {
    "chargeback": tuple(chargebacks.LABELS), "bulk": bulk.ACTS, "payout": ("paid", "failed"),
    "approval": ("approved", "refused", "withdrawn"), "suspense": ("refund", "refund_failed", "chargeback"),
    "payment": ("failed", "expired", "canceled"), "reminder": ("queued", "skipped"),
    "time": ("accepted", "countered", "refused", "ended"), "promise": ("kept", "broken"),
    "claim": ("matched", "rejected"),
}
# Other words with a dot in the middle, handed to the same kind of call.
HANDED_ON = re.compile(r"[a-z_]+\.[a-z_]+")
FAMILIES = ("approval", "cadence", "call", "chargeback", "claim", "code", "failed_payment", "hold", "identity", "link",
            "links", "pay_link", "payment", "question", "queue", "refund", "reminders", "session", "staff", "suspense",
            "time")


def handed_on() -> set[str]:
    """Every act that a service hands to a helper of its own that notes it."""
    found = set()
    for path in (PORTAL / "services").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith("_"):
                words = [one for arg in node.args for one in ast.walk(arg) if isinstance(one, ast.Constant)]
                found |= {word.value for word in words if isinstance(word.value, str)
                          and HANDED_ON.fullmatch(word.value) and word.value.partition(".")[0] in FAMILIES}
    return found


def test_acts_that_are_put_together_or_handed_on_have_words_too() -> None:
    known = {*office_audit.ACTS, *happenings.ACTS}
    built = {f"{family}.{word}" for family, words in BUILT.items() for word in words}
    assert built - known == set()
    assert {"chargeback.withdrawn", "link.opened", "pay_link.made", "question.noted"} <= handed_on()
    assert handed_on() - known == set()


def test_codes_and_sums_are_told_in_words() -> None:
    words = speak("en", "UTC")
    told = [office_audit.value(words, name, code) for name, code in (
        ("reason", "no_address"), ("reason", "opted_out"), ("reason", "credit:duplicate"), ("reason", "other_intent"),
        ("mode", "reopen"), ("to", "pay_only"), ("code", "expired_card"), ("channel", "check"), ("result", "promised"))]
    assert told == [
        "There is no email address on file.", "They asked for no such emails.", "Paid twice",
        "another payment at Stripe", "it is owed again", "the page to pay only", "The card has expired.", "Check",
        "promised to pay"]
    assert office_audit.value(words, "amount", 12_34, "GBP") == "£12.34"


def test_every_sum_stripe_brings_is_noted_with_its_currency() -> None:
    for path in (PORTAL / "services").glob("fact_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "record":
                names = {word.arg for word in node.keywords}
                target = next(ast.unparse(word.value) for word in node.keywords if word.arg == "target")
                assert "amount" not in names or "currency" in names or "payment:" in target, path.name


def test_every_act_has_its_words_in_both_languages() -> None:
    known = {*office_audit.ACTS, *happenings.ACTS}
    assert len(recorded()) > 30
    assert recorded() - known == set()
    for language in ("en", "es"):
        said = [office_audit.act(speak(language, "UTC"), code) for code in sorted(known)]
        assert all(said) and not any("." in one[:-1] and " " not in one for one in said)
