"""The list of messages: every email to debtors as it was decided on, with why it was or was not sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Debtor, Message
from portal.services.lists import common
from portal.services.lists.cells import At, Cell
from portal.services.lists.frame import Ask, Column, Columns, Context, Filter, Hits, ListOf, Order, Walk
from portal.services.lists.payments import DAYS
from portal.words import happenings
from portal.words.happenings import MESSAGE_KINDS
from portal.words.refusals import N_
from portal.words.said import Plain, Said, Sayable

STATES = (("queued", N_("Waiting to leave")), ("sent", N_("Sent")), ("skipped", N_("Not sent")),
          ("failed", N_("Failed")))
CLASSES = {"essential": N_("Essential"), "collecting": N_("Asks for money"), "courtesy": N_("Courtesy")}
STATE_KINDS = {"queued": "wait", "sent": "in", "skipped": "plain", "failed": "bad"}
STATE_ICONS = {"queued": "clock", "sent": "send", "skipped": "skip", "failed": "warn"}


@dataclass(frozen=True)
class MessageRow:
    """One message as its row shows it."""

    id: int
    public_id: str
    kind: str
    message_class: str
    subject: str
    state: str
    reason: str
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    debtor_id: str
    debtor_name: str
    debtor_number: str


def _newest(context: Context, ask: Ask) -> Walk:
    columns: Columns = {
        "id": Message.id, "debtor_id": Message.debtor_id, "at": Message.created_at, "state": Message.state,
        "class": Message.message_class, "message_kind": Message.kind}
    # What we write to our own staff is no message to a debtor.
    mine = [Message.business_id == context.business_id, Message.debtor_id.is_not(None)]
    state = ask.value("state")
    return Walk(columns, [[*mine, Message.state == state]] if state else [mine], frozenset({"state"}))


def _hits(session: Session, context: Context, typed: str) -> Hits:
    words = common.words_found(session, context, typed)
    return common.hits(words.more, debtor_id=words.debtors | frozenset(words.invoices.values()))


def _ids_of(session: Session, context: Context, public_ids: Sequence[str]) -> dict[str, int]:
    return {public_id: id_ for public_id, id_ in session.execute(select(Message.public_id, Message.id).where(
        Message.public_id.in_(public_ids), Message.business_id == context.business_id))}


def _load(session: Session, context: Context, ids: Sequence[int]) -> list[MessageRow]:
    query = (
        select(Message, Debtor).join(Debtor, Debtor.id == Message.debtor_id)
        .where(Message.id.in_(ids), Message.business_id == context.business_id))
    found = {message.id: (message, debtor) for message, debtor in session.execute(query)}
    return [row_of(*found[id_]) for id_ in ids if id_ in found]


def row_of(message: Message, debtor: Debtor) -> MessageRow:
    """Give a message as its row shows it."""
    return MessageRow(
        message.id, message.public_id, message.kind, message.message_class, message.subject, message.state,
        message.reason, message.created_at, message.due_at, message.sent_at, debtor.public_id, debtor.name,
        debtor.number)


def state_of(row: MessageRow) -> Cell:
    """Say what became of a message, and why."""
    return Cell(Said(dict(STATES)[row.state]), below=why(row.reason),
                kind=STATE_KINDS[row.state], icon=STATE_ICONS[row.state])


def why(reason: str) -> Sayable | None:
    """Say why a message left, waits or did not leave."""
    return happenings.named(happenings.MESSAGE_REASONS, reason) if reason else None


def kind_of(row: MessageRow) -> Sayable:
    """Name the kind of a message."""
    return happenings.named(MESSAGE_KINDS, row.kind)


MESSAGES = ListOf(
    name="messages", title=N_("Messages"), find_label=N_("Name, number or email"),
    orders=(Order("newest", "moment", "at", _newest, True, N_("%(first)s to %(last)s"),
                  N_("Next: from %(edge)s on")),),
    filters=(
        Filter("state", N_("State"), lambda _context: STATES, lambda _context, value, columns: (
            columns["state"] == value)),
        Filter("class", N_("Class"), lambda _context: tuple(CLASSES.items()), lambda _context, value, columns: (
            columns["class"] == value)),
        Filter("about", N_("About"), lambda _context: tuple(MESSAGE_KINDS.items()), lambda _context, value, columns: (
            columns["message_kind"] == value)),
        *DAYS,
    ),
    columns=(
        Column("subject", N_("Message"), lambda _context, row: Cell(
            kind_of(row), "office.message", {"message_id": row.public_id},
            below=Plain(row.subject) if row.subject else None), classes="c-c", heads=True, plain={
                "kind": lambda _context, row: row.kind, "subject": lambda _context, row: row.subject}),
        Column("debtor", N_("Debtor"), lambda _context, row: Cell(
            Plain(row.debtor_name), "office.debtor", {"debtor_id": row.debtor_id}), classes="c-a", plain={
                "debtor_number": lambda _context, row: row.debtor_number,
                "debtor": lambda _context, row: row.debtor_name}),
        Column("class", N_("Class"), lambda _context, row: Cell(Said(CLASSES[row.message_class]), soft=True),
               classes="none", plain={"class": lambda _context, row: row.message_class}),
        Column("at", N_("Made"), lambda _context, row: Cell(At(row.created_at)), "newest", "tn c-d", plain={
            "made_at": lambda _context, row: row.created_at, "sent_at": lambda _context, row: row.sent_at}),
        Column("state", N_("What became of it"), lambda _context, row: state_of(row), classes="c-e", plain={
            "state": lambda _context, row: row.state, "why": lambda _context, row: row.reason}),
    ),
    hits=_hits, load=_load, ids_of=_ids_of, sum_of=None,
    empty=N_("No message is like this."),
)
