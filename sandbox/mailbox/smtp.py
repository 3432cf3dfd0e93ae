"""The SMTP side of the mailbox: takes every message, or fails in the way a test asks for. Loopback only."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.mailbox.store import Store

T = TypeVar("T")

LOOPBACK = "127.0.0.1"
START_SECONDS = 10


@dataclass
class Faults:
    """What goes wrong next. Counters go down by one at each message they spoil."""

    refused: set[str] = field(default_factory=set)
    temporary: int = 0
    busy: int = 0
    drop_after_data: int = 0

    def take(self, name: str) -> bool:
        left = int(getattr(self, name))
        if left > 0:
            setattr(self, name, left - 1)
        return left > 0


class Handler:
    """Answers aiosmtpd's questions: may this recipient, and what of this message."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store, self._faults = store, faults

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._faults.take("busy"):
            return "421 4.7.0 Too many messages, slow down"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.lower() in self._faults.refused:
            return "550 5.1.1 No such person here"
        if self._faults.take("temporary"):
            return "451 4.3.0 Try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self._store.add(tuple(envelope.rcpt_tos), bytes(envelope.original_content or b""))
        if self._faults.take("drop_after_data"):
            # The message is kept but the sender never hears so: the case in which an email may go out twice.
            _cut(server)
        return "250 2.0.0 Kept"


class SmtpServer:
    """A real SMTP server in a thread of its own, which can go down and come up again on the same port."""

    def __init__(self, store: Store, port: int = 0) -> None:
        self.faults = Faults()
        self.port = port
        self._handler = Handler(store, self.faults)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mailbox-smtp", daemon=True)
        self._server: asyncio.Server | None = None
        self._open: weakref.WeakSet[SMTP] = weakref.WeakSet()

    def start(self) -> None:
        self._thread.start()
        try:
            self.up()
        except OSError:
            self.stop()
            raise

    def up(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        if self._server is None:
            self._server = self._run(self._loop.create_server(self._connection, LOOPBACK, self.port))
            self.port = self._server.sockets[0].getsockname()[1]

    def down(self) -> None:
        """Stop listening: the next sender is refused the connection."""
        if self._server is not None:
            self._run(self._close(self._server))
            self._server = None

    def stop(self) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_SECONDS)
        self._loop.close()

    def _connection(self) -> SMTP:
        connection = SMTP(self._handler, hostname="mailbox", loop=self._loop)
        self._open.add(connection)
        return connection

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        for connection in list(self._open):
            _cut(connection)
        self._open.clear()
        # One turn of the loop lets the closed connections say goodbye before the loop may end.
        await asyncio.sleep(0)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)


def _cut(connection: SMTP) -> None:
    """End a connection without a word, as a cable pulled out would."""
    if isinstance(connection.transport, asyncio.WriteTransport):
        connection.transport.abort()
