"""Reads what an address asks of a list, and writes addresses: only values a list knows, everything else is answered.

An address names no more than what differs from the plain list, so that it is short enough to be sent to a colleague.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from portal.domain import listing
from portal.domain.errors import Refusal
from portal.domain.listing import Edge
from portal.services.lists.frame import Ask, Context, Filter, ListOf, Order

# A filter whose default narrows the list is opened wide by this word.
ALL = "all"


@dataclass(frozen=True)
class Asked:
    """An address as it was read: what it asks for, or what is wrong with it, field by field."""

    ask: Ask
    typed: Mapping[str, str]
    errors: Mapping[str, Refusal]


def read(wanted: ListOf, context: Context, raw: Mapping[str, str]) -> Asked:
    """Read the parameters of an address; names the list does not know are not looked at."""
    errors: dict[str, Refusal] = {}
    order, descending = _order(wanted, raw.get("sort", ""), errors)
    values = {one.name: _value(one, context, raw.get(one.name, ""), errors) for one in wanted.filters}
    for name, allowed in order.implies.items():
        if values[name] not in allowed and raw.get(name):
            # The filter somebody chose counts more than an order that does not go with it.
            order, descending = wanted.orders[0], wanted.orders[0].descending
            break
        values[name] = values[name] if values[name] in allowed else allowed[0]
    if order.one_currency and len(context.currencies) > 1:
        # Sums of two currencies cannot be compared.
        values["currency"] = values["currency"] or context.currency
    ask = Ask({name: value for name, value in values.items() if value}, _search(raw.get("q", ""), errors), order,
              descending)
    return Asked(_edges(ask, raw, errors), {name: raw.get(name, "") for name in ("q", *values)}, errors)


def _order(wanted: ListOf, text: str, errors: dict[str, Refusal]) -> tuple[Order, bool]:
    first = wanted.orders[0]
    if not text:
        return first, first.descending
    order = wanted.order(text.removeprefix("-"))
    if order is None:
        errors["sort"] = Refusal("invalid", "list_order")
        return first, first.descending
    return order, text.startswith("-")


def _value(one: Filter, context: Context, text: str, errors: dict[str, Refusal]) -> str:
    """Give a filter's value; "" where it shows everything."""
    if not text:
        return one.default
    if text == ALL and one.default:
        return ""
    if one.kind == "day":
        try:
            return listing.read_day(text).isoformat()
        except Refusal as refusal:
            errors[one.name] = refusal
            return ""
    if text not in {value for value, _ in one.options(context)}:
        errors[one.name] = Refusal("invalid", "list_value")
        return ""
    return text


def _search(text: str, errors: dict[str, Refusal]) -> str:
    try:
        return listing.read_search(text)
    except Refusal as refusal:
        errors["q"] = refusal
        return ""


def _edges(ask: Ask, raw: Mapping[str, str], errors: dict[str, Refusal]) -> Ask:
    named = {side: raw.get(side, "") for side in ("after", "before")}
    if not any(named.values()):
        return ask
    try:
        if all(named.values()):
            raise Refusal("invalid", "list_edge")
        edges: dict[str, Edge] = {
            side: listing.read_edge(text, spelled(ask), ask.order.kind) for side, text in named.items() if text}
    except Refusal as refusal:
        errors["page"] = refusal
        return ask
    return replace(ask, after=edges.get("after"), before=edges.get("before"))


def spelled(ask: Ask) -> str:
    """Write an order for an address: "-due" is due, the latest first."""
    return f"-{ask.order.name}" if ask.descending else ask.order.name


def address(wanted: ListOf, ask: Ask, **changes: str) -> dict[str, str]:
    """Give the parameters of the address that asks for this, or for this with changes; never of a later page."""
    first = wanted.orders[0]
    sort = spelled(ask)
    asked = {"q": ask.q} if ask.q else {}
    for one in wanted.filters:
        value = changes.pop(one.name, ask.value(one.name))
        if value != one.default:
            asked[one.name] = value or ALL
    sort = changes.pop("sort", sort)
    if sort != (f"-{first.name}" if first.descending else first.name):
        asked["sort"] = sort
    for name, value in changes.items():
        asked.pop(name, None)
        if value:
            asked[name] = value
    return asked


def whole(raw: Mapping[str, str]) -> dict[str, str]:
    """Give the parameters of an address without the page it is on."""
    return {name: value for name, value in raw.items() if name not in ("after", "before")}
