"""Connected accounts and the links that lead their owners through onboarding."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import money
from sandbox.stripe.errors import StripeError, refused
from sandbox.stripe.lists import page
from sandbox.stripe.params import (
    EXPAND,
    PAGE,
    Fields,
    anything,
    clearable,
    email,
    flag,
    metadata,
    moment,
    one_of,
    text,
    web_address,
)
from sandbox.stripe.routing import Route
from sandbox.stripe.store import Obj
from sandbox.stripe.world import PLATFORM, PLATFORM_ID, Scope, World, new_id

_ASKED = Fields({"requested": flag})
_OPEN_POINTS = ["business_profile.url", "external_account", "tos_acceptance.date"]


def make(scope: Scope, params: Obj, account_id: str | None = None, ready: bool = False) -> Obj:
    """Keep a new account; `ready` ones have been through onboarding."""
    profile = {
        "mcc": None,
        "name": None,
        "product_description": None,
        "support_address": None,
        "support_email": None,
    }
    profile |= {
        "support_phone": None,
        "support_url": None,
        "url": None,
        "annual_revenue": None,
    }
    country = params.get("country", "US")
    account: Obj = {
        "id": account_id or new_id("acct", 16),
        "object": "account",
        "business_profile": {**profile, **params.get("business_profile", {})},
        "business_type": params.get("business_type"),
        "capabilities": {},
        "charges_enabled": False,
        "controller": _controller(params),
        "country": country,
        "created": scope.now(),
        "default_currency": params.get("default_currency", _currency(country)),
        "details_submitted": False,
        "email": params.get("email"),
        "external_accounts": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": "/v1/accounts/external_accounts",
        },
        "future_requirements": _requirements([]),
        "metadata": params.get("metadata", {}),
        "payouts_enabled": False,
        "requirements": _requirements(_OPEN_POINTS),
        "settings": _settings(),
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": params.get("type", "none" if "controller" in params else "standard"),
        "_wanted": sorted(params.get("capabilities", {"card_payments": {}, "transfers": {}})),
    }
    set_ready(account, ready)
    scope.world.store.put(PLATFORM, account)
    return account


def _currency(country: str) -> str:
    known = {
        "US": "usd",
        "GB": "gbp",
        "CA": "cad",
        "AU": "aud",
        "JP": "jpy",
        "CH": "chf",
        "MX": "mxn",
        "NZ": "nzd",
    }
    return known.get(country, "eur")


def _controller(params: Obj) -> Obj:
    given = params.get("controller", {})
    return {
        "fees": given.get("fees", {"payer": "account"}),
        "is_controller": True,
        "losses": given.get("losses", {"payments": "stripe"}),
        "requirement_collection": given.get("requirement_collection", "stripe"),
        "stripe_dashboard": given.get("stripe_dashboard", {"type": "full"}),
        "type": "application",
    }


def _requirements(due: list[str]) -> Obj:
    lists: Obj = {name: [] for name in ("alternatives", "errors", "past_due", "pending_verification")}
    reason = "requirements.past_due" if due else None
    return {
        **lists,
        "current_deadline": None,
        "currently_due": due,
        "disabled_reason": reason,
        "eventually_due": due,
    }


def _settings() -> Obj:
    branding = dict.fromkeys(("icon", "logo", "primary_color", "secondary_color"))
    words = {
        "statement_descriptor": None,
        "statement_descriptor_kana": None,
        "statement_descriptor_kanji": None,
    }
    prefixes = {f"statement_descriptor_prefix{end}": None for end in ("", "_kana", "_kanji")}
    return {
        "branding": branding,
        "card_payments": {
            "decline_on": {"avs_failure": False, "cvc_failure": False},
            **prefixes,
        },
        "dashboard": {"display_name": None, "timezone": "Etc/UTC"},
        "payments": words,
    }


def set_ready(account: Obj, ready: bool) -> None:
    """Whether an account may take money."""
    account.update(charges_enabled=ready, payouts_enabled=ready, details_submitted=ready)
    account["requirements"] = _requirements([] if ready else _OPEN_POINTS)
    account["capabilities"] = dict.fromkeys(account["_wanted"], "active" if ready else "inactive")


def ensure_platform(world: World) -> None:
    """The platform has an account of its own, from the first start on."""
    with world.store.transaction():
        if world.store.get(PLATFORM, PLATFORM_ID) is None:
            profile = {"business_profile": {"name": "Sandbox"}, "country": "US"}
            make(world.scope(), profile, PLATFORM_ID, ready=True)


def find(scope: Scope, account_id: str) -> Obj:
    """An account of this platform, or Stripe's refusal."""
    found = scope.store.get(PLATFORM, account_id)
    if found is None or found["object"] != "account":
        raise no_access(account_id)
    return found


