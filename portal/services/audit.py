"""Writes the audit trail: one event for each act that changed something, in the same commit as the change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from portal.domain.roles import StaffAccess
from portal.models import AuditEvent
from portal.models.writes import write


@dataclass(frozen=True)
class Actor:
    """Who acts: a debtor, staff, Stripe, a job or the command line; `id` is a public id or a name of a job."""

    kind: str
    id: str = ""


def staff_actor(access: StaffAccess) -> Actor:
    """Name one of the staff as who acts."""
    return Actor("staff", access.staff_public_id)


STRIPE = Actor("stripe")
COMMAND_LINE = Actor("cli")


def record(session: Session, *, at: datetime, actor: Actor, act: str, business_id: int | None,
           debtor_id: int | None = None, target: str = "", **details: Any) -> None:
    """Note one act. Details hold ids, codes and numbers, never personal data: this row is never erased."""
    write(session, _EVENT, {
        "business_id": business_id, "debtor_id": debtor_id, "actor_kind": actor.kind, "actor_id": actor.id, "act": act,
        "target": target, "details": details, "at": at})


_EVENT = insert(cast(Table, AuditEvent.__table__)).inline()
