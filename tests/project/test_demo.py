"""The demo as a stranger meets it: it fills itself, its emails open pages, Ctrl-C ends it, and it keeps its state."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from scripts import demo_code
from scripts.demo_elsewhere import DemoElsewhere
from scripts.places import ROOT
from tests.project.test_start import lives

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())


def read(url: str) -> str:
    with _direct.open(url, timeout=10) as answer:
        return str(answer.read().decode())


def send(url: str, page: str, **fields: str) -> str:
    """Send a form of a page with its proof, and give the page it leads to."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token, page
    asked = urllib.request.Request(url, urllib.parse.urlencode({**fields, "csrf_token": token[1]}).encode())
    with _direct.open(asked, timeout=10) as answer:
        return str(answer.read().decode())


def mail(demo: DemoElsewhere, to: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(read(f"http://127.0.0.1:{demo.ports.mailbox}/api/messages?to={to}"))
    return found


def family(pid: int) -> list[int]:
    """The process and all that it has started, as far as it goes."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = [tuple(map(int, line.split())) for line in listed.splitlines()]
    found = [pid]
    for one in found:
        found += [child for child, parent in parents if parent == one]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


def test_first_start_fills_itself_and_ctrl_c_leaves_no_process(folder: Path) -> None:
    with DemoElsewhere(folder) as demo:
        reminders = mail(demo, "helen.okafor@mail.example")
        assert reminders, "".join(demo.said)
        link = next(link for link in reminders[0]["links"] if "/l/" in link)
        assert link.startswith(f"http://127.0.0.1:{demo.ports.portal}/l/")
        assert "Marsh &amp; Daughter" in read(link)
        spanish = mail(demo, "lucia.fernandez@correo.example")
        assert spanish and "Alder Street Dental" in spanish[0]["subject"] and "€" in spanish[0]["text"]
        everyone = family(demo.process.pid)
        assert len(everyone) >= 6, "demo, stand-in, mailbox, worker, gunicorn and its worker"
        assert demo.stop() == 0
    assert [pid for pid in everyone if lives(pid)] == []
    said = "".join(demo.said)
    assert "127.0.0.1" in said and "97301" in said
    assert f". {folder}/demo.env" in said and f"Logs: {folder}/log/" in said, "where this demo is, not where others are"


def test_second_start_is_there_in_seconds_with_the_same_state(folder: Path) -> None:
    if not (folder / "demo" / "seeded").exists():
        pytest.fail("the first start has not finished")
    began = time.monotonic()
    with DemoElsewhere(folder) as demo:
        took = time.monotonic() - began
        assert not any("Filling" in line for line in demo.said)
        assert mail(demo, "helen.okafor@mail.example")
    assert took < 30


def test_the_office_opens_with_what_the_demo_prints(folder: Path) -> None:
    with DemoElsewhere(folder) as demo:
        said = "".join(demo.said)
        password, key = re.search(r"password (\S+)", said), re.search(r"authenticator key (\S+)", said)
        assert password and key, said
        office = f"http://127.0.0.1:{demo.ports.portal}/office"
        page = read(f"{office}/sign-in")
        page = send(f"{office}/sign-in", page, email="priya@office.example", password=password[1])
        page = send(f"{office}/sign-in/code", page, code=demo_code.code(key[1], time.time()))
        assert "Marsh &amp; Daughter" in page and "Alder Street Dental" in read(f"{office}/businesses")


def test_a_child_that_dies_ends_the_demo_with_its_name(folder: Path) -> None:
    with DemoElsewhere(folder) as demo:
        victim = next(pid for pid in family(demo.process.pid)
                      if b"sandbox.mailbox" in Path(f"/proc/{pid}/cmdline").read_bytes())
        subprocess.run(["kill", "-9", str(victim)], check=True)
        assert demo.process.wait(30) == 1
    assert "The mailbox ended by itself (signal SIGKILL)" in "".join(demo.said)


def test_a_taken_port_stops_the_start_before_anything_happens(folder: Path) -> None:
    with DemoElsewhere(folder) as demo:
        again = subprocess.run(
            [sys.executable, "-m", "scripts.demo", "here"], capture_output=True, text=True, check=False,
            cwd=ROOT, env={"PATH": "/usr/bin:/bin", "DEMO_PORTS": f"{demo.ports.portal},0,0,0",
                           "DEMO_DIR": str(folder / "other")})
        assert again.returncode == 1
        assert again.stderr.splitlines()[0].startswith(f"Port {demo.ports.portal} is taken")
        assert not (folder / "other").exists()
