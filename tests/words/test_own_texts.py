"""Only our own texts are said by `_()`, which takes them for safe; what others typed never goes through it."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import Environment, nodes

PORTAL = Path(__file__).resolve().parents[2] / "portal"
SPOKEN = {"_": 1, "gettext": 1, "ngettext": 2}
TEMPLATES = sorted(path for path in (PORTAL / "templates").rglob("*") if path.suffix in (".html", ".txt"))


def said_by_others(source: str) -> list[int]:
    """The lines on which a template says what does not stand in it as a text."""
    tree = Environment(extensions=["jinja2.ext.do"], autoescape=True).parse(source)
    return [
        call.lineno for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in SPOKEN
        and not all(isinstance(text, nodes.Const) for text in call.args[:SPOKEN[call.node.name]])]


def test_the_check_knows_what_it_looks_for() -> None:
    assert said_by_others("{{ _('ours') }}\n{{ ngettext('one', 'many', n) }}{{ _('a %(b)s', b=theirs) }}") == []
    assert said_by_others("{{ _(theirs) }}\n{{ _('a' ~ theirs) }}\n{{ ngettext(theirs, 'many', 2) }}") == [1, 2, 3]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(PORTAL / "templates")))
def test_templates_say_only_what_stands_in_them(path: Path) -> None:
    assert said_by_others(path.read_text()) == []
