"""The mailbox takes real mail, shows it on pages that need no script, and tells it as JSON."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from http.client import HTTPResponse
from pathlib import Path

import pytest
from lxml import html as lxml_html  # type: ignore[import-untyped]

from sandbox.mailbox import Mailbox

HTML = """<!doctype html><html><head><title>Note</title></head><body><script>alert(1)</script>
<a href="https://pay.example/l/7f3k?a=1&amp;b=2">Your page</a> <a href="https://pay.example/stop">Stop</a>
<a href="mailto:a@b.example">write</a> <a href="https://pay.example/stop">Stop again</a></body></html>"""


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


def note(to: str = "daniel@mail.example", subject: str = "A note", html: str = HTML) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Alder <accounts@alder.example>", to, subject
    message["Message-ID"], message["Date"] = "<1@alder.example>", "Tue, 10 Nov 2026 09:00:00 +0000"
    message.set_content("Hello, see https://pay.example/l/7f3k (or https://pay.example/other).\n")
    if html:
        message.add_alternative(html, subtype="html")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Recibo ñ.pdf")
    return message


def deliver(mailbox: Mailbox, *messages: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, local_hostname="test", timeout=5) as smtp:
        for message in messages:
            smtp.send_message(message)


def ask(url: str, method: str = "GET", **headers: str) -> HTTPResponse:
    request = urllib.request.Request(
        url, method=method, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    response: HTTPResponse = urllib.request.urlopen(request, timeout=5)
    return response


def page(url: str) -> lxml_html.HtmlElement:
    return lxml_html.fromstring(ask(url).read().decode())


def test_the_json_tells_each_message_newest_last(mailbox: Mailbox) -> None:
    deliver(mailbox, note(), note("helen@mail.example", "Second"))
    told = json.loads(ask(f"{mailbox.url}/api/messages").read())
    assert told == mailbox.messages()
    assert [mail["subject"] for mail in told] == ["A note", "Second"]
    first = told[0]
    assert (first["to"], first["from"]) == ("daniel@mail.example", "Alder <accounts@alder.example>")
    assert first["text"].startswith("Hello, see https://pay.example/l/7f3k")
    assert first["html"].strip() == HTML
    assert first["links"] == [
        "https://pay.example/l/7f3k?a=1&b=2",
        "https://pay.example/stop",
        "https://pay.example/l/7f3k",
        "https://pay.example/other",
    ]
    assert ["Subject", "A note"] in first["headers"]
    assert (first["message_id"], first["date"]) == ("<1@alder.example>", "Tue, 10 Nov 2026 09:00:00 +0000")
    assert first["attachments"] == ["Recibo ñ.pdf"]


def test_mail_can_be_asked_for_by_recipient(mailbox: Mailbox) -> None:
    deliver(mailbox, note(), note("helen@mail.example", "Second"))
    told = json.loads(ask(f"{mailbox.url}/api/messages?to=HELEN@mail.example").read())
    assert [mail["subject"] for mail in told] == ["Second"]
    assert json.loads(ask(f"{mailbox.url}/api/messages?to=helen").read()) == []


def test_mail_can_be_thrown_away(mailbox: Mailbox) -> None:
    deliver(mailbox, note())
    assert ask(f"{mailbox.url}/api/messages", "DELETE").status == 204
    assert mailbox.messages() == []
    deliver(mailbox, note())
    assert ask(f"{mailbox.url}/clear", "POST", Sec_Fetch_Site="same-origin").url == f"{mailbox.url}/"
    assert mailbox.messages() == []


def test_the_list_shows_the_newest_first_and_leads_to_the_message(mailbox: Mailbox) -> None:
    assert "No mail yet" in page(mailbox.url).text_content()
    deliver(mailbox, note(), note("helen@mail.example", "<b>Second</b>"))
    inbox = page(mailbox.url)
    assert [item.findtext(".//b") for item in inbox.findall(".//ol/li")] == ["<b>Second</b>", "A note"]
    link = inbox.findall(".//ol/li/a")[1].get("href")
    message = page(mailbox.url + str(link))
    assert message.findtext(".//h1") == "A note"
    assert "daniel@mail.example" in message.text_content()
    text_links = [a.get("href") for a in message.findall(".//pre//a")]
    assert text_links == ["https://pay.example/l/7f3k", "https://pay.example/other"]


def test_the_message_stands_in_a_cage_with_links_that_open_beside_it(mailbox: Mailbox) -> None:
    deliver(mailbox, note())
    (mail,) = mailbox.messages()
    frame = page(f"{mailbox.url}/messages/{mail['id']}").find(".//iframe")
    assert frame is not None
    assert frame.get("sandbox") == "allow-popups allow-popups-to-escape-sandbox"
    shown = ask(mailbox.url + str(frame.get("src")))
    policy = str(shown.headers["Content-Security-Policy"])
    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert '<head><base target="_blank">' in shown.read().decode()


def test_a_message_of_text_alone_is_readable(mailbox: Mailbox) -> None:
    deliver(mailbox, note(html=""))
    (mail,) = mailbox.messages()
    message = page(f"{mailbox.url}/messages/{mail['id']}")
    assert message.find(".//iframe") is None
    assert message.find(".//details[@open]//pre") is not None


def test_an_attachment_can_be_downloaded(mailbox: Mailbox) -> None:
    deliver(mailbox, note())
    (mail,) = mailbox.messages()
    link = page(f"{mailbox.url}/messages/{mail['id']}").find(".//dl//a[@href][last()]")
    files = [a.get("href") for a in page(f"{mailbox.url}/messages/{mail['id']}").findall(".//dl//a")]
    assert link is not None
    response = ask(mailbox.url + str(files[-1]))
    assert response.read() == b"%PDF-1.7"
    assert str(response.headers["Content-Disposition"]).startswith("attachment")


@pytest.mark.parametrize(
    "path", ["/messages/none", "/messages/none/html", "/messages/none/attachments/0", "/nothing"]
)
def test_what_is_not_there_is_a_plain_404(mailbox: Mailbox, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as answer:
        ask(mailbox.url + path)
    assert answer.value.code == 404


def test_pages_set_no_cookie_and_ask_nothing_of_other_hosts(mailbox: Mailbox) -> None:
    deliver(mailbox, note())
    (mail,) = mailbox.messages()
    for path in ("/", f"/messages/{mail['id']}", "/static/mailbox.css", "/api/messages"):
        response = ask(mailbox.url + path)
        assert response.headers["Set-Cookie"] is None
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in str(response.headers["Content-Security-Policy"])
    assert "<script" not in ask(f"{mailbox.url}/messages/{mail['id']}").read().decode()


def test_a_foreign_site_can_neither_read_nor_throw_away(mailbox: Mailbox) -> None:
    deliver(mailbox, note())
    for method, path, headers in (
        ("GET", "/api/messages", {"Host": "evil.example:8025"}),
        ("POST", "/clear", {"Sec_Fetch_Site": "cross-site"}),
        ("DELETE", "/api/messages", {"Sec_Fetch_Site": "cross-site"}),
    ):
        with pytest.raises(urllib.error.HTTPError) as answer:
            ask(mailbox.url + path, method, **headers)
        assert answer.value.code == 403
    assert len(mailbox.messages()) == 1


def test_both_doors_are_open_to_this_machine_only(mailbox: Mailbox) -> None:
    web_port = int(mailbox.url.rsplit(":", 1)[1])
    for port in (mailbox.smtp_port, web_port):
        # 127.0.0.2 is this machine too, but a server that listens everywhere would answer there.
        with pytest.raises(OSError), socket.create_connection(("127.0.0.2", port), timeout=2):
            pass


def test_waiting_for_mail_ends_with_it_or_with_the_time(mailbox: Mailbox) -> None:
    deliver(mailbox, note())
    assert len(mailbox.wait_for(1, to="daniel@mail.example", timeout=5)) == 1
    with pytest.raises(TimeoutError):
        mailbox.wait_for(2, timeout=0.05)


def test_mail_survives_a_restart_and_a_kill_in_the_middle_of_writing(tmp_path: Path) -> None:
    file = tmp_path / "demo" / "mail.jsonl"
    with Mailbox(store=file) as first:
        deliver(first, note(), note(subject="Second"), note(subject="Cut off"))
        before = first.messages()[:2]
    file.write_bytes(file.read_bytes()[:-100])
    with Mailbox(store=file) as second:
        assert second.messages() == before
        deliver(second, note(subject="Third"))
    with Mailbox(store=file) as third:
        assert [mail["subject"] for mail in third.messages()] == ["A note", "Second", "Third"]
        third.clear()
    with Mailbox(store=file) as fourth:
        assert fourth.messages() == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_command_runs_until_told_to_stop(tmp_path: Path, stop: signal.Signals) -> None:
    command = [
        sys.executable,
        "-m",
        "sandbox.mailbox",
        "--smtp-port",
        str(free_port()),
        "--http-port",
        str(free_port()),
    ]
    with subprocess.Popen(
        [*command, "--store", str(tmp_path / "mail")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert json.loads(ask(f"http://127.0.0.1:{command[-1]}/api/messages").read()) == []
        process.send_signal(stop)
        assert process.wait(timeout=10) == 0
    assert said.startswith(f"mailbox: read mail at http://127.0.0.1:{command[-1]}")


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "sandbox.mailbox", "--smtp-port", str(free_port()), "--http-port", port],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            env={**os.environ},
        )
    assert done.returncode == 1
    assert done.stderr == f"mailbox: port {port} is in use; choose another with --http-port\n"
