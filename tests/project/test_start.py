"""The parts of the demo's start: what the machine lacks, its settings, and its processes, how they die and end."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path

import pytest

from config import Settings
from scripts import demo_env, machine
from scripts.children import Children, Died
from scripts.places import Ports

FOREVER = "import time; time.sleep(600)"


def eventually(true: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except FileNotFoundError:
        return False


def test_a_taken_port_is_one_line_with_its_cure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = machine.ports_taken(Ports(portal=port, stripe=0, mailbox=0, smtp=0))
    assert len(said) == 1
    assert f"Port {port} is taken" in said[0] and "DEMO_PORTS=" in said[0] and "\n" not in said[0]


def test_free_ports_are_nothing_to_speak_of() -> None:
    assert machine.ports_taken(Ports(0, 0, 0, 0)) == []


def test_settings_are_kept_private_and_fit_the_portal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "demo.env"
    written = demo_env.write(Ports(), path)
    assert path.stat().st_mode & 0o777 == 0o600
    for name, value in written.items():
        monkeypatch.setenv(name, value)
    settings = Settings()  # type: ignore[call-arg]
    assert settings.environment == "demo" and settings.base_url == "http://127.0.0.1:8000"


def test_secrets_differ_between_machines_and_stay_on_one(tmp_path: Path) -> None:
    first = demo_env.write(Ports(), tmp_path / "demo.env")
    again = demo_env.write(Ports(portal=9000), tmp_path / "demo.env")
    other = demo_env.write(Ports(), tmp_path / "other.env")
    assert again == first | {"PORTAL_BASE_URL": "http://127.0.0.1:9000"}
    assert all(other[name] != first[name] for name in demo_env.SECRETS)


def test_children_know_none_of_the_machine_s_own_portal_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_STRIPE_SECRET_KEY", "of someone's real portal")
    monkeypatch.setenv("PORTAL_SMTP_USERNAME", "someone")
    given = demo_env.for_children({"PORTAL_STRIPE_SECRET_KEY": "ours"})
    assert given["PORTAL_STRIPE_SECRET_KEY"] == "ours" and "PORTAL_SMTP_USERNAME" not in given


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    started = Children(os.environ, tmp_path)
    yield started
    started.stop()


def test_a_child_that_dies_is_named_with_its_last_words(children: Children) -> None:
    children.start("worker", [sys.executable, "-c", "import sys; print('no database here'); sys.exit(3)"])
    assert eventually(lambda: children.running[0].process.poll() is not None)
    told = re.compile(r"The worker ended by itself \(exit code 3\).*no database here", re.DOTALL)
    with pytest.raises(Died, match=told):
        children.check()


def test_a_child_that_dies_while_it_is_waited_for_is_told_at_once(children: Children) -> None:
    children.start("portal", [sys.executable, "-c", "raise SystemExit('a wrong setting')"])
    began = time.monotonic()
    with pytest.raises(Died, match="a wrong setting"):
        children.wait_for("http://127.0.0.1:1/")
    assert time.monotonic() - began < 20


def test_stopping_ends_children_and_nobody_else(children: Children) -> None:
    other = subprocess.Popen([sys.executable, "-c", FOREVER])
    try:
        children.start("one", [sys.executable, "-c", FOREVER])
        children.start("two", [sys.executable, "-c", FOREVER])
        pids = [child.process.pid for child in children.running]
        children.stop()
        assert [lives(pid) for pid in pids] == [False, False]
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_demo_ports_can_be_chosen_and_are_checked() -> None:
    asked = "from scripts.places import ports; print(ports())"

    def chosen(text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", asked], env={**os.environ, "DEMO_PORTS": text},
                              capture_output=True, text=True, check=False)

    assert "portal=9001, stripe=9002, mailbox=9003, smtp=9004" in chosen("9001,9002,9003,9004").stdout
    wrong = chosen("many")
    assert wrong.returncode == 1 and wrong.stderr.count("\n") == 1
    assert astuple(Ports()) == (8000, 12111, 8025, 8026)
