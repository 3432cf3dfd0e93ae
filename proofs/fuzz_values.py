"""What the fuzzer sends: strategies for values, forms, addresses, headers and bodies, from sensible to hostile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

NASTY = (
    "", " ", "\0", "a\0b", "0", "-1", "1", "00", "1e9", "NaN", "Infinity", "-0", "0x10", "1_000", "٣٤", "½", "１２",
    "9" * 14, "9" * 15, "9" * 30, "9" * 400, "1,234.56", "1.234,56", "12.345", "$5", "5 €", "'", '"', "' OR 1=1 --",
    "<script>alert(1)</script>", "{{7*7}}", "${7*7}", "%s%n", "%(name)s", "../../etc/passwd", "..%2f", "\\", "//evil",
    "https://evil.example/", "javascript:alert(1)", "\r\nX: y", "\n", "\t", "\u202e", "\u200b", "é" * 50, "İ", "ß",
    "😀" * 20, "\ud83d", "\udcff", "\uffff", "null", "None", "true", "[]", "{}", "USD", "usd", "JPY", "KWD",
    "XXX", "EUR",
    "all:USD", "one:USD:", "some:USD", "part:USD", "part:EUR", "all:", ":::", "stripe", "transfer", "open", "sign",
    "change", "x" * 33, "x" * 255, "x" * 5_000, "000000", "123456", "１２３４５６", "12 34 56", "97301")
HEADERS = ("Accept", "Accept-Language", "Accept-Encoding", "Content-Type", "Cookie", "Referer", "Origin", "Host",
           "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Range", "If-None-Match",
           "If-Modified-Since", "If-Range", "User-Agent", "Authorization", "X-CSRFToken", "X-HTTP-Method-Override",
           "Stripe-Signature", "Content-Encoding", "Transfer-Encoding", "Expect", "Upgrade", "Date", "Via")
HEADER_VALUES = (
    "", ",", ";;;", "q=x", "es", "qps", "xx-YY;q=nan", "en;q=99999999999", "*", "a" * 4_000, "bytes=0-", "bytes=-1",
    "bytes=9999999999-", "bytes=0-0,5-2", "W/\"x\"", "chunked", "gzip", "100-continue", "evil.example",
    "portal.test", "portal.test:99999", "portal.test:abc", "[::1", "http://portal.test/", "null", "unknown", "0", "-1",
    "application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; "
    "boundary=x", "application/x-www-form-urlencoded; charset=utf-16", "application/x-www-form-urlencoded;charset=nope",
    "Thu, 01 Jan 1970 00:00:00 GMT", "not a date", "portal_visit=x", "portal_visit=;portal_link=;portal_forms=",
    "portal_forms=eyJ.x.y", "portal_visit=" + "A" * 400, "portal_link=\x80\xff", "a=b; " * 300, "\xff\xfe", "t=1,v1=x")
METHODS = ("GET", "GET", "GET", "GET", "POST", "POST", "POST", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS",
           "TRACE", "PROPFIND", "get", "")


@dataclass(frozen=True)
class Target:
    """A route as the fuzzer sees it: the genuine values of its address and of its form."""

    endpoint: str
    method: str
    arguments: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    rule: str = ""


@dataclass(frozen=True)
class Asked:
    """One request to be made."""

    role: str
    method: str
    path: str
    body: bytes
    headers: tuple[tuple[str, str], ...]
    with_proof: bool
    length: str | None
    # The form that was meant, if it was sent as one.
    form: str = ""


texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=40), st.text(max_size=8), st.integers().map(str))
names = st.one_of(st.sampled_from(("what", "how", "currency", "invoice", "part", "for", "fact", "code", "before",
                                   "expected_total", "amount_USD", "amount_EUR", "invoice_USD", "csrf_token", "next",
                                   "v")), st.text(max_size=12))
odd_values = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
headers = st.lists(
    st.tuples(st.sampled_from(HEADERS), st.one_of(st.sampled_from(HEADER_VALUES), odd_values)), max_size=4)


@st.composite
def requests(draw: st.DrawFn, targets: tuple[Target, ...], roles: tuple[str, ...]) -> Asked:
    """Draw one request: mostly a real route with a form that is nearly right."""
    target = draw(st.sampled_from(targets))
    method = target.method if draw(st.integers(0, 9)) < 8 else draw(st.sampled_from(METHODS))
    fields = [(name, value) for name, value in target.form.items() if draw(st.integers(0, 9)) < 9]
    fields = [(name, draw(texts) if draw(st.integers(0, 9)) < 5 else value) for name, value in fields]
    fields += draw(st.lists(st.tuples(names, texts), max_size=4))
    if draw(st.booleans()) and fields:
        fields += [fields[draw(st.integers(0, len(fields) - 1))]] * draw(st.integers(1, 3))
    body, kind = draw(_bodies(fields))
    sent = [*draw(headers)] if draw(st.integers(0, 3)) == 0 else []
    return Asked(
        role=draw(st.sampled_from(roles)), method=method, path=_path(draw, target, fields), body=body,
        headers=(("Content-Type", kind), *sent), with_proof=draw(st.integers(0, 9)) < 8,
        length=draw(st.sampled_from((*(None,) * 30, "0", "-1", "x", "5", "99999999999"))),
        form=target.endpoint if method == target.method == "POST" else "")


def _path(draw: st.DrawFn, target: Target, fields: list[tuple[str, str]]) -> str:
    path = target.rule
    for name, value in target.arguments.items():
        chosen = value if draw(st.integers(0, 9)) < 6 else draw(texts)
        path = path.replace(f"<path:{name}>", _quoted(chosen)).replace(f"<{name}>", _quoted(chosen))
    if draw(st.integers(0, 30)) == 0:
        path = "/" + draw(st.text(max_size=30).map(_quoted))
    if target.method == "GET" and fields and draw(st.integers(0, 9)) < 8:
        path += "?" + _encoded(fields)
    elif draw(st.integers(0, 12)) == 0:
        path += "?" + draw(st.sampled_from(
            ("%", "%ff=%fe", "&&&", "=", "a=%00", "for=sign", "for=" + "x" * 3_000, "?")))
    return path or "/"


def _quoted(value: str) -> str:
    return quote(value.encode("utf-8", "surrogatepass"), safe="")


def _encoded(fields: list[tuple[str, str]]) -> str:
    raw = [(name.encode("utf-8", "surrogatepass"), value.encode("utf-8", "surrogatepass")) for name, value in fields]
    return urlencode(raw)


@st.composite
def _bodies(draw: st.DrawFn, fields: list[tuple[str, str]]) -> tuple[bytes, str]:
    form = "application/x-www-form-urlencoded"
    which = draw(st.integers(0, 19))
    if which < 13:
        return _encoded(fields).encode(), form
    if which < 16:
        return _multipart(fields), "multipart/form-data; boundary=edge"
    if which == 16:
        return draw(st.binary(max_size=200)), draw(st.sampled_from((form, "multipart/form-data; boundary=edge")))
    if which == 17:
        return _encoded([*fields, ("huge", "x" * draw(st.sampled_from((70_000, 600_000, 2_500_000))))]).encode(), form
    if which == 18:
        return _encoded([("f", "x")] * draw(st.sampled_from((199, 201, 1_001, 5_000)))).encode(), form
    return draw(st.sampled_from((b"{}", b'{"fact": 1}', b"[" * 9_000, b"null", b"\xff"))), draw(
        st.sampled_from(("application/json", "text/plain", "", "x", "application/xml")))


def _multipart(fields: list[tuple[str, str]]) -> bytes:
    parts: list[Any] = []
    for place, (name, value) in enumerate(fields):
        label = name.encode("utf-8", "surrogatepass").replace(b'"', b"%22").replace(b"\r", b"").replace(b"\n", b"")
        file = b'; filename="../../x.php"' if place % 5 == 4 else b""
        parts += [b"--edge\r\nContent-Disposition: form-data; name=\"" + label + b'"' + file + b"\r\n\r\n",
                  value.encode("utf-8", "surrogatepass"), b"\r\n"]
    return b"".join([*parts, b"--edge--\r\n"])
