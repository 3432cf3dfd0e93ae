"""Canaries in the logs: a whole walk, and everything that could go wrong in it, with every process's lines kept."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin

import requests
from lxml import html as lxml_html
from sqlalchemy import select

from portal.db import Database
from portal.models import Message
from portal.services import links, not_me, opt_out
from proofs.forgeries import signed
from proofs.harness import (
    Databases,
    Figures,
    ProofError,
    Remote,
    add_up,
    environment,
    free_port,
    process,
    say,
    stripe_process,
    wait_for,
    web,
)
from sandbox.mailbox import Mailbox
from tests import databases
from tests.cast import Owed, make_business, make_runtime
from tests.stage import OWN, furnish
from tests.stripe.signing import body_of

CODE = re.compile(r"\b(\d{6})\b")


def run(quick: bool) -> Figures:
    """Walk on both databases and read every line."""
    return add_up(*(_on(kind) for kind in databases.KINDS))


@dataclass
class Visitor:
    """A browser without pictures: cookies, redirects, forms as the page wrote them."""

    base: str
    http: requests.Session = field(default_factory=requests.Session)
    page: requests.Response | None = None

    def get(self, path: str) -> requests.Response:
        self.page = self.http.get(urljoin(self.base, path), timeout=30)
        return self.page

    def send(self, action: str, **typed: str) -> requests.Response:
        """Send the page's form that leads to `action`; where it leads outside, that is not followed."""
        assert self.page is not None
        forms = [form for form in lxml_html.fromstring(self.page.content).forms if action in (form.action or "")]
        if not forms:
            raise ProofError(f"no form leads to {action} on {self.page.url.split('?')[0]}")
        data = [(name, value) for name, value in forms[0].form_values() if name not in typed]
        answer = self.http.post(urljoin(self.page.url, forms[0].action or ""), [*data, *typed.items()],
                                headers={"Referer": self.page.url}, timeout=30, allow_redirects=False)
        place = answer.headers.get("Location", "")
        if answer.is_redirect and urljoin(answer.url, place).startswith(self.base):
            return self.get(place)
        self.page = answer
        return answer


def _on(kind: str) -> Figures:
    with Databases(kind) as prepared, prepared.opened() as db, Mailbox() as mailbox:
        folder = prepared.folder
        url = db.engine.url.render_as_string(hide_password=False)
        port = free_port()
        with stripe_process(f"http://127.0.0.1:{port}") as stripe, _talkative(), \
                web(url, workers=2, threads=2, port=port, log=folder / "web.log",
                    **(changes := _settings(port, stripe, mailbox))) as (base, _):
            canaries = _walk(db, folder, base, stripe, mailbox, changes)
        lines = [line for name in ("web.log", "work.log", "mail-down.log")
                 for line in (folder / name).read_text(errors="replace").splitlines()]
    found = [(name, line) for line in lines for name, mark in canaries if mark in line]
    for name, line in found[:10]:
        say(f"{kind}: {name} in: {line[:200]}")
    requests_seen = sum('"event": "request"' in line for line in lines)
    if requests_seen < 40:
        raise ProofError(f"only {requests_seen} requests were logged")
    return {"log_lines": len(lines), "log_canaries": len(canaries), "log_leaks": len(found)}


def _settings(port: int, stripe: Remote, mailbox: Mailbox) -> dict[str, str]:
    return {"base_url": f"http://127.0.0.1:{port}", "stripe_api_base": stripe.url, "mail_safe_mode": "false",
            "stripe_checkout_origins": stripe.url, "smtp_port": str(mailbox.smtp_port), "log_level": "DEBUG"}


@contextmanager
def _talkative() -> Iterator[None]:
    """Let the web server say everything it can, its own line for each request too."""
    before = os.environ.get("GUNICORN_CMD_ARGS")
    os.environ["GUNICORN_CMD_ARGS"] = "--access-logfile - --error-logfile - --capture-output"
    try:
        yield
    finally:
        os.environ.pop("GUNICORN_CMD_ARGS")
        if before is not None:
            os.environ["GUNICORN_CMD_ARGS"] = before


def _walk(db: Database, folder: Path, base: str, stripe: Remote, mailbox: Mailbox,
          changes: dict[str, str]) -> list[tuple[str, str]]:
    now = datetime.now(UTC)
    rt = make_runtime(db, folder, clock=lambda: datetime.now(UTC), base_url=base)
    with db.transaction() as session:
        business = make_business(session, created_at=now - timedelta(days=500))
    part = furnish(db, rt.files, business, OWN, now)
    owed, settings = part.owed, rt.settings
    address = links.url_of(settings, owed.link)
    tokens = [address, opt_out.url_of(settings, owed.debtor, now), not_me.url_of(settings, owed.debtor, now)]
    visitor = Visitor(base)
    _enter(visitor, address, OWN.digits)
    cookies = [str(one.value) for one in visitor.http.cookies]
    code = _prove(visitor, db, base, folder, changes)
    mailbox.wait_for(1, str(owed.debtor.email))
    _pay(visitor, stripe, db, owed)
    _go_wrong(visitor, base, tokens, owed)
    _work(base, db, folder / "work.log", changes)
    mailbox.wait_for(2, str(owed.debtor.email))
    visitor.get(tokens[1])
    visitor.send("/stop/")
    _mail_server_refuses(db, folder, changes, visitor, address)
    visitor.get(tokens[2])
    visitor.send("/not-me/")
    debtor = owed.debtor
    found = [(f"token {place}", one.rsplit("/", 1)[1]) for place, one in enumerate(tokens)]
    found += [(f"half of token {place}", one[-60:]) for place, one in enumerate(tokens)]
    found += [(f"cookie {place}", one) for place, one in enumerate(cookies)] + [("code", code)]
    return [*found, ("email", str(debtor.email)), ("name", OWN.word), ("greeting", OWN.word.lower()),
            ("phone", str(debtor.phone)), ("fact or number", OWN.digits)]


