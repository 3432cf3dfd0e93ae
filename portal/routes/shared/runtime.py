"""The running portal, as the request at hand finds it."""

from __future__ import annotations

from flask import current_app

from portal.runtime import Runtime


def runtime() -> Runtime:
    """Give the portal this request belongs to."""
    rt: Runtime = current_app.extensions["portal"]
    return rt
