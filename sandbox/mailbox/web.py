"""The web side of the mailbox: pages to read mail in, and the same as JSON. Loopback only, no cookies, no scripts."""

from __future__ import annotations

import re
import threading
from typing import Any

from flask import Flask, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.datastructures import Headers
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response as BaseResponse

from sandbox.mailbox.smtp import LOOPBACK
from sandbox.mailbox.store import Received, Store

OWN_PAGES = "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; form-action 'self'; base-uri 'none'"
# A message is a stranger's page: no script, nothing fetched from anywhere, and links may only open a new tab.
A_MESSAGE = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; "
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
NEW_TAB = '<base target="_blank">'


def create_web(store: Store) -> Flask:
    """The mailbox's web application over a store."""
    app = Flask("sandbox.mailbox")
    app.before_request(_only_this_machine)
    app.after_request(_careful_headers)

    @app.get("/")
    def inbox() -> str:
        to = request.args.get("to", "")
        return render_template("inbox.html", mail=store.all(to)[::-1], to=to)

    @app.get("/messages/<id>")
    def read(id: str) -> str:
        return render_template("message.html", mail=_found(store, id))

    @app.get("/messages/<id>/html")
    def html(id: str) -> Response:
        response = Response(_opening_new_tabs(_found(store, id).body("html")), mimetype="text/html")
        response.headers["Content-Security-Policy"] = A_MESSAGE
        return response

    @app.get("/messages/<id>/attachments/<int:number>")
    def attachment(id: str, number: int) -> Response:
        files = _found(store, id).attachments()
        if number >= len(files):
            abort(404)
        headers = Headers()
        headers.add("Content-Disposition", "attachment", filename=files[number].name)
        return Response(files[number].content, mimetype=files[number].media_type, headers=headers)

    @app.post("/clear")
    def clear() -> BaseResponse:
        store.clear()
        return redirect(url_for("inbox"), 303)

    @app.get("/api/messages")
    def messages() -> Response:
        return jsonify([mail.as_json() for mail in store.all(request.args.get("to", ""))])

    @app.delete("/api/messages")
    def delete_messages() -> tuple[str, int]:
        store.clear()
        return "", 204

    return app


class WebServer:
    """The web application served in a thread of its own."""

    def __init__(self, store: Store, port: int = 0) -> None:
        """Listen at once. Raises OSError (or SystemExit from the server library) when the port is taken."""
        self._server = make_server(
            LOOPBACK, port, create_web(store), threaded=True, request_handler=_QuietHandler
        )
        self.port = int(self._server.server_port)
        self._thread = threading.Thread(target=self._serve, name="mailbox-web", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _serve(self) -> None:
        # Asked often whether to stop, so that a test does not wait half a second for its end.
        self._server.serve_forever(poll_interval=0.02)

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: addresses of pages hold links that open accounts."""


def _only_this_machine() -> None:
    """Refuse a foreign site that points its own name at this machine, or that posts a form to it."""
    if request.host.rsplit(":", 1)[0] not in (LOOPBACK, "localhost"):
        abort(403)
    if request.method not in ("GET", "HEAD") and request.headers.get("Sec-Fetch-Site", "none") not in (
        "none",
        "same-origin",
    ):
        abort(403)


def _careful_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", OWN_PAGES)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _found(store: Store, id: str) -> Received:
    mail = store.find(id)
    if mail is None:
        abort(404)
    return mail


def _opening_new_tabs(html: str) -> str:
    """Make every link of a message open beside the mailbox, as web mail does."""
    head = HEAD.search(html)
    if head is None:
        return NEW_TAB + html
    return html[: head.end()] + NEW_TAB + html[head.end() :]
