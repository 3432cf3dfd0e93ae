"""Refuses what no person types: a NUL, which no text column of PostgreSQL can hold, and fields without a name."""

from __future__ import annotations

from flask import Flask, abort, request
from werkzeug.datastructures import MultiDict

NUL = "\x00"
READ_THEIR_OWN_BODY = {"webhooks"}


def install(app: Flask) -> None:
    """Look at the address and the form before anything else does."""

    def look() -> None:
        given: list[str | None] = [request.path, *_all(request.args)]
        if request.method == "POST" and request.blueprint not in READ_THEIR_OWN_BODY:
            given += _all(request.form)
        if any(text is None or NUL in text for text in given):
            abort(400)

    app.before_request(look)


def _all(fields: MultiDict[str, str]) -> list[str | None]:
    # A part of a multipart body whose name cannot be read has None as its name.
    return [text for pair in fields.items(multi=True) for text in pair]
