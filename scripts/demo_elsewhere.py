"""A demo of its own for tests and pictures: on free ports, its data in another folder, in the environment at hand."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.places import LOOPBACK, ROOT, Ports

READY = "The demo is ready"
PATIENCE_SECONDS = 150.0
FAREWELL_SECONDS = 40.0


@dataclass
class DemoElsewhere:
    """One run of the demo, as a context manager; at its end it gets the same signal as from Ctrl-C."""

    folder: Path
    ports: Ports = field(default_factory=lambda: Ports(*_free_ports(4)))
    said: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._ready = threading.Event()
        chosen = f"{self.ports.portal},{self.ports.stripe},{self.ports.mailbox},{self.ports.smtp}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scripts.demo", "here"], cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
            env={**os.environ, "DEMO_DIR": str(self.folder), "DEMO_PORTS": chosen, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(PATIENCE_SECONDS) or self.process.poll() is not None:
            self.stop()
            raise RuntimeError("the demo did not start:\n" + "".join(self.said))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> int:
        """Press Ctrl-C and wait; gives the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        return self.process.returncode

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if READY in line:
                self._ready.set()
        self._ready.set()


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    numbers = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return numbers
