"""The proofs watch themselves: every zero has a guard whose absence it must notice, and every guard stands."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from proofs.__main__ import PARTS
from proofs.guards import Guard
from proofs.harness import ROOT
from proofs.sabotage import EVERY


@pytest.mark.parametrize("guard", EVERY, ids=lambda guard: guard.name)
def test_every_guard_stands_where_the_proofs_take_it_away(guard: Guard) -> None:
    text = (ROOT / guard.file).read_text()
    assert text.count(guard.old) == 1, f"{guard.file} has changed: say in proofs/ where this guard stands now"
    compile(text.replace(guard.old, guard.new), guard.file, "exec") if guard.file.endswith(".py") else None


def test_every_zero_has_a_guard() -> None:
    watched = {(guard.probe[0], figure) for guard in EVERY for figure in guard.figure.split()}
    promised = {(name, figure) for name, part in PARTS.items() for figure in part.zero}
    assert promised <= watched
    # A guard that no promised zero notices would show nothing.
    assert watched <= promised


def test_readme_names_every_part() -> None:
    section = (ROOT / "README.md").read_text().partition("## Proofs\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(PARTS)


def test_guards_have_names_of_their_own() -> None:
    assert [name for name, count in Counter(guard.name for guard in EVERY).items() if count > 1] == []
