"""A large file becomes millions of small things that all stay; looking for rubbish among them finds none and takes a
quarter of the time."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.Lock()
# How many files are being worked on in this process, and whether rubbish was looked for before the first of them.
_busy = 0
_as_usual = True


@contextmanager
def left_lying() -> Iterator[None]:
    """Have Python look for no rubbish meanwhile; with several files at once, until the last of them is through."""
    global _busy, _as_usual  # noqa: PLW0603 - the collector is one for the whole process, too
    with _LOCK:
        if not _busy:
            _as_usual = gc.isenabled()
            gc.disable()
        _busy += 1
    try:
        yield
    finally:
        with _LOCK:
            _busy -= 1
            if not _busy and _as_usual:
                gc.enable()
