"""What mail servers and providers tell about emails that left: dead addresses, full mailboxes, complaints.

A report is believed as far as it names an email of ours by its Message-ID, 128 random bits that only its reader and the
servers on its way have seen; a provider's events are proven besides. The same report twice counts once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain import delivery_reports as reading
from portal.domain.delivery_reports import DeliveryReport as Told
from portal.domain.delivery_reports import Unreadable
from portal.gateways import mail_webhooks
from portal.gateways.mail_webhooks import NotGenuine
from portal.models import Business, Debtor, DeliveryReport, Message, lock_debtor
from portal.runtime import Runtime
from portal.services import consents, last_look, refusal_mail
from portal.services.audit import Actor, record

# A mailbox that was full is tried again so often, ever later.
MOST_SOFT = 3
SOFT_WAIT = timedelta(hours=6)
# Of an email that left longer ago, nothing new is to be learned.
OLDEST_RETRY = timedelta(days=3)
KNOWN, NOTED, UNKNOWN_MESSAGE = "known", "noted", "unknown_message"
BOUNCED, COMPLAINED, TRY_AGAIN, GIVEN_UP = "bounced", "complained", "again", "given_up"
TOKENS = "mailgun_token"
# The strongest of what one call told is its answer.
ORDER = (KNOWN, UNKNOWN_MESSAGE, NOTED, TRY_AGAIN, GIVEN_UP, COMPLAINED, BOUNCED)


class BadReport(Exception):
    """A call that is not proven to be a provider's, or not in its form; the text is a code for the log."""


def receive_mailgun(rt: Runtime, payload: bytes) -> str:
    """Take one event of Mailgun; returns what came of it. Raises BadReport."""
    try:
        call = reading.events_of(payload)
        if not isinstance(call, dict):
            raise Unreadable("not an object")
        token = mail_webhooks.check_mailgun(
            rt.settings.mailgun_signing_key.get_secret_value(), call.get("signature"), rt.now())
        told = reading.of_mailgun(call.get("event-data", {}))
    except (NotGenuine, Unreadable) as error:
        raise BadReport(str(error)) from error

    def first_time(session: Session, now: datetime) -> bool:
        return _first_time(session, now, Told(TOKENS, token, "", "other"))

    return _take_all(rt, [told] if told else [], Actor("job", "mailgun"), first_time)


def receive_sendgrid(rt: Runtime, payload: bytes, signature: str, stamp: str) -> str:
    """Take a list of events of SendGrid; returns the weightiest of what came of them. Raises BadReport."""
    try:
        mail_webhooks.check_sendgrid(
            rt.settings.sendgrid_verification_key.get_secret_value(), payload, signature, stamp, rt.now())
        found = [reading.of_sendgrid(event) for event in reading.listed(reading.events_of(payload))]
    except (NotGenuine, Unreadable) as error:
        raise BadReport(str(error)) from error
    return _take_all(rt, [told for told in found if told], Actor("job", "sendgrid"))


def take(session: Session, now: datetime, told: Told, actor: Actor) -> tuple[str, int | None]:
    """Act on one report, once; returns what came of it and whose business it concerns.

    known: it was told before.  unknown_message: it names no email of ours.  bounced: nothing goes to this address any
    more.  complained: it is an opt-out.  again, given_up: a full mailbox.  noted: nothing follows.
    """
    if not _first_time(session, now, told):
        return KNOWN, None
    message = _of_ours(session, told.message_id)
    if message is None:
        outcome = UNKNOWN_MESSAGE
    elif message.debtor_id is None:
        outcome = _about_staff(message, told)
    else:
        outcome = _about_debtor(session, now, message, told, actor)
    row = session.scalars(select(DeliveryReport).where(
        DeliveryReport.source == told.source, DeliveryReport.report == told.report)).one()
    row.outcome = outcome
    return outcome, message.business_id if message else None


