"""What a web server needs not at its start is loaded when it is first used, and is all there then."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click import Context
from flask import Flask
from werkzeug.routing import BuildError

from portal import cli
from portal.routes.shared.assets import LateRule
from proofs.harness import ROOT, environment

HEAVY = ("openpyxl", "tablib", "email_validator", "structlog", "stripe", "typst", "celery", "holidays", "PIL", "pypdf",
         "portal.cli.work", "portal.jobs")
COMMANDS = {"cadence", "create-business", "create-owner", "import-invoices", "jobs", "ledger", "links", "receive-email",
            "reset-second-factor", "search", "send-reminder", "set-business", "work"}


def test_a_web_server_starts_without_what_only_some_requests_need(tmp_path: Path) -> None:
    program = f"import wsgi, sys, json; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    env = environment(f"sqlite:///{tmp_path}/portal.sqlite3")
    seen = subprocess.run([sys.executable, "-c", program], env=env, cwd=ROOT, capture_output=True, text=True,
                          timeout=120, check=True)
    assert json.loads(seen.stdout) == []


def test_the_flask_command_knows_all_of_ours() -> None:
    app = Flask("commands")
    cli.install(app)
    context = Context(app.cli)
    assert set(app.cli.list_commands(context)) >= COMMANDS
    for name in COMMANDS:
        found = app.cli.get_command(context, name)
        assert found is not None and found.name == name
    assert app.cli.get_command(context, "no-such-command") is None


def addresses(rule_class: Any) -> Flask:
    app = Flask("addresses")
    if rule_class:
        app.url_rule_class = rule_class
    for rule, name in (("/balance", "balance"), ("/i/<number>.pdf", "paper"), ("/a/<int:key>/<word>", "both"),
                       ("/p/<path:rest>", "rest")):
        app.add_url_rule(rule, name, lambda **_values: "")
    app.add_url_rule("/with/", "with_default", lambda **_values: "", defaults={"page": 1})
    return app


@pytest.mark.parametrize(("endpoint", "values"), [
    ("balance", {}), ("balance", {"q": "ä ö&="}), ("paper", {"number": "A/1 %ü"}), ("both", {"key": 7, "word": "x y"}),
    ("both", {"key": 7, "word": "x", "more": ["a", "b"], "_anchor": "f1"}), ("rest", {"rest": "a/b c"}),
    ("with_default", {"page": 1}), ("balance", {"_external": True, "_scheme": "https"})])
def test_addresses_are_the_ones_flask_writes(endpoint: str, values: dict[str, Any]) -> None:
    late, usual = addresses(LateRule), addresses(None)
    with usual.test_request_context():
        expected = usual.url_for(endpoint, **values)
    for _ in range(2):
        with late.test_request_context():
            assert late.url_for(endpoint, **values) == expected
    with late.test_request_context(), pytest.raises(BuildError):
        late.url_for("both", word="no key")
