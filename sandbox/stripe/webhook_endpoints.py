"""Where webhooks go, and the secret each of them is signed with."""

from __future__ import annotations

import secrets

from sandbox.stripe.lists import page
from sandbox.stripe.params import (
    EXPAND,
    PAGE,
    Fields,
    Kind,
    Listed,
    clearable,
    flag,
    metadata,
    text,
    web_address,
)
from sandbox.stripe.routing import Route
from sandbox.stripe.store import Obj
from sandbox.stripe.world import API_VERSION, PLATFORM, Scope, World, new_id


def make(scope: Scope, params: Obj, secret: str | None = None) -> Obj:
    """Keep a new endpoint. `connect` ones hear of connected accounts, all others of the platform itself."""
    endpoint: Obj = {
        "id": new_id("we"),
        "object": "webhook_endpoint",
        "api_version": params.get("api_version"),
        "application": None,
        "created": scope.now(),
        "description": params.get("description"),
        "enabled_events": params["enabled_events"],
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "status": "enabled",
        "url": params["url"],
        "_connect": params.get("connect", False),
        "_secret": secret or f"whsec_{secrets.token_hex(16)}",
    }
    scope.store.put(PLATFORM, endpoint)
    return endpoint


def ensure(world: World, url: str, secret: str, connect: bool) -> Obj:
    """The endpoint named at the start: made once, and its secret kept up to date across restarts."""
    with world.store.transaction():
        for endpoint in world.store.find(PLATFORM, "webhook_endpoint", url=url):
            if endpoint["_connect"] == connect:
                endpoint["_secret"] = secret
                world.store.put(PLATFORM, endpoint)
                return endpoint
        params = {
            "url": url,
            "enabled_events": ["*"],
            "connect": connect,
            "api_version": API_VERSION,
        }
        return make(world.scope(), params, secret)


def create(scope: Scope, params: Obj) -> Obj:
    """A new endpoint; its secret is shown this once."""
    endpoint = make(scope, params)
    return {**endpoint, "secret": endpoint["_secret"]}


def retrieve(scope: Scope, params: Obj, endpoint_id: str) -> Obj:
    """One endpoint."""
    return scope.get("webhook_endpoint", endpoint_id)


def update(scope: Scope, params: Obj, endpoint_id: str) -> Obj:
    """Change where it points, what it hears, or whether it hears at all."""
    endpoint = scope.get("webhook_endpoint", endpoint_id)
    for name in ("url", "enabled_events", "description", "metadata"):
        if name in params:
            endpoint[name] = params[name]
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    return scope.put(endpoint)


def delete(scope: Scope, params: Obj, endpoint_id: str) -> Obj:
    """Forget an endpoint and what was still to be sent to it."""
    scope.get("webhook_endpoint", endpoint_id)
    scope.store.run("DELETE FROM object WHERE id = ?", endpoint_id)
    scope.store.run("DELETE FROM delivery WHERE endpoint_id = ?", endpoint_id)
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}


def index(scope: Scope, params: Obj) -> Obj:
    """All endpoints."""
    return page(scope, "webhook_endpoint", params, "/v1/webhook_endpoints")


_KNOWN: dict[str, Kind] = {
    "url": web_address,
    "enabled_events": Listed(text),
    "description": clearable,
    "metadata": metadata,
    **EXPAND,
}
_CREATE = Fields({**_KNOWN, "connect": flag, "api_version": text}, required=("url", "enabled_events"))
ROUTES = [
    Route("POST", "/v1/webhook_endpoints", _CREATE, create),
    Route("GET", "/v1/webhook_endpoints", Fields(PAGE), index),
    Route("GET", "/v1/webhook_endpoints/<>", Fields(EXPAND), retrieve),
    Route("POST", "/v1/webhook_endpoints/<>", Fields({**_KNOWN, "disabled": flag}), update),
    Route("DELETE", "/v1/webhook_endpoints/<>", Fields({}), delete),
]
