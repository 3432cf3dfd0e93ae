"""What every queue tells of the debtor an item is about: who they are, what they owe, how they can be reached."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.ledger import RECEIVABLE
from portal.models import Business, Debtor, LedgerAccount
from portal.services.queues.frame import Fact
from portal.words.phones import shown
from portal.words.refusals import N_
from portal.words.said import Plain, Said, Sayable, Sum

KINDS = {"consumer": N_("Consumer"), "business": N_("Business")}
NO_EMAIL = {
    "bounced": N_("emails to them bounced"), "wrong_person": N_("their address is somebody else’s"),
    "": N_("they have no email address"),
}
LANGUAGES = {"en": N_("English"), "es": N_("Spanish")}
MOST_SUMS = 5


def facts_of(session: Session, debtor: Debtor) -> tuple[Fact, ...]:
    """Tell who a debtor is, what they owe, and what stands in the way of reaching them."""
    # An import without numbers knows its debtors by their names; one name is enough then.
    who: Sayable = Plain(debtor.name) if debtor.number == debtor.name else Said(
        N_("%(name)s, %(number)s"), {"name": debtor.name, "number": debtor.number})
    found = [Fact(N_("Debtor"), who, ("office.debtor", {"debtor_id": debtor.public_id})),
             Fact(N_("Owes"), owes(session, debtor))]
    if debtor.phone:
        business = session.get_one(Business, debtor.business_id)
        found.append(Fact(N_("Phone"), Plain(shown(debtor.phone, debtor.country or business.country)),
                          dial=debtor.phone))
    state = "" if not debtor.email else debtor.email_state
    found.append(Fact(N_("Email"), Plain(debtor.email or "") if state == "ok" else Said(NO_EMAIL[state])))
    language = LANGUAGES.get(debtor.locale.split("_")[0])
    if language:
        found.append(Fact(N_("Reads"), Said(language)))
    return tuple(found)


def owes(session: Session, debtor: Debtor) -> Sayable:
    """Tell what is left on a debtor's invoices, currency by currency, and since when the oldest is due."""
    left = func.sum(LedgerAccount.debits - LedgerAccount.credits)
    rows = session.execute(
        select(LedgerAccount.currency, left.label("left"), func.min(LedgerAccount.due_on).label("oldest"))
        .where(LedgerAccount.business_id == debtor.business_id, LedgerAccount.debtor_id == debtor.id,
               LedgerAccount.kind == RECEIVABLE, LedgerAccount.credits < LedgerAccount.debits)
        .group_by(LedgerAccount.currency).order_by(left.desc()).limit(MOST_SUMS)).all()
    if not rows:
        return Said(N_("nothing"))
    sums: Sayable = Sum(int(rows[0].left), rows[0].currency)
    for row in rows[1:]:
        sums = Said(N_("%(first)s and %(second)s"), {"first": sums, "second": Sum(int(row.left), row.currency)})
    oldest = min((row.oldest for row in rows if row.oldest is not None), default=None)
    if oldest is None:
        return sums
    return Said(N_("%(sum)s, the oldest due on %(day)s"), {"sum": sums, "day": oldest})

