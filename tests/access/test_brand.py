"""A business's color, stylesheet and logo, and the files by others that pages use."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import pytest

from portal.domain.brand import check_color, pairs, safe_color, to_oklch
from portal.domain.errors import Refusal
from tests.access.visitor import House
from tests.cast import make_business

STATIC = Path(__file__).resolve().parents[2] / "portal" / "static"
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><script>alert(1)</script><rect width="4"/></svg>'
BASE = "http://portal.test"


def test_every_color_stays_readable_in_light_and_dark() -> None:
    steps = range(0, 256, 51)
    colors = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in itertools.product(steps, repeat=3)]
    worst = {}
    for color in [*colors, "#37603a", "#14606b", "#f0835f"]:
        check_color(color)
        for pair in pairs(color):
            worst[pair.what] = min(worst.get(pair.what, 99.0), pair.reached)
    assert min(ratio for what, ratio in worst.items() if "edge" not in what) >= 5.3
    assert min(ratio for what, ratio in worst.items() if "edge" in what) >= 3.3


def test_a_color_is_read_as_browsers_read_it() -> None:
    light, chroma, hue = to_oklch("#ff0000")
    assert (round(light, 3), round(chroma, 3), round(hue, 3)) == (0.628, 0.258, 0.510)
    assert to_oklch("#ffffff")[0] == pytest.approx(1, abs=0.001) and to_oklch("#000000")[0] == pytest.approx(0)


@pytest.mark.parametrize("color", ["", "red", "#fff", "#12345g", "#1234567", "#123456; } body { display: none",
                                   "url(http://evil.example)", "#12345６"])
def test_what_is_no_color_is_refused_and_never_reaches_a_stylesheet(color: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_color(color)
    assert refused.value.code == "color_malformed"
    assert safe_color(color) == "#2b2a27"


def test_a_brand_is_served_under_a_name_that_changes_with_it(house: House) -> None:
    with house.db.transaction() as session:
        business = make_business(session, slug="marsh-and-daughter", brand_color="#37603A", logo_svg=LOGO)
    browser = house.browser()
    browser.get("/b/marsh-and-daughter/terms")
    css = next(form for form in browser.text.split('"') if form.startswith("/brand/") and form.endswith(".css"))
    logo = next(form for form in browser.text.split('"') if form.startswith("/brand/") and form.endswith(".svg"))
    answer = browser.get(css)
    assert answer.get_data(as_text=True) == ":root { --brand: #37603a; }\n" and answer.mimetype == "text/css"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    image = browser.get(logo)
    assert image.mimetype == "image/svg+xml" and image.headers["X-Content-Type-Options"] == "nosniff"
    policy = image.headers["Content-Security-Policy"]
    assert "sandbox" in policy and "default-src 'none'" in policy and "script-src" not in policy
    with house.db.transaction() as session:
        session.merge(business).brand_color = "#14606b"
    assert browser.get(css).status_code == 404


def test_files_by_others_are_unchanged_and_have_their_licence() -> None:
    vendor = STATIC / "vendor"
    listed = {}
    for line in (vendor / "CHECKSUMS").read_text().splitlines():
        digest, name = line.split(maxsplit=1)
        listed[name] = digest
    present = {str(path.relative_to(vendor)) for path in vendor.rglob("*") if path.is_file()}
    assert present - {"CHECKSUMS", "README.md"} == set(listed)
    for name, digest in listed.items():
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest, name
    assert {"pico/LICENSE.md", "figtree/OFL.txt"} <= present


def test_stylesheets_ask_for_nothing_from_elsewhere(house: House) -> None:
    import re

    for path in STATIC.rglob("*.css"):
        for address in re.findall(r"url\(([^)]+)\)", path.read_text()):
            target = address.strip("\"'")
            if not target.startswith("data:"):
                assert (path.parent / target).resolve().is_file(), (path.name, target)


def test_our_own_files_are_kept_for_ever_under_names_that_change(house: House) -> None:
    browser = house.browser()
    browser.get("/")
    for address in (part for part in browser.text.split('"') if part.startswith("/static/")):
        assert "?v=" in address
        answer = house.app.test_client().get(address, base_url=BASE)
        assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"]