def _enter(visitor: Visitor, address: str, fact: str) -> None:
    visitor.get(address)
    visitor.send("/continue")
    visitor.send("/check", fact=f"{fact[:-1]}x")
    visitor.send("/check", fact=fact)
    assert visitor.page is not None
    if not visitor.page.url.endswith("/balance"):
        raise ProofError(f"the check led to {visitor.page.url.rsplit('/', 1)[1]}")


def _prove(visitor: Visitor, db: Database, base: str, folder: Path, changes: dict[str, str]) -> str:
    """Let a code be emailed and enter a wrong one and the right one."""
    visitor.get("/code?for=sign")
    visitor.send("/code/send")
    with db.reading() as session:
        body = session.scalars(select(Message.body_text).where(Message.kind == "code")).one()
    found = CODE.search(body)
    if found is None:
        raise ProofError("no code in the email")
    _work(base, db, folder / "work.log", changes)
    visitor.get("/code?for=sign")
    visitor.send("/code", code="000000")
    visitor.send("/code", code=found[1])
    return found[1]


def _pay(visitor: Visitor, stripe: Remote, db: Database, owed: Owed) -> None:
    visitor.get("/pay")
    invoice = owed.invoices[1]
    visitor.send("/pay", what=f"one:USD:{invoice.public_id}", how="stripe")
    answer = visitor.send("/pay/start")
    place = answer.headers.get("Location", "")
    if stripe.url not in place:
        raise ProofError(f"paying led to {place.split('?')[0]} ({answer.status_code})")
    checkout = place.rstrip("/").split("/")[-1].split("?")[0].split("#")[0]
    stripe.do("press", session=checkout)

    def receipt() -> bool:
        with db.reading() as session:
            return len(session.scalars(select(Message.id).where(Message.kind == "receipt")).all()) > 0

    wait_for("the receipt", receipt)
    visitor.get("/history")


def _go_wrong(visitor: Visitor, base: str, tokens: list[str], owed: Owed) -> None:
    """Everything that is refused with something private in it.

    Names are sent in forms, headers and events. In an address only a stranger could write one, and the web server's
    own access log, off by default, would then repeat that stranger's words.
    """
    mail, name = str(owed.debtor.email), owed.debtor.name
    stranger = Visitor(base)
    for address in tokens:
        for odd in (f"{address}x", f"{address}/more", f"{address}?to={mail}", f"{address}%0a{mail}", address.upper()):
            stranger.get(odd)
    for path in (f"/{mail}", f"/b/{mail}/terms", f"/payments/{mail}", f"/brand/{mail}-x.css", f"/history?before={mail}",
                 f"/pay/review?currency={mail}", f"/code?for={mail}", f"/invoices/{mail}.pdf"):
        visitor.get(path)
        stranger.get(path)
    for headers in ({"Host": mail}, {"User-Agent": mail}, {"Referer": tokens[0]}, {"Cookie": mail},
                    {"X-Forwarded-For": mail}):
        requests.get(f"{base}/welcome", headers=headers, timeout=30)
    for path in ("/check", "/code", "/pay", "/leave", "/nothing"):
        requests.post(f"{base}{path}", {"fact": owed.debtor.postal_code, "email": mail, "csrf_token": name}, timeout=30)
    private = {"id": name, "amount_received": mail, "metadata": {"payment": name}, "receipt_email": mail}
    body = body_of("payment_intent.succeeded", private)
    requests.post(f"{base}/webhooks/stripe", body, headers=signed(body).headers, timeout=30)
    requests.post(f"{base}/webhooks/stripe", body, headers={"Stripe-Signature": f"t=1,v1={mail}"}, timeout=30)
    requests.post(f"{base}/webhooks/stripe", f"{name} {mail}".encode(), timeout=30)


def _work(base: str, db: Database, log: Path, changes: dict[str, str]) -> None:
    """Let the worker do what is due, once."""
    url = db.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "work", "--once"]
    with process(command, environment(url, **changes), log) as worker:
        wait_for("the worker to end", lambda: worker.poll() is not None, seconds=120)


def _mail_server_refuses(db: Database, folder: Path, changes: dict[str, str], visitor: Visitor, address: str) -> None:
    """Let a mail server be away, so that sending fails with an address in hand."""
    visitor.get(address)
    visitor.get("/code?for=change")
    visitor.send("/code/send")
    _work("", db, folder / "mail-down.log", {**changes, "smtp_port": str(free_port())})
