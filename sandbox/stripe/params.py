"""Reading form-encoded parameters: the bracket syntax, and the kinds of value a parameter can be.

Which parameters an endpoint knows stands beside the endpoint; unknown ones are refused, as Stripe does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.stripe.errors import StripeError, refused

Kind = Callable[[Any, str], Any]
_PART = re.compile(r"\[([^\[\]]*)\]")


def decode(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Turn `a[b][0][c]=x` pairs into nested dictionaries and lists."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        head, _, rest = name.partition("[")
        path = [head, *_PART.findall("[" + rest)] if rest else [head]
        _plant(root, path, value)
    return {key: _lists(value) for key, value in root.items()}


def _plant(node: dict[str, Any], path: list[str], value: str) -> None:
    for step in path[:-1]:
        child = node.setdefault(step or str(len(node)), {})
        if not isinstance(child, dict):
            raise refused("Invalid parameters: a name is used both as a value and as a hash", step)
        node = child
    node[path[-1] or str(len(node))] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(each) for key, each in value.items()}
    if inner and all(key.isdigit() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


def text(value: Any, name: str) -> str:
    """Any text that is not empty."""
    if not isinstance(value, str):
        raise refused(f"Invalid string: {name}", name)
    if value == "":
        message = (
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a "
            f"parameter; however '{name}' cannot be unset."
        )
        raise refused(message, name, "parameter_invalid_empty")
    return value


def clearable(value: Any, name: str) -> str:
    """Text that an empty string removes again."""
    return "" if value == "" else text(value, name)


def whole(value: Any, name: str) -> int:
    """A whole number; Stripe refuses anything with a decimal point."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value):
        return int(value)
    raise refused(f"Invalid integer: {value}", name, "parameter_invalid_integer")


def flag(value: Any, name: str) -> bool:
    """`true` or `false`."""
    if value in ("true", "false"):
        return bool(value == "true")
    raise refused(f"Invalid boolean: {value}", name)


def anything(value: Any, name: str) -> Any:
    """A part of the request that is accepted as it comes, because nothing here depends on it."""
    return value


@dataclass(frozen=True)
class OneOf:
    """One word out of a closed list."""

    words: tuple[str, ...]

    def __call__(self, value: Any, name: str) -> str:
        if value not in self.words:
            raise refused(
                f"Invalid {name}: must be one of {', '.join(self.words[:-1])}, or {self.words[-1]}",
                name,
            )
        return str(value)


def one_of(*words: str) -> OneOf:
    """One word out of these."""
    return OneOf(words)


@dataclass(frozen=True)
class Listed:
    """A list whose members are all of one kind."""

    kind: Kind
    at_most: int = 1000

    def __call__(self, value: Any, name: str) -> list[Any]:
        if not isinstance(value, list):
            raise refused("Invalid array", name)
        if len(value) > self.at_most:
            raise refused(f"Too many values for {name}: at most {self.at_most}", name)
        return [self.kind(each, f"{name}[{place}]") for place, each in enumerate(value)]


@dataclass(frozen=True)
class Fields:
    """A hash with known names; unknown ones are refused, required ones asked for."""

    names: Mapping[str, Kind]
    required: tuple[str, ...] = field(default=())

    def __call__(self, value: Any, name: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise refused("Invalid hash", name)
        result = {}
        for key, each in value.items():
            full = f"{name}[{key}]" if name else key
            if key not in self.names:
                raise refused(f"Received unknown parameter: {full}", full, "parameter_unknown")
            result[key] = self.names[key](each, full)
        for key in self.required:
            if key not in result:
                full = f"{name}[{key}]" if name else key
                raise refused(f"Missing required param: {full}.", full, "parameter_missing")
        return result


def metadata(value: Any, name: str) -> dict[str, str]:
    """Up to 50 keys of 40 characters with values of 500; an empty string clears all."""
    if value == "":
        return {}
    if isinstance(value, list):
        value = {str(place): each for place, each in enumerate(value)}
    if not isinstance(value, dict) or len(value) > 50:
        raise refused("Metadata can have up to 50 keys", name)
    for key, each in value.items():
        if len(key) > 40 or not isinstance(each, str) or len(each) > 500:
            raise refused(f"Metadata keys hold 40 characters, values 500: {key}", f"{name}[{key}]")
    return dict(value)


_RANGE = Fields({"gt": whole, "gte": whole, "lt": whole, "lte": whole})


def moment(value: Any, name: str) -> dict[str, int]:
    """A time filter: one second, or a range of them."""
    if isinstance(value, dict):
        return _RANGE(value, name)
    return {"gte": whole(value, name), "lte": whole(value, name)}


def email(value: Any, name: str) -> str:
    """An address that looks like one."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text(value, name)):
        raise StripeError(
            f"Invalid email address: {value}",
            code="email_invalid",
            param=name,
            remembered=False,
        )
    return str(value)


def web_address(value: Any, name: str) -> str:
    """An absolute http or https address."""
    if not re.match(r"https?://[^\s/]+", text(value, name)):
        raise refused("Not a valid URL", name, "url_invalid")
    return str(value)


EXPAND: dict[str, Kind] = {"expand": Listed(text)}
PAGE: dict[str, Kind] = {
    "limit": whole,
    "starting_after": text,
    "ending_before": text,
    **EXPAND,
}
