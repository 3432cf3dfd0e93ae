"""The addresses that pages link to; those of static files change when the file does, so that browsers keep them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, request
from werkzeug.routing import Rule

SHORT = 10
REMEMBERED = 4_096
# Stands for a token where the address around it is remembered.
PLACE = "the-token"
# Where the portal stands on its host, as the request at hand has it; asked for by every address of a page.
_root: ContextVar[str] = ContextVar("root", default="")


class LateRule(Rule):
    """A route that learns to write its address when one is first asked for, instead of all of them at the start."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        learn = super()._compile_builder
        learnt: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            if not learnt:
                learnt.append(learn(append_unknown))
            return learnt[0](rule, **values)

        return build


def opened_by(token: str, endpoint: str) -> str:
    """Write the address of a page that a token opens. Our tokens hold no sign that an address would quote."""
    address: str = current_app.extensions["addresses"](endpoint, token=PLACE)
    return address.replace(PLACE, token)


def install(app: Flask) -> None:
    """Give templates `asset("css/tokens.css")`, and a `url_for` that remembers."""
    folder = Path(str(app.static_folder))

    @cache
    def fingerprint(name: str) -> str:
        return hashlib.sha256((folder / name).read_bytes()).hexdigest()[:SHORT]

    @cache
    def address(name: str) -> str:
        return f"{app.static_url_path}/{name}?v={fingerprint(name)}"

    def asset(name: str) -> str:
        return _root.get() + address(name)

    @lru_cache(maxsize=REMEMBERED)
    def built(_root: str, endpoint: str, values: tuple[tuple[str, Any], ...]) -> str:
        return app.url_for(endpoint, **dict(values))

    def url_for(endpoint: str, **values: Any) -> str:
        if any(not isinstance(value, str) for value in values.values()):
            return app.url_for(endpoint, **values)
        return built(_root.get(), endpoint, tuple(values.items()))

    def stand() -> None:
        _root.set(request.script_root)

    app.extensions["addresses"] = url_for
    app.before_request(stand)
    app.jinja_env.globals["asset"] = asset
    app.jinja_env.globals["url_for"] = url_for
