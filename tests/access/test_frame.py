"""What every answer owes its reader: headers, forms with their proof, error pages, silence in the logs."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest
from flask import Flask
from lxml import html as lxml_html

from portal.db import Database
from portal.domain.errors import Refusal
from portal.services import not_me, opt_out
from tests.access.visitor import House, open_house
from tests.cast import Clock, make_business, make_debtor, make_link, someone_owes

BASE = "http://portal.test"
# Their own proof instead of a form's: the signatures of Stripe and of mail providers, and the token of an email.
PROVEN_OTHERWISE = {"webhooks.stripe", "webhooks.stripe_connect", "webhooks.mailgun", "webhooks.sendgrid",
                    "debtor.stop_now"}


def paths(app: Flask, method: str) -> list[tuple[str, str]]:
    """Every route of a method with its parts filled in by something that exists nowhere."""
    found = []
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or set()) and rule.endpoint != "static":
            found.append((rule.endpoint, re.sub(r"<[^>]+>", "x", re.sub(r"<int:[^>]+>", "1", rule.rule))))
    return found


def test_every_answer_carries_the_headers(house: House) -> None:
    answers = [house.app.test_client().get(path, base_url=BASE) for _, path in paths(house.app, "GET")]
    answers += [house.app.test_client().post(path, base_url=BASE) for _, path in paths(house.app, "POST")]
    answers += [house.app.test_client().get("/nothing-here", base_url=BASE),
                house.app.test_client().put("/", base_url=BASE),
                house.app.test_client().get("/", base_url="http://evil.example")]
    assert len(answers) > 25
    for answer in answers:
        headers, path = answer.headers, answer.request.path
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy, path
        assert "form-action 'self' https://checkout.stripe.com" in policy and "img-src 'self' data:" in policy
        assert headers["Referrer-Policy"] == ("no-referrer" if path.startswith("/l/") else "same-origin")
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store" and "Permissions-Policy" in headers
        assert "Strict-Transport-Security" not in headers


def test_https_brings_strict_transport_and_cookies_bound_to_the_host(db: Database, tmp_path: Path) -> None:
    house = open_house(db, tmp_path, Clock(), base_url="https://portal.test")
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.enter(house.address(owed.link))
    answer = browser.get("/help")
    assert "max-age=63072000" in answer.headers["Strict-Transport-Security"]
    set_cookies = answer.headers.getlist("Set-Cookie")
    assert set_cookies
    for cookie in set_cookies:
        assert cookie.startswith("__Host-portal_") and "Secure" in cookie and "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie and "Path=/" in cookie and "Domain" not in cookie


def test_every_form_is_refused_without_its_proof(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.enter(house.address(owed.link))
    before = house.digest()
    checked = 0
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for endpoint, path in paths(house.app, method):
            if endpoint in PROVEN_OTHERWISE:
                continue
            for data in ({}, {"csrf_token": "made-up"}):
                answer = browser.client.open(path, method=method, data=data, base_url=BASE)
                assert answer.status_code == 400, (endpoint, answer.status_code)
                assert "This form was open for a long time" in answer.get_data(as_text=True)
            checked += 1
    assert checked >= 8 and house.digest() == before


def test_another_browsers_proof_is_no_proof(house: House) -> None:
    mine, other = someone_owes(house.db, 100_00), someone_owes(house.db, 100_00)
    victim, attacker = house.browser(), house.browser()
    victim.enter(house.address(mine.link))
    attacker.enter(house.address(other.link))
    attacker.get("/help")
    form = dict(attacker.forms()[0].form_values())
    assert victim.post("/leave", form, follow=False).status_code == 400
    assert victim.get("/help").status_code == 200


def test_a_form_older_than_two_hours_gets_a_friendly_page(house: House) -> None:
    import time_machine

    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    with time_machine.travel("2026-11-10 12:00:00", tick=False) as moment:
        browser.get(house.address(owed.link))
        form = dict(browser.forms()[0].form_values())
        moment.shift(2 * 60 * 60 + 1)
        answer = browser.post("/continue", form, follow=False)
    assert answer.status_code == 400 and "Nothing was sent, and nothing was charged" in browser.words


def test_every_page_has_what_a_page_needs(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    seen = []
    for path in (house.address(owed.link), "/check", "/code", "/link-ended", "/nothing-here", "/"):
        browser.get(path)
        seen.append((path, browser.text))
    browser.enter(house.address(owed.link))
    slug = owed.business.slug
    for path in ("/help", "/plan", "/code?for=sign", f"/b/{slug}/terms", f"/b/{slug}/privacy", f"/b/{slug}/rights",
                 f"/b/{slug}/is-this-us",
                 opt_out.url_of(house.rt.settings, owed.debtor, house.clock.now),
                 not_me.url_of(house.rt.settings, owed.debtor, house.clock.now)):
        assert browser.get(path).status_code == 200, path
        seen.append((path, browser.text))
    for path, page in seen:
        tree = lxml_html.fromstring(page)
        assert tree.get("lang") == "en" and tree.findtext(".//title"), path
        assert len(tree.xpath("//h1")) == 1 and len(tree.xpath("//main[@id='main']")) == 1, path
        assert not tree.xpath("//@style|//style|//@onclick|//script[not(@src)]"), path
        for link in tree.xpath("//link/@href|//script/@src|//img/@src"):
            assert link.startswith("/") or link == "data:,", (path, link)
        for one in tree.xpath("//input[not(@type='hidden')]"):
            beside = tree.xpath(f"//label[@for='{one.get('id')}']")
            assert beside or one.get("aria-label") or one.xpath("ancestor::label"), (path, one.get("name"))
        for form in tree.xpath("//form[@method='post']"):
            assert form.xpath(".//input[@name='csrf_token']/@value"), path
        ids = tree.xpath("//@id")
        assert len(ids) == len(set(ids)), path
        for described in tree.xpath("//@aria-describedby|//@aria-labelledby"):
            assert set(described.split()) <= set(ids), path


@pytest.mark.parametrize(("kind", "status"), [
    ("invalid", 422), ("not_found", 404), ("not_allowed", 403), ("conflict", 409), ("gone", 410), ("too_many", 429),
    ("too_large", 413)])
def test_every_kind_of_refusal_is_a_page_with_its_status(house: House, kind: str, status: int) -> None:
    def refuse() -> str:
        raise Refusal(kind, "a_code_without_words")  # type: ignore[arg-type]

    house.app.add_url_rule("/test-refuse", "test_refuse", refuse)
    for language, sign in (("en", "lang=\"en\""), ("es", "lang=\"es\"")):
        answer = house.app.test_client().get("/test-refuse", base_url=BASE, headers={"Accept-Language": language})
        page = answer.get_data(as_text=True)
        assert answer.status_code == status and sign in page and "a_code" not in page


def test_a_bug_is_a_page_in_the_readers_language_without_a_trace_of_itself(
        house: House, capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> str:
        raise RuntimeError("canary.person@debtor.example owes 4711")

    house.app.add_url_rule("/test-broken", "test_broken", broken)
    answer = house.app.test_client().get("/test-broken", base_url=BASE, headers={"Accept-Language": "es"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 500 and "Algo ha fallado por nuestra parte" in page
    assert "Traceback" not in page and "canary" not in page and "RuntimeError" not in page
    logged = capsys.readouterr()
    assert "RuntimeError" in logged.out + logged.err and "broken" in logged.out + logged.err
    assert "canary" not in logged.out + logged.err and "4711" not in logged.out + logged.err


def test_large_wrong_and_strange_requests_get_pages(house: House) -> None:
    browser = house.app.test_client()
    large = browser.post("/check", data={"fact": "x" * 3_000_000}, base_url=BASE)
    assert large.status_code in (400, 413)
    wrong = browser.post("/help", base_url=BASE)
    assert wrong.status_code == 405 and "GET" in wrong.headers["Allow"]
    assert browser.get("/b/%00/terms", base_url=BASE).status_code == 400
    assert browser.get("/b/nobody/terms", base_url=BASE).status_code == 404
    assert browser.get("/brand/nobody-1234.css", base_url=BASE).status_code == 404
    assert browser.get("/check?%ff=%fe", base_url=BASE).status_code == 303
    for data in ({"fact": "a\x00b"}, {"fa\x00ct": "ab"}):
        assert browser.post("/check", data=data, base_url=BASE).status_code == 400
    assert browser.get("/code?for=a%00b", base_url=BASE).status_code == 400


@pytest.mark.parametrize("label", ['name="a\\"', "x=y", 'name="a\\"; filename="../../x.php"'])
def test_a_field_whose_name_cannot_be_read_breaks_nothing(house: House, label: str) -> None:
    body = f"--edge\r\nContent-Disposition: form-data; {label}\r\n\r\nx\r\n--edge--\r\n"
    answer = house.app.test_client().post(
        "/verify", data=body, content_type="multipart/form-data; boundary=edge", base_url=BASE)
    assert answer.status_code == 400


@pytest.mark.parametrize("host", ["evil.example", "portal.test.evil.example", "", "portal.test\\@evil"])
def test_foreign_hosts_are_refused(house: House, host: str) -> None:
    answer = house.app.test_client().get("/", base_url=BASE, headers={"Host": host})
    assert answer.status_code == 400 and "evil" not in answer.get_data(as_text=True)
    assert "Content-Security-Policy" in answer.headers


def test_forwarded_headers_count_only_from_our_own_proxies(db: Database, tmp_path: Path) -> None:
    from flask import request

    seen = []
    for hops in (0, 1):
        house = open_house(db, tmp_path / str(hops), Clock(), proxy_hops=hops)
        house.app.add_url_rule("/test-who", "test_who", lambda: f"{request.remote_addr} {request.scheme}")
        seen.append(house.app.test_client().get("/test-who", base_url=BASE, headers={
            "X-Forwarded-For": "6.6.6.6, 203.0.113.9", "X-Forwarded-Proto": "https"}).get_data(as_text=True))
    assert seen == ["127.0.0.1 http", "203.0.113.9 https"]


def test_no_token_address_or_name_reaches_a_log(house: House, capfd: pytest.CaptureFixture[str],
                                                 caplog: pytest.LogCaptureFixture) -> None:
    with house.db.transaction() as session:
        who = make_debtor(session, make_business(session), name="Canarya Zwitscher", email="canary@host.example")
        link = make_link(session, who)
    address = house.address(link)
    token = address.rsplit("/", 1)[1]
    browser = house.browser()
    browser.enter(address)
    browser.get("/help")
    browser.get(address[:-1] + "?")
    browser.get(opt_out.url_of(house.rt.settings, who, house.clock.now))
    for name in ("werkzeug", "gunicorn.access", "portal", "some.library"):
        logging.getLogger(name).warning('"GET /l/%s HTTP/1.1" 303 to %s', token, "canary@host.example")
    try:
        raise ValueError("canary@host.example")
    except ValueError:
        logging.getLogger("some.library").exception("it broke")
    logged = "".join(capfd.readouterr()) + caplog.text
    assert "ValueError at test_frame.py" in logged
    assert '"event": "request"' in logged and "/l/[removed]" in logged
    for secret in (token, token[:40], "Canarya", "canary@host", "97301"):
        assert secret not in logged, secret


def test_health_and_readiness(house: House) -> None:
    browser = house.app.test_client()
    assert browser.get("/healthz", base_url=BASE).get_json() == {"status": "ok"}
    ready = browser.get("/readyz", base_url=BASE)
    assert ready.status_code == 200 and ready.get_json()["migrations"] is True


def test_readiness_says_no_without_this_releases_tables(house: House) -> None:
    from sqlalchemy import text

    with house.db.engine.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        connection.commit()
    answer = house.app.test_client().get("/readyz", base_url=BASE)
    assert answer.status_code == 503 and answer.get_json()["database"] is True
