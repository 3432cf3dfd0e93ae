"""The links of an email, made with fresh tokens at the moment it is sent, so that no stored email opens anything."""

from __future__ import annotations

from urllib.parse import urlsplit

from portal.models import Business, Debtor, PortalLink
from portal.runtime import Runtime
from portal.services import links, not_me, opt_out


def values(rt: Runtime, debtor: Debtor | None, business: Business, link: PortalLink | None) -> dict[str, str]:
    """Give what each placeholder of a stored email becomes; an email to staff, of no debtor, leads into the office."""
    now, base = rt.now(), rt.settings.base_url
    if debtor is None:
        return {"portal_host": urlsplit(base).netloc, "office": f"{base}/office"}
    filled = {
        "portal_host": urlsplit(base).netloc,
        "stop_link": opt_out.url_of(rt.settings, debtor, now),
        "not_me_link": not_me.url_of(rt.settings, debtor, now),
        "rights_link": f"{base}/b/{business.slug}/rights",
    }
    if link is not None:
        filled["portal_link"] = links.url_of(rt.settings, link)
    return filled
