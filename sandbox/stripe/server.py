"""Running the stand-in: on a loopback port, in a thread for tests, in a process of its own for the demo."""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Self

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.stripe import accounts, webhook_endpoints
from sandbox.stripe.app import Recorded, add_api
from sandbox.stripe.control import Control
from sandbox.stripe.control_routes import add_control
from sandbox.stripe.pages import add_pages
from sandbox.stripe.store import Store
from sandbox.stripe.webhooks import Courier
from sandbox.stripe.world import World

LOOPBACK = "127.0.0.1"


class _Quiet(WSGIRequestHandler):
    """Requests are recorded by the stand-in itself; the console stays readable."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class StripeStandIn:
    """A running stand-in, as a context manager.

    `url` is the API's base address, `control` does what the outside world would do, and `requests` holds
    every API request as it came. Without a `store` path it forgets everything at its end.
    """

    def __init__(
        self,
        webhook_url: str | None = None,
        webhook_secret: str = "whsec_sandbox",
        connect_webhook_url: str | None = None,
        connect_webhook_secret: str = "whsec_sandbox_connect",
        *,
        port: int = 0,
        store: str | None = None,
        capture_delay: int = 0,
        signs_by: str = "wall",
        record: bool = True,
    ) -> None:
        self.requests: list[Recorded] = []
        self.webhook_secret = webhook_secret
        self.connect_webhook_secret = connect_webhook_secret
        self._store = Store(store)
        self._world = World(self._store, capture_delay)
        self._courier = Courier(self._world, signs_by)
        self.control = Control(self._world, self._courier)
        self.app = self._make_app(record)
        self._server: BaseWSGIServer = make_server(LOOPBACK, port, self.app, threaded=True, request_handler=_Quiet)
        self.url = f"http://{LOOPBACK}:{self._server.server_port}"
        self._world.base_url = self.url
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="stripe-sandbox", daemon=True
        )
        accounts.ensure_platform(self._world)
        if webhook_url:
            webhook_endpoints.ensure(self._world, webhook_url, webhook_secret, connect=False)
        if connect_webhook_url:
            webhook_endpoints.ensure(self._world, connect_webhook_url, connect_webhook_secret, connect=True)

    def _make_app(self, record: bool) -> Flask:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        app = Flask(__name__)
        add_api(app, self._world, self.requests if record else None)
        add_pages(app, self._world, self.control)
        add_control(app, self.control)
        return app

    def start(self) -> Self:
        """Begin to listen and to deliver."""
        self._thread.start()
        self._courier.start()
        return self

    def stop(self) -> None:
        """Stop listening and delivering; what was not delivered stays in the store."""
        self._server.shutdown()
        self._thread.join(timeout=15)
        self._server.server_close()
        self._courier.stop()
        self._store.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
