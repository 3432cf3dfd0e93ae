"""Thanks are set up in words: what a rule means is shown before it is kept, and the credit is off by default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from portal.db import Database
from portal.services import policies
from tests.office.books import Desk, open_desk
from tests.office.test_setup import keep


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path)


def rules(desk: Desk) -> Any:
    with desk.rt.db.reading() as session:
        return policies.in_force(session, desk.owed.business.id)


def test_a_credit_is_shown_in_words_before_it_is_kept_and_noted_with_before_and_after(desk: Desk) -> None:
    seat = desk.as_("manager")
    page = seat.get("/office/set-up/thanks").text
    assert "Paying early earns no credit." in page and "Nobody is asked later whether all is well." in page
    wanted = {"thank_you_credit": "y", "credit_percent": "2", "credit_cap": "8", "check_in_days": "30"}
    looked = keep(seat, "thanks", **wanted, do="look")
    assert "earns 2% of it for the next one, at most $8.00." in looked.text and "Not kept yet" in looked.text
    assert "is asked 30 days after the last payment" in looked.text and desk.acts() == []
    kept = keep(seat, "thanks", **wanted)
    assert kept.status_code == 303 and desk.acts() == ["setup.changed"]
    policy = rules(desk)
    assert (policy.thank_you_credit, policy.thank_you_credit_basis_points, policy.thank_you_credit_cap,
            policy.check_in_days) == (True, 200, {"USD": 8_00}, 30)
    audit = seat.get("/office/audit").text
    assert "credit for paying early" in audit and "$8.00" in audit
    assert keep(seat, "thanks", thank_you_notes=None).status_code == 303 and not rules(desk).thank_you_notes


@pytest.mark.parametrize(("typed", "why"), [
    ({"thank_you_credit": "y"}, "Give either a percentage or an amount"),
    ({"thank_you_credit": "y", "credit_percent": "2", "credit_amount": "5"}, "Give either a percentage or an amount"),
    ({"credit_percent": "11"}, "a percentage from 0 to 10"), ({"credit_percent": "-1"}, "a percentage from 0 to 10"),
    ({"credit_cap": "0"}, "smallest"), ({"credit_amount": "five"}, "with digits only"),
    ({"check_in_days": "181"}, "180"), ({"check_in_days": ""}, "180")])
def test_what_cannot_be_kept_is_said_and_nothing_is(desk: Desk, typed: dict[str, str], why: str) -> None:
    seat = desk.as_("owner")
    refused = keep(seat, "thanks", **typed)
    assert refused.status_code == 422 and why in refused.text
    assert desk.acts() == [] and not rules(desk).thank_you_credit
