"""Mail goes out over real SMTP as it should, and every way it can fail has its own name."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.policy import default as modern
from pathlib import Path

import pytest

from portal.db import Database, NetworkInsideTransaction
from portal.gateways.mail import (
    Attachment,
    MailRefused,
    MailTemporary,
    MailUnknown,
    OutgoingMail,
    SmtpMail,
    UnsafeHeader,
    ascii_address,
    compose,
)
from sandbox.mailbox import Mailbox

REMINDER = OutgoingMail(
    from_name="Alder Street Dental",
    from_address="accounts@alder.example",
    reply_to="thread-7@alder.example",
    to_address="daniel@mail.example",
    subject="A note from Alder Street Dental",
    text="Hello Daniel,\n.this line begins with a dot\nhttps://pay.example/l/7f3k\n",
    html='<!doctype html><html><head></head><body><a href="https://pay.example/l/7f3k?a=1&amp;b=2">Pay</a></body></html>',
    message_id="<m-0001@pay.example>",
    list_unsubscribe="https://pay.example/stop/" + "a1B2" * 60,
    language="en_US",
)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def gateway(mailbox: Mailbox) -> SmtpMail:
    return SmtpMail("127.0.0.1", mailbox.smtp_port, starttls=False, timeout=5)


def test_a_reminder_arrives_whole(mailbox: Mailbox, gateway: SmtpMail) -> None:
    gateway.send(REMINDER)
    (mail,) = mailbox.messages()
    assert mail["to"] == "daniel@mail.example"
    assert mail["from"] == "Alder Street Dental <accounts@alder.example>"
    assert mail["subject"] == "A note from Alder Street Dental"
    assert mail["text"] == REMINDER.text
    assert mail["html"].strip() == REMINDER.html
    assert mail["links"] == ["https://pay.example/l/7f3k?a=1&b=2", "https://pay.example/l/7f3k"]
    assert mail["message_id"] == "<m-0001@pay.example>"
    headers = {name: value for name, value in mail["headers"]}
    assert headers["Reply-To"] == "Alder Street Dental <thread-7@alder.example>"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Content-Language"] == "en-US"


def test_one_click_unsubscribe_stays_one_unbroken_link() -> None:
    raw = compose(REMINDER).as_bytes()
    assert f"\r\nList-Unsubscribe: <{REMINDER.list_unsubscribe}>\r\n".encode() in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    essential = compose(replace(REMINDER, list_unsubscribe="")).as_bytes()
    assert b"List-Unsubscribe" not in essential


def test_names_and_words_of_any_language_travel_as_plain_ascii(mailbox: Mailbox, gateway: SmtpMail) -> None:
    mail = replace(
        REMINDER,
        from_name='Clínica "Álamo", S.L. 歯科',
        subject="Łukasz, una nota de tu clínica: " + "ñandú " * 30 + "日本",
        text="Señora Жукова, ¿qué tal? 日本\n" + "x" * 2000 + "\n",
    )
    raw = compose(mail).as_bytes()
    assert raw.isascii()
    assert compose(replace(mail, text="¿Qué tal?\n")).as_bytes().isascii()
    assert max(len(line) for line in raw.split(b"\r\n") if not line.startswith(b"List-Unsubscribe:")) <= 78
    assert b"\n" not in raw.replace(b"\r\n", b"")
    gateway.send(mail)
    (seen,) = mailbox.messages()
    assert seen["from"] == '"Clínica \\"Álamo\\", S.L. 歯科" <accounts@alder.example>'
    assert seen["subject"] == mail.subject
    assert seen["text"] == mail.text


def test_attachments_keep_name_type_and_bytes(mailbox: Mailbox, gateway: SmtpMail) -> None:
    pdf = b"%PDF-1.7\r\n.\r\n" + bytes(range(256))
    gateway.send(replace(REMINDER, attachments=(Attachment("Recibo número 7.pdf", "application/pdf", pdf),)))
    assert mailbox.messages()[0]["attachments"] == ["Recibo número 7.pdf"]
    assert mailbox.messages()[0]["text"] == REMINDER.text
    parsed = message_from_bytes(
        compose(replace(REMINDER, attachments=(Attachment("a.pdf", "application/pdf", pdf),))).as_bytes(),
        policy=modern,
    )
    (part,) = list(parsed.iter_attachments())
    assert (part.get_content_type(), part.get_content()) == ("application/pdf", pdf)


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\0", "\u2028", "\x85"])
@pytest.mark.parametrize(
    "field",
    [
        "from_name",
        "from_address",
        "reply_to",
        "to_address",
        "subject",
        "message_id",
        "list_unsubscribe",
        "language",
    ],
)
def test_no_header_value_can_start_another_header(
    mailbox: Mailbox, gateway: SmtpMail, field: str, break_: str
) -> None:
    value = str(getattr(REMINDER, field)) + break_ + "Bcc: thief@evil.example"
    with pytest.raises(UnsafeHeader):
        gateway.send(replace(REMINDER, **{field: value}))  # type: ignore[arg-type]
    assert mailbox.messages() == []


@pytest.mark.parametrize(
    "attachment",
    [
        Attachment("a\r\nBcc: thief@evil.example", "application/pdf", b""),
        Attachment("a.pdf", "application/pdf\r\nBcc: thief@evil.example", b""),
        Attachment("a.pdf", "pdf", b""),
    ],
)
def test_no_attachment_can_start_another_header(attachment: Attachment) -> None:
    with pytest.raises(UnsafeHeader):
        compose(replace(REMINDER, attachments=(attachment,)))


@pytest.mark.parametrize("field", ["subject", "from_name"])
def test_half_a_character_is_refused_before_anything_is_sent(field: str) -> None:
    with pytest.raises(UnsafeHeader):
        compose(replace(REMINDER, **{field: "broken \ud83d"}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("ana@STRASSE.example", "ana@strasse.example"),
        # The two spellings are two different domains: the older standard would write to the wrong one.
        ("ana@straße.example", "ana@xn--strae-oqa.example"),
        ("o'neil+bills@mail.example ", "o'neil+bills@mail.example"),
    ],
)
def test_addresses_are_written_the_way_servers_understand(written: str, sent: str) -> None:
    assert ascii_address(written) == sent


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "@mail.example", "a@", "a b@mail.example", "a@b@mail.example", "a,b@mail.example",
     "josé@mail.example",
     "a@mail..example", "<a@mail.example>", "a" * 65 + "@mail.example", "a.@mail.example", "a@" + "b" * 300],
)  # fmt: skip
def test_what_is_no_address_is_refused_for_good(mailbox: Mailbox, gateway: SmtpMail, address: str) -> None:
    with pytest.raises(MailRefused) as refusal:
        gateway.send(replace(REMINDER, to_address=address))
    assert refusal.value.bad_address
    assert mailbox.messages() == []


def test_a_server_that_is_down_means_try_again(mailbox: Mailbox, gateway: SmtpMail) -> None:
    with mailbox.down(), pytest.raises(MailTemporary):
        gateway.send(REMINDER)
    assert mailbox.messages() == []
    gateway.send(REMINDER)
    assert len(mailbox.messages()) == 1


def test_a_server_that_never_speaks_means_try_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = SmtpMail("127.0.0.1", silent.getsockname()[1], starttls=False, timeout=0.2)
        with pytest.raises(MailTemporary):
            slow.send(REMINDER)


def test_a_server_without_the_encryption_we_ask_for_gets_no_mail(mailbox: Mailbox) -> None:
    with pytest.raises(MailTemporary):
        SmtpMail("127.0.0.1", mailbox.smtp_port, starttls=True, timeout=5).send(REMINDER)
    assert mailbox.messages() == []


def test_a_wrong_password_is_our_fault_and_not_the_debtors(mailbox: Mailbox) -> None:
    with pytest.raises(MailTemporary):
        SmtpMail("127.0.0.1", mailbox.smtp_port, "portal", "wrong", starttls=False, timeout=5).send(REMINDER)
    assert mailbox.messages() == []


def test_a_temporary_refusal_means_try_again(mailbox: Mailbox, gateway: SmtpMail) -> None:
    mailbox.fail_temporarily(1)
    with pytest.raises(MailTemporary):
        gateway.send(REMINDER)
    gateway.send(REMINDER)
    assert len(mailbox.messages()) == 1


def test_an_unknown_recipient_is_a_bad_address_and_is_not_named_in_the_error(
    mailbox: Mailbox, gateway: SmtpMail
) -> None:
    mailbox.refuse_recipient("Daniel@mail.example")
    with pytest.raises(MailRefused) as refusal:
        gateway.send(REMINDER)
    assert refusal.value.bad_address
    assert "daniel" not in str(refusal.value).lower()
    gateway.send(replace(REMINDER, to_address="other@mail.example"))
    assert [mail["to"] for mail in mailbox.messages()] == ["other@mail.example"]


def test_a_connection_lost_after_the_message_may_have_delivered_it(
    mailbox: Mailbox, gateway: SmtpMail
) -> None:
    mailbox.drop_after_data(1)
    with pytest.raises(MailUnknown):
        gateway.send(REMINDER)
    gateway.send(REMINDER)
    first, second = mailbox.messages()
    assert first["message_id"] == second["message_id"]


def test_no_mail_leaves_while_a_transaction_is_open(
    mailbox: Mailbox, gateway: SmtpMail, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'portal.db'}")
    for session in (database.transaction, database.reading):
        with session(), pytest.raises(NetworkInsideTransaction, match="mail"):
            gateway.send(REMINDER)
    database.dispose()
    assert mailbox.messages() == []
    gateway.send(REMINDER)
    assert len(mailbox.messages()) == 1


def test_every_message_says_when_it_was_written() -> None:
    assert re.search(rb"\r\nDate: \w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000\r\n", compose(REMINDER).as_bytes())
