"""Reports as mail servers and providers send them, put together here the way the standards and their papers say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

MAILGUN_KEY = "key-only-for-tests-0123456789abcdef"
_PRIVATE = ec.generate_private_key(ec.SECP256R1())
SENDGRID_KEY = base64.b64encode(_PRIVATE.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).decode()
_numbers = itertools.count(1)


def bounce(message_id: str, status: str = "5.1.1", action: str = "failed", *, whole: bool = False,
           own_id: str = "") -> bytes:
    """A mail server's report (RFC 3464) about one email, with its headers or all of it returned."""
    own = own_id or f"dsn-{next(_numbers)}@mx.debtor.example"
    returned = "message/rfc822" if whole else "text/rfc822-headers"
    return (
        "Return-Path: <>\r\nFrom: Mail Delivery System <MAILER-DAEMON@mx.debtor.example>\r\nTo: portal@portal.test\r\n"
        f"Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <{own}>\r\nAuto-Submitted: auto-replied\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"B\"\r\n\r\n"
        "--B\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you that your message could not be "
        "delivered.\r\n\r\n"
        "--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.debtor.example\r\n\r\n"
        f"Final-Recipient: rfc822; somebody@debtor.example\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} as said\r\n\r\n"
        f"--B\r\nContent-Type: {returned}\r\n\r\nFrom: portal@portal.test\r\nTo: somebody@debtor.example\r\n"
        f"Message-ID: {message_id}\r\nSubject: A note\r\n\r\nHello\r\n--B--\r\n").encode()


def complaint(message_id: str, kind: str = "abuse") -> bytes:
    """A complaint as a reader's provider passes it on (RFC 5965)."""
    return (
        "From: feedback@isp.example\r\nTo: portal@portal.test\r\nSubject: FW: A note\r\n"
        f"Message-ID: <arf-{next(_numbers)}@isp.example>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=\"B\"\r\n\r\n"
        "--B\r\nContent-Type: text/plain\r\n\r\nThis is an email abuse report.\r\n"
        f"--B\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\nUser-Agent: Isp/1.0\r\n"
        "Version: 1\r\n\r\n"
        f"--B\r\nContent-Type: message/rfc822\r\n\r\nFrom: portal@portal.test\r\nMessage-ID: {message_id}\r\n"
        "Subject: A note\r\n\r\nHello\r\n--B--\r\n").encode()


def mailgun_event(message_id: str, **changes: Any) -> dict[str, Any]:
    """One event of Mailgun about an email that failed for good."""
    number = next(_numbers)
    return {
        "event": "failed", "id": f"event-{number}", "severity": "permanent", "reason": "bounce",
        "delivery-status": {"code": 550, "enhanced-code": "5.1.1", "message": "No such user"},
        "message": {"headers": {"message-id": message_id.strip("<>"), "subject": "A note"}},
        "recipient": "somebody@debtor.example", "timestamp": 1.0, **changes}


def mailgun(event: dict[str, Any], now: datetime, *, key: str = MAILGUN_KEY, token: str = "") -> bytes:
    """Sign it as Mailgun does."""
    stamp, token = str(int(now.timestamp())), token or f"{next(_numbers):050d}"
    signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return json.dumps({
        "signature": {"timestamp": stamp, "token": token, "signature": signature}, "event-data": event}).encode()


def sendgrid_event(message_id: str, **changes: Any) -> dict[str, Any]:
    """One event of SendGrid about an email that bounced."""
    return {"event": "bounce", "type": "bounce", "status": "5.1.1", "sg_event_id": f"sg-{next(_numbers)}",
            "smtp-id": message_id, "email": "somebody@debtor.example", "timestamp": 1, **changes}


def sendgrid(events: Any, now: datetime) -> tuple[bytes, dict[str, str]]:
    """Sign a list of events as SendGrid does; gives the payload and its headers."""
    payload, stamp = json.dumps(events).encode(), str(int(now.timestamp()))
    signature = base64.b64encode(_PRIVATE.sign(stamp.encode() + payload, ec.ECDSA(hashes.SHA256()))).decode()
    return payload, {"X-Twilio-Email-Event-Webhook-Signature": signature,
                     "X-Twilio-Email-Event-Webhook-Timestamp": stamp}
