"""The closed set of acts a code may be entered for, and the page each leads back to. Nobody chooses an address."""

from __future__ import annotations

from flask import url_for

from portal.domain.errors import Refusal

OPEN = "open"
ENDPOINTS = {OPEN: "debtor.balance", "sign": "debtor.agreements", "change": "debtor.rights_here",
             "dispute": "debtor.wrong",
             "autopay": "debtor.autopay"}


def known_act(text: str) -> str:
    """Give an act by its name in an address; raises Refusal not_found for any other."""
    if text not in ENDPOINTS:
        raise Refusal("not_found", "unknown_page")
    return text


def code_page(act: str) -> str:
    """Give the address of the page that asks for this act's code."""
    address: str = url_for("debtor.code") if act == OPEN else f"{url_for('debtor.code')}?for={known_act(act)}"
    return address
