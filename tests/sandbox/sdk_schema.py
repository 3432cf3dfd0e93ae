"""JSON Schemas derived from the installed Stripe SDK's own type annotations, by reading its source.

They say what Stripe's objects look like and which parameters its endpoints know. Nothing of the SDK is imported, so
that a new SDK is followed without a change here. `check_request` and `check_object` are for any test.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

Schema = dict[str, Any]
Class = ast.ClassDef

_SPEC = importlib.util.find_spec("stripe")
assert _SPEC is not None and _SPEC.origin is not None, "the Stripe SDK is not installed"
ROOT = Path(_SPEC.origin).parent

_PLAIN: dict[str, Schema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "float": {"type": "number"},
    "Decimal": {"type": ["string", "number"]},
    "None": {"type": "null"},
    "Any": {},
    "object": {},
    "dict": {"type": "object"},
    "UntypedStripeObject": {"type": "object"},
    "StripeObject": {"type": "object"},
}
# The SDK marks what only the client library reads; it never travels.
_CLIENT_SIDE = frozenset(
    {"api_key", "stripe_version", "stripe_account", "stripe_context", "idempotency_key", "headers"}
)


@dataclass(frozen=True)
class _Scope:
    """The classes an annotation may name: those nested in its own class, then those around it."""

    classes: Mapping[str, Class]
    prefix: str
    around: _Scope | None = None

    def find(self, name: str) -> str | None:
        if name in self.classes:
            return self.prefix + name
        return self.around.find(name) if self.around else None


@dataclass
class _Reader:
    """Turns classes into schemas; `closed` ones refuse names they do not know."""

    resources: Mapping[str, str]
    closed: bool
    found: dict[str, Schema] = field(default_factory=dict)

    def read(self, node: Class, name: str, scope: _Scope) -> None:
        nested = {each.name: each for each in node.body if isinstance(each, Class)}
        inner = _Scope(nested, f"{name}.", scope)
        properties: dict[str, Schema] = {}
        required = []
        for line in node.body:
            if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name):
                continue
            key = line.target.id
            if key.startswith("_") or key == "OBJECT_NAME" or (self.closed and key in _CLIENT_SIDE):
                continue
            properties[key] = self.convert(line.annotation, inner)
            if not _optional(line.annotation):
                required.append(key)
        schema: Schema = {"type": "object", "properties": properties, "required": required}
        self.found[name] = {**schema, "additionalProperties": False} if self.closed else schema
        for child, body in nested.items():
            self.read(body, f"{name}.{child}", inner)

    def convert(self, node: ast.expr, scope: _Scope) -> Schema:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                return self.convert(ast.parse(node.value.strip(), mode="eval").body, scope)
            return {"type": "null"}
        if isinstance(node, ast.Attribute):
            node = ast.Name(id=node.attr)
        if isinstance(node, ast.Name):
            return self._named(node.id, scope)
        if isinstance(node, ast.BinOp):
            return self._union([self.convert(part, scope) for part in _alternatives(node)])
        if isinstance(node, ast.Subscript):
            return self._subscript(node, scope)
        raise AssertionError(f"an annotation of a new kind: {ast.unparse(node)}")

    def _named(self, name: str, scope: _Scope) -> Schema:
        if name in _PLAIN:
            return dict(_PLAIN[name])
        local = scope.find(name)
        if local is not None:
            return {"$ref": f"#/$defs/{local}"}
        return {"$ref": f"#/$defs/{name}"} if name in self.resources else {"type": "object"}

    def _subscript(self, node: ast.Subscript, scope: _Scope) -> Schema:
        head = node.value.attr if isinstance(node.value, ast.Attribute) else ast.unparse(node.value)
        parts = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if head in ("NotRequired", "Required"):
            return self.convert(parts[0], scope)
        if head == "Literal":
            return {"enum": [ast.literal_eval(part) for part in parts]}
        inner = [self.convert(part, scope) for part in parts]
        if head == "Optional":
            return {"anyOf": [inner[0], {"type": "null"}]}
        if head == "Union":
            return self._union(inner)
        if head == "ExpandableField":
            return {"anyOf": [{"type": "string"}, inner[0]]}
        if head in ("List", "Sequence", "list"):
            return {"type": "array", "items": inner[0]}
        if head in ("Dict", "Mapping", "dict"):
            return {"type": "object", "additionalProperties": inner[1]}
        if head == "UntypedStripeObject":
            return {"type": "object", "additionalProperties": inner[0]}
        if head == "ListObject":
            return list_of(inner[0])
        raise AssertionError(f"an annotation of a new kind: {ast.unparse(node)}")

    def _union(self, inner: list[Schema]) -> Schema:
        # `Union[Literal[...], str]` says "these, and what comes later"; what we send or return is to be known now.
        words = [each for each in inner if set(each) == {"enum"}]
        if len(inner) == 2 and len(words) == 1 and {"type": "string"} in inner and "" not in words[0]["enum"]:
            return words[0]
        return {"anyOf": inner}


def _alternatives(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [*_alternatives(node.left), *_alternatives(node.right)]
    return [node]


def list_of(item: Schema) -> Schema:
    """The schema of one page of a list."""
    return {
        "type": "object",
        "required": ["object", "data", "has_more", "url"],
        "properties": {
            "object": {"const": "list"},
            "data": {"type": "array", "items": item},
            "has_more": {"type": "boolean"},
            "url": {"type": "string"},
        },
    }


def _optional(node: ast.expr) -> bool:
    return isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("NotRequired", "Optional")


def _classes(path: Path) -> dict[str, Class]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, Class)}


def _object_name(node: Class) -> str | None:
    for line in node.body:
        if isinstance(line, ast.AnnAssign) and ast.unparse(line.target) == "OBJECT_NAME" and line.value:
            return str(ast.literal_eval(line.value))
    return None


_MODULES = (
    "_account", "_account_link", "_application", "_balance", "_balance_transaction", "_capability", "_charge",
    "_customer", "_dispute", "_event", "_line_item", "_mandate", "_payment_intent", "_payment_method", "_payout",
    "_price", "_refund", "_setup_intent", "_webhook_endpoint", "checkout/_session", "radar/_early_fraud_warning",
)  # fmt: skip


@cache
def objects() -> tuple[dict[str, Schema], dict[str, str]]:
    """The schemas of Stripe's objects, and the schema's name for each `object` word."""
    files = [_classes(ROOT / f"{module}.py") for module in _MODULES]
    sources = {name: node for classes in files for name, node in classes.items()}
    reader = _Reader({name: name for name in sources}, closed=False)
    names = {}
    for name, node in sources.items():
        reader.read(node, name, _Scope({}, ""))
        word = _object_name(node)
        if word is not None:
            names[word] = name
    return reader.found, names


@dataclass(frozen=True)
class Operation:
    """One endpoint of the SDK: its path as a pattern, and the schema of its parameters, if it takes any."""

    method: str
    path: str
    pattern: re.Pattern[str]
    schema: Schema | None


_SERVICES = (
    "_account_service", "_account_link_service", "_balance_service", "_balance_transaction_service", "_charge_service",
    "_customer_service", "_customer_payment_method_service", "_dispute_service", "_event_service", "_mandate_service",
    "_payment_intent_service", "_payment_method_service", "_payout_service", "_refund_service", "_setup_intent_service",
    "_webhook_endpoint_service", "checkout/_session_service", "checkout/_session_line_item_service",
    "radar/_early_fraud_warning_service",
)  # fmt: skip


@cache
def operations() -> tuple[Operation, ...]:
    """Every endpoint of the services this project uses."""
    found = []
    for service in _SERVICES:
        folder = service.partition("/")[0] if "/" in service else ""
        for node in _classes(ROOT / f"{service}.py").values():
            for function in node.body:
                if isinstance(function, ast.FunctionDef):
                    found.extend(_operations_of(function, folder))
    return tuple(found)


def _operations_of(function: ast.FunctionDef, folder: str) -> list[Operation]:
    found = []
    for call in ast.walk(function):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "_request"):
            continue
        method = str(ast.literal_eval(call.args[0])).upper()
        target = call.args[1]
        if isinstance(target, ast.Call) and isinstance(target.func, ast.Attribute):
            target = target.func.value
        path = str(ast.literal_eval(target))
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
        found.append(Operation(method, path, pattern, _params_of(function, folder)))
    return found


def _params_of(function: ast.FunctionDef, folder: str) -> Schema | None:
    for argument in function.args.args:
        if argument.arg == "params" and argument.annotation is not None:
            names = re.findall(r"(\w+Params)", ast.unparse(argument.annotation))
            return _params_schema(names[0], folder) if names else None
    return None


@cache
def _params_schema(name: str, folder: str) -> Schema:
    file = "_" + re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() + ".py"
    classes = _classes(ROOT / "params" / folder / file)
    reader = _Reader({}, closed=True)
    scope = _Scope(classes, "")
    for each, node in classes.items():
        reader.read(node, each, scope)
    return {"$ref": f"#/$defs/{name}", "$defs": reader.found}


def operation(method: str, path: str) -> Operation:
    """The SDK's endpoint for a request. The most literal path wins: `/v1/events` before `/v1/{anything}`."""
    fitting = [each for each in operations() if each.method == method and each.pattern.fullmatch(path)]
    assert fitting, f"the SDK knows no {method} {path}"
    return min(fitting, key=lambda each: each.path.count("{"))


