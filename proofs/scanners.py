"""Mail scanners: they fetch every address, follow every redirect and link, keep cookies, and press nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lxml import etree
from lxml import html as lxml_html
from werkzeug.routing import Rule

from proofs.outsiders import OFFICE, address
from tests.borders import Theatre, digest

MOST_STEPS = 12
# A scanner without a session, one that opened the link and keeps its cookies, one let in by a debtor who forwarded
# everything, one with a link that only pays, and one that comes back to a dead link.
SCANNERS = ("anonymous", "link_only", "own", "pay_only", "expired", "revoked")


@dataclass
class Read:
    """What the scanners read, and what was different afterwards."""

    routes: int = 0
    requests: int = 0
    changed: list[str] = field(default_factory=list)


def scan(theatre: Theatre) -> Read:
    """Let every scanner read every route by GET and HEAD; nothing may be different after any of them."""
    read = Read()
    rules = [rule for rule in theatre.app.url_map.iter_rules() if "GET" in (rule.methods or set())]
    read.routes = len(rules) * 2
    for role in SCANNERS:
        for rule in rules:
            for method in ("GET", "HEAD"):
                _scan_one(theatre, read, role, rule, method)
    return read


def _scan_one(theatre: Theatre, read: Read, role: str, rule: Rule, method: str) -> None:
    client, _ = theatre.client(role)
    # The session of a scanner that was let in is made by us, before the look.
    before = digest(theatre.db)
    base = theatre.rt.settings.base_url
    office = rule.endpoint.startswith(OFFICE)
    waiting, seen = [address(theatre, rule) if office else theatre.path(rule, theatre.stage.own)], set[str]()
    while waiting and len(seen) < MOST_STEPS:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        answer = client.open(path, method=method, base_url=base, environ_overrides={
            "REMOTE_ADDR": f"10.9.{read.requests >> 8 & 255}.{read.requests & 255}"})
        read.requests += 1
        waiting += _leads(answer.headers.get("Location", ""), answer.get_data(), answer.mimetype or "", base)
    after = digest(theatre.db)
    if after != before:
        tables = sorted(name for name in after if after[name] != before.get(name))
        read.changed.append(f"{role}: {method} {rule.endpoint} changed {', '.join(tables)}")


def _leads(location: str, body: bytes, kind: str, base: str) -> list[str]:
    """Where an answer leads: its redirect first, then every address on the page that is ours."""
    found = [location] if location else []
    if kind == "text/html" and body:
        try:
            tree = lxml_html.fromstring(body)
        except etree.ParserError:
            return []
        found += [str(one) for one in tree.xpath(
            "//a/@href|//link/@href|//img/@src|//script/@src|//form[@method='get']/@action")]
    ours = []
    for one in found:
        parts = urlsplit(one)
        if parts.scheme in ("", "http", "https") and parts.netloc in ("", urlsplit(base).netloc) and parts.path:
            ours.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    return ours
