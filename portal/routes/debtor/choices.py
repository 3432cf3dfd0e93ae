"""What a debtor chose to pay, as it travels in forms and addresses; sums in addresses are minor units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from portal.domain.currencies import is_supported
from portal.domain.errors import Refusal
from portal.domain.money import MAX_MINOR, MoneyError, parse_amount, to_decimal
from portal.domain.quotes import Choice
from portal.words import Words

MOST_INVOICES = 200


@dataclass(frozen=True)
class Chosen:
    """A choice and the way it is to be paid: stripe or transfer."""

    choice: Choice
    how: str = "stripe"

    def query(self) -> dict[str, Any]:
        """Give the address form of the choice; the price is never in it."""
        values: dict[str, Any] = {"currency": self.choice.currency}
        if self.choice.invoice_public_ids:
            values["invoice"] = list(self.choice.invoice_public_ids)
        if self.choice.amount_minor is not None:
            values["part"] = self.choice.amount_minor
        return values


def as_typed(choice: Choice, words: Words) -> dict[str, Any]:
    """Give a choice as the form for choosing holds it, so that "Change" leads back to what was chosen."""
    currency, ids = choice.currency, choice.invoice_public_ids
    if choice.amount_minor is not None:
        written = str(to_decimal(choice.amount_minor, currency)).replace(".", words.decimal_mark)
        return {"what": f"part:{currency}", f"amount_{currency}": written}
    if len(ids) == 1:
        return {"what": f"one:{currency}:{ids[0]}", f"invoice_{currency}": list(ids)}
    return {"what": f"some:{currency}", f"invoice_{currency}": list(ids)} if ids else {"what": f"all:{currency}"}


def from_query(values: MultiDict[str, str]) -> Choice:
    """Read a choice from an address; whatever is not one is refused as unknown."""
    currency = values.get("currency", "")
    part = values.get("part", "")
    if not is_supported(currency) or (part and not (part.isascii() and part.isdigit() and len(part) <= 14)):
        raise Refusal("not_found", "unknown_page")
    amount = int(part) if part else None
    if amount is not None and not 0 < amount <= MAX_MINOR:
        raise Refusal("not_found", "unknown_page")
    return Choice(currency, _invoices(values.getlist("invoice")), amount)


def from_form(values: MultiDict[str, str], words: Words, currencies: Mapping[str, object]) -> Chosen:
    """Read the form for choosing; raises Refusal with the sentence for whoever filled it in."""
    what, _, rest = values.get("what", "").partition(":")
    how = values.get("how", "stripe")
    currency, _, invoice = rest.partition(":")
    if what not in ("all", "one", "some", "part") or currency not in currencies or how not in ("stripe", "transfer"):
        raise Refusal("invalid", "nothing_chosen")
    if what == "one":
        return Chosen(Choice(currency, _invoices([invoice])), how)
    if what == "some":
        chosen = _invoices(values.getlist(f"invoice_{currency}"))
        if not chosen:
            raise Refusal("invalid", "nothing_chosen")
        return Chosen(Choice(currency, chosen), how)
    if what == "part":
        amount = _typed_amount(values.get(f"amount_{currency}", ""), currency, words)
        if amount <= 0:
            raise Refusal("invalid", "amount_negative")
        return Chosen(Choice(currency, amount_minor=amount), how)
    return Chosen(Choice(currency), how)


def _typed_amount(text: str, currency: str, words: Words) -> int:
    try:
        return parse_amount(text, currency, words.decimal_mark)
    except MoneyError as error:
        if error.code != "amount_too_large":
            raise
        # Beyond every amount we keep; the quote then says the most that can be paid here.
        return MAX_MINOR


def _invoices(public_ids: list[str]) -> tuple[str, ...]:
    if len(public_ids) > MOST_INVOICES or any(not 0 < len(public_id) <= 32 for public_id in public_ids):
        raise Refusal("not_found", "unknown_invoice")
    return tuple(dict.fromkeys(public_ids))
