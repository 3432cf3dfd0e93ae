"""The file that shows a payment: checked, made harmless, kept beside the claim it belongs to; only staff read it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.proof_files import MEDIA_TYPES, Kind, kind_of, named
from portal.domain.roles import StaffAccess
from portal.gateways import proof_files
from portal.gateways.files import FileStore, UnknownFile
from portal.models import Debtor, PaymentClaim, StoredFile
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
    """Check a file, make it harmless and put it into the store; attach() gives it to a claim, drop() takes it out.

    Raises Refusal: slip_empty, slip_too_large, slip_unknown, slip_broken, slip_locked, slip_too_detailed.
    """
    kind = kind_of(sent.content)
    content = proof_files.cleaned(sent.content, kind)
    key = rt.files.new_key()
    mark = _arriving(rt).put(key.encode())
    return Kept(rt.files.put(content, key), safe_name(named(sent.name, kind)), kind, len(content),
                hashlib.sha256(content).hexdigest(), mark)


def attach(session: Session, claim: PaymentClaim, kept: Kept, now: datetime) -> None:
    """Give a kept file to a claim that has none. The caller holds the debtor's lock."""
    file = StoredFile(
        business_id=claim.business_id, storage_key=kept.key, name=kept.name, media_type=MEDIA_TYPES[kept.kind],
        size=kept.size, sha256=kept.sha256, created_at=now)
    session.add(file)
    session.flush()
    claim.file_id = file.id
    session.flush()


def drop(rt: Runtime, kept: Kept) -> None:
    """Take a file out of the store that no claim was given."""
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


def name_of(session: Session, claim: PaymentClaim) -> str:
    """Tell what the file of a claim is called; "" where there is none."""
    return "" if claim.file_id is None else session.get_one(StoredFile, claim.file_id).name


def for_staff(rt: Runtime, access: StaffAccess, claim_id: str) -> Document:
    """Give the file of a claim; raises Refusal role_may_not, and not_found for another business's or none."""
    access.require("work")
    with rt.db.reading() as session:
        file = session.scalars(
            select(StoredFile).join(PaymentClaim, PaymentClaim.file_id == StoredFile.id)
            .where(PaymentClaim.public_id == claim_id, PaymentClaim.business_id == access.business_id,
                   StoredFile.business_id == access.business_id)).one_or_none()
    if file is None:
        raise Refusal("not_found", "unknown_page")
    try:
        return Document(file.name, file.media_type, rt.files.get(file.storage_key))
    except UnknownFile as lost:
        raise Refusal("not_found", "unknown_page") from lost


def of_debtor(session: Session, debtor: Debtor) -> list[StoredFile]:
    """List every file a debtor has sent with a claim, the oldest first."""
    return list(session.scalars(
        select(StoredFile).join(PaymentClaim, PaymentClaim.file_id == StoredFile.id)
        .where(PaymentClaim.business_id == debtor.business_id, PaymentClaim.debtor_id == debtor.id)
        .order_by(StoredFile.id)))


def erase(rt: Runtime, session: Session, debtor: Debtor) -> int:
    """Remove every such file for good; returns how many. The caller holds the debtor's lock.

    The bytes go before the rows: should the commit fail, a name leads nowhere, and the erasure is made again.
    """
    files = of_debtor(session, debtor)
    for file in files:
        rt.files.delete(file.storage_key)
    session.execute(update(PaymentClaim).where(
        PaymentClaim.business_id == debtor.business_id, PaymentClaim.debtor_id == debtor.id).values(file_id=None))
    session.execute(delete(StoredFile).where(StoredFile.id.in_([file.id for file in files])))
    return len(files)
