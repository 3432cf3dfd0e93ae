"""Email out: one finished message to one address over SMTP, with errors that say whether to try again.

Who may be written to, when and in which words is decided elsewhere; rows that wait to be sent live in services.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.policy import Policy
from typing import Protocol

import idna

from portal.db import refuse_inside_transaction

LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
MESSAGE_ID = re.compile(r"<[A-Za-z0-9._=+-]+@[A-Za-z0-9.-]+>")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")
URL = re.compile(r"https?://[!-;=?-~]+")
CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")


class MailError(Exception):
    """The message is not known to have been delivered; the kind of error says what to do."""


class MailTemporary(MailError):
    """Certainly not delivered and worth another try. `busy`: it is our server that is down or wants us slower."""

    def __init__(self, reason: str, *, busy: bool = False) -> None:
        super().__init__(reason)
        self.busy = busy


class MailRefused(MailError):
    """Refused for good. `bad_address` says that the address itself is wrong, so nothing more should go there."""

    def __init__(self, reason: str, *, bad_address: bool = False) -> None:
        super().__init__(reason)
        self.bad_address = bad_address


class MailUnknown(MailError):
    """The connection broke after the whole message was sent: it may have been delivered."""


class UnsafeHeader(ValueError):
    """A header value would start another header or is not what its header allows; nothing was sent."""


@dataclass(frozen=True)
class Attachment:
    """A file that travels with a message; `media_type` like application/pdf."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class OutgoingMail:
    """One rendered message. `message_id` is the same at every try, so that a mailbox can drop a repeated one."""

    from_name: str
    from_address: str
    to_address: str
    subject: str
    text: str
    html: str
    message_id: str
    language: str
    reply_to: str = ""
    list_unsubscribe: str = ""
    attachments: tuple[Attachment, ...] = ()


class MailGateway(Protocol):
    """What the rest of the house knows of email."""

    def send(self, mail: OutgoingMail) -> None:
        """Hand one message over; returns once the server has taken it. Raises MailError or UnsafeHeader."""


class SmtpMail:
    """Delivers by one SMTP server, a fresh connection per message."""

    def __init__(
        self,
        host: str,
        port: int,
        username: str = "",
        password: str = "",
        starttls: bool = True,
        timeout: float = 20.0,
    ) -> None:
        self._host, self._port = host, port
        self._username, self._password = username, password
        self._starttls, self._timeout = starttls, timeout

    def send(self, mail: OutgoingMail) -> None:
        """Hand one message to the mail server; returns once the server has taken it.

        Raises MailTemporary, MailRefused, MailUnknown, or UnsafeHeader before anything is sent.
        """
        refuse_inside_transaction("mail")
        body = compose(mail).as_bytes()
        sender, recipient = ascii_address(mail.from_address), ascii_address(mail.to_address)
        with self._connection() as smtp:
            _envelope(smtp, sender, recipient)
            _deliver(smtp, body)

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        """A greeted, encrypted and signed-in connection; whatever goes wrong up to here is worth another try."""
        smtp: smtplib.SMTP | None = None
        try:
            # The machine's own name, because smtplib would otherwise ask a name server for it at every message.
            smtp = smtplib.SMTP(
                self._host, self._port, local_hostname=socket.gethostname(), timeout=self._timeout
            )
            if self._starttls:
                smtp.starttls(context=ssl.create_default_context())
            if self._username:
                smtp.login(self._username, self._password)
            smtp.ehlo_or_helo_if_needed()
        except (OSError, smtplib.SMTPException) as error:
            if smtp is not None:
                smtp.close()
            raise MailTemporary(f"mail server not ready: {type(error).__name__}", busy=True) from error
        try:
            yield smtp
        finally:
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()


