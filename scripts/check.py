"""`make check`: everything that looks for mistakes without running the portal; each tool's name, then its verdict.

All tools run even if one fails, so that one look shows all there is to mend.
"""

from __future__ import annotations

import subprocess
import sys
import time

from scripts import tidiness
from scripts.places import PYTHON, ROOT

BIN = PYTHON.parent
TOOLS: dict[str, list[str]] = {
    "ruff": ["ruff", "check", "."],
    "mypy": ["mypy"],
    "import-linter": ["lint-imports", "--no-cache"],
    "djlint": ["djlint", "portal/templates", "sandbox", "--lint", "--quiet"],
    "bandit": ["bandit", "-r", "portal", "config.py", "-ll", "--quiet", "--configfile", "pyproject.toml"],
}


def main() -> int:
    """Run every tool; 1 if any of them found something."""
    failed = [name for name, command in TOOLS.items() if not _passes(name, command)]
    found = tidiness.look()
    print(f"{'ok  ' if not found else 'FAIL'} tidiness")
    if found:
        print("\n".join(found))
        failed.append("tidiness")
    print(f"\n{'All is well.' if not failed else 'To mend: ' + ', '.join(failed)}")
    return 1 if failed else 0


def _passes(name: str, command: list[str]) -> bool:
    began = time.monotonic()
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    print(f"{'ok  ' if not done.returncode else 'FAIL'} {name} ({time.monotonic() - began:.0f} s)", flush=True)
    if done.returncode:
        print((done.stdout + done.stderr).strip(), flush=True)
    return not done.returncode


if __name__ == "__main__":
    sys.exit(main())
