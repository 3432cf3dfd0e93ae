"""One message as it was or will be sent, with why; the private link in it is never shown to staff."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Debtor, Message, PortalLink
from portal.runtime import Runtime
from portal.services.lists.cells import Cell
from portal.services.lists.messages import CLASSES, kind_of, row_of, state_of
from portal.words.core import Words
from portal.words.refusals import N_
from portal.words.said import Said, Sayable

# A token is made when the email leaves and is stored nowhere; its place is a word in braces.
PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
PLACES = {
    "portal_link": N_("[the private link to their page]"), "stop_link": N_("[the link that stops such emails]"),
    "not_me_link": N_("[the link to say: this is not me]"),
}
OTHER_PLACE = N_("[a private link]")


@dataclass(frozen=True)
class MessagePage:
    """All that the page of a message shows."""

    public_id: str
    subject: str
    text: str
    state: Cell
    kind: Sayable
    message_class: Sayable
    code: str
    to_address: str
    language: str
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    attempts: int
    waits: bool
    attachment: bool
    opened_at: datetime | None
    # The text holds digits that open a page, or was not written yet, or was never written.
    secret: bool
    debtor_id: str
    debtor_name: str


def page(rt: Runtime, access: StaffAccess, words: Words, message_id: str) -> MessagePage:
    """Give one message to a debtor of this business; raises Refusal not_found for any other."""
    access.require("see")
    with rt.db.reading() as session:
        found = session.execute(
            select(Message, Debtor, PortalLink.first_opened_at)
            .join(Debtor, Debtor.id == Message.debtor_id)
            .outerjoin(PortalLink, PortalLink.id == Message.link_id)
            .where(Message.public_id == message_id, Message.business_id == access.business_id)).one_or_none()
    if found is None:
        raise Refusal("not_found", "unknown_page")
    message, debtor, opened_at = found
    row = row_of(message, debtor)
    secret = message.kind == "code"
    return MessagePage(
        public_id=message.public_id, subject=message.subject,
        text="" if secret else _shown(rt, words, message.body_text),
        state=state_of(row), kind=kind_of(row), message_class=Said(CLASSES[message.message_class]),
        code=message.message_class, to_address=message.to_address, language=message.language,
        created_at=message.created_at, due_at=message.due_at, sent_at=message.sent_at, attempts=message.attempts,
        waits=message.state == "queued", attachment=bool(message.attachment), opened_at=opened_at, secret=secret,
        debtor_id=debtor.public_id, debtor_name=debtor.name)


def _shown(rt: Runtime, words: Words, text: str) -> str:
    known = {"portal_host": urlsplit(rt.settings.base_url).netloc}
    return PLACEHOLDER.sub(
        lambda place: known.get(place[1]) or words.text(PLACES.get(place[1], OTHER_PLACE)), text)
