"""What the machine must have before anything starts; each thing that is missing is one line with its cure."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import sys
from dataclasses import astuple

from scripts.places import LOOPBACK, Ports

OLDEST = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")


def python_too_old() -> str:
    """Say what to do about a Python that is too old; "" when it is new enough."""
    if sys.version_info >= OLDEST:
        return ""
    found = "{}.{}".format(*sys.version_info[:2])
    other = next((name for name in NEWER if shutil.which(name)), "")
    cure = f"run: make PYTHON={other} …" if other else "install Python 3.11 or newer, then: make PYTHON=python3.11 …"
    return f"Python {found} is too old, 3.11 or newer is needed; {cure}"


def venv_missing() -> str:
    """Say what to do when this Python cannot make environments; "" when it can."""
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return ""
    version = "{}.{}".format(*sys.version_info[:2])
    return f"Python's venv module is missing; on Debian or Ubuntu: sudo apt install python{version}-venv"


def ports_taken(wanted: Ports) -> list[str]:
    """Say which ports another program holds, one line each."""
    return [
        f"Port {port} is taken by another program; end it (who: lsof -i :{port}) "
        "or choose four others: DEMO_PORTS=8100,12211,8125,8126 make demo"
        for port in astuple(wanted) if not _is_free(port)]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError):
            return False
    return True
