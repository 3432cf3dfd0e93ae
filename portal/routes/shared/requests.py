"""One log line per request, by the name of its endpoint and never by its path: some paths are keys."""

from __future__ import annotations

import time

from flask import Flask, g, request
from werkzeug.wrappers import Response

from portal.logs import log


def install(app: Flask) -> None:
    """Note each request with its endpoint, status and time."""

    def begin() -> None:
        g.began = time.perf_counter()

    def end(response: Response) -> Response:
        log().info(
            "request", endpoint=request.endpoint or "", method=request.method, status=response.status_code,
            milliseconds=round((time.perf_counter() - g.get("began", time.perf_counter())) * 1000, 1))
        return response

    app.before_request(begin)
    app.after_request(end)
