"""Attacks on disputes: files that are not what they say, scripts in every text field, and packs that were edited."""

from __future__ import annotations

import io
import json
import random
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from pypdf import PdfWriter
from sqlalchemy import select

from portal import create_app
from portal.db import Database
from portal.domain import evidence as rules
from portal.domain.evidence import Happening
from portal.gateways import seals
from portal.models import StoredFile
from proofs.dispute_stage import build, someone
from proofs.harness import Databases, Figures, Steps, free_port, say
from proofs.office_pages import PAYLOADS, PLANTED
from proofs.pages import FLAGS
from tests.access.visitor import House
from tests.account.conftest import inside
from tests.borders import Theatre
from tests.browser.conftest import CHROMIUM, Watch, visitor
from tests.cast import Owed
from tests.gateways.proofs import a_pdf, a_picture
from tests.live import serve
from tests.office.borders import OfficeTheatre
from tests.office.people import cookie_of
from tests.stage import Part

MARK = b"planted-by-the-attack"
SCRIPT = b"<script>" + MARK + b"</script>"
SECRET = "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtMTI="
NAMES = ("../../../etc/passwd", "..\\..\\boot.ini", "a\x00.png", "/etc/cron.d/x.png", "con.png", "x.png.exe",
         "<img src=x onerror=alert(1)>.png", "a\r\nSet-Cookie: x=1.png", "\u202egnp.exe", "a" * 4_000 + ".png",
         "%2e%2e%2f.png", "$(id).png", "`id`.png", "'; DROP TABLE dispute;--.png", ".htaccess")


def files(made: Databases) -> Figures:
    """Send every file as a debtor would; what is refused lies nowhere, what is taken is drawn anew and harmless."""
    tried = through = 0
    with made.opened() as db:
        house = build(db, made.folder / "attacked")
        app = create_app(runtime=house.rt)
        for name, content, taken in _attacks():
            owed = someone(house, [(4_800, 1_200), (3_200, 800)])
            before = _on_disk(made.folder)
            status, was_taken = _send(House(app, house.rt, db, house.clock), owed, name, content)
            after = _on_disk(made.folder) - before
            found = _gone_through(db, after, status, taken=taken, was_taken=was_taken)
            if found:
                say(f"WRONG: {name[:60]!r}: {found}")
            tried, through = tried + 1, through + bool(found)
    return {"upload_attacks": tried, "upload_attacks_through": through}


def _send(house: House, owed: Owed, name: str, content: bytes) -> tuple[int, bool]:
    """Enter the emailed code and send the form with the file; gives the status, and whether a dispute came of it."""
    browser = inside(house, owed.link)
    browser.get("/code?for=dispute")
    browser.send("/code/send")
    browser.send("/code", code=house.newest_code())
    browser.get("/something-wrong")
    sent: dict[str, Any] = {"files": (io.BytesIO(content), name)}
    browser.send("/something-wrong", part=owed.invoices[0].public_id, reason="quality", wants="credit",
                 words="See the file.", **sent)
    assert browser.page is not None
    return browser.page.status_code, browser.path.startswith("/disputes/")


def _gone_through(db: Database, new: set[Path], status: int, *, taken: bool, was_taken: bool) -> str:
    if status >= 500:
        return f"an error of ours: {status}"
    if not taken:
        return "it was kept" if new or was_taken else ""
    if not new:
        # A name that breaks the form itself is no file at all; what was said counts without it.
        return ""
    if len(new) != 1:
        return f"{len(new)} files lie there"
    kept = next(iter(new)).read_bytes()
    if MARK in kept or not kept.startswith((b"\x89PNG", b"\xff\xd8\xff", b"%PDF-")):
        return "something of it is left"
    with db.reading() as session:
        row = session.scalars(select(StoredFile).order_by(StoredFile.id.desc()).limit(1)).one()
    bad = set('/\\<>"|;:*?\r\n\x00\u202e') & set(row.name)
    return f"its name is {row.name!r}" if bad or len(row.name) > 160 or not row.name.endswith(
        (".png", ".jpg", ".pdf")) else ""


