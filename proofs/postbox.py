"""A real SMTP server that only writes down whom each email was for and under which Message-ID, and when."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.mailbox.smtp import SmtpServer
from sandbox.mailbox.store import Store

MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*(<[^>\r\n]+>)")


@dataclass(frozen=True)
class Taken:
    """One email that was handed over."""

    to: str
    message_id: str
    at: datetime
    raw: bytes


class Postbox(Store):
    """What came in, oldest first. `before_answer` is called while the sender still waits to hear that it was taken."""

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__()
        self.taken: list[Taken] = []
        self.before_answer: Callable[[], None] = lambda: None
        self._clock = clock or (lambda: datetime.now(UTC))

    def add(self, recipients: tuple[str, ...], raw: bytes) -> None:
        """Write an email down."""
        found = MESSAGE_ID.search(raw)
        named = found[1].decode() if found else ""
        self.taken += [Taken(to, named, self._clock(), raw) for to in recipients]
        self.before_answer()

    def forget(self) -> None:
        """Throw away what came in so far."""
        self.taken.clear()

    def by_address(self) -> dict[str, set[str]]:
        """Give the Message-IDs each address was written to under."""
        found: dict[str, set[str]] = {}
        for one in self.taken:
            found.setdefault(one.to, set()).add(one.message_id)
        return found


@contextmanager
def serving(box: Postbox) -> Iterator[SmtpServer]:
    """Let a postbox take mail on a port of its own."""
    server = SmtpServer(box)
    server.start()
    try:
        yield server
    finally:
        server.stop()
