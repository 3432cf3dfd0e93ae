"""Lists as Stripe pages them, and the expansion of ids into objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.stripe.errors import StripeError, missing, refused
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope

Test = Callable[[Obj], bool]
_BY_PREFIX = (
    "cus_",
    "pm_",
    "pi_",
    "seti_",
    "ch_",
    "py_",
    "re_",
    "du_",
    "txn_",
    "po_",
    "mandate_",
    "acct_",
    "prod_",
)


def page(
    scope: Scope,
    kind: str,
    params: Obj,
    url: str,
    keep: Test | None = None,
    **equal: Any,
) -> Obj:
    """One page of a kind of object, newest first, filtered by fields, time and `keep`."""
    rows = scope.find(kind, **equal)
    return paged(
        [row for row in rows if _in_time(row, params) and (keep is None or keep(row))],
        params,
        url,
    )


def paged(rows: list[Obj], params: Obj, url: str) -> Obj:
    """Cut one page out of rows that are sorted newest first."""
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise refused(
            "Invalid limit: must be between 1 and 100",
            "limit",
            "parameter_invalid_integer",
        )
    if "starting_after" in params and "ending_before" in params:
        raise refused("You may only specify one of these parameters: starting_after, ending_before.")
    if "starting_after" in params:
        rows = rows[_place(rows, params["starting_after"], "starting_after") + 1 :]
    if "ending_before" in params:
        newer = rows[: _place(rows, params["ending_before"], "ending_before")]
        return _list(newer[-limit:], len(newer) > limit, url)
    return _list(rows[:limit], len(rows) > limit, url)


def _list(rows: list[Obj], more: bool, url: str) -> Obj:
    return {"object": "list", "data": rows, "has_more": more, "url": url}


def _place(rows: list[Obj], object_id: str, param: str) -> int:
    for place, row in enumerate(rows):
        if row["id"] == object_id:
            return place
    raise missing("object", object_id, param)


def _in_time(row: Obj, params: Obj) -> bool:
    within = params.get("created", {})
    when = row["created"]
    return bool(
        when > within.get("gt", -1)
        and when >= within.get("gte", 0)
        and when < within.get("lt", when + 1)
        and when <= within.get("lte", when)
    )


def expand(scope: Scope, answer: Obj, paths: list[str]) -> Obj:
    """Replace ids by their objects along each dotted path; in lists the path begins with `data.`."""
    for path in paths:
        if path.count(".") > 3:
            raise refused("You can't expand more than 4 levels of a property", "expand")
        _expand(scope, answer, path.split("."), path)
    return answer


def _expand(scope: Scope, node: Any, steps: list[str], path: str) -> None:
    if isinstance(node, list):
        for each in node:
            _expand(scope, each, steps, path)
        return
    if not isinstance(node, dict):
        return
    name = steps[0]
    if f"_{name}" in node:
        node[name] = node[f"_{name}"]
    if name not in node:
        raise StripeError(
            f"This property cannot be expanded ({path}).",
            param="expand",
            remembered=False,
        )
    if isinstance(node[name], str):
        node[name] = _object(scope, node[name], path)
    if len(steps) > 1:
        _expand(scope, node[name], steps[1:], path)


def _object(scope: Scope, object_id: str, path: str) -> Obj:
    found = scope.store.get(scope.account, object_id) if object_id.startswith(_BY_PREFIX) else None
    if found is None:
        raise StripeError(
            f"This property cannot be expanded ({path}).",
            param="expand",
            remembered=False,
        )
    return found
