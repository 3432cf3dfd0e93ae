"""No key of ours leaves by any page, file, header or error: whatever is asked for, by whomever."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal import create_app
from portal.db import Database
from tests.borders import Theatre, cells, readable
from tests.cast import make_runtime
from tests.stage import set_stage

KEYS = {
    "session_key": "session-canary-" + "s" * 32, "link_keys": "link-canary-" + "l" * 32,
    "code_key": "code-canary-" + "c" * 32, "agreement_keys": "agreement-canary-" + "a" * 32,
    "stripe_secret_key": "sk_test_canary",
    "stripe_webhook_secrets": "whsec_canary", "stripe_connect_webhook_secrets": "whsec_connect_canary",
    "smtp_password": "smtp-canary"}


@pytest.fixture
def theatre(db: Database, tmp_path: Path) -> Theatre:
    now = datetime.now(UTC)
    stage = set_stage(db, tmp_path, now)
    rt = make_runtime(db, tmp_path, clock=lambda: now, **KEYS)
    return Theatre(create_app(runtime=rt), rt, db, stage)


def test_no_answer_holds_a_key(theatre: Theatre) -> None:
    wanted = [cell for cell in cells(theatre.app) if cell.method in ("GET", "POST")
              and cell.role in ("own", "pay_only", "link_only", "anonymous")]
    assert len(wanted) > 200
    for cell in wanted:
        # The stand-in is not there: what fails on the way to Stripe is among the answers.
        answer = theatre.ask(cell)
        cookies = " ".join(answer.headers.getlist("Set-Cookie"))
        seen = f"{readable(answer)}\n{cookies}"
        assert "canary-" not in seen and "_canary" not in seen, cell


def test_a_bug_shows_no_key(theatre: Theatre) -> None:
    def broken() -> str:
        raise RuntimeError(f"{theatre.rt.settings!r} {theatre.rt.settings.stripe_secret_key.get_secret_value()}")

    theatre.app.add_url_rule("/test-broken", "test_broken", broken)
    theatre.app.testing = False
    answer = theatre.app.test_client().get("/test-broken", base_url=theatre.rt.settings.base_url)
    assert answer.status_code == 500 and "canary" not in readable(answer)
