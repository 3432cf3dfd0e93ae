"""Opens the office when somebody first comes to it: what only staff use is half of all there is to load.

A web process so answers debtors and webhooks sooner after a start. Whoever opens the office first in a process waits a
moment longer, once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

OFFICE = "/office"


def install(app: Flask, complete: Callable[[], Flask]) -> None:
    """Hand whatever is below /office to the complete application, which is made when the first of it is asked for."""
    app.wsgi_app = _Office(app.wsgi_app, complete)  # type: ignore[method-assign]


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

    def _opened(self) -> Flask:
        with self._opening:
            if self._office is None:
                self._office = self._complete()
            return self._office
