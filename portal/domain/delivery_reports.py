"""What became of an email after it left, in one shape: a server's bounce, a reader's complaint, a provider's event.

Pure. Reading never raises on anything a stranger can send except Unreadable; whether a provider's event is genuine is
checked before, in gateways/mail_webhooks.py.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Any, Literal

Kind = Literal["bounce", "soft_bounce", "complaint", "other"]
DSN, ARF, MAILGUN, SENDGRID = "dsn", "arf", "mailgun", "sendgrid"

LONGEST_ID = 120
MOST_EVENTS = 1_000
MOST_PARTS = 40
LARGEST_PART = 64 * 1024
OUR_ID = re.compile(r"<[0-9a-f]{32}@[a-z0-9.-]{1,80}>", re.IGNORECASE)
STATUS = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})")
FIELD = re.compile(r"(?im)^(action|status|feedback-type|original-message-id)[ \t]*:[ \t]*([^\r\n]{1,200})")
# SendGrid's words for mail that never left because the address is one it knows to be bad.
SENDGRID_BAD = ("bounced address", "invalid")


class Unreadable(ValueError):
    """What a provider sent is not in the form it says its events have."""


@dataclass(frozen=True)
class DeliveryReport:
    """One thing that was told about one email of ours.

    `report` names the telling, so that it counts once; `message_id` is our own Message-ID in angle brackets, "" where
    none was named. `gave_up` says that nobody tries to deliver it any more.
    """

    source: str
    report: str
    message_id: str
    kind: Kind
    code: str = ""
    gave_up: bool = False


def kind_of_status(status: str) -> tuple[Kind, str]:
    """Sort a status code of a mail server (RFC 3463), with the part of it that is kept.

    5.1.1 (no such person) is a bounce. 4.x.x and a full mailbox (5.2.2) are soft: later may do. Other refusals (5.3,
    5.6, 5.7: their machine, our words, their rules) say nothing about the address and are "other".
    """
    found = STATUS.match(status)
    if not found:
        return "other", ""
    code = ".".join(found.groups())
    if found[1] == "4" or code == "5.2.2":
        return "soft_bounce", code
    return ("bounce" if found[1] == "5" and found[2] not in ("3", "6", "7") else "other"), code


def of_email(message: Message, own_id: str) -> DeliveryReport | None:
    """Read a mail server's report (RFC 3464) or a complaint (RFC 5965) out of an email; None if it is neither.

    `own_id` is the report's own Message-ID. A report about nothing we can name is still one, without a message id.
    """
    if message.get_content_type() != "multipart/report":
        return None
    machine, named = "", ""
    for part in _parts(message):
        kind = part.get_content_type()
        if kind in ("message/delivery-status", "message/feedback-report"):
            machine = machine or f"{kind}\n{_flat(part)}"
        elif kind in ("message/rfc822", "text/rfc822-headers", "message/global-headers", "message/global"):
            named = named or _named_in(part)
    if not machine:
        return None
    fields = {match[1].lower(): match[2].strip() for match in reversed(list(FIELD.finditer(machine)))}
    named = named or _ours(fields.get("original-message-id", ""))
    report = _short(own_id)
    if machine.startswith("message/feedback-report"):
        complained = fields.get("feedback-type", "").lower() in ("abuse", "fraud", "opt-out")
        return DeliveryReport(ARF, report, named, "complaint" if complained else "other",
                              fields.get("feedback-type", "")[:20].lower())
    return _of_status(fields, report, named)


def _of_status(fields: Mapping[str, str], report: str, named: str) -> DeliveryReport:
    action = fields.get("action", "").lower()
    kind, code = kind_of_status(fields.get("status", ""))
    # "delayed" tells that the server goes on trying; "delivered" and the like that all is well.
    failed = action.startswith("failed")
    if not failed and not action.startswith("delayed"):
        kind = "other"
    if not failed and kind == "bounce":
        kind = "soft_bounce"
    return DeliveryReport(DSN, report, named, kind, code, gave_up=failed)


def of_mailgun(event: Mapping[str, Any]) -> DeliveryReport | None:
    """Read one event of Mailgun (`event-data`); None for those that tell nothing about a failure.

    Raises Unreadable.
    """
    data = _mapping(event)
    name, report = str(data.get("event", "")), _short(str(data.get("id", "")))
    if name not in ("failed", "complained"):
        return None
    if not report:
        raise Unreadable("an event without an id")
    headers = _mapping(_mapping(data.get("message", {})).get("headers", {}))
    named = _ours(f"<{str(headers.get('message-id', '')).strip('<> ')}>")
    if name == "complained":
        return DeliveryReport(MAILGUN, report, named, "complaint", "complained", gave_up=True)
    status = _mapping(data.get("delivery-status", {}))
    code = str(status.get("enhanced-code") or status.get("code") or "")[:20]
    if data.get("severity") != "permanent":
        # Mailgun goes on trying by itself.
        return DeliveryReport(MAILGUN, report, named, "soft_bounce", code)
    kind: Kind = _kind_of_code(code)
    # "old": it was tried for hours, and nothing was said against the address.
    return DeliveryReport(MAILGUN, report, named, "soft_bounce" if data.get("reason") == "old" else kind, code,
                          gave_up=True)


def of_sendgrid(event: Mapping[str, Any]) -> DeliveryReport | None:
    """Read one event of SendGrid; None for those that tell nothing about a failure. Raises Unreadable."""
    data = _mapping(event)
    name, report = str(data.get("event", "")), _short(str(data.get("sg_event_id", "")))
    named = _ours(str(data.get("smtp-id", "")))
    if name not in ("bounce", "dropped", "deferred", "spamreport"):
        return None
    if not report:
        raise Unreadable("an event without an id")
    code = str(data.get("status", ""))[:20]
    if name == "spamreport":
        return DeliveryReport(SENDGRID, report, named, "complaint", name, gave_up=True)
    if name == "deferred":
        return DeliveryReport(SENDGRID, report, named, "soft_bounce", code)
    if name == "dropped":
        reason = str(data.get("reason", "")).lower()
        known: Kind = "bounce" if reason.startswith(SENDGRID_BAD) else "other"
        return DeliveryReport(SENDGRID, report, named, "complaint" if reason.startswith("spam reporting") else known,
                              "dropped", gave_up=True)
    blocked = data.get("type") == "blocked"
    return DeliveryReport(SENDGRID, report, named, "soft_bounce" if blocked else _kind_of_code(code), code,
                          gave_up=True)


def events_of(payload: bytes) -> Any:
    """Read the JSON of a provider; raises Unreadable, also for numbers and depths no event has."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Unreadable("no JSON") from error


