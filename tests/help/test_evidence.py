"""Evidence packs: everything in order, signed; whoever has the file and the public key sees a change of any byte."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portal.db import Database
from portal.domain import evidence as rules
from portal.domain.errors import Refusal
from portal.domain.evidence import Happening
from portal.gateways import seals
from portal.services import disputes, evidence
from portal.services.disputes import Said
from portal.services.sent_files import Sent
from tests.gateways.proofs import a_picture
from tests.help.test_disputes import Chosen, code_of, decided, opened
from tests.ledger.stories import charged_back, line, received, start_payment, tell
from tests.office.books import Desk, open_desk

SECRET = "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtMTI="
Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


def pack(desk: Desk, about: str = "") -> bytes:
    return evidence.make(desk.rt, desk.access("manager"), desk.owed.debtor.public_id, about).content


def inside(content: bytes) -> tuple[bytes, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(evidence.FILE), archive.read(evidence.PAPER)


def test_a_pack_tells_everything_in_order_and_holds(desk: Desk) -> None:
    first = desk.owed.invoices[0]
    dispute_id = opened(desk, Chosen(first.public_id))
    decided(desk, dispute_id, 30_00, words="A part was not there.")
    tell(desk.rt.db, received(start_payment(desk.rt.db, desk.owed, (first, 70_00))))
    content, key = pack(desk), evidence.public_key(desk.rt)
    assert evidence.verify(content, key).holds
    file, paper = inside(content)
    told = json.loads(file)["entries"]
    kinds = {entry["kind"] for entry in told}
    assert {"invoice", "words", "dispute_opened", "dispute_decided", "message", "payment_received",
            "transfer"} <= kinds
    assert [entry["at"] for entry in told] == sorted(entry["at"] for entry in told)
    assert paper.startswith(b"%PDF-") and evidence.verify(file, key, paper=paper).holds
    assert evidence.verify(file, key, paper=paper + b" ").fault == "paper"
    assert desk.last_act().act == "evidence.made"
    mine = json.loads(inside(pack(desk, f"invoice:{desk.owed.invoices[1].public_id}"))[0])["entries"]
    assert "dispute_opened" not in {entry["kind"] for entry in mine}
    assert evidence.verify(pack(desk, f"dispute:{dispute_id}"), key).about == f"dispute:{dispute_id}"


def test_no_edit_goes_unseen() -> None:
    key = seals.public_of(SECRET)
    entries = rules.chain([Happening(f"2026-11-{day:02d}T12:00:00+00:00", "words", {"words": f"Day {day}", "n": day})
                           for day in range(1, 9)])
    named = rules.head(entries, business="alder", about="debtor:x", made_at="2026-11-10T20:00:00+00:00",
                       paper="0" * 64, key=key)
    whole = rules.pack(named, entries, seals.sign(SECRET, rules.canonical(named)))
    assert rules.verify(whole, key, seals.is_signed).holds
    chance = random.Random(8)
    for _ in range(400):
        place, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
        edited = whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1:]
        assert not rules.verify(edited, key, seals.is_signed).holds, place
    for edit in ("change", "drop", "swap", "add", "resign"):
        told = json.loads(whole)
        happened = [Happening(one["at"], one["kind"], one["what"]) for one in told["entries"]]
        if edit == "change":
            happened[3] = Happening(happened[3].at, "words", {"words": "Other", "n": 4})
        elif edit == "drop":
            del happened[-1]
        elif edit == "swap":
            happened[0], happened[1] = happened[1], happened[0]
        elif edit == "add":
            happened.append(happened[-1])
        anew = rules.chain(happened)
        head = {**told["head"], "entries": len(anew), "last": anew[-1]["hash"]}
        other = seals.sign("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", rules.canonical(head))
        assert not rules.verify(rules.pack(head, anew, other), key, seals.is_signed).holds, edit
    assert rules.verify(whole, b"\0" * 32, seals.is_signed).fault == "another_key"
    for junk in (b"", b"{}", b"[]", b"null", b"\xff", b"{" * 9_000, b'{"head":1,"entries":[],"signature":""}'):
        assert not rules.verify(junk, key, seals.is_signed).holds


def test_who_may_not_and_what_is_not_theirs(desk: Desk) -> None:
    whose = desk.owed.debtor.public_id
    assert code_of(evidence.make, desk.rt, desk.access("agent"), whose) == "role_may_not"
    assert code_of(evidence.make, desk.rt, desk.access("manager", proven=False), whose) == "prove_first"
    for about in ("invoice:nowhere", "dispute:nowhere", "secret:x"):
        assert code_of(evidence.make, desk.rt, desk.access("manager"), whose, about) in (
            "unknown_invoice", "unknown_page")


def test_the_command_needs_the_file_and_the_key_alone(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "pack.zip"
    file.write_bytes(pack(desk))
    runner, key = desk.app.test_cli_runner(), evidence.public_key(desk.rt)
    good = runner.invoke(args=["evidence", "verify", str(file), "--key", key, "--language", "en"])
    assert good.exit_code == 0 and good.output.startswith("As it was made"), good.output
    file.write_bytes(file.read_bytes()[:-40])
    bad = runner.invoke(args=["evidence", "verify", str(file), "--key", key, "--language", "en"])
    assert bad.exit_code == 1 and "not a pack" in bad.output


def test_one_press_gives_stripe_a_document(desk: Desk) -> None:
    payment = start_payment(desk.rt.db, desk.owed, (desk.owed.invoices[0], 100_00))
    tell(desk.rt.db, received(payment), charged_back(payment, 100_00, line(payment, -100_00, 15_00)))
    shown = desk.as_("agent").get("/office/requests/chargebacks").get_data(as_text=True)
    item = shown.split("/office/requests/chargebacks/")[1].split('"')[0]
    page = desk.as_("agent").get(f"/office/requests/chargebacks/{item}").get_data(as_text=True)
    found = page.split('href="/office/chargebacks/')[1].split('"')[0]
    made = desk.as_("agent").get(f"/office/chargebacks/{found}")
    assert made.status_code == 200 and made.data.startswith(b"%PDF-") and len(made.data) < 4_500_000


def test_files_need_a_code_and_are_all_kept_or_none(desk: Desk, tmp_path: Path) -> None:
    first, picture = desk.owed.invoices[0], Sent("../../my <script> slip.png", a_picture(note="12 Secret Lane"))

    def say(*files: Sent, proven: bool = True) -> str:
        return disputes.open_one(desk.rt, desk.owed.access, Said(
            (Chosen(first.public_id),), "quality", "credit", "It broke.", tuple(files), proven))

    assert code_of(say, picture, proven=False) == "code_first"
    assert code_of(say, picture, Sent("a.pdf", b"MZ not a pdf")) == "slip_unknown"
    assert code_of(say, *[picture] * 6) == "too_many_files"
    stored = tmp_path / "files"
    assert not [path for path in stored.rglob("*") if path.is_file()], "what was refused lies nowhere"
    say(picture, picture)
    assert len([path for path in stored.rglob("*") if path.is_file()]) == 2
    with pytest.raises(Refusal):
        say(Sent("empty.png", b""))
