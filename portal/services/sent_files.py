"""Files a debtor sends: checked, made harmless, put into the store, swept out again where no row came to name them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.proof_files import MEDIA_TYPES, Kind, kind_of, named
from portal.gateways import proof_files
from portal.gateways.files import FileStore, UnknownFile
from portal.models import StoredFile
from portal.runtime import Runtime
from portal.services.documents import Document, safe_name

# Between a file and its row lie seconds; whatever waits a day waits for ever.
NEVER_SO_LONG = timedelta(days=1)


@dataclass(frozen=True)
class Sent:
    """A file as a debtor sent it, under the name it had with them."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Kept:
    """A file that lies in the store and that no row names yet."""

    key: str
    name: str
    kind: Kind
    size: int
    sha256: str
    # Names the file until a row does, so that one whose row was never written is found and removed.
    mark: str


def keep(rt: Runtime, sent: Sent) -> Kept:
    """Check a file, make it harmless and put it into the store; add_row() names it, drop() takes it out.

    Raises Refusal: slip_empty, slip_too_large, slip_unknown, slip_broken, slip_locked, slip_too_detailed.
    """
    kind = kind_of(sent.content)
    content = proof_files.cleaned(sent.content, kind)
    key = rt.files.new_key()
    mark = _arriving(rt).put(key.encode())
    return Kept(rt.files.put(content, key), safe_name(named(sent.name, kind)), kind, len(content),
                hashlib.sha256(content).hexdigest(), mark)


def add_row(session: Session, business_id: int, kept: Kept, now: datetime) -> StoredFile:
    """Name a kept file by a row of its business. The caller holds the debtor's lock."""
    file = StoredFile(
        business_id=business_id, storage_key=kept.key, name=kept.name, media_type=MEDIA_TYPES[kept.kind],
        size=kept.size, sha256=kept.sha256, created_at=now)
    session.add(file)
    session.flush()
    return file


def document(rt: Runtime, file: StoredFile | None) -> Document:
    """Read a file for saving; raises Refusal not_found where there is no row, or its bytes were erased since."""
    if file is None:
        raise Refusal("not_found", "unknown_page")
    try:
        return Document(file.name, file.media_type, rt.files.get(file.storage_key))
    except UnknownFile as lost:
        raise Refusal("not_found", "unknown_page") from lost


def drop(rt: Runtime, kept: Kept) -> None:
    """Take a file out of the store that no row will name."""
    rt.files.delete(kept.key)
    arrived(rt, kept)


def arrived(rt: Runtime, kept: Kept) -> None:
    """Forget that a file was on its way: its row is committed, or it is gone."""
    _arriving(rt).delete(kept.mark)


def sweep(rt: Runtime) -> int:
    """Remove files that were kept long ago and whose row was never written; returns how many.

    Only files that were marked as on their way are looked at, so that a database restored from yesterday costs no file.
    """
    removed = 0
    for mark in _arriving(rt).older(rt.now() - NEVER_SO_LONG):
        try:
            key = _arriving(rt).get(mark).decode()
        except UnknownFile:
            continue
        with rt.db.reading() as session:
            named_by_a_row = session.scalar(select(StoredFile.id).where(StoredFile.storage_key == key)) is not None
        if not named_by_a_row:
            rt.files.delete(key)
            removed += 1
        _arriving(rt).delete(mark)
    return removed


def _arriving(rt: Runtime) -> FileStore:
    return rt.files.room("arriving")
