"""Addresses of our own static files that change when the file does, so that browsers may keep them for ever."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, url_for

SHORT = 10


def install(app: Flask) -> None:
    """Give templates `asset("css/tokens.css")`."""
    folder = Path(str(app.static_folder))

    @cache
    def fingerprint(name: str) -> str:
        return hashlib.sha256((folder / name).read_bytes()).hexdigest()[:SHORT]

    def asset(name: str) -> str:
        return url_for("static", filename=name, v=fingerprint(name))

    app.jinja_env.globals["asset"] = asset
