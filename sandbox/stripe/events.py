"""The list of what happened, for thirty days, as those ask who got no webhook."""

from __future__ import annotations

from sandbox.stripe.errors import missing, refused
from sandbox.stripe.lists import page
from sandbox.stripe.params import EXPAND, PAGE, Fields, Kind, Listed, flag, moment, text
from sandbox.stripe.routing import Route
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope

THIRTY_DAYS = 30 * 24 * 3600


def index(scope: Scope, params: Obj) -> Obj:
    """Events of some types, newest first."""
    if "type" in params and "types" in params:
        raise refused("You may only specify one of these parameters: type, types.")
    wanted = params.get("types") or ([params["type"]] if "type" in params else [])
    oldest = scope.now() - THIRTY_DAYS
    undelivered = _undelivered(scope) if "delivery_success" in params else set()

    def keep(event: Obj) -> bool:
        if event["created"] < oldest or not (not wanted or any(_matches(event["type"], each) for each in wanted)):
            return False
        return "delivery_success" not in params or (event["id"] not in undelivered) == params["delivery_success"]

    return page(scope, "event", params, "/v1/events", keep)


def _matches(kind: str, wanted: str) -> bool:
    return kind.startswith(wanted[:-1]) if wanted.endswith("*") else kind == wanted


def _undelivered(scope: Scope) -> set[str]:
    rows = scope.store.run("SELECT DISTINCT event_id FROM delivery WHERE state IN ('pending', 'given_up')")
    return {str(row["event_id"]) for row in rows}


def retrieve(scope: Scope, params: Obj, event_id: str) -> Obj:
    """One event, for thirty days."""
    event = scope.get("event", event_id)
    if event["created"] < scope.now() - THIRTY_DAYS:
        raise missing("event", event_id)
    return event


_LIST: dict[str, Kind] = {
    **PAGE,
    "type": text,
    "types": Listed(text, at_most=20),
    "created": moment,
    "delivery_success": flag,
}
ROUTES = [
    Route("GET", "/v1/events", Fields(_LIST), index),
    Route("GET", "/v1/events/<>", Fields(EXPAND), retrieve),
]
