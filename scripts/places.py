"""Where things of this checkout lie, and the demo's ports. Standard library only: read before anything is installed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# DEMO_DIR keeps a second demo, such as that of a test, apart from the first.
VAR = Path(os.environ.get("DEMO_DIR") or ROOT / "var").resolve()
DEMO = VAR / "demo"
LOGS = VAR / "log"
DEMO_ENV = VAR / "demo.env"
# Written when the demo's data is complete; without it a start begins with empty hands.
SEEDED = DEMO / "seeded"
LOOPBACK = "127.0.0.1"


def shown(path: Path) -> str:
    """Write a path as short as it can be understood from this checkout."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


@dataclass(frozen=True)
class Ports:
    """The four ports of the demo."""

    portal: int = 8000
    stripe: int = 12111
    mailbox: int = 8025
    smtp: int = 8026


def ports() -> Ports:
    """Give the demo's ports; DEMO_PORTS=8100,12211,8125,8126 chooses others."""
    chosen = os.environ.get("DEMO_PORTS", "")
    try:
        return Ports(*map(int, chosen.split(","))) if chosen else Ports()
    except (TypeError, ValueError):
        raise SystemExit("DEMO_PORTS takes up to four numbers: portal,stripe,mailbox,smtp") from None
