"""Chooses the newest allowed versions and locks them with hashes: `make lock`. Needs uv; names no host and no path.

The fullest file is made first and binds the others, so that demo, tests and production run the same versions.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

from scripts.places import ROOT

FULLEST = "requirements-dev.txt"
FILES = {FULLEST: ["--extra", "dev"], "requirements-demo.txt": ["--extra", "demo"], "requirements.txt": []}
OPTIONS = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate",
           "--python-version", "3.11", "--upgrade", "--quiet"]


def main() -> int:
    """Write every lock file anew."""
    if not shutil.which("uv"):
        print("uv is missing; install it, for example: python3 -m pip install uv", file=sys.stderr)
        return 1
    for name, extras in FILES.items():
        bound = [] if name == FULLEST else ["--constraint", FULLEST]
        print(f"{name} …", flush=True)
        subprocess.run(["uv", "pip", "compile", "pyproject.toml", *extras, *bound, *OPTIONS, "--output-file", name],
                       cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
