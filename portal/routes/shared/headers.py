"""The headers of every answer: what a page may load, whom it tells where its reader came from, what may be kept."""

from __future__ import annotations

from flask import Flask, request
from werkzeug.wrappers import Response

from config import Settings

PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()"
HTTPS_ONLY = "max-age=63072000; includeSubDomains"
KEPT_FOR_EVER = {"static", "brand.css", "brand.logo"}


def install(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer, error pages and files included; an answer's own stricter ones stay."""
    policy = content_policy(settings.stripe_checkout_origins)

    def add(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", policy)
        # A page's address may name a token only under /l/. Everywhere else no referrer at all would make the
        # form protection refuse every POST over HTTPS.
        headers["Referrer-Policy"] = "no-referrer" if request.path.startswith("/l/") else "same-origin"
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = PERMISSIONS
        if settings.secure_cookies:
            headers["Strict-Transport-Security"] = HTTPS_ONLY
        if request.endpoint in KEPT_FOR_EVER and response.status_code in (200, 304):
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
        else:
            headers["Cache-Control"] = "no-store"
        return response

    app.after_request(add)


def content_policy(checkout_origins: tuple[str, ...]) -> str:
    """Write out what a page may load: our own files, and the data images of our own stylesheet.

    A form may lead to us and, by the redirect after it, to the checkout; browsers check redirects of forms too.
    """
    return "; ".join((
        "default-src 'none'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'", "script-src 'self'",
        "connect-src 'self'", f"form-action 'self' {' '.join(checkout_origins)}".rstrip(), "frame-ancestors 'none'",
        "base-uri 'none'",
    ))