def _attacks() -> Iterator[tuple[str, bytes, bool]]:
    """Every attack: the name it comes under, its bytes, and whether a harmless form of it may be kept."""
    picture, png, pdf = a_picture(note=MARK.decode()), a_picture("PNG"), a_pdf()
    for name in NAMES:
        yield name, png, True
    yield "empty.png", b"", False
    yield "zeros.png", b"\x00" * 50_000, False
    yield "page.png", SCRIPT, False
    yield "drawing.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'>" + SCRIPT + b"</svg>", False
    yield "page.pdf", b"\n" + SCRIPT + pdf, False
    yield "program.png", b"MZ" + b"\x90" * 900 + MARK, False
    yield "program.jpg", b"\x7fELF" + b"\x00" * 900 + MARK, False
    yield "virus.pdf", rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*", False
    yield "anim.gif", b"GIF89a" + b"\x00" * 200, False
    yield "photo.webp", b"RIFF\x00\x00\x00\x00WEBPVP8 " + b"\x00" * 200, False
    yield "camera.jpg", picture + SCRIPT, True
    yield "behind.png", png + b"PK\x03\x04" + SCRIPT, True
    yield "half.jpg", picture[:len(picture) // 2], False
    yield "half.png", png[:len(png) // 2], False
    yield "only-head.jpg", b"\xff\xd8\xff\xe0" + MARK, False
    yield "only-head.png", b"\x89PNG\r\n\x1a\n" + MARK, False
    yield "words.pdf", b"%PDF-1.7\n" + SCRIPT + b"\n%%EOF", False
    yield "tail.pdf", pdf + b"PK\x03\x04" + SCRIPT + b"\x00" * 5_000, False
    yield "cut.pdf", pdf[:200], False
    yield "locked.pdf", _locked_pdf(), False
    yield "deep.pdf", b"%PDF-1.7\n" + b"[" * 200_000 + b"\n%%EOF", False
    yield "loop.pdf", b"%PDF-1.7\n1 0 obj<</Pages 1 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF", False
    yield "bomb.png", _bomb(20_000), False
    yield "larger-bomb.png", _bomb(60_000), False
    yield "bomb.zip", _zip_bomb(), False
    yield "bomb.pdf", _zip_bomb(), False
    yield "huge.jpg", b"\xff\xd8\xff" + b"\x00" * (10 * 1024 * 1024 + 1), False
    yield "huge.pdf", b"%PDF-1.7\n" + b"x" * (10 * 1024 * 1024) + b"\n%%EOF", False
    yield "chunk.png", _png_with(b"tEXt", SCRIPT, png), True
    yield "wrong-crc.png", png[:-20] + b"\x00" * 20, False


def _locked_pdf() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 300)
    writer.encrypt("secret", "secret")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def _bomb(side: int) -> bytes:
    made = io.BytesIO()
    Image.new("1", (min(side, 30_000), min(side, 30_000))).save(made, "PNG")
    return made.getvalue()


def _zip_bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0" * 40, b"\x00" * 30_000_000)
    return made.getvalue()


def _png_with(kind: bytes, data: bytes, png: bytes) -> bytes:
    chunk = len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)
    return png[:33] + chunk + png[33:]


def _on_disk(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("files/**/*") if path.is_file()}


def packs(tries: int) -> Figures:
    """Edit a signed pack, byte by byte and entry by entry, also with all fingerprints made anew; none may hold."""
    chance, key = random.Random(8), seals.public_of(SECRET)
    told = [Happening(f"2026-11-{day:02d}T12:00:00+00:00", "words", {"words": f"Line {day} ñ", "amount_minor": day * 7})
            for day in range(1, 25)]
    whole = _packed(told, key, SECRET)
    assert rules.verify(whole, key, seals.is_signed).holds
    undetected = 0
    for number in range(tries):
        edited = _bytes_edited(whole, chance) if number % 3 else _told_anew(whole, told, chance)
        if edited != whole and rules.verify(edited, key, seals.is_signed).holds:
            undetected += 1
            say(f"WRONG: edit {number} goes unseen")
    return {"evidence_edits_tried": tries, "evidence_edits_undetected": undetected}


def _packed(told: list[Happening], key: bytes, secret: str, signature: bytes | None = None) -> bytes:
    entries = rules.chain(told)
    head = rules.head(entries, business="alder", about="debtor:x", made_at="2026-11-24T00:00:00+00:00",
                      paper="0" * 64, key=key)
    return rules.pack(head, entries, signature or seals.sign(secret, rules.canonical(head)))


def _bytes_edited(whole: bytes, chance: random.Random) -> bytes:
    place, many = chance.randrange(len(whole)), chance.randrange(1, 4)
    made = bytes(chance.randrange(256) for _ in range(many))
    return chance.choice((
        whole[:place] + made + whole[place + many:], whole[:place] + made + whole[place:],
        whole[:place] + whole[place + many:], whole[:place]))


