"""A mailbox that takes every email of the demo and the tests: real SMTP in, a web page and JSON out.

Nothing leaves this machine. In a test: `with Mailbox() as mailbox:`, then send to `mailbox.smtp_port`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.mailbox.smtp import LOOPBACK, SmtpServer
from sandbox.mailbox.store import MailJson, Store
from sandbox.mailbox.web import WebServer

__all__ = ["MailJson", "Mailbox"]


class Mailbox:
    """Both servers together. Port 0 takes a free one; a store file keeps the mail over a restart."""

    def __init__(self, smtp_port: int = 0, http_port: int = 0, store: Path | None = None) -> None:
        self._store = Store(store)
        self._smtp_port, self._http_port = smtp_port, http_port

    def __enter__(self) -> Self:
        self._web = WebServer(self._store, self._http_port)
        self._smtp = SmtpServer(self._store, self._smtp_port)
        self._web.start()
        try:
            self._smtp.start()
        except OSError:
            self._web.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._smtp.stop()
        self._web.stop()

    @property
    def smtp_port(self) -> int:
        return self._smtp.port

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._web.port}"

    def messages(self, to: str = "") -> list[MailJson]:
        """All mail as the JSON page tells it, newest last; only of one recipient if asked."""
        return [mail.as_json() for mail in self._store.all(to)]

    def wait_for(self, count: int = 1, to: str = "", timeout: float = 10.0) -> list[MailJson]:
        """Wait until this many messages have come, and return them. Raises TimeoutError."""
        if not self._store.wait_for(count, to, timeout):
            raise TimeoutError(f"fewer than {count} messages came")
        return self.messages(to)

    def clear(self) -> None:
        self._store.clear()

    @contextmanager
    def down(self) -> Iterator[None]:
        """While inside, every connection to the SMTP port is refused."""
        self._smtp.down()
        try:
            yield
        finally:
            self._smtp.up()

    def refuse_recipient(self, address: str) -> None:
        """From now on answer 550 for this address."""
        self._smtp.faults.refused.add(address.lower())

    def accept_recipient(self, address: str) -> None:
        """Take mail for this address again."""
        self._smtp.faults.refused.discard(address.lower())

    def fail_temporarily(self, times: int = 1) -> None:
        """Answer 451 to the next recipients."""
        self._smtp.faults.temporary = times

    def be_busy(self, times: int = 1) -> None:
        """Answer 421 to the next messages: this server wants to be sent less."""
        self._smtp.faults.busy = times

    def drop_after_data(self, times: int = 1) -> None:
        """Keep the next messages, but cut the connection instead of saying so."""
        self._smtp.faults.drop_after_data = times
