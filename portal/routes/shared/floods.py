"""Smooths floods by address. Guessing is not stopped here: tries at a fact or a code are counted in rows."""

from __future__ import annotations

import threading
import time

from flask import Flask, abort, request
from limits import RateLimitItemPerMinute
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from config import Settings

MOST = RateLimitItemPerMinute(600)
NEVER_LIMITED = {"static", "brand.css", "brand.logo", "health.healthz", "health.readyz", "metrics.metrics",
                 "webhooks.stripe", "webhooks.stripe_connect", "webhooks.mailgun", "webhooks.sendgrid"}


class Counts(Storage):
    """Counts in this process's memory. The library's own does too, and starts a thread with every request."""

    base_exceptions = ValueError
    MOST_KEPT = 50_000

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count one more, in the window that began with the first."""
        now = time.time()
        with self._lock:
            if len(self._counts) > self.MOST_KEPT:
                self._counts = {name: kept for name, kept in self._counts.items() if kept[1] > now}
            count, ends = self._counts.get(key, (0, 0.0))
            if ends <= now:
                count, ends = 0, now + expiry
            self._counts[key] = (count + amount, ends)
        return count + amount

    def get(self, key: str) -> int:
        """Tell the count of a window that has not ended."""
        count, ends = self._counts.get(key, (0, 0.0))
        return count if ends > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """Tell when a window ends."""
        return self._counts.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything."""
        forgotten = len(self._counts)
        self._counts = {}
        return forgotten

    def clear(self, key: str) -> None:
        """Forget one count."""
        self._counts.pop(key, None)


def install(app: Flask, settings: Settings, beside: Flask | None = None) -> None:
    """Answer 429 to whoever asks far more often than a person could; `beside` is an application to count with."""
    # One limit for all doors needs no search for limits of single views: a Flask extension makes one at every request.
    memory = settings.limiter_storage == "memory://"
    counts: FixedWindowRateLimiter = beside.extensions["floods"] if beside else FixedWindowRateLimiter(
        Counts() if memory else storage_from_string(settings.limiter_storage))
    app.extensions["floods"] = counts

    def look() -> None:
        if request.endpoint in NEVER_LIMITED:
            return
        try:
            allowed = counts.hit(MOST, request.remote_addr or "unknown")
        except Exception:
            # A store of counts that is down must not close the doors: it only smooths.
            app.logger.exception("counts of requests are out of reach")
            return
        if not allowed:
            abort(429)

    app.before_request(look)