def _told_anew(whole: bytes, told: list[Happening], chance: random.Random) -> bytes:
    """Change the story and make every fingerprint anew; the signature is kept, or made by another key."""
    story = list(told)
    place = chance.randrange(len(story) - 1)
    act = chance.choice(("change", "drop", "swap", "double", "end"))
    if act == "change":
        story[place] = Happening(story[place].at, story[place].kind, {**story[place].what, "amount_minor": -1})
    elif act == "drop":
        del story[place]
    elif act == "swap":
        story[place], story[place + 1] = story[place + 1], story[place]
    elif act == "double":
        story.insert(place, story[place])
    else:
        story = story[:place]
    stolen = rules._bytes(json.loads(whole)["signature"])
    other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    return _packed(story, seals.public_of(SECRET), other, stolen if chance.random() < 0.5 else None)


def scripts(quick: bool) -> Figures:
    """Type every payload into every text field of the pages of disputes, on both sides, in a real browser."""
    packs_, ran, typed = (PAYLOADS[:1] if quick else PAYLOADS), 0, 0
    with sync_playwright() as playwright, _theatre() as theatre:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        base, steps = theatre.rt.settings.base_url, Steps("packs of payloads in disputes", len(packs_))
        part = theatre.stage.own.part
        for pack in packs_:
            for paths, cookies in (
                    (_theirs(part), _debtor_cookies(theatre)), (_ours(part), [_seat(theatre)])):
                watch = Watch((base,))
                with visitor(browser, 1280, watch) as page:
                    # Other probes may keep the machine busy meanwhile.
                    page.set_default_timeout(60_000)
                    page.context.add_cookies([{"name": name, "value": value, "url": base} for name, value in cookies])
                    for path in paths:
                        alive, count = _type_everywhere(page, watch, base + path, pack)
                        ran, typed = ran + alive, typed + count
            steps.step()
        browser.close()
    return {"script_payloads": sum(map(len, packs_)), "script_fields_typed": typed, "script_payloads_run": ran}


def _type_everywhere(page: Page, watch: Watch, address: str, pack: tuple[str, ...]) -> tuple[int, int]:
    ran = typed = 0
    page.goto(address)
    for place in range(page.locator("form").count()):
        texts = page.locator("form").nth(place).locator(
            "input:not([type]), input[type=text], input[type=search], textarea")
        for payload in ("".join(pack), pack[0]):
            for number in range(texts.count()):
                texts.nth(number).evaluate("(field, text) => { field.value = text }", payload[:1_900])
                typed += 1
            if not texts.count():
                break
            with page.expect_navigation():
                page.locator("form").nth(place).evaluate("form => form.submit()")
            ran += _alive(page, watch)
            page.goto(address)
            ran += _alive(page, watch)
    return ran, typed


def _alive(page: Page, watch: Watch) -> int:
    said = [one for one in watch.complaints if "Failed to load resource" not in one]
    alive = page.locator(PLANTED).count() + len(said) + len(watch.foreign)
    if alive:
        say(f"something is alive at {page.url}: {said[:1]}")
    watch.complaints.clear()
    watch.foreign.clear()
    return bool(alive)


@contextmanager
def _theatre() -> Iterator[OfficeTheatre]:
    port = free_port()
    with Databases("sqlite") as prepared:
        theatre = OfficeTheatre("sqlite", prepared.folder, datetime.now(UTC), base_url=f"http://127.0.0.1:{port}",
                                trusted_hosts="127.0.0.1")
        with theatre.opened(prepared.template, ""), serve(theatre.app, port):
            yield theatre


def _theirs(part: Part) -> list[str]:
    return ["/something-wrong", f"/disputes/{part.dispute.public_id}"]


def _ours(part: Part) -> list[str]:
    dispute, debtor = part.dispute.public_id, part.debtor.public_id
    return [f"/office/requests/disputes/{dispute}", f"/office/disputes/{dispute}",
            f"/office/debtors/{debtor}/evidence", "/office/what-works"]


def _debtor_cookies(theatre: OfficeTheatre) -> list[tuple[str, str]]:
    debtors = Theatre(theatre.app, theatre.rt, theatre.rt.db, theatre.stage.debtors)
    return list(debtors.held("own").items())


def _seat(theatre: OfficeTheatre) -> tuple[str, str]:
    return cookie_of(theatre.app, theatre.stage.own.staff["owner"], theatre.stage.own.part.business, proven=True)
