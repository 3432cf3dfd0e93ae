"""The world a request acts in: the store, the clock, what is due later, and one account's view of it all."""

from __future__ import annotations

import secrets
import string
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sandbox.stripe.errors import StripeError, missing
from sandbox.stripe.faults import Faults
from sandbox.stripe.store import Obj, Store

API_VERSION = "2026-10-28.endive"
PLATFORM = ""
PLATFORM_ID = "acct_1SandboxPlatform"
_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """A random id in Stripe's style."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def public(value: Any) -> Any:
    """An object as the outside may see it: names that begin with an underscore are the stand-in's own
    notes.
    """
    if isinstance(value, dict):
        return {key: public(each) for key, each in value.items() if not key.startswith("_")}
    return [public(each) for each in value] if isinstance(value, list) else value


class World:
    """Everything that outlives one request."""

    def __init__(self, store: Store, capture_delay: int = 0) -> None:
        self.store = store
        self.faults = Faults(store)
        self.capture_delay = capture_delay
        self.acts: dict[str, Callable[[Scope, str], object]] = {}
        self.wake = threading.Event()
        self.base_url = ""

    def now(self) -> int:
        """The stand-in's own time, which tests move."""
        clock = self.store.setting("clock", {"offset": 0.0, "frozen": None})
        if clock["frozen"] is not None:
            return int(clock["frozen"])
        return int(time.time() + clock["offset"])

    def scope(self, account: str = PLATFORM) -> Scope:
        """One account's view."""
        return Scope(self, account)

    def run_due(self) -> int:
        """Do everything whose time has come; says how much was done."""
        done = 0
        while True:
            with self.store.transaction():
                rows = self.store.run(
                    "SELECT * FROM due WHERE at <= ? ORDER BY at, id LIMIT 1",
                    self.now(),
                )
                if not rows:
                    return done
                self.store.run("DELETE FROM due WHERE id = ?", rows[0]["id"])
                # What was planned may no longer be possible, because somebody was faster: then it does not happen.
                with suppress(StripeError):
                    self.acts[rows[0]["act"]](self.scope(rows[0]["account"]), rows[0]["object_id"])
            done += 1


@dataclass
class Scope:
    """One account's objects, within one request."""

    world: World
    account: str = PLATFORM
    request_id: str | None = None
    idempotency_key: str | None = None

    @property
    def store(self) -> Store:
        """The rows beneath."""
        return self.world.store

    def now(self) -> int:
        """The time on the stand-in's clock."""
        return self.world.now()

    def get(self, kind: str, object_id: str, param: str = "id") -> Obj:
        """One object of this account, or Stripe's refusal."""
        obj = self.store.get(self.account, object_id)
        if obj is None or obj["object"] != kind:
            raise missing(kind.replace(".", " ").replace("_", " "), object_id, param)
        return obj

    def find(self, kind: str, **equal: Any) -> list[Obj]:
        """Objects of this account, newest first."""
        return self.store.find(self.account, kind, **equal)

    def put(self, obj: Obj) -> Obj:
        """Keep an object."""
        self.store.put(self.account, obj)
        return obj

    def later(self, at: int, act: str, object_id: str) -> None:
        """Have an act done when the clock reaches a time."""
        self.store.run(
            "INSERT INTO due (at, account, act, object_id) VALUES (?, ?, ?, ?)",
            at,
            self.account,
            act,
            object_id,
        )
        self.world.wake.set()

    def settlement_currency(self) -> str:
        """The currency in which this account's balance is kept."""
        holder = self.store.get(PLATFORM, self.account or PLATFORM_ID)
        return str((holder or {}).get("default_currency") or "usd")

    def emit(self, kind: str, obj: Obj, previous: Obj | None = None) -> Obj:
        """Record an event with the object as it is now, and queue it for every endpoint that wants it."""
        data: Obj = {"object": public(obj)}
        if previous is not None:
            data["previous_attributes"] = previous
        event: Obj = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": self.request_id, "idempotency_key": self.idempotency_key},
            "type": kind,
        }
        if self.account:
            event["account"] = self.account
        endpoints = self._listeners(kind)
        event["pending_webhooks"] = len(endpoints)
        self.put(event)
        for endpoint in endpoints:
            self.world.faults.queue(event["id"], endpoint["id"])
        self.world.wake.set()
        return event

    def _listeners(self, kind: str) -> list[Obj]:
        endpoints = reversed(self.store.find(PLATFORM, "webhook_endpoint", status="enabled"))
        return [
            each
            for each in endpoints
            if each["_connect"] == bool(self.account)
            and ("*" in each["enabled_events"] or kind in each["enabled_events"])
        ]
