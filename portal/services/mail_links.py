"""The links of an email, made with fresh tokens at the moment it is sent, so that no stored email opens anything."""

from __future__ import annotations

from urllib.parse import urlsplit

from portal.models import Business, Debtor, PortalLink
from portal.runtime import Runtime
from portal.services import feedback_links, links, not_me, opt_out

# Emails about a payment that ask how it was; their keys end with the payment's public id.
ASKS = ("receipt", "thank_you")


def values(rt: Runtime, debtor: Debtor | None, business: Business, link: PortalLink | None, *,
           key: str = "") -> dict[str, str]:
    """Give what each placeholder of a stored email becomes; an email to staff, of no debtor, leads into the office.

    `key` is the email's cause, such as "receipt:<payment>".
    """
    now, base = rt.now(), rt.settings.base_url
    if debtor is None:
        return {"portal_host": urlsplit(base).netloc, "office": f"{base}/office"}
    filled = {
        "portal_host": urlsplit(base).netloc,
        "stop_link": opt_out.url_of(rt.settings, debtor, now),
        "not_me_link": not_me.url_of(rt.settings, debtor, now),
        "rights_link": f"{base}/b/{business.slug}/rights",
    }
    kind, _, about = key.partition(":")
    if kind in ASKS:
        filled["feedback_link"] = feedback_links.url_of(rt.settings, about, now)
    if link is not None:
        filled["portal_link"] = links.url_of(rt.settings, link)
    return filled
