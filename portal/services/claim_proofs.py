"""The file that shows a payment, kept beside the claim it belongs to; only staff read it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.domain.roles import StaffAccess
from portal.models import Debtor, PaymentClaim, StoredFile
from portal.runtime import Runtime
from portal.services import sent_files
from portal.services.documents import Document
from portal.services.sent_files import Kept


def attach(session: Session, claim: PaymentClaim, kept: Kept, now: datetime) -> None:
    """Give a kept file to a claim that has none. The caller holds the debtor's lock."""
    claim.file_id = sent_files.add_row(session, claim.business_id, kept, now).id
    session.flush()


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
    return sent_files.document(rt, file)


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
