"""The receipt as it arrives: an email with a PDF that says the same sums, in the reader's language."""

from __future__ import annotations

import io
import urllib.request
from pathlib import Path

import pytest
from pypdf import PdfReader

from portal.db import Database
from portal.domain.errors import Refusal
from portal.services import receipts
from sandbox.mailbox import Mailbox
from tests.ledger import stories
from tests.messages.conftest import Post, make_post
from tests.messages.test_kinds import stories_owed


def words_of(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


@pytest.mark.parametrize(("locale", "name", "said"), [
    ("en", "receipt-", ["Thank you, Daniel. We have received", "exam, X-rays and night guard", "Invoice ASD-30418",
                        "Helen Okafor", "Visa ending in 4242", "November 10, 2026", "Page 1 of 1"]),
    ("es", "recibo-", ["Gracias, Daniel. Hemos recibido", "Factura ASD-30418", "Visa terminada en 4242",
                       "10 de noviembre de 2026", "Página 1 de 1"]),
])
def test_the_receipt_travels_as_a_pdf(db: Database, mailbox: Mailbox, tmp_path: Path, locale: str, name: str,
                                      said: list[str]) -> None:
    post = make_post(db, mailbox, tmp_path, debtor={"locale": locale})
    payment = stories.start_payment(db, stories_owed(post), (post.invoice, 253_00))
    stories.tell(db, stories.received(payment))
    assert post.deliver() == 1
    (mail,) = post.inbox()
    assert mail["attachments"] == [f"{name}{payment.number}.pdf"]
    with urllib.request.urlopen(f"{mailbox.url}/messages/{mail['id']}/attachments/0", timeout=10) as answer:
        printed = words_of(answer.read())
    for text in said:
        assert text in printed, text
    assert "253.00" in printed and payment.number in printed


def test_money_that_went_back_is_said_on_the_receipt(post: Post) -> None:
    payment = stories.start_payment(post.rt.db, stories_owed(post), (post.invoice, 453_00))
    stories.tell(post.rt.db, stories.received(payment), stories.refunded(payment, 53_00))
    file = receipts.print_receipt(post.rt, post.business.id, post.debtor.id, payment.public_id)
    assert "$53.00 of it went back to you since." in words_of(file.content)


def test_there_is_no_receipt_for_money_that_has_not_come_or_is_not_theirs(post: Post) -> None:
    payment = stories.start_payment(post.rt.db, stories_owed(post), (post.invoice, 453_00))
    for debtor_id, public_id in ((post.debtor.id, payment.public_id), (post.debtor.id, "nobody's")):
        with pytest.raises(Refusal):
            receipts.print_receipt(post.rt, post.business.id, debtor_id, public_id)
    stories.tell(post.rt.db, stories.received(payment))
    with pytest.raises(Refusal):
        receipts.print_receipt(post.rt, post.business.id, post.debtor.id + 1, payment.public_id)