def check_request(method: str, path: str, params: Mapping[str, Any]) -> None:
    """Fail unless Stripe's endpoint knows every one of these parameters, and each has the right form.

    `params` may be as the SDK takes them, or as they came over the wire (nested, every value text).
    """
    schema = operation(method, path).schema
    if schema is None:
        assert not params, f"{method} {path} takes no parameters"
        return
    defs = schema["$defs"]
    jsonschema.Draft202012Validator(schema).validate(_typed(dict(params), schema, defs))


def _typed(value: Any, schema: Schema, defs: Mapping[str, Schema]) -> Any:
    """Text from the wire as the type the schema wants, where it can be read so."""
    while "$ref" in schema:
        schema = defs[schema["$ref"].removeprefix("#/$defs/")]
    if "anyOf" in schema:
        forms = [(each, _typed(value, each, defs)) for each in schema["anyOf"]]
        resolved = [form for each, form in forms if _valid(form, each, defs)]
        return resolved[0] if resolved else value
    if isinstance(value, dict):
        inner = schema.get("properties", {})
        more = schema.get("additionalProperties")
        rest = more if isinstance(more, dict) else {}
        return {key: _typed(each, inner.get(key, rest), defs) for key, each in value.items()}
    if isinstance(value, list):
        return [_typed(each, schema.get("items", {}), defs) for each in value]
    if schema.get("type") == "integer" and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    if schema.get("type") == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def _valid(value: Any, schema: Schema, defs: Mapping[str, Schema]) -> bool:
    return bool(jsonschema.Draft202012Validator({**schema, "$defs": defs}).is_valid(value))


def check_object(obj: Mapping[str, Any], closed: bool = True) -> None:
    """Fail unless an object, and everything expanded within it, is as the SDK says Stripe sends it.

    `closed` also refuses fields the SDK does not know; Stripe itself may send such, the stand-in may not.
    """
    if obj["object"] == "list":
        for each in obj["data"]:
            check_object(each, closed)
        return
    if obj.get("deleted"):
        assert set(obj) == {"id", "object", "deleted"}
        return
    schemas, names = objects()
    assert obj["object"] in names, f"the SDK knows no object {obj['object']}"
    name = names[obj["object"]]
    jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schemas}).validate(obj)
    unknown = set(obj) - set(schemas[name]["properties"])
    assert not (closed and unknown), f"{obj['object']} has fields the SDK does not know: {unknown}"
    if obj["object"] == "event":
        check_object(obj["data"]["object"], closed)
