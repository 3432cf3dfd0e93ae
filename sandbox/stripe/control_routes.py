"""The control over HTTP: POST /_sandbox/<act> with a JSON object of arguments; GET /_sandbox/ for the
state.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.stripe.control import Control
from sandbox.stripe.errors import StripeError

ACTS = frozenset(name for name in dir(Control) if not name.startswith("_"))


def add_control(app: Flask, control: Control) -> None:
    """Put the control under /_sandbox/ of an app."""

    @app.get("/_sandbox/")
    def sandbox_state() -> ResponseReturnValue:
        return jsonify(control.state())

    @app.post("/_sandbox/<act>")
    def sandbox_act(act: str) -> ResponseReturnValue:
        if act not in ACTS:
            return jsonify(error=f"unknown act; known are {', '.join(sorted(ACTS))}"), 404
        arguments: Any = request.get_json(silent=True) or {}
        if not isinstance(arguments, dict):
            return jsonify(error="send a JSON object of arguments"), 400
        try:
            return jsonify(result=getattr(control, act)(**arguments))
        except StripeError as error:
            return jsonify(error=error.message), error.status
        except (TypeError, ValueError, TimeoutError) as error:
            return jsonify(error=str(error)), 400
