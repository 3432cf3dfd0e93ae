"""Files that come with a dispute: checked, made harmless, kept beside it; staff save them, never see them in a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal.domain import disputes as rules
from portal.domain.errors import Refusal
from portal.domain.proof_files import LARGEST
from portal.domain.roles import StaffAccess
from portal.models import Debtor, Dispute, DisputeFile, StoredFile
from portal.runtime import Runtime
from portal.services import sent_files
from portal.services.documents import Document
from portal.services.sent_files import Kept, Sent

# All files of one form together.
MOST_AT_ONCE = 25 * 1024 * 1024


@dataclass(frozen=True)
class FileView:
    """One file of a dispute, by its public id."""

    public_id: str
    name: str
    size: int
    at: datetime


def keep(rt: Runtime, sent: Sequence[Sent]) -> list[Kept]:
    """Check files and put them into the store, all or none; attach() gives them to a dispute, drop() takes them out.

    Raises Refusal: too_many_files, files_too_large, and what sent_files.keep() refuses.
    """
    if len(sent) > rules.MOST_FILES:
        raise Refusal("invalid", "too_many_files", most=rules.MOST_FILES)
    if sum(len(one.content) for one in sent) > max(MOST_AT_ONCE, LARGEST):
        raise Refusal("too_large", "files_too_large")
    kept: list[Kept] = []
    try:
        for one in sent:
            kept.append(sent_files.keep(rt, one))
    except Exception:
        drop(rt, kept)
        raise
    return kept


def drop(rt: Runtime, kept: Sequence[Kept]) -> None:
    """Take files out of the store that no dispute was given."""
    for one in kept:
        sent_files.drop(rt, one)


def arrived(rt: Runtime, kept: Sequence[Kept]) -> None:
    """Forget that files were on their way: their rows are committed."""
    for one in kept:
        sent_files.arrived(rt, one)


def attach(session: Session, dispute: Dispute, kept: Sequence[Kept], now: datetime) -> None:
    """Give kept files to a dispute. The caller holds the debtor's lock. Raises Refusal too_many_files."""
    has = session.scalar(select(func.count()).select_from(DisputeFile).where(
        DisputeFile.dispute_id == dispute.id)) or 0
    if has + len(kept) > rules.MOST_FILES_IN_ALL:
        raise Refusal("too_many", "too_many_files", most=rules.MOST_FILES_IN_ALL)
    for one in kept:
        file = sent_files.add_row(session, dispute.business_id, one, now)
        session.add(DisputeFile(business_id=dispute.business_id, dispute_id=dispute.id, file_id=file.id))
    session.flush()


def of_dispute(session: Session, dispute: Dispute) -> tuple[FileView, ...]:
    """List the files of a dispute, the oldest first."""
    files = session.scalars(
        select(StoredFile).join(DisputeFile, DisputeFile.file_id == StoredFile.id)
        .where(DisputeFile.dispute_id == dispute.id).order_by(StoredFile.id))
    return tuple(FileView(file.public_id, file.name, file.size, file.created_at) for file in files)


def for_staff(rt: Runtime, access: StaffAccess, dispute_id: str, file_id: str) -> Document:
    """Give a file of a dispute; raises Refusal role_may_not, and not_found for another business's or none."""
    access.require("work")
    with rt.db.reading() as session:
        file = session.scalars(
            select(StoredFile).join(DisputeFile, DisputeFile.file_id == StoredFile.id)
            .join(Dispute, Dispute.id == DisputeFile.dispute_id)
            .where(StoredFile.public_id == file_id, Dispute.public_id == dispute_id,
                   Dispute.business_id == access.business_id,
                   StoredFile.business_id == access.business_id)).one_or_none()
    return sent_files.document(rt, file)


def of_debtor(session: Session, debtor: Debtor) -> list[StoredFile]:
    """List every file a debtor has sent with a dispute, the oldest first."""
    return list(session.scalars(
        select(StoredFile).join(DisputeFile, DisputeFile.file_id == StoredFile.id)
        .join(Dispute, Dispute.id == DisputeFile.dispute_id)
        .where(Dispute.business_id == debtor.business_id, Dispute.debtor_id == debtor.id).order_by(StoredFile.id)))


def erase(rt: Runtime, session: Session, debtor: Debtor) -> int:
    """Remove every such file for good; returns how many. The caller holds the debtor's lock.

    The bytes go before the rows: should the commit fail, a name leads nowhere, and the erasure is made again.
    """
    files = of_debtor(session, debtor)
    for file in files:
        rt.files.delete(file.storage_key)
    ids = [file.id for file in files]
    session.execute(delete(DisputeFile).where(DisputeFile.file_id.in_(ids)))
    session.execute(delete(StoredFile).where(StoredFile.id.in_(ids)))
    return len(files)
