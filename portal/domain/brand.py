"""Whether a business's one color can carry a page: what the stylesheet derives from it, and the contrast that has.

The derivation repeats the caps of static/css/tokens.css, so that a color is judged by what people will see.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from portal.domain.colors import HEX, NO_BRAND, WHITE, contrast
from portal.domain.errors import Refusal

TEXT_CONTRAST = 4.5
EDGE_CONTRAST = 3.0
PAPER, INK = "#fcfbf8", "#1e1d1a"
DARK_PAPER, DARK_INK, ON_LIGHT = "#181715", "#f1eee7", "#171614"


@dataclass(frozen=True)
class Pair:
    """Two colors that meet on a page and the contrast they must reach."""

    what: str
    front: str
    back: str
    least: float

    @property
    def reached(self) -> float:
        return contrast(self.front, self.back)


def safe_color(color: str) -> str:
    """Give a color that may stand in a stylesheet; anything else becomes the neutral one."""
    return color.lower() if HEX.fullmatch(color) else NO_BRAND


def check_color(color: str) -> None:
    """Refuse a brand color that is not written as #rrggbb or whose shades would be hard to read.

    Raises Refusal: color_malformed, color_hard_to_read.
    """
    if not HEX.fullmatch(color):
        raise Refusal("invalid", "color_malformed")
    if any(pair.reached < pair.least for pair in pairs(color)):
        raise Refusal("invalid", "color_hard_to_read")


def pairs(color: str) -> tuple[Pair, ...]:
    """List every pair of colors that a brand brings onto light and dark pages."""
    light, chroma, hue = to_oklch(color)
    fill = _shade(_clamp(.3, light, .47), min(chroma, .13), hue)
    wash = _shade(.957, min(chroma, .013), hue)
    line = _shade(.6, min(chroma, .08), hue)
    dark_fill = _shade(_clamp(.8, light, .86), min(chroma, .09), hue)
    dark_text = _shade(_clamp(.82, light, .88), min(chroma, .09), hue)
    dark_wash = _shade(.25, min(chroma, .016), hue)
    return (
        Pair("button", WHITE, fill, TEXT_CONTRAST), Pair("link", fill, PAPER, TEXT_CONTRAST),
        Pair("link on wash", fill, wash, TEXT_CONTRAST), Pair("text on wash", INK, wash, TEXT_CONTRAST),
        Pair("edge", line, PAPER, EDGE_CONTRAST),
        Pair("dark button", ON_LIGHT, dark_fill, TEXT_CONTRAST),
        Pair("dark link", dark_text, DARK_PAPER, TEXT_CONTRAST),
        Pair("dark text on wash", DARK_INK, dark_wash, TEXT_CONTRAST),
        Pair("dark edge", line, DARK_PAPER, EDGE_CONTRAST),
    )


def to_oklch(color: str) -> tuple[float, float, float]:
    """Read "#rrggbb" as lightness 0 to 1, chroma, and hue in radians."""
    red, green, blue = (_linear(int(color[start:start + 2], 16) / 255) for start in (1, 3, 5))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    light = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    return light, math.hypot(a, b), math.atan2(b, a)


def _shade(light: float, chroma: float, hue: float) -> str:
    """Write a color of the OKLCH space as "#rrggbb", its chroma lowered until the screen can show it."""
    while True:
        parts = _to_linear(light, chroma * math.cos(hue), chroma * math.sin(hue))
        if chroma < 0.001 or all(-0.0005 <= part <= 1.0005 for part in parts):
            return "#" + "".join(f"{round(_gamma(min(1.0, max(0.0, part))) * 255):02x}" for part in parts)
        chroma *= 0.97


def _to_linear(light: float, a: float, b: float) -> tuple[float, float, float]:
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _gamma(part: float) -> float:
    return part * 12.92 if part <= 0.0031308 else float(1.055 * part ** (1 / 2.4) - 0.055)


def _clamp(least: float, value: float, most: float) -> float:
    return min(most, max(least, value))
