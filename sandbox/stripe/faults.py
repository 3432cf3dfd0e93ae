"""Faults on purpose: what goes wrong with webhooks and with the API, by seed and rate or once and
exactly here.
"""

from __future__ import annotations

import random
import time
from typing import Any

from sandbox.stripe.store import Store

# Before execution: rate_limit, error_before, slow. After the commit: error_after (500), drop_after,
# hang_after.
API_FAULTS = (
    "rate_limit",
    "error_before",
    "slow",
    "error_after",
    "drop_after",
    "hang_after",
    "decline",
)
WEBHOOK_FAULTS = ("duplicate", "reorder", "delay", "drop")


class Faults:
    """What is to go wrong, kept in the store so that a restart does not mend it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._random = random.Random(0)
        # The decline that the call now running meets; only set inside its transaction.
        self.next_decline: str | None = None

    def set(self, seed: int = 0, **rates: float) -> None:
        """Rates between 0 and 1 per kind, `delay_seconds` and `slow_seconds` in seconds. All others
        become 0.
        """
        known = {*API_FAULTS, *WEBHOOK_FAULTS, "delay_seconds", "slow_seconds"}
        unknown = set(rates) - known
        if unknown:
            raise ValueError(f"unknown fault: {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}")
        self._random = random.Random(seed)
        self._store.set("faults", rates)

    def once(
        self,
        kind: str,
        path: str = "",
        method: str = "POST",
        times: int = 1,
        **more: Any,
    ) -> None:
        """Let the next matching API calls fail. `path` is the beginning of the path, empty for any."""
        if kind not in API_FAULTS:
            raise ValueError(f"unknown API fault: {kind}; known are {', '.join(API_FAULTS)}")
        armed = self._store.setting("armed", [])
        self._store.set(
            "armed",
            [
                *armed,
                {"kind": kind, "path": path, "method": method, "times": times, **more},
            ],
        )

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._store.set("faults", {})
        self._store.set("armed", [])

    def rate(self, name: str, default: float = 0.0) -> float:
        """The present rate of one kind."""
        return float(self._store.setting("faults", {}).get(name, default))

    def strikes(self, kind: str) -> bool:
        """Throw the dice for one kind."""
        chance = self.rate(kind)
        return chance > 0 and self._random.random() < chance

    def for_call(self, method: str, path: str) -> dict[str, Any] | None:
        """The fault that this API call meets, if any."""
        armed = self._store.setting("armed", [])
        for fault in armed:
            if fault["times"] > 0 and fault["method"] in (method, "*") and path.startswith(fault["path"]):
                fault["times"] -= 1
                self._store.set("armed", [each for each in armed if each["times"] > 0])
                return dict(fault)
        for kind in API_FAULTS:
            if method == "POST" and self.strikes(kind):
                return {"kind": kind, "seconds": self.rate("slow_seconds", 1.0)}
        return None

    def queue(self, event_id: str, endpoint_id: str) -> None:
        """Queue one delivery, or none, or two, or one out of its order."""
        if self.strikes("drop"):
            self._insert(event_id, endpoint_id, "dropped", 0.0, 0.0)
            return
        wait = self.rate("delay_seconds", 1.0) if self.strikes("delay") else 0.0
        shift = 0.0
        if self.strikes("reorder"):
            # Held back a moment, so that what happened later can overtake it.
            wait, shift = (
                wait + self._random.uniform(0, 0.4),
                self._random.uniform(-20, 20),
            )
        self._insert(event_id, endpoint_id, "pending", wait, shift)
        if self.strikes("duplicate"):
            self._insert(event_id, endpoint_id, "pending", wait, shift)

    def _insert(self, event_id: str, endpoint_id: str, state: str, wait: float, shift: float) -> None:
        last = self._store.run("SELECT coalesce(max(id), 0) AS id FROM delivery")[0]["id"]
        self._store.run(
            "INSERT INTO delivery (event_id, endpoint_id, state, place, next_at, attempts) VALUES (?, ?, ?, ?, ?, 0)",
            *(event_id, endpoint_id, state, last + 1 + shift, time.time() + wait),
        )