def listed(events: Any) -> Sequence[Mapping[str, Any]]:
    """Give the events of a list; raises Unreadable."""
    if not isinstance(events, list) or len(events) > MOST_EVENTS:
        raise Unreadable("no list of events")
    return [_mapping(event) for event in events]


def _kind_of_code(code: str) -> Kind:
    kind, known = kind_of_status(code)
    # A permanent failure without a finer word is about the address, as the provider's own list of bad ones has it.
    return kind if known else "bounce"


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable("not an object")
    return value


def _short(text: str) -> str:
    """Give an id as it is kept: one that is too long or strange for our column becomes its own fingerprint."""
    if len(text) <= LONGEST_ID and text.isascii() and text.isprintable():
        return text
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _parts(message: Message) -> Iterator[Message]:
    payload = message.get_payload()
    for number, part in enumerate(payload if isinstance(payload, list) else ()):
        if number >= MOST_PARTS:
            return
        if isinstance(part, Message):
            yield part


def _flat(part: Message) -> str:
    """Write a part as text, whether the library kept it as text or took its lines for headers."""
    inner = part.get_payload()
    if isinstance(inner, list):
        blocks = [one for one in inner[:MOST_PARTS] if isinstance(one, Message)]
        return "\n".join(f"{name}: {value}" for one in blocks for name, value in one.items())[:LARGEST_PART]
    return str(inner)[:LARGEST_PART]


def _named_in(part: Message) -> str:
    """Find our own Message-ID in the returned email or its headers."""
    inner = part.get_payload()
    if isinstance(inner, list):
        return next((_ours(str(one.get("Message-ID", ""))) for one in inner[:1] if isinstance(one, Message)), "")
    lines = re.search(r"(?im)^message-id[ \t]*:\s*(<[^>\s]{1,200}>)", str(inner)[:LARGEST_PART])
    return _ours(lines[1]) if lines else ""


def _ours(text: str) -> str:
    found = OUR_ID.search(text)
    return found[0].lower() if found else ""
