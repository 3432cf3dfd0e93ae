"""The few routes that take files larger than a form may be; everywhere else a request stays small."""

from __future__ import annotations

from flask import Flask, request

from portal.domain.errors import Refusal

# More than a file may have, so that one that is somewhat too large is answered beside its field.
MOST_BYTES = {"office.check_import": 33 * 1024 * 1024, "debtor.claim_payment": 16 * 1024 * 1024,
              "debtor.verify_now": 8 * 1024 * 1024,
              "debtor.open_dispute": 30 * 1024 * 1024,
              "debtor.answer_dispute": 30 * 1024 * 1024}


def install(app: Flask) -> None:
    """Let those routes take more. To be installed before anything reads a form."""

    def widen() -> None:
        most = MOST_BYTES.get(request.endpoint or "")
        if most is None:
            return
        if (request.content_length or 0) > most:
            raise Refusal("too_large", "slip_too_large")
        request.max_content_length = most

    app.before_request(widen)
