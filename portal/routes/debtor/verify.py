"""Anyone may ask whether an agreement is genuine and unchanged; nobody learns here what it is about or whose it is."""

from __future__ import annotations

from typing import Any, TypeVar

from flask import abort, current_app, render_template, request, url_for
from limits import RateLimitItemPerMinute

from portal.domain.agreements import typed_fingerprint
from portal.routes.debtor.door import blueprint
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import agreement_lookup as service

Asked = TypeVar("Asked", str, bytes)
# Far above what a person checks, far below what a search for fingerprints would need.
MOST = RateLimitItemPerMinute(30)
LONGEST_TYPED = 200


@blueprint.get("/verify")
def verify() -> str:
    """Ask for a fingerprint or the file."""
    return _page(None)


@blueprint.get("/verify/<fingerprint>")
def verified(fingerprint: str) -> Any:
    """Say whether a fingerprint is one of ours and what it stands for unchanged."""
    return _verdict(service.is_genuine(runtime(), _slowly(fingerprint)), typed_fingerprint(fingerprint))


@blueprint.post("/verify")
def verify_now() -> Any:
    """Check a fingerprint that was typed, or the bytes of a file; the file is not kept."""
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        return _verdict(service.is_genuine_file(runtime(), _slowly(sent.stream.read(service.LARGEST + 1))), "")
    typed = request.form.get("fingerprint", "")
    plain = typed_fingerprint(typed)
    if not plain:
        return _page(None, typed[:LONGEST_TYPED], unreadable=True), 422
    return see_other(url_for("debtor.verified", fingerprint=plain))


def _verdict(genuine: bool, typed: str) -> Any:
    return _page(genuine, typed), 200 if genuine else 404


def _page(verdict: bool | None, typed: str = "", *, unreadable: bool = False) -> str:
    return render_template("debtor/verify.html", verdict=verdict, typed=typed, unreadable=unreadable)


def _slowly(asked: Asked) -> Asked:
    """Let a question through, or answer 429 to whoever asks far more often than a person would."""
    counts = current_app.extensions["floods"]
    if not counts.hit(MOST, "verify", request.remote_addr or "unknown"):
        abort(429)
    return asked