def _take_all(rt: Runtime, reports: Sequence[Told], actor: Actor,
              first_time: Callable[[Session, datetime], bool] | None = None) -> str:
    now = rt.now()
    found = KNOWN if reports else NOTED
    for number, told in enumerate(reports):
        # Each in a commit of its own: two debtors are never locked at once, and one bad report keeps no other back.
        def work(session: Session, told: Told = told, first: bool = number == 0) -> str:
            if first and first_time is not None and not first_time(session, now):
                return KNOWN
            return take(session, now, told, actor)[0]

        found = max(found, rt.db.run(work), key=ORDER.index)
    return found


def _first_time(session: Session, now: datetime, told: Told) -> bool:
    # Two deliveries of the same report at once: the second waits here for the first and then finds its row.
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    made = session.scalar(
        dialect.insert(DeliveryReport).values(
            source=told.source, report=told.report, message_id=told.message_id, kind=told.kind, outcome="",
            received_at=now)
        .on_conflict_do_nothing().returning(DeliveryReport.id))
    return made is not None


def _of_ours(session: Session, message_id: str) -> Message | None:
    """Find the email a report names, under its debtor's lock and its own."""
    if not message_id:
        return None
    ids = session.execute(select(Message.business_id, Message.debtor_id).where(
        Message.message_id == message_id)).one_or_none()
    if ids is None:
        return None
    if ids[1] is not None:
        lock_debtor(session, ids[0], ids[1])
    return session.scalars(select(Message).where(Message.message_id == message_id).with_for_update()
                           .execution_options(populate_existing=True)).one()


def _about_staff(message: Message, told: Told) -> str:
    if told.kind != "bounce":
        return NOTED
    last_look.settle(message, "failed", "bounced")
    return BOUNCED


def _about_debtor(session: Session, now: datetime, message: Message, told: Told, actor: Actor) -> str:
    debtor = lock_debtor(session, message.business_id, message.debtor_id or 0)
    if debtor is None or debtor.erased_at is not None:
        return NOTED
    if told.kind == "bounce":
        last_look.settle(message, "failed", "bounced")
        last_look.mark_bounced(session, now, debtor, message, actor)
        return BOUNCED
    if told.kind == "complaint":
        return _complained(session, now, debtor, message, told, actor)
    if told.kind == "soft_bounce" and told.gave_up:
        return _try_again(session, now, message)
    if told.gave_up and message.state == "sent":
        last_look.settle(message, "failed", "refused")
    return NOTED


def _complained(session: Session, now: datetime, debtor: Debtor, message: Message, told: Told, actor: Actor) -> str:
    """Who marks an email as unwanted has asked for no more of them, in the plainest way there is."""
    if debtor.email != message.to_address:
        return NOTED
    if consents.say(session, now, debtor, consents.EMAIL, given=False, source="complaint"):
        record(session, at=now, actor=actor, act="email.complained", business_id=debtor.business_id,
               debtor_id=debtor.id, target=f"message:{message.public_id}", via=told.source)
        business = session.get_one(Business, debtor.business_id)
        refusal_mail.tell_staff(session, now, business, debtor, f"complaint:{message.public_id}", complained=True)
    return COMPLAINED


def _try_again(session: Session, now: datetime, message: Message) -> str:
    """Send an email again that met a full mailbox, under its old Message-ID, unless it is too old or tried enough."""
    if message.state != "sent" or message.sent_at is None:
        return NOTED
    tried = session.scalar(select(func.count()).select_from(DeliveryReport).where(
        DeliveryReport.message_id == message.message_id, DeliveryReport.outcome == TRY_AGAIN)) or 0
    # The words of a code are gone, and its ten minutes over.
    if tried >= MOST_SOFT or now - message.sent_at > OLDEST_RETRY or not message.body_text:
        last_look.settle(message, "failed", "mailbox_full")
        return GIVEN_UP
    message.state, message.reason, message.sent_at = "queued", "tried_later", None
    message.due_at = now + SOFT_WAIT * (tried + 1)
    return TRY_AGAIN
