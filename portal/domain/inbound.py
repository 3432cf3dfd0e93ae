"""Reads an email as it came from the outside: who, to which of our addresses, what was newly written, what is a robot.

Pure. Whatever a stranger sends is at worst unreadable: nothing here raises on any bytes.
"""

from __future__ import annotations

import email
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses

from portal.domain import delivery_reports
from portal.domain.delivery_reports import DeliveryReport
from portal.domain.inbound_text import from_html, newly_written, storable

# Words come first in an email and files after them; what lies beyond is never needed.
LARGEST_READ = 2 * 1024 * 1024
LONGEST_TEXT = 10_000
LONGEST_ID = 250
LONGEST_SUBJECT = 200
MOST_PARTS = 200
MOST_NAMES = 20
REPLY = re.compile(r"reply\+([0-9a-f]{32})@([a-z0-9.-]+)", re.IGNORECASE)
RECIPIENTS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")
ROBOT_HEADERS = ("X-Autoreply", "X-Autorespond", "List-Id")
ROBOT_PRECEDENCE = {"bulk", "junk", "list", "auto_reply", "auto-reply"}
ROBOT_NAMES = {"mailer-daemon", "postmaster", "no-reply", "noreply", "double-bounce"}
ROBOT_TYPES = {"multipart/report", "message/delivery-status", "message/disposition-notification"}


@dataclass(frozen=True)
class InboundMail:
    """What an email says. `reply_keys` are the threads it was sent to; `automatic` names why no person wrote it."""

    message_id: str
    sender: str = ""
    reply_keys: tuple[tuple[str, str], ...] = ()
    text: str = ""
    files: tuple[str, ...] = ()
    automatic: str = ""
    readable: bool = True
    subject: str = ""
    # What a mail server or a reader's provider tells of an email of ours, if this is such a report.
    report: DeliveryReport | None = None
    # Whether there is exactly one From, and what the topmost Authentication-Results says.
    one_sender: bool = True
    results: str = ""

    def is_vouched_for(self, server: str) -> bool:
        """Say whether our own receiving server found that the sender's domain stands behind this email (DMARC)."""
        own, *found = [part.split() for part in _bare(self.results).lower().split(";")]
        domain = self.sender.rpartition("@")[2].lower()
        passed = [words for words in found if words[:1] == ["dmarc=pass"]]
        if own[:1] != [server.lower()] or len(passed) != 1:
            return False
        return all(word == f"header.from={domain}" for word in passed[0] if word.startswith("header.from="))


def _bare(results: str) -> str:
    """Leave comments and quoted words out, where a sender may have written anything; empty when they do not end."""
    kept, depth, quoted, skip = [], 0, False, False
    for sign in results:
        if skip or (sign == "\\" and (quoted or depth)):
            skip = not skip
        elif sign == '"' and not depth:
            quoted = not quoted
        elif sign in "()" and not quoted:
            depth += 1 if sign == "(" else -1
        elif not quoted and not depth:
            kept.append(sign)
    return "" if quoted or depth else "".join(kept)


def read(raw: bytes) -> InboundMail:
    """Read one email; garbage becomes one that is not readable, with an id made of its bytes."""
    made_up = f"<{hashlib.sha256(raw).hexdigest()}@made.up>"
    try:
        return _read(email.message_from_bytes(raw[:LARGEST_READ]), made_up)
    # The standard library breaks in many ways on hostile mail (deep nesting, half characters, endless headers), and no
    # bytes of a stranger may stop the mail behind them.
    except Exception:
        return InboundMail(made_up, readable=False)


def _read(message: Message, made_up: str) -> InboundMail:
    sender = _address(message, "From")
    # An unproven id could be a copy of another's; but whoever repeats one only silences themselves.
    own_id = storable(_text(message, "Message-ID")).strip()
    texts, files = _parts(message)
    message_id = own_id if 3 < len(own_id) <= LONGEST_ID else made_up
    return InboundMail(
        message_id=message_id, sender=sender, reply_keys=_reply_keys(message),
        subject=storable(_text(message, "Subject")).strip()[:LONGEST_SUBJECT],
        report=delivery_reports.of_email(message, message_id), text=newly_written(texts)[:LONGEST_TEXT], files=files,
        automatic=_automatic(message, sender), one_sender=len(message.get_all("From", [])) == 1,
        results=str(message.get("Authentication-Results", "")))


def _reply_keys(message: Message) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for name in RECIPIENTS:
        for value in message.get_all(name, []):
            for match in REPLY.finditer(str(value)):
                found[match[1].lower(), match[2].lower()] = None
    return tuple(found)[:MOST_NAMES]


def _automatic(message: Message, sender: str) -> str:
    """Say by which sign no person wrote this; answering it could begin an endless talk between two machines."""
    if _text(message, "Auto-Submitted").partition(";")[0].strip().lower() not in ("", "no"):
        return "auto_submitted"
    if _text(message, "Precedence").strip().lower() in ROBOT_PRECEDENCE:
        return "precedence"
    if any(name in message for name in ROBOT_HEADERS):
        return "robot_header"
    if "Return-Path" in message and _text(message, "Return-Path").strip() in ("<>", ""):
        return "null_sender"
    if not sender or sender.partition("@")[0].lower() in ROBOT_NAMES:
        return "robot_sender"
    return "report" if message.get_content_type() in ROBOT_TYPES else ""


def _parts(message: Message) -> tuple[str, tuple[str, ...]]:
    """Give the words of an email, plain before HTML, and the names of the files that came with it."""
    plain: list[str] = []
    marked_up: list[str] = []
    files: list[str] = []
    for part in _leaves(message):
        name = _file_name(part)
        kind = part.get_content_type()
        if name or part.get_content_disposition() == "attachment" or part.get_content_maintype() != "text":
            files.append(name or kind)
        elif kind == "text/plain":
            plain.append(_decoded(part))
        elif kind == "text/html":
            marked_up.append(from_html(_decoded(part)))
    said = "\n".join(plain)
    return said if said.strip() else "\n".join(marked_up), tuple(files[:MOST_NAMES])


def _leaves(message: Message) -> Iterator[Message]:
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            return
        if not part.is_multipart():
            yield part


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else str(payload).encode("utf-8", "replace")
    charset = part.get_content_charset() or "utf-8"
    try:
        said = content.decode(charset, "strict")
    except (LookupError, UnicodeError, ValueError):
        # An unknown or wrong name of a character set; the two likeliest, of which the second takes all bytes.
        try:
            said = content.decode("utf-8")
        except UnicodeDecodeError:
            said = content.decode("cp1252", "replace")
    return storable(said)


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (ValueError, TypeError, LookupError, HeaderParseError):
        return ""
    return " ".join(storable(_words_of(name)).split())[:80]


def _address(message: Message, name: str) -> str:
    # Not decoded first: a name in disguise could otherwise become a second address.
    found = getaddresses([str(message.get(name, ""))])
    addresses = [address.strip() for _, address in found if "@" in address]
    # Two senders are as good as none: which of them wrote it?
    return storable(addresses[0])[:254] if len(addresses) == 1 else ""


def _text(message: Message, name: str) -> str:
    value = message.get(name)
    return "" if value is None else _words_of(str(value))


def _words_of(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (ValueError, LookupError, HeaderParseError, TypeError):
        return value
