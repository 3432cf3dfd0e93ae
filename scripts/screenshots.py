"""`make screenshots`: opens the demo as a debtor would, from the email on, and as an owner; draws docs/pictures/ anew.

With names of pictures it draws only those: `python -m scripts.screenshots office`.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Browser, Page, Response, sync_playwright

from scripts import demo_code, demo_env
from scripts.demo_elsewhere import DemoElsewhere
from scripts.places import LOOPBACK, ROOT

PICTURES = ROOT / "docs" / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
COLORS = 128
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Screen:
    """What a page is looked at with."""

    width: int
    height: int
    dark: bool = False


PHONE, DESK, NIGHT = Screen(390, 844), Screen(1280, 800), Screen(390, 844, dark=True)
OFFICE = Screen(1280, 1240)
OWNER = "priya@office.example"


def main() -> int:
    """Draw all pictures; 1 with one line when there is no browser."""
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None:
        print("Chromium is missing; on Debian or Ubuntu: sudo apt install chromium", file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, DemoElsewhere(Path(folder)) as demo, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        _draw(browser, demo)
        browser.close()
    return 0


def _draw(browser: Browser, demo: DemoElsewhere) -> None:
    def helen(page: Page) -> None:
        _to_balance(page, demo, "helen.okafor@mail.example", "97301")

    drawings: dict[str, tuple[Screen, Callable[[Page], None]]] = {
        "balance-phone": (PHONE, helen), "balance-desk": (DESK, helen), "balance-dark": (NIGHT, helen),
        "balance-spanish": (PHONE, lambda page: _to_balance(page, demo, "lucia.fernandez@correo.example", "28012")),
        "reminder": (PHONE, lambda page: page.set_content(_mail(demo, "helen.okafor@mail.example")["html"])),
        "office": (OFFICE, lambda page: _to_office(page, demo)),
    }
    for name, (screen, lead) in drawings.items():
        if name in (sys.argv[1:] or drawings):
            page = _open(browser, screen)
            lead(page)
            _keep(page, name)
            page.context.close()


def _open(browser: Browser, screen: Screen) -> Page:
    context = browser.new_context(
        viewport={"width": screen.width, "height": screen.height}, device_scale_factor=1.5,
        color_scheme="dark" if screen.dark else "light", locale="en-US")
    page = context.new_page()
    page.on("response", _demand_success)
    return page


def _demand_success(answer: Response) -> None:
    if answer.status >= 400:
        page = urlsplit(answer.url).path.split("/")[1]
        raise RuntimeError(f"{answer.status} at /{page}: nothing to show to a stranger")


def _to_balance(page: Page, demo: DemoElsewhere, address: str, fact: str) -> None:
    page.goto(next(link for link in _mail(demo, address)["links"] if "/l/" in link))
    page.locator("main button[type=submit]").first.click()
    page.locator("main input:not([type=hidden])").first.fill(fact)
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/balance")
    page.evaluate("document.fonts.ready")


def _to_office(page: Page, demo: DemoElsewhere) -> None:
    kept = demo_env.read(demo.folder / "demo.env")
    page.goto(f"http://{LOOPBACK}:{demo.ports.portal}/office/")
    page.locator("#email").fill(OWNER)
    page.locator("#password").fill(kept["DEMO_PASSWORD"])
    page.locator("main button[type=submit]").first.click()
    page.locator("#code").fill(demo_code.code(kept["DEMO_TOTP_SECRET"], time.time()))
    page.locator("main button[type=submit]").first.click()
    page.get_by_role("button", name="Marsh & Daughter").click()
    page.get_by_role("heading", name="Call today").wait_for()
    page.evaluate("document.fonts.ready")


def _mail(demo: DemoElsewhere, address: str) -> dict[str, Any]:
    with _direct.open(f"http://{LOOPBACK}:{demo.ports.mailbox}/api/messages?to={address}", timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found[0]


def _keep(page: Page, name: str) -> None:
    """Keep what the screen shows, in few colors, so that the repository stays light."""
    drawn = Image.open(BytesIO(page.screenshot())).convert("RGB")
    path = PICTURES / f"{name}.png"
    drawn.quantize(COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} KB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
