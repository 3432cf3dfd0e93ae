"""Each kind of email from the fact that causes it, in both languages: what it says, and what it never says."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.db import Database
from portal.domain.colors import INK, LIGHT_INK, ON_LIGHT_BUTTON, WHITE, contrast, shades
from portal.models import Message, PortalLink
from portal.services import messages
from portal.words import speak
from portal.words.emails import fill_in
from sandbox.mailbox import Mailbox
from tests.cast import Owed
from tests.ledger import stories
from tests.messages.conftest import NOON, Post, make_post

# What would tell someone who reads over a shoulder, in any of our languages.
TELLING = re.compile(
    r"owe|debt|due|overdue|late|unpaid|balance|invoice|collect|remind|pay\b|deuda|debe|vencid|factura|atras|"
    r"cobr|pagar|\d", re.IGNORECASE)
THREATENING = re.compile(
    r"final notice|legal action|lawyer|court|collections? agency|must pay|immediately|at once|failure to|"
    r"consequence|credit (score|report|bureau)|last warning|demand|act now|last chance|delinquent|arrears|!|"
    r"último aviso|acciones legales|abogad|tribunal|agencia de cobr|inmediatamente|de lo contrario|consecuencia|"
    r"morosidad|moroso|exigimos|advertencia|¡", re.IGNORECASE)


def kinds(post: Post) -> dict[str, Message]:
    """Make every kind of email there is, by the facts that make them."""
    db, owed = post.rt.db, stories_owed(post)
    post.remind()
    first = stories.start_payment(db, owed, (post.invoice, 200_00))
    stories.tell(db, stories.moved(first, "processing"), stories.moved(first, "failed"))
    second = stories.start_payment(db, owed, (post.invoice, 253_00))
    stories.tell(db, stories.received(second), stories.refunded(second, 53_00),
                 stories.refunded(second, 53_00, status="failed"))
    with db.transaction() as session:
        link = PortalLink(business_id=post.business.id, debtor_id=post.debtor.id, purpose="account", created_at=NOON,
                          expires_at=NOON + timedelta(days=30))
        session.add(link)
        session.flush()
        messages.queue_new_link(session, NOON, post.debtor, post.business, link)
        messages.queue_code(session, NOON, post.debtor, post.business, "402917", NOON + timedelta(minutes=10), "open")
        messages.queue_on_its_way(session, NOON, session.merge(second))
    post.write()
    return {message.kind: message for message in post.all()}


def stories_owed(post: Post) -> Owed:
    with post.rt.db.transaction() as session:
        return Owed(post.business, post.debtor, messages.fresh_link(session, NOON, post.debtor))


ALL_KINDS = {"reminder", "debit_failed", "receipt", "refund", "refund_failed", "new_link", "code", "on_its_way"}


@pytest.fixture(params=["en", "es"])
def written(request: pytest.FixtureRequest, db: Database, mailbox: Mailbox, tmp_path: Path) -> dict[str, Message]:
    post = make_post(db, mailbox, tmp_path, debtor={"locale": request.param})
    return kinds(post)


def test_every_kind_keeps_the_rules_of_words(written: dict[str, Message]) -> None:
    assert set(written) == ALL_KINDS
    for message in written.values():
        assert message.state == "queued"
        subject = message.subject.replace("Alder Street Dental", "")
        assert subject != message.subject and not TELLING.search(subject), subject
        visible = re.sub(r"<style>.*?</style>|<!doctype[^>]*>|<[^>]*>", " ", message.body_html, flags=re.DOTALL)
        for body in (message.body_text, visible):
            assert not THREATENING.search(body), (message.kind, THREATENING.search(body))


def test_every_kind_says_how_to_check_how_to_stop_and_who_writes(written: dict[str, Message]) -> None:
    for message in written.values():
        for body in (message.body_text, message.body_html):
            for owed in ("{{stop_link}}", "{{not_me_link}}", "{{rights_link}}", "{{portal_host}}",
                         "214 Alder Street, Bend, OR 97701", "Alder Street Dental"):
                assert owed in body, (message.kind, owed)
        assert ("{{portal_link}}" in message.body_text) == (message.link_id is not None)


def test_text_and_html_say_the_same_sums(written: dict[str, Message]) -> None:
    money = re.compile(r"\$\s?[\d.,]+")
    for message in written.values():
        assert set(money.findall(message.body_text)) == set(money.findall(message.body_html)), message.kind


@pytest.mark.parametrize(("locale", "said"), [
    ("en", {"receipt": ["Thank you. We have received your payment.", "$253.00", "Invoice ASD-30418: $253.00",
                        "Left to pay now: $200.00", "Visa ending in 4242"],
            "debit_failed": ["Your bank did not let this payment through. Nothing was taken.", "$200.00"],
            "refund": ["$53.00", "We are sending money back to you."],
            "refund_failed": ["$53.00", "nothing is lost"],
            "on_its_way": ["Please do not pay again."],
            "code": ["402917", "until 12:10\u00a0pm", "Do not read it to anyone."]}),
    ("es", {"receipt": ["Gracias. Hemos recibido su pago.", "Visa terminada en 4242"],
            "debit_failed": ["Su banco no ha dejado pasar este pago. No se ha cobrado nada."],
            "refund": ["Le estamos devolviendo dinero."], "refund_failed": ["no se ha perdido nada"],
            "on_its_way": ["no pague otra vez"], "code": ["402917", "No se lo lea a nadie."]}),
])
def test_what_each_kind_tells(db: Database, mailbox: Mailbox, tmp_path: Path, locale: str,
                              said: dict[str, list[str]]) -> None:
    written = kinds(make_post(db, mailbox, tmp_path, debtor={"locale": locale}))
    for kind, texts in said.items():
        for text in texts:
            assert text in written[kind].body_text, (kind, text)


def test_a_fact_told_twice_makes_one_email(post: Post) -> None:
    db, owed = post.rt.db, stories_owed(post)
    payment = stories.start_payment(db, owed, (post.invoice, 453_00))
    for _ in range(2):
        stories.tell(db, stories.received(payment), stories.refunded(payment, 53_00))
    assert sorted(m.kind for m in post.all()) == ["receipt", "refund"]


def test_money_paid_twice_is_shown_as_credit(post: Post) -> None:
    db, owed = post.rt.db, stories_owed(post)
    payments = [stories.start_payment(db, owed, (post.invoice, 453_00), opens=False) for _ in range(2)]
    stories.tell(db, *(stories.received(payment) for payment in payments))
    post.write()
    second = post.all()[-1].body_text
    assert "Kept for you as credit: $453.00" in second and "Left to pay now: $0.00" in second


def test_every_sentence_went_through_the_translations(db: Database, mailbox: Mailbox, tmp_path: Path) -> None:
    post = make_post(db, mailbox, tmp_path, debtor={"locale": "qps"}, business={"contact_hours": {}})
    for kind, message in kinds(post).items():
        left = message.body_text + message.subject
        while "⟦" in left:
            left = re.sub(r"⟦[^⟦⟧]*⟧", "", left)
        for known in ("Alder Street Dental", "Tom Whitfield", "214 Alder Street, Bend"):
            left = left.replace(known, "")
        left = re.sub(r"\{\{\w+\}\}", "", left)
        assert not re.findall(r"[a-z]{2,}", left), (kind, left)


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_any_brand_can_be_read_in_light_and_in_dark(brand: str) -> None:
    shade = shades(brand)
    pairs = ((shade.fill, WHITE), (shade.wash, INK), (shade.dark_fill, ON_LIGHT_BUTTON), (shade.dark_wash, LIGHT_INK))
    assert min(contrast(*pair) for pair in pairs) >= 4.5


PLACES: list[Callable[[str], str]] = [lambda text: text, lambda text: f'<a href="{text}">']


@pytest.mark.parametrize("place", PLACES)
def test_links_are_filled_in_once_and_never_left_open(place: Callable[[str], str]) -> None:
    body = place("{{portal_link}}")
    assert fill_in(body, {"portal_link": "https://a.example/{{stop_link}}"}) == place("https://a.example/{{stop_link}}")
    with pytest.raises(KeyError):
        fill_in(body, {})


def test_the_words_of_dates_follow_the_reader() -> None:
    assert speak("es", "America/Los_Angeles").day(NOON.date()).startswith("martes")
