"""Every page in the pseudo-language: what stands outside its brackets never came through the catalogs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import html as lxml_html

from portal.db import Database
from portal.services import not_me, opt_out
from tests.access.visitor import Browser, House, open_house
from tests.cast import Clock, make_business, make_debtor, make_link

BRACKETS = re.compile(r"⟦[^⟦⟧]*⟧")
WORD = re.compile(r"[A-Za-zÀ-ÿ]{2,}")
# Values of the cast, and what numbers and dates bring along.
DATA = re.compile(
    r"Marsh & Daughter( LLC)?|billing@marshdaughter\.example|12 Fern Lane, Salem, OR \d+|Priya Marsh|portal\.test|"
    r"Monday to Friday, 8 am to 5 pm|on your signed quote or on our van")


@pytest.fixture
def house(db: Database, tmp_path: Path) -> House:
    return open_house(db, tmp_path, Clock())


def bypassed(page: str) -> list[str]:
    """Give every word of a page, in text or in a spoken attribute, that no catalog has seen."""
    tree = lxml_html.fromstring(page)
    for hidden in tree.xpath("//script|//style"):
        hidden.getparent().remove(hidden)
    spoken = [*tree.xpath("//text()"), *tree.xpath("//@aria-label|//@alt|//@placeholder|//@title")]
    left = []
    for text in spoken:
        rest = str(text)
        while BRACKETS.search(rest):
            rest = BRACKETS.sub("", rest)
        left += WORD.findall(DATA.sub("", rest))
    return left


def test_the_check_itself_sees_a_bypassing_text() -> None:
    assert bypassed("<p>⟦Páy <b>nów⟧</b> Help</p>".replace("<b>", "").replace("</b>", "")) == ["Help"]
    assert bypassed('<p aria-label="Close">⟦a⟧</p>') == ["Close"]


def seen(browser: Browser, address: str) -> None:
    answer = browser.get(address)
    assert answer.status_code < 500 and '<html lang="qps"' in browser.text, (address, answer.status_code)
    assert not bypassed(browser.text), (address, bypassed(browser.text))


def test_pages_before_the_check(house: House) -> None:
    with house.db.transaction() as session:
        business = make_business(session)
        who = make_debtor(session, business, locale="qps")
        link = make_link(session, who)
        bare = make_link(session, make_debtor(session, business, locale="qps", email=None, identity_fact="none"))
        stop = opt_out.url_of(house.rt.settings, who, house.clock.now)
        other = not_me.url_of(house.rt.settings, who, house.clock.now)
    browser = house.browser()
    for address in (house.address(link), "/check", "/code", "/link-ended", "/link-ended/sent", stop, other):
        seen(browser, address)
    browser.get("/check")
    browser.send("/check", fact="wrong")
    assert not bypassed(browser.text)
    browser.get("/code")
    browser.send("/code/send")
    assert not bypassed(browser.text)
    browser.send("/code", code="123")
    assert not bypassed(browser.text)
    nobody = house.browser()
    nobody.open(house.address(bare))
    nobody.get("/code")
    nobody.send("/code/send")
    assert not bypassed(nobody.text)


def test_pages_behind_the_check_and_public_ones(house: House) -> None:
    with house.db.transaction() as session:
        business = make_business(session)
        link = make_link(session, make_debtor(session, business, locale="qps", number="77"))
    browser = house.browser()
    browser.enter(house.address(link))
    slug = business.slug
    for address in ("/help", "/plan", f"/b/{slug}/terms", f"/b/{slug}/privacy", f"/b/{slug}/rights",
                    f"/b/{slug}/is-this-us", "/nothing-here"):
        seen(browser, address)
    stranger = house.browser()
    for address in ("/", "/left", "/link-ended", "/nothing-here"):
        stranger.get(address, headers={"Accept-Language": "qps"})
        assert not bypassed(stranger.text), address


def test_a_page_in_spanish_is_spanish_from_title_to_foot(house: House) -> None:
    with house.db.transaction() as session:
        business = make_business(session, name="Clínica Dental Alameda", country="ES", timezone="Europe/Madrid",
                                 locale="es", currency="EUR")
        link = make_link(session, make_debtor(session, business, country="ES", postal_code="46001"))
    browser = house.browser()
    browser.get(house.address(link))
    assert "Clínica Dental Alameda tiene una página privada para usted" in browser.words
    assert "Hable con una persona" in browser.words and "Talk to a person" not in browser.words
    assert '<html lang="es"' in browser.text
