"""A small load generator: kept-alive connections, requests made beforehand, answers read to their end."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

READ = 65_536


@dataclass(frozen=True)
class Measured:
    """What one turn came to."""

    answers: int
    errors: int
    seconds: float

    @property
    def rate(self) -> float:
        """Answers in a second."""
        return self.answers / self.seconds


def get(url: str, path: str, headers: dict[str, str] | None = None) -> bytes:
    """Write a GET request."""
    return _request("GET", url, path, headers or {}, b"")


def post(url: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """Write a POST request."""
    return _request("POST", url, path, {**headers, "Content-Length": str(len(body))}, body)


def _request(method: str, url: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def for_seconds(url: str, requests: Sequence[bytes], *, seconds: float, connections: int) -> Measured:
    """Send requests round and round for a while."""
    endless = itertools.cycle(requests)
    deadline = time.perf_counter() + seconds
    return _drive(url, iter(lambda: next(endless) if time.perf_counter() < deadline else None, None), connections)


def all_of(url: str, requests: Sequence[bytes], *, connections: int) -> Measured:
    """Send each request once."""
    return _drive(url, iter(requests), connections)


def _drive(url: str, requests: Iterator[bytes | None], connections: int) -> Measured:
    taken, counts, lock = threading.Lock(), [0, 0], threading.Lock()

    def take() -> bytes | None:
        with taken:
            return next(requests, None)

    def work() -> None:
        answers, errors = _talk(url, take)
        with lock:
            counts[0] += answers
            counts[1] += errors

    threads = [threading.Thread(target=work) for _ in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Measured(counts[0], counts[1], time.perf_counter() - began)


def _talk(url: str, take: object) -> tuple[int, int]:
    assert callable(take)
    parts = urlsplit(url)
    answers = errors = 0
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=60) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (request := take()) is not None:
            line.sendall(request)
            status = _read(line)
            answers += 1
            errors += status != 200
    return answers, errors


def _read(line: socket.socket) -> int:
    """Read one answer to its end; gives its status."""
    seen = b""
    while (end := seen.find(b"\r\n\r\n")) < 0:
        seen += _more(line)
    head = seen[:end].lower()
    place = head.find(b"content-length:")
    length = int(head[place + 15:].split(b"\r\n", 1)[0])
    missing = length - (len(seen) - end - 4)
    while missing > 0:
        missing -= len(_more(line))
    return int(head[9:12])


def _more(line: socket.socket) -> bytes:
    found = line.recv(READ)
    if not found:
        raise ConnectionError("the server hung up")
    return found
