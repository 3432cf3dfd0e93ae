"""Delivering events: signed as Stripe signs them, in order, tried again with growing pauses until
accepted.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
import time
from typing import Any

import requests

from sandbox.stripe.store import Obj
from sandbox.stripe.world import PLATFORM, World, public

# Pauses in real seconds; the last one repeats. A portal that is being restarted is found again within
# moments.
PAUSES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
MOST_ATTEMPTS = 200


def signature(body: bytes, secret: str, at: int) -> str:
    """The Stripe-Signature header of a body sent at a time (whole seconds)."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Courier:
    """One thread that does what is due and brings events to their endpoints."""

    def __init__(self, world: World, signs_by: str = "wall") -> None:
        self._world = world
        self._signs_by = signs_by
        self._ending = threading.Event()
        self._http = requests.Session()
        self._http.trust_env = False
        self._thread = threading.Thread(target=self._run, name="stripe-sandbox-courier", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the delivery at hand, and end."""
        self._ending.set()
        self._world.wake.set()
        self._thread.join(timeout=15)
        self._http.close()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._world.wake.clear()
            try:
                self._work()
            except Exception:
                # One thing that can't be done must not end all deliveries; it is shown, and tried again shortly.
                logging.getLogger(__name__).exception("the courier stumbled")
                self._ending.wait(1.0)

    def _work(self) -> None:
        self._world.run_due()
        row = None if self._world.store.setting("paused", False) else self._next()
        if row is None:
            self._world.wake.wait(self._pause())
        else:
            self._deliver(row)

    def _next(self) -> Any:
        rows = self._world.store.run(
            "SELECT * FROM delivery WHERE state = 'pending' AND next_at <= ? ORDER BY place, id LIMIT 1",
            time.time(),
        )
        return rows[0] if rows else None

    def _pause(self) -> float:
        rows = self._world.store.run("SELECT min(next_at) AS at FROM delivery WHERE state = 'pending'")
        paused = self._world.store.setting("paused", False)
        soonest = 1.0 if rows[0]["at"] is None or paused else rows[0]["at"] - time.time()
        due = self._world.store.run("SELECT min(at) AS at FROM due")[0]["at"]
        if due is not None:
            soonest = min(soonest, due - self._world.now())
        return max(0.01, min(1.0, soonest))

    def _deliver(self, row: Any) -> None:
        status = self.post(row["event_id"], row["endpoint_id"])
        accepted = status.isdigit() and 200 <= int(status) < 300
        attempts = row["attempts"] + 1
        state = "delivered" if accepted else "given_up" if attempts >= MOST_ATTEMPTS else "pending"
        pause = PAUSES[min(attempts, len(PAUSES)) - 1]
        with self._world.store.transaction():
            self._world.store.run(
                "UPDATE delivery SET state = ?, attempts = ?, last_status = ?, next_at = ? WHERE id = ?",
                *(state, attempts, status, time.time() + pause, row["id"]),
            )

    def post(self, event_id: str, endpoint_id: str) -> str:
        """Send one event to one endpoint now. Answers the HTTP status, or the reason why there is none."""
        event, endpoint = (
            self._find(event_id),
            self._world.store.get(PLATFORM, endpoint_id),
        )
        if event is None or endpoint is None:
            return "gone"
        body = json.dumps(public(event), indent=2).encode()
        at = self._world.now() if self._signs_by == "sandbox" else int(time.time())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(body, endpoint["_secret"], at),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        try:
            answer = self._http.post(
                endpoint["url"],
                data=body,
                headers=headers,
                timeout=20,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            return type(error).__name__
        return str(answer.status_code)

    def _find(self, event_id: str) -> Obj | None:
        owner = self._world.store.owner(event_id)
        return None if owner is None else self._world.store.get(owner, event_id)
