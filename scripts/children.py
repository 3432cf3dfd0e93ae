"""Starts the demo's processes, waits until each answers, tells when one dies, and ends all of them: these and no other.

Standard library only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scripts.places import LOGS, ROOT, shown

PATIENCE_SECONDS = 60.0
FAREWELL_SECONDS = 15.0
# Requests stay on this machine whatever proxy its owner uses for the rest.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Died(Exception):
    """A process of the demo ended by itself, or never answered."""


@dataclass
class Child:
    """One process and where its words go."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


@dataclass
class Children:
    """The demo's processes, in the order in which they were started."""

    environment: Mapping[str, str]
    logs: Path = LOGS
    running: list[Child] = field(default_factory=list)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a process in a group of its own, so that Ctrl-C reaches us first and we end it in good order."""
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{name}.log"
        with log.open("wb") as words:
            process = subprocess.Popen(
                list(command), cwd=ROOT, env=dict(self.environment), stdin=subprocess.DEVNULL, stdout=words,
                stderr=subprocess.STDOUT, start_new_session=True)
        self.running.append(Child(name, process, log))

    def wait_for(self, url: str) -> None:
        """Wait until an address answers with success. Raises Died."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _answers(url):
            self.check()
            if time.monotonic() > deadline:
                waited = f"within {PATIENCE_SECONDS:.0f} seconds"
                raise Died(f"Nothing answered at {url} {waited}; the logs are in {shown(self.logs)}/")
            time.sleep(0.1)

    def check(self) -> None:
        """Raise Died if a process has ended by itself, with the last it said."""
        for child in self.running:
            code = child.process.poll()
            if code is not None:
                raise Died(f"The {child.name} ended by itself ({_how(code)}).\n{_last_words(child.log)}")

    def stop(self) -> None:
        """End all, the last first; whoever does not end in time is killed with all it has started."""
        for child in reversed(self.running):
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + FAREWELL_SECONDS
        for child in reversed(self.running):
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(child, signal.SIGKILL, everyone=True)
                child.process.wait()
        self.running.clear()


def _signal(child: Child, kind: signal.Signals, *, everyone: bool = False) -> None:
    if child.process.poll() is None:
        # The group is the child's own: start_new_session made it, and it holds nobody else's process.
        os.killpg(child.process.pid, kind) if everyone else child.process.send_signal(kind)


def _answers(url: str) -> bool:
    try:
        with _direct.open(url, timeout=2) as answer:
            return bool(answer.status < 400)
    except (urllib.error.URLError, OSError):
        return False


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _last_words(log: Path, lines: int = 8) -> str:
    words = log.read_text(errors="replace").strip().splitlines()[-lines:]
    return "\n".join([f"Its last words (all of them: {shown(log)}):", *words])
