"""The fact and the code: five tries, whoever asks and however often; once, for one link and one act."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest
from sqlalchemy import func, select

from portal.domain.errors import Refusal
from portal.domain.identity import masked, plain_postal_code, stored_fact, typed_code, typed_fact
from portal.models import IdentityAttempt, OneTimeCode
from portal.services import identity
from tests.access.visitor import House
from tests.cast import make_business, make_debtor, make_link, someone_owes


def tries(house: House, kind: str = "fact") -> int:
    with house.db.reading() as session:
        return session.scalar(select(func.count()).select_from(IdentityAttempt).where(
            IdentityAttempt.kind == kind)) or 0


def test_the_sixth_try_is_not_looked_at_even_when_it_is_right(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.open(house.address(owed.link))
    browser.get("/check")
    for left in (4, 3, 2):
        answer = browser.send("/check", fact="00000", follow=False)
        assert answer.status_code == 422 and f"You have {left} tries left" in browser.words
    browser.send("/check", fact="00000", follow=False)
    assert "You have one try left" in browser.words
    assert browser.send("/check", fact="00000", follow=False).status_code == 429
    assert "All five tries are used" in browser.words
    with pytest.raises(StopIteration):
        browser.send("/check", fact="97301")
    again = house.browser()
    again.open(house.address(owed.link))
    token = dict(browser.forms()[-1].form_values())["csrf_token"]
    assert browser.post("/check", {"csrf_token": token, "fact": "97301"}, follow=False).status_code == 429
    assert tries(house) == 5 and "identity.passed" not in house.acts()


def test_a_thousand_guesses_from_many_addresses_are_five(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    for number in range(200):
        with pytest.raises(Refusal):
            identity.check_fact(house.rt, owed.link.public_id, f"{number:05d}", replaces=None)
    for number in range(20):
        browser = house.browser(REMOTE_ADDR=f"10.0.0.{number}", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")
        browser.open(house.address(owed.link))
        assert browser.get("/check").status_code == 200 and "All five tries are used" in browser.words
    assert tries(house) == 5


def test_guesses_at_the_same_moment_are_counted_one_by_one(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    codes: list[str] = []

    def guess(number: int) -> None:
        try:
            identity.check_fact(house.rt, owed.link.public_id, f"{number:05d}", replaces=None)
        except Refusal as refusal:
            codes.append(refusal.code)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert tries(house) == 5 and len(codes) == 12
    assert codes.count("fact_wrong") == 4 and codes.count("tries_used_up") == 8


def test_another_link_of_the_same_debtor_gives_no_new_tries_that_day(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    for _ in range(5):
        with pytest.raises(Refusal):
            identity.check_fact(house.rt, owed.link.public_id, "00000", replaces=None)
    with house.db.transaction() as session:
        second = make_link(session, owed.debtor)
    with pytest.raises(Refusal) as refused:
        identity.check_fact(house.rt, second.public_id, "97301", replaces=None)
    assert refused.value.code == "tries_used_up"
    house.clock.pass_time(hours=24, seconds=1)
    with pytest.raises(Refusal) as refused:
        identity.check_fact(house.rt, owed.link.public_id, "97301", replaces=None)
    assert refused.value.code == "tries_used_up", "the old link stays used up for good"
    assert identity.check_fact(house.rt, second.public_id, "97301", replaces=None).key


def test_a_right_answer_uses_no_try_up(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    for _ in range(8):
        assert identity.check_fact(house.rt, owed.link.public_id, "97301", replaces=None).key


@pytest.mark.parametrize("stored", [None, "", "  ", "-"])
def test_an_empty_fact_equals_nothing_and_leads_to_the_code(house: House, stored: str | None) -> None:
    with house.db.transaction() as session:
        who = make_debtor(session, make_business(session), postal_code=stored)
        link = make_link(session, who)
    browser = house.browser()
    browser.get(house.address(link))
    assert browser.send("/continue", follow=False).headers["Location"] == "/code"
    for typed in ("", " ", "-", "\u00a0"):
        with pytest.raises(Refusal) as refused:
            identity.check_fact(house.rt, link.public_id, typed, replaces=None)
        assert refused.value.code == "fact_empty"
    with pytest.raises(Refusal) as refused:
        identity.check_fact(house.rt, link.public_id, "None", replaces=None)
    assert refused.value.code == "fact_wrong"


def test_a_right_and_a_wrong_try_ask_the_database_the_same(house: House) -> None:
    from sqlalchemy import event

    owed = someone_owes(house.db, 100_00)
    asked: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute",
                 lambda _c, _cursor, statement, *_rest: asked.append(statement))

    def selects(fact: str) -> int:
        asked.clear()
        with suppress(Refusal):
            identity.check_fact(house.rt, owed.link.public_id, fact, replaces=None)
        return len([one for one in asked if one.lstrip().startswith("SELECT")])

    assert selects("00000") == selects("97301") == selects("11111")


def test_the_emailed_code_opens_the_page_once(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.open(house.address(owed.link))
    browser.get("/code")
    browser.send("/code/send")
    assert "We have emailed you six digits" in browser.words and "helen" not in browser.text
    code = house.newest_code()
    assert house.emails("code")[-1].to_address == owed.debtor.email
    answer = browser.send("/code", code=f" {code[:3]} {code[3:]} ", follow=False)
    assert answer.headers["Location"] == "/balance"
    with pytest.raises(Refusal) as refused:
        identity.enter_code(house.rt, owed.link.public_id, "open", code, replaces=None)
    assert refused.value.code == "code_ended"


def test_a_code_is_only_kept_as_a_keyed_hash(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    identity.send_code(house.rt, owed.link.public_id, "open")
    with house.db.reading() as session:
        row = session.scalars(select(OneTimeCode)).one()
        assert house.newest_code() not in row.code_hash and len(row.code_hash) == 64


def test_a_code_ends_after_ten_minutes_to_the_second(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    identity.send_code(house.rt, owed.link.public_id, "open")
    code = house.newest_code()
    house.clock.pass_time(minutes=10)
    with pytest.raises(Refusal) as refused:
        identity.enter_code(house.rt, owed.link.public_id, "open", code, replaces=None)
    assert refused.value.code == "code_ended"
    house.clock.pass_time(seconds=-1)
    assert identity.enter_code(house.rt, owed.link.public_id, "open", code, replaces=None).key


def test_a_code_is_bound_to_its_link_and_its_act(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    with house.db.transaction() as session:
        second = make_link(session, owed.debtor)
    identity.send_code(house.rt, owed.link.public_id, "open")
    code = house.newest_code()
    for link, act in ((second.public_id, "open"), (owed.link.public_id, "sign")):
        with pytest.raises(Refusal) as refused:
            identity.enter_code(house.rt, link, act, code, replaces=None)
        assert refused.value.code == "code_ended"
    identity.send_code(house.rt, second.public_id, "open")
    with pytest.raises(Refusal) as refused:
        identity.enter_code(house.rt, second.public_id, "open", "000000" if code != "000000" else "1" * 6,
                            replaces=None)
    assert refused.value.code == "code_wrong"


def test_five_wrong_codes_close_the_code_for_the_right_one_too(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    identity.send_code(house.rt, owed.link.public_id, "open")
    code = house.newest_code()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    answers = []
    for _ in range(5):
        with pytest.raises(Refusal) as refused:
            identity.enter_code(house.rt, owed.link.public_id, "open", wrong, replaces=None)
        answers.append(refused.value.code)
    assert answers == ["code_wrong"] * 4 + ["tries_used_up"]
    with pytest.raises(Refusal):
        identity.enter_code(house.rt, owed.link.public_id, "open", code, replaces=None)
    house.clock.pass_time(minutes=1)
    identity.send_code(house.rt, owed.link.public_id, "open")
    with pytest.raises(Refusal) as refused:
        identity.enter_code(house.rt, owed.link.public_id, "open", house.newest_code(), replaces=None)
    assert refused.value.code == "tries_used_up", "a new code buys no new tries"
    assert tries(house, "code") == 5


def test_pressing_twice_sends_one_code_and_five_a_day_at_most(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    identity.send_code(house.rt, owed.link.public_id, "open")
    identity.send_code(house.rt, owed.link.public_id, "open")
    assert len(house.emails("code")) == 1
    for _ in range(4):
        house.clock.pass_time(minutes=1)
        identity.send_code(house.rt, owed.link.public_id, "open")
    house.clock.pass_time(minutes=1)
    with pytest.raises(Refusal) as refused:
        identity.send_code(house.rt, owed.link.public_id, "open")
    assert refused.value.code == "codes_used_up" and len(house.emails("code")) == 5


def test_a_newer_code_ends_the_one_before(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    identity.send_code(house.rt, owed.link.public_id, "open")
    first = house.newest_code()
    house.clock.pass_time(minutes=1)
    identity.send_code(house.rt, owed.link.public_id, "open")
    second = house.newest_code()
    if first != second:
        with pytest.raises(Refusal):
            identity.enter_code(house.rt, owed.link.public_id, "open", first, replaces=None)
    assert identity.enter_code(house.rt, owed.link.public_id, "open", second, replaces=None).key


@pytest.mark.parametrize("gone", [{"email": None}, {"email_state": "bounced"}, {"email_state": "wrong_person"}])
def test_without_a_usable_address_no_code_is_sent_and_staff_can_read_one_out(
        house: House, gone: dict[str, object]) -> None:
    with house.db.transaction() as session:
        who = make_debtor(session, make_business(session), identity_fact="none", **gone)
        link = make_link(session, who)
    browser = house.browser()
    browser.open(house.address(link))
    browser.get("/code")
    assert browser.send("/code/send", follow=False).status_code == 409
    assert "no email address that we can use" in browser.words and not house.emails("code")
    code = identity.read_out_code(house.rt, link.public_id, "open")
    browser.get("/code")
    assert browser.send("/code", code=code, follow=False).headers["Location"] == "/balance"
    assert "code.read_out" in house.acts()


def test_facts_are_compared_as_people_write_them() -> None:
    assert plain_postal_code("97301-1234", "US") == plain_postal_code(" 97301", "US") == "97301"
    assert plain_postal_code("sw1a 1aa", "GB") == plain_postal_code("ＳＷ１Ａ１ＡＡ", "GB") == "SW1A1AA"
    assert plain_postal_code("123456", "RO") == "123456"
    assert typed_fact("phone_last4", "(503) 555-0142", "US") == "0142"
    assert typed_fact("phone_last4", "142", "US") == ""
    assert stored_fact("phone_last4", None, None, "US") == stored_fact("none", "97301", "1", "US") == ""
    assert typed_code("123 456") == typed_code("123-456") == "123456"
    assert typed_code("12345") == typed_code("1234567") == typed_code("12345a") == typed_code("٣٤٥٦٧٨") == ""
    assert masked("helen@mail.example") == "h•••••@mail.example"
