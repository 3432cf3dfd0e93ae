"""A postal address as it stands on an envelope, put together from the columns of a file."""

from __future__ import annotations

from portal.domain.errors import Refusal

LONGEST = 300
# Where the town stands in front of its code, in the habit of their own post.
_TOWN_FIRST = frozenset({"US", "CA", "AU", "GB", "IE", "NZ", "IN"})


def on_an_envelope(street: str, more: str | None, city: str | None, region: str | None, postal_code: str | None,
                   country: str | None) -> str:
    """The address in lines: street, what is beside it, town with its code. Raises Refusal address_too_long.

    "12 Fern Lane", "Salem", "OR", "97301" becomes two lines, the second "Salem, OR 97301"; where the code stands in
    front ("08001 Barcelona"), so it does here. An address that holds its town already is left as it is.
    """
    lines = [part for part in (street, more) if part]
    town = _town(city, region, postal_code, country)
    if town:
        lines.append(town)
    text = "\n".join(lines)
    if len(text) > LONGEST:
        raise Refusal("invalid", "address_too_long", maximum=LONGEST)
    return text


def _town(city: str | None, region: str | None, postal_code: str | None, country: str | None) -> str:
    if not city:
        # The town is in the street's own cell, and so is its code.
        return ""
    if country in _TOWN_FIRST or (country is None and region):
        place = ", ".join(filter(None, (city, region)))
        return f"{place} {postal_code}" if postal_code else place
    place = f"{postal_code} {city}" if postal_code else city
    return f"{place}, {region}" if region else place
