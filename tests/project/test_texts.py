"""README, docs and locks say what is true and name no machine and no host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config import Settings
from scripts import readme_lists, tidiness
from scripts.places import ROOT

LOCKS = ("requirements.txt", "requirements-demo.txt", "requirements-dev.txt")
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("name", sorted(readme_lists.LISTS))
def test_readme_lists_what_the_code_has(name: str) -> None:
    assert readme_lists.written(name) == readme_lists.LISTS[name](), "python -m scripts.readme_lists writes it anew"


def test_every_setting_is_explained_and_none_that_is_gone() -> None:
    assert set(readme_lists.WORDS) == set(Settings.model_fields)


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)
def test_links_between_our_texts_lead_somewhere(text: Path) -> None:
    found = re.findall(r"\]\(([^)#\s]+)|src=\"([^\"]+)\"", text.read_text())
    links = [link for pair in found for link in pair if link and "://" not in link]
    assert [link for link in links if not (text.parent / link).exists()] == []


def test_paths_that_readme_names_are_there() -> None:
    named = re.findall(r"`((?:portal|scripts|docs|tests|migrations)/[\w./-]+)`", (ROOT / "README.md").read_text())
    assert len(named) > 8
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_make_commands_in_our_texts_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for text in TEXTS for name in re.findall(r"`make ([a-z-]+)", text.read_text())}
    assert {"demo", "test", "check"} <= named <= targets


def test_the_repository_is_tidy() -> None:
    assert tidiness.look() == []


@pytest.mark.parametrize(("line", "told"), [
    ("see /" + "home/someone/notes.txt", "a path of one machine"),
    ("--extra-index-" + "url x", "an index option"),
    ("from py" + "pi.org", "a package registry's host"),
    ("GET /b/marsh/terms and portal/routes/work.py", None),
])
def test_tidiness_knows_what_it_looks_for(line: str, told: str | None) -> None:
    assert [what for what, pattern in tidiness.FORBIDDEN.items() if pattern.search(line)] == ([told] if told else [])


def _pins(lock: str) -> dict[str, str]:
    lines = [line.split(";")[0].rstrip(" \\") for line in (ROOT / lock).read_text().splitlines() if line[:1] != " "]
    return dict(line.split("==") for line in lines if line)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_with_hashes_and_nothing_else_is_said(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text and "#" not in text
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert len(blocks) > 50
    assert [block for block in blocks if not re.fullmatch(
        r"[\w.\[\],-]+==[\w.!+]+(?: ; [^\\\n]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+", block)] == []


def test_production_demo_and_tests_run_the_same_versions() -> None:
    production, demo, dev = (set(_pins(lock).items()) for lock in LOCKS)
    assert production < demo < dev