def no_access(account_id: str) -> StripeError:
    """The answer to an account that does not exist or has taken back its permission."""
    message = f"The provided key does not have access to account '{account_id}' (or it does not exist)."
    return StripeError(message, status=403, code="account_invalid", remembered=False)


def changed(scope: Scope, account: Obj, previous: Obj | None = None) -> None:
    """Keep an account and say so; events about a connected account go to the Connect endpoints."""
    scope.store.put(PLATFORM, account)
    own = PLATFORM if account["id"] == PLATFORM_ID else account["id"]
    scope.world.scope(own).emit("account.updated", account, previous)


def create(scope: Scope, params: Obj) -> Obj:
    """A new connected account, still to be filled in."""
    if "type" in params and "controller" in params:
        raise refused("You may only specify one of these parameters: controller, type.")
    if "default_currency" in params:
        params["default_currency"] = money.check_currency(params["default_currency"], "default_currency")
    return make(scope, params)


def retrieve(scope: Scope, params: Obj, account_id: str = PLATFORM_ID) -> Obj:
    """One account."""
    return find(scope, account_id)


def current(scope: Scope, params: Obj) -> Obj:
    """The account whose state this request acts in."""
    return find(scope, scope.account or PLATFORM_ID)


def update(scope: Scope, params: Obj, account_id: str) -> Obj:
    """Change an account's words."""
    account = find(scope, account_id)
    account["business_profile"].update(params.get("business_profile", {}))
    for name in ("email", "business_type", "default_currency"):
        account[name] = params.get(name, account[name])
    if "metadata" in params:
        account["metadata"] = {**account["metadata"], **params["metadata"]} if params["metadata"] else {}
    changed(scope, account)
    return account


def delete(scope: Scope, params: Obj, account_id: str) -> Obj:
    """Forget a connected account."""
    find(scope, account_id)
    scope.store.run("DELETE FROM object WHERE id = ?", account_id)
    return {"id": account_id, "object": "account", "deleted": True}


def index(scope: Scope, params: Obj) -> Obj:
    """The connected accounts of this platform."""
    return page(
        scope,
        "account",
        params,
        "/v1/accounts",
        lambda account: account["id"] != PLATFORM_ID,
    )


def create_link(scope: Scope, params: Obj) -> Obj:
    """A link to the onboarding page of a connected account, good for five minutes."""
    account = find(scope, params["account"])
    if "return_url" not in params or "refresh_url" not in params:
        missing = "return_url" if "return_url" not in params else "refresh_url"
        raise refused(f"Missing required param: {missing}.", missing, "parameter_missing")
    token = new_id("link")
    expires = scope.now() + 300
    link = {"account": account["id"], "expires_at": expires, **params}
    scope.store.set(f"account_link:{token}", link)
    url = f"{scope.world.base_url}/connect/{token}"
    return {
        "object": "account_link",
        "created": scope.now(),
        "expires_at": expires,
        "url": url,
    }


_PROFILE = Fields(
    dict.fromkeys(
        ("name", "product_description", "support_email", "support_phone", "url", "mcc"),
        clearable,
    )
)
_CONTROLLER: dict[str, Any] = dict.fromkeys(("fees", "losses", "stripe_dashboard", "requirement_collection"), anything)
_KNOWN: dict[str, Any] = {
    "business_profile": _PROFILE,
    "business_type": one_of("company", "government_entity", "individual", "non_profit"),
    "capabilities": Fields(dict.fromkeys(("card_payments", "transfers", "us_bank_account_ach_payments"), _ASKED)),
    "default_currency": text,
    "email": email,
    "metadata": metadata,
    **EXPAND,
}
_CREATE = Fields(
    {
        **_KNOWN,
        "type": one_of("custom", "express", "standard"),
        "controller": Fields(_CONTROLLER),
        "country": text,
    }
)
_LINK = Fields(
    {
        "account": text,
        "type": one_of("account_onboarding", "account_update"),
        "return_url": web_address,
        "refresh_url": web_address,
        "collect": one_of("currently_due", "eventually_due"),
        "collection_options": anything,
        **EXPAND,
    },
    required=("account", "type"),
)
ROUTES = [
    Route("GET", "/v1/account", Fields(EXPAND), current),
    Route("POST", "/v1/accounts", _CREATE, create),
    Route("GET", "/v1/accounts", Fields({**PAGE, "created": moment}), index),
    Route("GET", "/v1/accounts/<>", Fields(EXPAND), retrieve),
    Route("POST", "/v1/accounts/<>", Fields(_KNOWN), update),
    Route("DELETE", "/v1/accounts/<>", Fields({}), delete),
    Route("POST", "/v1/account_links", _LINK, create_link),
]
