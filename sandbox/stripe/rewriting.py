"""What should never happen at Stripe: objects that vanish, change without an event, or come from nowhere.

Whoever compares their books with Stripe's state is proven by it. No event tells of any of it.
"""

from __future__ import annotations

import secrets
from typing import Any

from sandbox.stripe.errors import missing
from sandbox.stripe.store import Obj
from sandbox.stripe.traffic import Traffic, public_of


class Rewriting(Traffic):
    """Acts on objects themselves, behind everybody's back."""

    def drop(self, object_id: str) -> None:
        """Forget an object: no list shows it and no question finds it."""
        with self._world.store.transaction():
            self._owner(object_id)
            self._world.store.run("DELETE FROM object WHERE id = ?", object_id)

    def alter(self, object_id: str, **changes: Any) -> Obj:
        """Change fields of an object."""
        with self._world.store.transaction():
            owner, found = self._owner(object_id)
            found.update(changes)
            self._world.store.put(owner, found)
            return public_of(found)

    def duplicate(self, object_id: str, **changes: Any) -> Obj:
        """Add an object that is like another but for its id, its time and the given fields."""
        with self._world.store.transaction():
            owner, found = self._owner(object_id)
            prefix = object_id.partition("_")[0]
            added = {**found, "created": self._world.now(), **changes, "id": f"{prefix}_{secrets.token_hex(12)}"}
            self._world.store.put(owner, added)
            return public_of(added)

    def _owner(self, object_id: str) -> tuple[str, Obj]:
        owner = self._world.store.owner(object_id)
        found = self._world.store.get(owner, object_id) if owner is not None else None
        if owner is None or found is None:
            raise missing("object", object_id)
        return owner, found
