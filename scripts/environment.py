"""Builds .venv from a lock file, every package checked against its hash: python3 -m scripts.environment FILE.

Standard library only. A stamp remembers what is installed, so that the second time takes no time.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts import machine
from scripts.places import PYTHON, ROOT, VENV

STAMP = VENV / "locked"
# What is installed from the first file holds all of the others, as a test makes sure.
FULLEST = "requirements-dev.txt"
BAR = 24


def ensure(lock: str) -> None:
    """Make the environment hold exactly what a lock file names; says how far it is, ends with one line if it fails."""
    wrong = machine.python_too_old() or machine.venv_missing()
    if wrong:
        raise SystemExit(wrong)
    known = _installed() if _runs() else set()
    if _stamp(lock) in known or _stamp(FULLEST) in known:
        return
    if not _runs():
        print("Making the environment .venv …", flush=True)
        _make()
    _install(ROOT / lock)
    STAMP.write_text("\n".join(sorted(known | {_stamp(lock)})) + "\n")


def _stamp(lock: str) -> str:
    return f"{lock} {hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()}"


def _installed() -> set[str]:
    return set(STAMP.read_text().splitlines()) if STAMP.exists() else set()


def _runs() -> bool:
    """Whether the environment's Python starts; a moved folder or an upgraded system breaks it."""
    if not PYTHON.exists():
        return False
    wanted = f"import sys, pip; sys.exit(sys.prefix != {str(VENV)!r} or sys.version_info < {machine.OLDEST})"
    return subprocess.run([str(PYTHON), "-c", wanted], capture_output=True, check=False).returncode == 0


def _make() -> None:
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True,
                          check=False)
    if made.returncode:
        last = (made.stdout + made.stderr).strip().splitlines()[-1:] or [""]
        raise SystemExit(f"The environment could not be made: {last[0]}")


def _install(lock: Path) -> None:
    names = [line.partition("==")[0] for line in lock.read_text().splitlines() if "==" in line and line[:1] != " "]
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps",
               "--require-hashes", "--progress-bar", "off", "-r", str(lock)]
    # A package path from outside would make pip believe that something is there already.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        try:
            last = _show_progress(pip.stdout, len(names))
        except BaseException:
            # Whoever stops us in the middle stops pip too.
            pip.terminate()
            raise
    if pip.returncode:
        raise SystemExit(f"The packages of {lock.name} could not be installed: {last or 'pip failed'}")


def _show_progress(lines: Iterator[str], whole: int) -> str:
    """Draw how many packages are fetched; returns pip's last complaint."""
    done, complaint = 0, ""
    for line in lines:
        if line.startswith(("Collecting ", "Requirement already satisfied")):
            done += 1
            _draw(min(done, whole), whole)
        elif line.startswith("Installing collected"):
            _draw(whole, whole)
            print("\nInstalling them …", flush=True)
        elif line.startswith("ERROR"):
            complaint = complaint or line.strip()
    return complaint


def _draw(done: int, whole: int) -> None:
    if sys.stdout.isatty():
        filled = BAR * done // whole
        print(f"\rFetching packages [{'#' * filled}{'.' * (BAR - filled)}] {done} of {whole}", end="", flush=True)
    elif done == whole or done % 20 == 1:
        print(f"Fetching packages: {done} of {whole}", flush=True)


if __name__ == "__main__":
    ensure(sys.argv[1])
