"""From the link to the page: what is shown, what is written, and what is not."""

from __future__ import annotations

import pytest

from portal.domain.policy import Policy
from tests.access.visitor import House
from tests.cast import make_business, make_debtor, make_invoice, make_link, someone_owes

DOOR_PAGES = ("/welcome", "/check", "/code", "/link-ended", "/link-ended/sent", "/left")
INSIDE = ("/help", "/plan", "/rights")


def a_canary(house: House, **debtor: object) -> tuple[str, list[str]]:
    """A debtor whose every secret is a word that must never be seen before the check."""
    with house.db.transaction() as session:
        business = make_business(session)
        values = {"name": "Canarya Zwitscher", "greeting_name": "Zwitscherling", "number": "CANARY-4711",
                  "email": "canary.address@canaryhost.example", "phone": "+15035557788", "postal_code": "98765"}
        who = make_debtor(session, business, **{**values, **debtor})
        make_invoice(session, who, 987_65, number="CANARY-INV-1", title="Canary cage repair")
        make_invoice(session, who, 432_10, number="CANARY-INV-2", title="Canary seed delivery")
        link = make_link(session, who)
    secrets = ["Canary", "canary", "Zwitscher", "4711", "98765", "7788", "987.65", "432.10", "1,419.75", "1419"]
    return house.address(link), secrets


def test_the_link_leads_to_a_clean_address_and_says_only_who_it_is_from(house: House) -> None:
    owed = someone_owes(house.db, 608_43)
    browser = house.browser()
    first = browser.get(house.address(owed.link), follow=False)
    assert first.status_code == 303 and first.headers["Location"] == "/welcome"
    assert first.headers["Referrer-Policy"] == "no-referrer"
    browser.get("/welcome")
    assert "Marsh & Daughter has a private page for you" in browser.words
    assert "Continue" in browser.words and "Leave" not in browser.words


def test_nothing_of_a_debt_before_the_check(house: House) -> None:
    address, secrets = a_canary(house)
    browser = house.browser()
    answers = [browser.get(address)]
    answers += [browser.send("/continue")]
    answers += [browser.send("/check", fact="wrong"), browser.get("/check"), browser.get("/code")]
    answers += [browser.send("/code/send"), browser.get("/code"), browser.send("/code", code="000000")]
    answers += [browser.get(page) for page in DOOR_PAGES + INSIDE]
    browser.get("/link-ended")
    answers += [browser.send("/link-ended")]
    for answer in answers:
        for step in (*answer.history, answer):
            seen = step.get_data(as_text=True) + str(step.headers)
            for secret in secrets:
                assert secret not in seen, (secret, step.request.path)
    for word in ("owe", "debt", "overdue", "late", "invoice", "balance", "amount"):
        for answer in answers[:8]:
            assert f" {word}" not in visible_top(answer.get_data(as_text=True)), (word, answer.request.path)


def visible_top(page: str) -> str:
    return page.split("<main", 1)[1].split("</main>", 1)[0].lower()


def test_a_consumer_passes_the_check_with_the_postal_code_and_reads_the_page(house: House) -> None:
    owed = someone_owes(house.db, 608_43)
    browser = house.browser()
    browser.open(house.address(owed.link))
    browser.get("/check")
    answer = browser.send("/check", fact=" 97301 - 1234 ", follow=False)
    assert answer.status_code == 303 and answer.headers["Location"] == "/balance"
    assert browser.get("/help").status_code == 200
    assert "What would help you?" in browser.words and "Leave" in browser.words
    assert house.acts() == ["link.opened", "identity.passed"]


def test_the_last_four_digits_of_the_phone_open_the_page_too(house: House) -> None:
    with house.db.transaction() as session:
        business = make_business(session)
        who = make_debtor(session, business, identity_fact="phone_last4", phone="+1 (503) 555-0142")
        link = make_link(session, who)
    browser = house.browser()
    browser.open(house.address(link))
    assert "last four digits" in browser.get("/check").get_data(as_text=True)
    assert browser.send("/check", fact="0143", follow=False).status_code == 422
    assert browser.send("/check", fact="0142", follow=False).headers["Location"] == "/balance"


