"""Debtors, strangers and nobody before the doors of the office: whatever they try there, they see and move nothing.

What staff of each role may do is walked by a table of its own in the tests.
"""

from __future__ import annotations

from typing import Any

from werkzeug.routing import IntegerConverter, Rule

from tests.borders import METHODS, ROLES, Theatre, digest, readable

OFFICE = "office."


def office_rules(theatre: Theatre) -> list[Rule]:
    """Every route of the office."""
    return [rule for rule in theatre.app.url_map.iter_rules() if rule.endpoint.startswith(OFFICE)]


def address(theatre: Theatre, rule: Rule) -> str:
    """An address of the office that names the own debtor's things, as far as a name is wanted."""
    own = theatre.stage.own
    names = {"invoice_id": own.owed.invoices[0].public_id, "payment_id": own.payments["received"].public_id,
             "link_id": own.owed.link.public_id, "slug": own.business.slug, "business": own.business.slug,
             "document_id": own.files[0].public_id, "file_id": own.files[0].public_id}
    values = {name: 1 if isinstance(converter, IntegerConverter) else names.get(name, own.debtor.public_id)
              for name, converter in rule._converters.items()}
    return str(theatre.app.url_map.bind("portal.test").build(rule.endpoint, values, "GET" if "GET" in (
        rule.methods or set()) else "POST"))


def stand_outside(theatre: Theatre) -> tuple[int, list[str]]:
    """Try every route of the office by every method as each kind of reader of the portal; gives what went wrong."""
    tried, wrong, before = 0, [], _money(theatre)
    for rule in office_rules(theatre):
        for role in ROLES:
            for method in METHODS:
                tried += 1
                wrong += [f"{role}: {method} {rule.endpoint} {what}" for what in _try(theatre, rule, role, method)]
        if (after := _money(theatre)) != before:
            wrong.append(f"{rule.endpoint} moved {', '.join(name for name in after if after[name] != before[name])}")
            before = after
    return tried, wrong


def _try(theatre: Theatre, rule: Rule, role: str, method: str) -> list[str]:
    client, proof = theatre.client(role)
    path, base = address(theatre, rule), theatre.rt.settings.base_url
    answer = client.open(path, method=method, base_url=base, headers={"Referer": f"{base}/"},
                         data={"csrf_token": proof} if method not in ("GET", "HEAD") else None)
    found = [f"got {answer.status_code}"] if answer.status_code >= 500 else []
    seen = readable(answer).replace(path, "")
    secrets: list[Any] = [mark for part in (theatre.stage.own, theatre.stage.neighbour, theatre.stage.stranger)
                          for mark in part.secrets if mark not in path]
    return found + [f"shows {mark}" for mark in secrets if mark in seen]


def _money(theatre: Theatre) -> dict[str, str]:
    """All of the books, debtors and staff; tries at a door may be counted elsewhere."""
    kept = ("business", "debtor", "invoice", "payment", "refund", "ledger_transfer", "portal_link", "offer", "hold",
            "message", "staff", "staff_user", "staff_role", "stored_file")
    return {table: rows for table, rows in digest(theatre.db).items() if table in kept}