def compose(mail: OutgoingMail) -> EmailMessage:
    """Build the message as it travels: text and HTML beside each other, then the attachments."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = _mailbox(mail.from_name, mail.from_address)
    message["To"] = _mailbox("", mail.to_address)
    if mail.reply_to:
        message["Reply-To"] = _mailbox(mail.from_name, mail.reply_to)
    message["Subject"] = _one_line("subject", mail.subject)
    message["Date"] = datetime.now(UTC)
    message["Message-ID"] = _matching("message id", MESSAGE_ID, mail.message_id)
    # Out-of-office robots answer people, and must not answer us.
    message["Auto-Submitted"] = "auto-generated"
    if mail.list_unsubscribe:
        message["List-Unsubscribe"] = f"<{_matching('unsubscribe link', URL, mail.list_unsubscribe)}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    for attachment in mail.attachments:
        _attach(message, attachment)
    # Last, because giving a message its body clears every Content header before it.
    message["Content-Language"] = _matching("language", LANGUAGE, mail.language.replace("_", "-"))
    return message


def ascii_address(address: str) -> str:
    """Write an address the way every mail server understands: `ana@bücher.example` → `ana@xn--bcher-kva.example`.

    Raises UnsafeHeader on line breaks and MailRefused(bad_address=True) on what cannot be an address.
    """
    local, _, domain = _one_line("address", address).strip().rpartition("@")
    try:
        host = idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise MailRefused("the domain of the address is not one", bad_address=True) from error
    if not LOCAL_PART.fullmatch(local) or len(local) > 64 or len(host) > 253:
        raise MailRefused("the part before the @ is empty, too long, or not plain letters", bad_address=True)
    return f"{local}@{host}"


class _Verbatim(UnstructuredHeader, BaseHeader):
    """A header whose one long link must stay in one piece: the standard folding would encode it beyond use."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def _policy() -> Policy[EmailMessage]:
    """Seven-bit bodies for servers without 8BITMIME, and links kept whole."""
    headers = HeaderRegistry()
    headers.map_to_type("list-unsubscribe", _Verbatim)
    return SMTP_POLICY.clone(cte_type="7bit", header_factory=headers)


_POLICY = _policy()


def _envelope(smtp: smtplib.SMTP, sender: str, recipient: str) -> None:
    with _nothing_sent_yet():
        code, reply = smtp.mail(sender)
        _expect(code, reply, 250, about_recipient=False)
        code, reply = smtp.rcpt(recipient)
        _expect(code, reply, 250, 251, about_recipient=True)
        code, reply = smtp.docmd("DATA")
        _expect(code, reply, 354, about_recipient=False)


def _deliver(smtp: smtplib.SMTP, body: bytes) -> None:
    """Send the message, then the dot that ends it: before the dot nothing is delivered, after it anything may be."""
    with _nothing_sent_yet():
        smtp.send(re.sub(rb"(?m)^\.", b"..", body))
    try:
        smtp.send(b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n")
        code, reply = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise MailUnknown("the connection broke after the message was sent") from error
    _expect(code, reply, 250, about_recipient=False)


@contextmanager
def _nothing_sent_yet() -> Iterator[None]:
    try:
        yield
    except (OSError, smtplib.SMTPException) as error:
        raise MailTemporary(
            f"the connection broke before the message was sent: {type(error).__name__}", busy=True
        ) from error


def _expect(code: int, reply: bytes, *good: int, about_recipient: bool) -> None:
    """Sort a server's answer. Its text stays out of the error, because it often repeats the address."""
    if code in good:
        return
    if not 500 <= code < 600:
        # Some servers put off every stranger's first try at one recipient; only 421 then speaks of all we send.
        raise MailTemporary(f"the mail server answered {code}", busy=code == 421 or not about_recipient)
    enhanced = re.match(rb"5\.(\d{1,3})\.", reply)
    wrong_address = enhanced[1] == b"1" if enhanced else code in (550, 551, 553)
    raise MailRefused(f"the mail server answered {code}", bad_address=about_recipient and wrong_address)


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    kind = _matching("media type", MEDIA_TYPE, attachment.media_type)
    main, _, sub = kind.partition("/")
    name = _one_line("file name", attachment.name)
    message.add_attachment(attachment.content, maintype=main, subtype=sub, filename=name)


def _mailbox(name: str, address: str) -> Address:
    local, _, host = ascii_address(address).rpartition("@")
    return Address(_one_line("name", name), local, host)


def _one_line(what: str, value: str) -> str:
    if CONTROL.search(value):
        raise UnsafeHeader(f"the {what} holds a line break or control character")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnsafeHeader(f"the {what} holds half a character") from error
    return value


def _matching(what: str, pattern: re.Pattern[str], value: str) -> str:
    if not pattern.fullmatch(value):
        raise UnsafeHeader(f"the {what} is not well-formed")
    return value
