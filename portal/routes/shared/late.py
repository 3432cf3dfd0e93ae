"""Opens the office when somebody first comes to it: what only staff use is half of all there is to load.

A web process so can answer debtors and webhooks sooner after a start. Whoever opens the office first in a process waits
a moment longer, once; or nobody, where the web server warms up before it takes requests (gunicorn.conf.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask

from portal.logs import log

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

OFFICE = "/office"


def install(app: Flask, complete: Callable[[], Flask]) -> None:
    """Hand whatever is below /office to the complete application, which is made when the first of it is asked for.

    `app.extensions["warm_up"]` makes it at once, and sets up the log.
    """
    office = _Office(app.wsgi_app, complete)
    app.wsgi_app = office  # type: ignore[method-assign]
    app.extensions["warm_up"] = office.warm_up


class _Office:
    """The application, with the complete one behind /office."""

    def __init__(self, doors: WSGIApplication, complete: Callable[[], Flask]) -> None:
        self._doors, self._complete = doors, complete
        self._office: Flask | None = None
        self._opening = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        path = environ.get("PATH_INFO", "")
        if path == OFFICE or path.startswith(f"{OFFICE}/"):
            return self._opened()(environ, start_response)
        return self._doors(environ, start_response)

    def warm_up(self) -> None:
        """Load now what would be loaded when it is first used; raises whatever goes wrong with it."""
        log()
        self._opened()

    def _opened(self) -> Flask:
        with self._opening:
            if self._office is None:
                self._office = self._complete()
            return self._office
