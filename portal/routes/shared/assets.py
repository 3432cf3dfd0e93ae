"""The addresses that pages link to; those of static files change when the file does, so that browsers keep them."""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, request

SHORT = 10
REMEMBERED = 4_096


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
        return request.script_root + address(name)

    @lru_cache(maxsize=REMEMBERED)
    def built(_root: str, endpoint: str, values: tuple[tuple[str, Any], ...]) -> str:
        return app.url_for(endpoint, **dict(values))

    def url_for(endpoint: str, **values: Any) -> str:
        if any(not isinstance(value, str) for value in values.values()):
            return app.url_for(endpoint, **values)
        return built(request.script_root, endpoint, tuple(values.items()))

    app.jinja_env.globals["asset"] = asset
    app.jinja_env.globals["url_for"] = url_for
