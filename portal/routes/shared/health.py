"""For machines that watch: does the process answer, and can it serve?"""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from portal.routes.shared.runtime import runtime
from portal.services import readiness

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> dict[str, Any]:
    """The process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> tuple[dict[str, Any], int]:
    """The database answers and has this release's tables; 503 otherwise."""
    found = readiness.look(runtime())
    body = {"ready": found.ready, "database": found.database, "migrations": found.migrations,
            "waiting": found.waiting}
    return body, 200 if found.ready else 503
