"""Compiles templates once for each language, with their texts already said in it.

A text that a page only repeats is then a part of the page, and costs nothing when it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, MutableMapping
from types import FunctionType, MethodType
from typing import Any

from jinja2 import Environment, Template, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, Macro
from jinja2.utils import missing
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from portal.words.catalogs import translations
from portal.words.core import current

HOLE = re.compile(r"%(?:\((\w+)\)s|(%))")
SPECIAL = re.compile("[&<>\"']")


def shown(value: object) -> str:
    """Escape a value for a page; what holds nothing to escape is most of what pages show, and stays as it is."""
    # By the very types: another kind of text may have its own way to be escaped.
    if isinstance(value, str) and (type(value) is Markup or (type(value) is str and not SPECIAL.search(value))):
        return value
    return escape(value)


def filled(context: Context, text: str, values: dict[str, object]) -> str:
    """Fill values into one of our own texts; on pages they are escaped, and the text itself is safe."""
    if not context.eval_ctx.autoescape:
        return text % values
    return Markup(text % {name: shown(value) for name, value in values.items()})  # noqa: S704  # nosec B704


class _Code(CodeGenerator):
    """Writes templates as Jinja does, but for how a value is escaped that surely is to be."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.shown(")


class _Calls(Context):
    """Calls macros, functions and methods at once; Jinja looks twice at each for whether it asks for the context."""

    def call(self, obj: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call what a template calls."""
        kind = type(obj)
        if kind is Macro:
            return _expanded(obj, self.eval_ctx, args, kwargs)
        if (kind is not FunctionType and kind is not MethodType) or hasattr(obj, "jinja_pass_arg"):
            return super().call(obj, *args, **kwargs)
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        return obj(*args, **kwargs)


def _expanded(macro: Any, setting: EvalContext, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a macro of ours as Jinja does, which looks for more kinds of them than there are."""
    kwargs.pop("_block_vars", None)
    kwargs.pop("_loop_vars", None)
    if macro.caller or macro.catch_kwargs or macro.catch_varargs or len(args) > len(macro.arguments):
        return macro(setting, *args, **kwargs)
    rest = macro.arguments[len(args):]
    if not kwargs.keys() <= set(rest):
        return macro(setting, *args, **kwargs)
    written = macro._func(*args, *[kwargs.get(name, missing) for name in rest])
    return Markup(written) if setting.autoescape else written  # noqa: S704  # nosec B704


class Spoken(Environment):
    """An environment that answers in the language being spoken, out of one environment for each."""

    language = ""
    code_generator_class = _Code
    context_class = _Calls
    shown = staticmethod(shown)
    filled = staticmethod(filled)

    def get_template(self, name: str | Template, parent: str | None = None,
                     globals: MutableMapping[str, Any] | None = None) -> Template:
        """Give a template in the language being spoken."""
        if self.language:
            return super().get_template(name, parent, globals)
        return self._speaking().get_template(name, parent, globals)

    def select_template(self, names: Iterable[str | Template], parent: str | None = None,
                        globals: MutableMapping[str, Any] | None = None) -> Template:
        """Give the first of several templates that is there, in the language being spoken."""
        if self.language:
            return super().select_template(names, parent, globals)
        return self._speaking().select_template(names, parent, globals)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Share what all templates know; Jinja lays an empty map over it for each, and looks everything up twice."""
        return super().make_globals(d) if d else self.globals

    def _speaking(self) -> Spoken:
        # By what Jinja shares between an environment and those laid over it, so that all know the same ones.
        language = current().language
        known: dict[str, Spoken] = self.__dict__.setdefault("_languages", {})
        found = known.get(language)
        if found is None:
            made = self.overlay()
            made.language = language
            found = known.setdefault(language, made)
        return found

    def _generate(self, source: nodes.Template, name: str | None, filename: str | None,
                  defer_init: bool = False) -> str:
        if self.language:
            source = _Speaker(translations(self.language).gettext).visit(source)
            source.set_environment(self)
        return super()._generate(source, name, filename, defer_init)


class _Speaker(NodeTransformer):
    """Puts a translation where a template asks for one."""

    def __init__(self, say: Callable[[str], str]) -> None:
        self._say = say

    def visit_Output(self, node: nodes.Output) -> nodes.Output:
        """Let a text that is shown as it is become a part of the page, with what is filled in between its parts."""
        children: list[nodes.Expr] = []
        for child in node.nodes:
            children += self._parts(child) or [self.visit(child)]
        node.nodes = children
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:
        """Say a text that goes on into a part of the page, a choice or another text."""
        found = _asked(node)
        self.generic_visit(node)
        if found is None:
            return node
        text, values = self._say(found), [nodes.Pair(nodes.Const(k.key), k.value) for k in node.kwargs]
        spoken: nodes.Expr
        if values:
            spoken = nodes.Call(nodes.EnvironmentAttribute("filled"), [
                nodes.ContextReference(), nodes.Const(text), nodes.Dict(values)], [], None, None)
        else:
            text = text.replace("%%", "%")
            # Our own texts are safe as they are. One that escaping leaves alone need not be marked so.
            plain = text == str(escape(text))
            spoken = nodes.Const(text) if plain else nodes.MarkSafeIfAutoescape(nodes.Const(text))
        spoken.set_lineno(node.lineno)
        return spoken

    def _parts(self, node: nodes.Expr) -> list[nodes.Expr]:
        """Take a text apart at its holes; nothing when this is no text, or one that does not fit what fills it."""
        found = _asked(node)
        if found is None or not isinstance(node, nodes.Call):
            return []
        text, values = self._say(found), {keyword.key: keyword.value for keyword in node.kwargs}
        if not values:
            return [_data(text.replace("%%", "%"), node)]
        parts: list[nodes.Expr] = []
        pieces = HOLE.split(text)
        for plain, hole, percent in zip(pieces[::3], [*pieces[1::3], None], [*pieces[2::3], None], strict=True):
            if "%" in plain or (hole and hole not in values):
                return []
            parts.append(_data(plain + (percent or ""), node))
            if hole:
                parts.append(self.visit(values[hole]))
        return parts


def _asked(node: nodes.Node) -> str | None:
    """Give the text of a `_("…")`; None for anything else."""
    if not isinstance(node, nodes.Call) or not isinstance(node.node, nodes.Name) or node.node.name != "_":
        return None
    if len(node.args) != 1 or node.dyn_args is not None or node.dyn_kwargs is not None:
        return None
    text = node.args[0]
    return text.value if isinstance(text, nodes.Const) and isinstance(text.value, str) else None


def _data(text: str, node: nodes.Node) -> nodes.Expr:
    data = nodes.TemplateData(text)
    data.set_lineno(node.lineno)
    return data
