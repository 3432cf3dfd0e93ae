"""Recovery codes: ten on paper for the day the phone is lost. Shown once, kept as hashes, each works once."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal.models import RecoveryCode
from portal.runtime import Runtime
from portal.services.tokens import keyed_hash

HOW_MANY = 10
FEW = 3
# Without letters and digits that look alike on paper; eighty bits in all.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
GROUPS, GROUP_LENGTH = 4, 4


def renew(session: Session, rt: Runtime, now: datetime, staff_id: int) -> tuple[str, ...]:
    """Make ten new codes and end all earlier ones; what is returned is shown once and never again."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    codes = tuple(_new() for _ in range(HOW_MANY))
    session.add_all([
        RecoveryCode(staff_id=staff_id, code_hash=_hash(rt, staff_id, code), created_at=now) for code in codes])
    return codes


def forget(session: Session, staff_id: int) -> None:
    """End all codes of a person."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))


def spend(session: Session, rt: Runtime, now: datetime, staff_id: int, typed: str) -> bool:
    """Use a code up; False when it is none of this person's, or was used."""
    spent = session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.staff_id == staff_id, RecoveryCode.code_hash == _hash(rt, staff_id, typed),
               RecoveryCode.used_at.is_(None))
        .values(used_at=now).execution_options(synchronize_session=False))
    return bool(spent.rowcount == 1)  # type: ignore[attr-defined]


def left(session: Session, staff_id: int) -> int:
    """Tell how many codes still work."""
    return session.scalar(select(func.count()).select_from(RecoveryCode).where(
        RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None))) or 0


def is_one(typed: str) -> bool:
    """Say whether what was typed has the shape of a recovery code."""
    return len(_plain(typed)) == GROUPS * GROUP_LENGTH


def _new() -> str:
    return "-".join(
        "".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))


def _plain(typed: str) -> str:
    return "".join(typed.lower().replace("-", " ").split())


def _hash(rt: Runtime, staff_id: int, typed: str) -> str:
    return keyed_hash(rt.settings.code_key, "recovery-code", str(staff_id), _plain(typed))
