"""Rules no tool knows: files are short and explained, nothing names a machine or a host, vendored files are whole."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from scripts.places import ROOT

LONGEST_FILE = 350
CODE = ("portal", "sandbox", "scripts")
VENDORED = (ROOT / "portal" / "static" / "vendor",)
# Spelled in pieces, so that this file does not find itself.
FORBIDDEN = {
    "a path of one machine": re.compile(
        r"(?<![\w.:/$-])/(?:" + "|".join(("home", "Users", "root", "opt", "work", "mnt")) + r")/[\w.-]+"),
    "a package registry's host": re.compile("|".join(
        re.escape(name) for name in ("pypi" + ".org", "pythonhosted" + ".org", "npm" + "js.org", "npm" + "js.com",
                                     "unpkg" + ".com", "jsdelivr" + ".net", "cdn" + "js.com")), re.IGNORECASE),
    "an index option": re.compile(r"--(?:extra-)?index-" + r"url|--find-" + r"links|--trusted-" + r"host"),
}
# Where a word is meant to stand: the tests of exactly this, and the option that keeps hosts out of the locks.
SPARED = {"scripts/lock.py", "scripts/tidiness.py"}


def look() -> list[str]:
    """Name every broken rule, one line each."""
    files = [path for path in tracked() if path.is_file()]
    return sorted([*_long_files(files), *_unexplained(files), *_forbidden_words(files), *_vendored()])


def tracked() -> list[Path]:
    """The project's own files: what git knows, and what is new and not ignored."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT,
                            capture_output=True, text=True, check=False)
    if listed.returncode:
        return [path for path in ROOT.rglob("*") if not {".venv", "var", ".git"} & set(path.relative_to(ROOT).parts)]
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def _python(files: list[Path]) -> Iterator[tuple[str, str]]:
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        if path.suffix == ".py" and name.split("/")[0] in CODE:
            yield name, path.read_text()


def _long_files(files: list[Path]) -> Iterator[str]:
    for name, text in _python(files):
        lines = text.count("\n")
        if lines > LONGEST_FILE:
            yield f"{name}: {lines} lines, more than {LONGEST_FILE}"


def _unexplained(files: list[Path]) -> Iterator[str]:
    for name, text in _python(files):
        if text.strip() and not ast.get_docstring(ast.parse(text)):
            yield f"{name}: opens with no word on what lives here"


def _forbidden_words(files: list[Path]) -> Iterator[str]:
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        if name in SPARED or any(path.is_relative_to(folder) for folder in VENDORED):
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for what, pattern in FORBIDDEN.items():
                if pattern.search(line):
                    yield f"{name}:{number}: names {what}"


def _vendored() -> Iterator[str]:
    for folder in VENDORED:
        listed = dict(line.split(maxsplit=1)[::-1] for line in (folder / "CHECKSUMS").read_text().splitlines())
        there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        for name, digest in listed.items():
            if name not in there or hashlib.sha256(there[name].read_bytes()).hexdigest() != digest:
                yield f"{folder.relative_to(ROOT)}/{name}: not the file that was vendored"
        for name in sorted(there.keys() - listed.keys() - {"CHECKSUMS", "README.md"}):
            yield f"{folder.relative_to(ROOT)}/{name}: has no checksum"
