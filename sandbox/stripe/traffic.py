"""Control over what travels: events, their delivery, faults on purpose. What the world does: control.py."""

from __future__ import annotations

import time
from typing import Any

from sandbox.stripe import webhook_endpoints
from sandbox.stripe.store import Obj
from sandbox.stripe.webhooks import Courier
from sandbox.stripe.world import PLATFORM, World, public


class Traffic:
    """What was sent, what is kept back, and what goes wrong on the way."""

    def __init__(self, world: World, courier: Courier) -> None:
        self._world = world
        self._courier = courier

    # What goes wrong

    def set_faults(self, seed: int = 0, **rates: float) -> None:
        """Faults by chance: see Faults.set."""
        self._world.faults.set(seed, **rates)

    def fail_next(self, kind: str, path: str = "", method: str = "POST", times: int = 1, **more: Any) -> None:
        """The next matching API calls fail: see Faults.once."""
        self._world.faults.once(kind, path, method, times, **more)

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        self._world.faults.clear()

    # Events and webhooks

    def events(self, kind: str | None = None, account: str | None = None) -> list[Obj]:
        """Everything that happened, oldest first, of all accounts unless one is named."""
        found = [event for owner, event in self._world.store.everywhere("event") if account in (None, owner)]
        return [public_of(event) for event in reversed(found) if kind in (None, event["type"])]

    def objects(self, kind: str, account: str | None = None) -> list[Obj]:
        """Every object of a kind (`charge`, `checkout.session` …), oldest first."""
        found = self._world.store.everywhere(kind)
        return [public_of(each) for owner, each in reversed(found) if account in (None, owner)]

    def emit(self, kind: str, obj: Obj, account: str = PLATFORM) -> Obj:
        """An event of any kind about anything, also such as Stripe would never send."""
        with self._world.store.transaction():
            return public_of(self._world.scope(account).emit(kind, obj))

    def add_webhook_endpoint(self, url: str, secret: str, connect: bool = False) -> Obj:
        """One more address that hears of everything; the same address again only changes the secret."""
        return public_of(webhook_endpoints.ensure(self._world, url, secret, connect))

    def pause_webhooks(self) -> None:
        """Keep events back."""
        self._world.store.set("paused", True)

    def resume_webhooks(self) -> None:
        """Send what was kept back."""
        self._world.store.set("paused", False)
        self._world.wake.set()

    def redeliver(self, event: str | None = None) -> int:
        """Queue an event once more, or all that was dropped or given up; answers how many."""
        store = self._world.store
        with store.transaction():
            if event is None:
                rows = store.run("SELECT id FROM delivery WHERE state IN ('dropped', 'given_up')")
            else:
                rows = store.run("SELECT min(id) AS id FROM delivery WHERE event_id = ? GROUP BY endpoint_id", event)
            for row in rows:
                store.run(
                    "INSERT INTO delivery (event_id, endpoint_id, state, place, next_at, attempts)"
                    " SELECT event_id, endpoint_id, 'pending', (SELECT max(id) + 1 FROM delivery), ?, 0"
                    " FROM delivery WHERE id = ?",
                    *(time.time(), row["id"]),
                )
                store.run("UPDATE delivery SET state = 'repeated' WHERE id = ? AND state != 'delivered'", row["id"])
        self._world.wake.set()
        return len(rows)

    def deliver_now(self, event: str) -> list[str]:
        """Send an event at once from this very thread; answers the HTTP status per endpoint."""
        rows = self._world.store.run("SELECT DISTINCT endpoint_id FROM delivery WHERE event_id = ?", event)
        return [self._courier.post(event, row["endpoint_id"]) for row in rows]

    def undelivered(self) -> list[Obj]:
        """What was not accepted yet, with its state: pending, dropped or given_up."""
        rows = self._world.store.run(
            "SELECT event_id, endpoint_id, state, attempts, last_status FROM delivery"
            " WHERE state IN ('pending', 'dropped', 'given_up') ORDER BY place, id"
        )
        return [dict(row) for row in rows]

    def wait_idle(self, timeout: float = 10.0) -> None:
        """Wait until all that is due was done and all that is pending was accepted (or webhooks are paused).

        Raises TimeoutError with what is left.
        """
        deadline = time.monotonic() + timeout
        while not self._idle():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not delivered within {timeout} s: {self.undelivered()}")
            time.sleep(0.01)

    def _idle(self) -> bool:
        store = self._world.store
        with store.transaction():
            if store.run("SELECT 1 FROM due WHERE at <= ? LIMIT 1", self._world.now()):
                return False
            return bool(store.setting("paused", False)) or not store.run(
                "SELECT 1 FROM delivery WHERE state = 'pending' LIMIT 1"
            )


def public_of(obj: Obj) -> Obj:
    """An object without the stand-in's own notes."""
    result: Obj = public(obj)
    return result
