"""Shades of a business's one color that stay readable, for places where no stylesheet can derive them."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEX = re.compile(r"#[0-9a-fA-F]{6}")
NO_BRAND = "#2b2a27"
WHITE, BLACK = "#ffffff", "#000000"
INK, LIGHT_INK = "#1e1d1a", "#f1eee7"
DARK_SHEET, ON_LIGHT_BUTTON = "#211f1c", "#171614"
# A little over WCAG's 4.5, so that rounding never falls below it.
READABLE = 5.3
STEPS = 20


@dataclass(frozen=True)
class Shades:
    """The colors an email needs from a brand, for light and for dark reading; all "#rrggbb"."""

    fill: str
    wash: str
    dark_fill: str
    dark_wash: str


def shades(brand: str) -> Shades:
    """Derive fills that carry text at 5.3 : 1 or better, and washes that carry ink.

    Worked: "#f0835f" is too pale for white letters, so its fill becomes a darker shade of the same hue.
    What is no color counts as ink.
    """
    if not HEX.fullmatch(brand):
        brand = NO_BRAND
    return Shades(
        fill=_towards(brand, BLACK, against=WHITE),
        wash=mix(brand, WHITE, 9),
        dark_fill=_towards(mix(brand, WHITE, 60), WHITE, against=ON_LIGHT_BUTTON),
        dark_wash=mix(brand, DARK_SHEET, 12),
    )


def mix(color: str, other: str, percent: int) -> str:
    """Mix two colors: `percent` of the first, the rest of the second."""
    mixed = [(a * percent + b * (100 - percent)) // 100 for a, b in zip(_rgb(color), _rgb(other), strict=True)]
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def contrast(one: str, other: str) -> float:
    """Tell WCAG's contrast of two colors, from 1 (same) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _towards(color: str, end: str, *, against: str) -> str:
    for step in range(STEPS + 1):
        shade = mix(color, end, 100 - step * 100 // STEPS)
        if contrast(shade, against) >= READABLE:
            return shade
    return end


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _rgb(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
