"""What a web server needs not at its start is loaded when it is first used, and is all there then."""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click import Context
from flask import Flask
from werkzeug.routing import BuildError

import portal
from portal import cli, create_app
from portal.db import Database
from portal.routes.shared.assets import LateRule
from proofs.harness import ROOT, at_once, environment
from tests.cast import make_runtime

HEAVY = ("portal.routes.admin", "portal.cli.work", "portal.jobs", "openpyxl", "tablib", "email_validator", "structlog",
         "stripe", "typst", "celery", "holidays", "PIL", "pypdf")
COMMANDS = {"cadence", "create-business", "create-owner", "import-invoices", "jobs", "ledger", "links", "receive-email",
            "reset-second-factor", "search", "send-reminder", "set-business", "work"}


def test_a_web_server_starts_without_what_only_some_requests_need(tmp_path: Path) -> None:
    program = f"import wsgi, sys, json; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    env = environment(f"sqlite:///{tmp_path}/portal.sqlite3")
    seen = subprocess.run([sys.executable, "-c", program], env=env, cwd=ROOT, capture_output=True, text=True,
                          timeout=120, check=True)
    assert json.loads(seen.stdout) == []


def anonymous(app: Flask, path: str, method: str = "GET") -> tuple[object, ...]:
    answer = app.test_client().open(path, method=method, base_url="http://portal.test")
    kept = {name: value for name, value in answer.headers.items() if name not in ("Set-Cookie", "Content-Length")}
    return answer.status_code, kept, "<h1" in answer.text


def test_with_a_late_office_every_address_answers_as_without(db: Database, tmp_path: Path) -> None:
    rt = make_runtime(db, tmp_path)
    whole, late = create_app(runtime=rt), create_app(runtime=rt, late_office=True)
    paths = {rule.rule.replace("<", "x").replace(">", "x").replace(":", "") for rule in whole.url_map.iter_rules()}
    assert len(paths) > 150 and sum(path.startswith("/office") for path in paths) > 80
    for path in sorted({*paths, "/office", "/officers", "/office/no-such-page", "/no-such-page", "/Office", "/"}):
        for method in ("GET", "POST"):
            if not path.startswith("/static"):
                assert anonymous(late, path, method) == anonymous(whole, path, method), f"{method} {path}"


def test_many_who_come_to_the_office_at_once_open_it_once(db: Database, tmp_path: Path) -> None:
    app = create_app(runtime=make_runtime(db, tmp_path), late_office=True)
    office: Any = app.wsgi_app
    assert office._office is None
    answers = at_once(*[lambda: anonymous(app, "/office/sign-in")] * 8)
    assert all(not isinstance(answer, Exception) and answer[0] == 200 for answer in answers), answers
    opened = office._office
    assert anonymous(app, "/office/sign-in")[0] == 200 and office._office is opened


def modules() -> list[str]:
    found = pkgutil.walk_packages(portal.__path__, f"{portal.__name__}.", onerror=_cannot_be_loaded)
    return [module.name for module in found]


def _cannot_be_loaded(name: str) -> None:
    raise ImportError(name)


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith("portal.routes.")])
def test_every_module_of_a_door_can_be_loaded(name: str) -> None:
    assert importlib.import_module(name)


def test_warming_up_leaves_nothing_to_load_for_the_office(db: Database, tmp_path: Path) -> None:
    app = create_app(runtime=make_runtime(db, tmp_path), late_office=True)
    office: Any = app.wsgi_app
    assert office._office is None
    app.extensions["warm_up"]()
    opened, loaded = office._office, set(sys.modules)
    assert opened is not None and "structlog" in loaded
    assert anonymous(app, "/office/sign-in")[0] == 200
    assert office._office is opened and not {name for name in set(sys.modules) - loaded if name.startswith("portal.")}


def test_a_worker_of_gunicorn_is_warm_before_its_first_request(tmp_path: Path) -> None:
    program = ("import runpy, sys, types, wsgi; hook = runpy.run_path('gunicorn.conf.py')['post_worker_init'];"
               "hook(types.SimpleNamespace(wsgi=object())); assert 'portal.routes.admin' not in sys.modules;"
               "hook(types.SimpleNamespace(wsgi=wsgi.app)); assert 'portal.routes.admin.sign_in' in sys.modules")
    env = environment(f"sqlite:///{tmp_path}/portal.sqlite3")
    subprocess.run([sys.executable, "-c", program], env=env, cwd=ROOT, timeout=120, check=True)


def test_the_flask_command_lists_the_office_too(tmp_path: Path) -> None:
    env = environment(f"sqlite:///{tmp_path}/portal.sqlite3")
    told = subprocess.run([sys.executable, "-m", "flask", "--app", "wsgi", "routes"], env=env, cwd=ROOT,
                          capture_output=True, text=True, timeout=120, check=True).stdout
    assert told.count("office.") > 80 and "debtor." in told


def test_a_flood_is_counted_over_both_together(db: Database, tmp_path: Path) -> None:
    app = create_app(runtime=make_runtime(db, tmp_path), late_office=True)
    browser = app.test_client()
    for number in range(600):
        path = "/office/sign-in" if number % 100 == 0 else "/left"
        assert browser.get(path, base_url="http://portal.test").status_code == 200
    for path in ("/left", "/office/sign-in"):
        assert browser.get(path, base_url="http://portal.test").status_code == 429


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
