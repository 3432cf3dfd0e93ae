"""What the mailbox has received: kept in memory, and in one file where the demo asks for it.

Messages are kept as they travelled and read anew each time, so that what is shown is what was sent.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import TypedDict

TEXT_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")

MailJson = TypedDict(
    "MailJson",
    {
        "id": str,
        "to": str,
        "from": str,
        "subject": str,
        "text": str,
        "html": str,
        "links": list[str],
        "headers": list[list[str]],
        "message_id": str,
        "date": str,
        "received": str,
        "attachments": list[str],
    },
)


@dataclass(frozen=True)
class Attached:
    """One file of a message."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Received:
    """One message as it came in: the envelope's recipients, the time, and the raw bytes."""

    id: str
    recipients: tuple[str, ...]
    received: datetime
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=modern)

    def header(self, name: str) -> str:
        return str(self.message.get(name, ""))

    def body(self, kind: str) -> str:
        """The `plain` or `html` words of the message, or nothing."""
        part = self.message.get_body(preferencelist=(kind,))
        return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""

    def attachments(self) -> list[Attached]:
        found = []
        for part in self.message.iter_attachments():
            content = part.get_payload(decode=True)
            whole = content if isinstance(content, bytes) else b""
            found.append(Attached(part.get_filename() or "attachment", part.get_content_type(), whole))
        return found

    def links(self) -> list[str]:
        """Every web address in the message once: those of the HTML in its order, then those only in the text."""
        collector = _Links()
        collector.feed(self.body("html"))
        return list(dict.fromkeys([*collector.found, *TEXT_LINK.findall(self.body("plain"))]))

    def is_to(self, address: str) -> bool:
        return address.strip().lower() in {recipient.lower() for recipient in self.recipients}

    def as_json(self) -> MailJson:
        return {
            "id": self.id,
            "to": ", ".join(self.recipients),
            "from": self.header("From"),
            "subject": self.header("Subject"),
            "text": self.body("plain"),
            "html": self.body("html"),
            "links": self.links(),
            "headers": [[name, str(value)] for name, value in self.message.items()],
            "message_id": self.header("Message-ID"),
            "date": self.header("Date"),
            "received": self.received.isoformat(),
            "attachments": [attached.name for attached in self.attachments()],
        }


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href") if tag == "a" else None
        if target and target.startswith(("http://", "https://")):
            self.found.append(target)


@dataclass
class Store:
    """All received mail, oldest first, safe to use from the SMTP and the web thread at once."""

    file: Path | None = None
    _mail: list[Received] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        if self.file is not None and self.file.exists():
            self._mail = [_thawed(line) for line in self.file.read_text().splitlines() if _whole(line)]

    def add(self, recipients: tuple[str, ...], raw: bytes) -> None:
        mail = Received(secrets.token_hex(8), recipients, datetime.now(UTC), raw)
        with self._changed:
            self._mail.append(mail)
            if self.file is not None:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                with self.file.open("a") as file:
                    # Begun on a line of its own, because a mailbox killed while writing leaves half a line behind.
                    file.write("\n" + _frozen(mail))
            self._changed.notify_all()

    def all(self, to: str = "") -> list[Received]:
        with self._changed:
            return [mail for mail in self._mail if not to or mail.is_to(to)]

    def find(self, id: str) -> Received | None:
        return next((mail for mail in self.all() if mail.id == id), None)

    def wait_for(self, count: int, to: str, timeout: float) -> bool:
        """Wait until at least this many messages have come; False when the time is up."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.all(to)) >= count, timeout)

    def clear(self) -> None:
        with self._changed:
            self._mail.clear()
            if self.file is not None:
                self.file.unlink(missing_ok=True)


def _frozen(mail: Received) -> str:
    return json.dumps(
        {
            "id": mail.id,
            "recipients": mail.recipients,
            "received": mail.received.isoformat(),
            "raw": base64.b64encode(mail.raw).decode("ascii"),
        }
    )


def _thawed(line: str) -> Received:
    kept = json.loads(line)
    raw = base64.b64decode(kept["raw"])
    return Received(kept["id"], tuple(kept["recipients"]), datetime.fromisoformat(kept["received"]), raw)


def _whole(line: str) -> bool:
    """Whether a line was written to its end; half a line or an empty one is passed over."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
