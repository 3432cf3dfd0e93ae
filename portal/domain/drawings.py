"""Whether a picture sent as SVG is a plain drawing: known shapes and known properties, and nothing else. Pure."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from portal.domain.errors import Refusal

LARGEST = 64 * 1024
DEEPEST = 50
# Sides of a drawing, in whatever unit: beyond it a browser only wastes memory.
LONGEST_SIDE = 10_000
SVG = "{http://www.w3.org/2000/svg}"
SHAPES = frozenset({
    "svg", "g", "defs", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text",
    "tspan", "use", "symbol", "linearGradient", "radialGradient", "stop", "clipPath", "mask"})
PROPERTIES = frozenset({
    "id", "class", "version", "baseProfile", "viewBox", "preserveAspectRatio", "width", "height", "x", "y", "x1", "y1",
    "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy", "fr", "dx", "dy", "d", "points", "pathLength", "transform",
    "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap",
    "stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "opacity", "color", "display",
    "visibility", "overflow", "clip-path", "clip-rule", "clipPathUnits", "mask", "maskUnits", "maskContentUnits",
    "offset", "stop-color", "stop-opacity", "gradientUnits", "gradientTransform", "spreadMethod", "vector-effect",
    "paint-order", "shape-rendering", "text-rendering", "color-interpolation", "font-family", "font-size",
    "font-weight", "font-style", "letter-spacing", "text-anchor", "dominant-baseline", "role", "aria-label",
    "aria-hidden", "focusable", "href", "{http://www.w3.org/1999/xlink}href",
    "{http://www.w3.org/XML/1998/namespace}space"})
_HREF = re.compile(r"#[\w.-]{1,80}")
_PAINT = re.compile(r"url\(\s*(['\"]?)#[\w.-]{1,80}\1\s*\)", re.IGNORECASE)
_SIDE = re.compile(r"\+?(\d{1,5}(?:\.\d{1,9})?)(?:px|pt|mm|cm|in|em|rem|%)?")


def read(content: bytes) -> str:
    """Give a drawing as text; raises Refusal invalid/logo_not_svg for whatever is more, or is none."""
    if len(content) > LARGEST or b"\x00" in content:
        _refuse()
    try:
        text = content.decode("utf-8")
        # Before anything parses it: there is no need to know what a name of its own could stand for.
        if "<!doctype" in text.lower() or "<!entity" in text.lower() or "<?" in text.removeprefix("<?xml "):
            _refuse()
        root = ElementTree.fromstring(text.encode())  # noqa: S314  # nosec B314  # without DTD it cannot grow
    except (ValueError, LookupError, ElementTree.ParseError) as error:
        raise Refusal("invalid", "logo_not_svg") from error
    if root.tag != f"{SVG}svg" or not _sized(root) or not _plain(root):
        _refuse()
    return text


def _refuse() -> None:
    raise Refusal("invalid", "logo_not_svg")


def _plain(root: ElementTree.Element) -> bool:
    level = [root]
    for _ in range(DEEPEST):
        if not level:
            return True
        if not all(_shape(one) for one in level):
            return False
        level = [child for one in level for child in one]
    return not level


def _shape(one: ElementTree.Element) -> bool:
    known = isinstance(one.tag, str) and one.tag.startswith(SVG) and one.tag.removeprefix(SVG) in SHAPES
    return known and all(_property(name, value) for name, value in one.attrib.items())


def _property(name: str, value: str) -> bool:
    if name not in PROPERTIES:
        return False
    if name.endswith("href"):
        return bool(_HREF.fullmatch(value))
    left = _PAINT.sub("", value).lower()
    return "url" not in left and ":" not in left and "\\" not in left and "@" not in left


def _sized(root: ElementTree.Element) -> bool:
    sides = [root.get(name) for name in ("width", "height")]
    box = root.get("viewBox")
    numbers = [] if box is None else box.replace(",", " ").split()
    if box is not None and (len(numbers) != 4 or not all(_SIDE.fullmatch(one.lstrip("-")) for one in numbers)):
        return False
    wide = [found for side in (*sides, *numbers[2:]) if side is not None and (found := _SIDE.fullmatch(side.strip()))]
    given = [side for side in (*sides, *numbers[2:]) if side is not None]
    return len(wide) == len(given) and all(0 < float(one[1]) <= LONGEST_SIDE for one in wide)