@pytest.mark.parametrize("skip", [True, False])
def test_a_business_debtor_goes_straight_in_where_the_policy_says_so(house: House, skip: bool) -> None:
    with house.db.transaction() as session:
        business = make_business(session, policy=Policy(business_debtors_skip_check=skip))
        who = make_debtor(session, business, kind="business", name="Orchard Hotel LLC")
        link = make_link(session, who)
    browser = house.browser()
    browser.get(house.address(link))
    answer = browser.send("/continue", follow=False)
    assert answer.headers["Location"] == ("/balance" if skip else "/check")
    assert (browser.get("/help", follow=False).status_code == 200) is skip


def test_a_link_that_only_pays_goes_straight_to_its_one_page_and_no_other(house: House) -> None:
    with house.db.transaction() as session:
        who = make_debtor(session, make_business(session))
        link = make_link(session, who, purpose="pay_only", currency="USD", amount_minor=5_000)
    browser = house.browser()
    browser.get(house.address(link))
    assert browser.get("/code", follow=False).headers["Location"] == "/link-ended"
    browser.get(house.address(link))
    assert browser.send("/continue", follow=False).headers["Location"] == "/pay-only"
    assert browser.get("/help", follow=False).headers["Location"] == "/pay-only"
    assert browser.get("/plan", follow=False).headers["Location"] == "/pay-only"
    # Nor does it show an address or offer to send a code to it.
    assert browser.get("/code", follow=False).headers["Location"] == "/pay-only"


def test_reading_pages_writes_nothing_and_a_scanner_leaves_no_trace(house: House) -> None:
    owed = someone_owes(house.db, 608_43)
    address = house.address(owed.link)
    before = house.digest()
    for _ in range(2):
        scanner = house.browser()
        for page in (address, *DOOR_PAGES, *INSIDE, "/", "/healthz", "/readyz"):
            scanner.get(page)
            scanner.client.head(page.replace("http://portal.test", ""), base_url="http://portal.test")
    assert house.digest() == before
    browser = house.browser()
    browser.enter(address)
    inside = house.digest()
    for page in (*DOOR_PAGES, *INSIDE):
        house.clock.pass_time(minutes=2)
        browser.get(page)
    assert house.digest() == inside


def test_opened_is_noted_at_the_first_continue_only(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.get(house.address(owed.link))
    assert house.link(owed.link.id).first_opened_at is None
    browser.send("/continue", follow=False)
    opened = house.link(owed.link.id).first_opened_at
    assert opened == house.clock.now
    house.clock.pass_time(minutes=3)
    browser.get(house.address(owed.link))
    browser.send("/continue", follow=False)
    assert house.link(owed.link.id).first_opened_at == opened


def test_a_link_narrowed_to_an_invoice_stays_narrow(house: House) -> None:
    from portal.services import links, sessions

    owed = someone_owes(house.db, 100_00, 200_00)
    with house.db.transaction() as session:
        link = links.create(session, house.clock.now, owed.debtor, invoice_ids=[owed.invoices[1].id])
        key = sessions.start(session, house.clock.now, link, 1, replaces=None)
    visit = sessions.find(house.rt, key)
    assert visit is not None and visit.access.invoice_ids == frozenset({owed.invoices[1].id})
    with house.db.transaction() as session:
        whole = sessions.start(session, house.clock.now, owed.link, 1, replaces=None)
    everything = sessions.find(house.rt, whole)
    assert everything is not None and everything.access.invoice_ids is None


def test_another_debtors_invoice_cannot_be_put_into_a_link(house: House) -> None:
    from portal.domain.errors import Refusal
    from portal.services import links

    owed = someone_owes(house.db, 100_00)
    with house.db.transaction() as session:
        neighbour = make_debtor(session, owed.business)
    with house.db.transaction() as session, pytest.raises(Refusal) as refused:
        links.create(session, house.clock.now, neighbour, invoice_ids=[owed.invoices[0].id])
    assert refused.value.code == "unknown_invoice"


def test_a_private_page_asks_one_query_for_its_reader(house: House) -> None:
    from sqlalchemy import event

    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.enter(house.address(owed.link))
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(house.db.reader, "before_cursor_execute", note)
    assert browser.get("/help").status_code == 200
    event.remove(house.db.reader, "before_cursor_execute", note)
    reads = [one for one in asked if one.lstrip().upper().startswith(("SELECT", "WITH"))]
    assert len([one for one in reads if "debtor_session" in one]) == 1, reads
    assert len(reads) == 2, "one question about who reads, one for the rules of the business"
