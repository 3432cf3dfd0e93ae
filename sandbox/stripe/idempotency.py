"""The idempotency store: what was answered under a key is answered again, for a day."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sandbox.stripe.errors import StripeError
from sandbox.stripe.store import Store

DAY = 24 * 3600


@dataclass(frozen=True)
class Kept:
    """An answer given before."""

    status: int
    body: str


def fingerprint(method: str, path: str, params: Any) -> str:
    """The same for the same request, whatever the order of its parameters."""
    packed = json.dumps([method, path, params], sort_keys=True)
    return hashlib.sha256(packed.encode()).hexdigest()


def claim(store: Store, account: str, key: str, print_: str, now: int) -> Kept | None:
    """Take a key for a request, or answer what it answered before.

    Raises StripeError 400 for a key used with other parameters, 409 while the first request is still running.
    """
    if len(key) > 255:
        raise StripeError("Idempotency keys may have up to 255 characters.", remembered=False)
    with store.transaction():
        store.run("DELETE FROM answer WHERE created < ? AND status IS NOT NULL", now - DAY)
        rows = store.run("SELECT * FROM answer WHERE account = ? AND key = ?", account, key)
        if not rows:
            store.run(
                "INSERT INTO answer (account, key, fingerprint, created) VALUES (?, ?, ?, ?)",
                account,
                key,
                print_,
                now,
            )
            return None
    row = rows[0]
    if row["fingerprint"] != print_:
        raise StripeError(
            "Keys for idempotent requests can only be used with the same parameters they were first used "
            "with. Try "
            f"using a key other than '{key}' if you meant to execute a different request.",
            kind="idempotency_error",
            remembered=False,
        )
    if row["status"] is None:
        raise StripeError(
            f"There is currently another in-progress request using this Idempotent Key ({key}).",
            status=409,
            kind="idempotency_error",
            code="idempotency_key_in_use",
            remembered=False,
        )
    return Kept(int(row["status"]), str(row["body"]))


def keep(store: Store, account: str, key: str, answer: Kept) -> None:
    """Remember what was answered."""
    store.run(
        "UPDATE answer SET status = ?, body = ? WHERE account = ? AND key = ?",
        answer.status,
        answer.body,
        account,
        key,
    )


def forget(store: Store, account: str, key: str) -> None:
    """Nothing was executed: the key may be used again."""
    store.run("DELETE FROM answer WHERE account = ? AND key = ?", account, key)
