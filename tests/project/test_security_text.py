"""docs/security.md names tests and figures that are there: a promise without its test would be worse than none."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from proofs.__main__ import PARTS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text()
NAMED = re.compile(r"`([a-z_/]+\.py)::(\w+)`")
PART = re.compile(r"[Pp]arts? `(\w+)`")
FIGURE = re.compile(r"`(\w+)`")


def test_every_named_test_is_there() -> None:
    named = set(NAMED.findall(TEXT))
    assert len(named) > 60
    missing = [f"{path}::{name}" for path, name in sorted(named) if name not in _tests(ROOT / "tests" / path)]
    assert missing == []


def test_what_looks_like_a_test_is_named_with_its_file() -> None:
    assert set(re.findall(r"\btest_\w+(?!\.py)\b(?=`)", TEXT)) == {name for _, name in NAMED.findall(TEXT)}


def test_every_named_part_and_figure_is_promised() -> None:
    zeros = {figure for part in PARTS.values() for figure in part.zero}
    assert set(PART.findall(TEXT)) <= set(PARTS)
    said = {figure for figure in FIGURE.findall(TEXT) if re.match("[a-z]+_[a-z0-9_]+$", figure)}
    assert {figure for figure in said if not figure.startswith("test_")} - set(PARTS) <= zeros
    # Every zero that speaks of security is said to whoever reads about it.
    assert zeros - said <= {"webhook_ledger_differences", "axe_violations", "admin_axe_violations",
                            "simulation_same_seed_differs", "genuine_right_refused"}


def _tests(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}
