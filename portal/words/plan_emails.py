"""The wording of emails about plans; no subject tells that anything is owed or agreed on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from portal.words.core import Words
from portal.words.emails import Letter, Reader, Sender, plain
from portal.words.question_emails import paragraphs


@dataclass(frozen=True)
class About:
    """What an email about a plan may name: its sum and number of payments, a day, a sum, and what staff wrote."""

    total_minor: int
    currency: str
    count: int
    until: date | datetime | None = None
    amount_minor: int = 0
    staff_name: str = ""
    words: str = ""


Wording = Callable[[Words, Sender, Reader, About], Letter]


def plan_sent(words: Words, sender: Sender, reader: Reader, about: About) -> Letter:
    """Word that a proposal has reached a person."""
    return _letter(words, sender, reader, words.text("We have your proposal."), (
        words.text("Thank you for telling us what works for you. %(name)s reads your proposal and answers on your "
                   "page and by email.", name=sender.contact_name),
        words.text("Until then we send no reminders.")))


def plan_accepted(words: Words, sender: Sender, reader: Reader, about: About) -> Letter:
    """Word that a proposal is agreed to and waits for the signature."""
    return _letter(words, sender, reader, _answered(words, about), (
        *_said(words, about),
        words.text("We agree to what you proposed: %(sum)s in %(count)s payments.",
                   sum=words.money(about.total_minor, about.currency), count=words.number(about.count)),
        words.text("It counts once you have read and signed it on your page. Reminders wait until then.")))


def plan_countered(words: Words, sender: Sender, reader: Reader, about: About) -> Letter:
    """Word that another plan is offered."""
    return _letter(words, sender, reader, _answered(words, about), (
        *_said(words, about),
        words.text("We offer you another way: %(sum)s in %(count)s payments. Your page shows each day and amount.",
                   sum=words.money(about.total_minor, about.currency), count=words.number(about.count)),
        words.text("It counts once you have read and signed it. You can also propose something else.")))


def plan_offered(words: Words, sender: Sender, reader: Reader, about: About) -> Letter:
    """Word that the business itself proposes a plan."""
    return _letter(words, sender, reader, words.text("%(name)s proposes a way to pay in parts.",
                                                     name=plain(about.staff_name)), (
        *_said(words, about),
        words.text("We propose %(sum)s in %(count)s payments. Your page shows each day and amount.",
                   sum=words.money(about.total_minor, about.currency), count=words.number(about.count)),
        words.text("Nothing is agreed on before you have read and signed it. You can also propose something else.")))


def plan_refused(words: Words, sender: Sender, reader: Reader, about: About) -> Letter:
    """Word that a proposal is not possible, why, and which ways are open."""
    return _letter(words, sender, reader, _answered(words, about), (
        *_said(words, about),
        words.text("This plan is not possible. Your page shows which ways are open, and a call helps often.")))


def plan_expiring(words: Words, sender: Sender, reader: Reader, about: About) -> Letter:
    """Word that a plan waits for the signature and until when."""
    return _letter(words, sender, reader, words.text("Something on your page waits for you."), (
        words.text("Your plan of %(sum)s in %(count)s payments waits for your signature until %(day)s.",
                   sum=words.money(about.total_minor, about.currency), count=words.number(about.count),
                   day=words.day(about.until) if about.until else ""),
        words.text("After that day it is over; you can then propose a new one.")))


def plan_late(words: Words, sender: Sender, reader: Reader, about: About) -> Letter:
    """Word that a payment of a plan did not come, and how it can be mended."""
    return _letter(words, sender, reader, words.text("A payment did not arrive."), (
        words.text("A payment of %(sum)s has not arrived. That happens; on your page you can pay it now, or choose "
                   "how to make up for it.", sum=words.money(about.amount_minor, about.currency)),
        words.text("Everything else stays as we agreed.")))


def plan_cure(words: Words, sender: Sender, reader: Reader, about: About) -> Letter:
    """Word the last notice before a plan ends: what is missing, until when, and what happens then."""
    return _letter(words, sender, reader, words.text("Please look at your page by %(day)s.", day=_day(words, about)), (
        words.text("A payment of %(sum)s is still missing. Please pay it by %(day)s, or choose on your page how to "
                   "make up for it.", sum=words.money(about.amount_minor, about.currency), day=_day(words, about)),
        words.text("If nothing comes by then, the plan ends as the agreement says, and what is left is due at once. "
                   "If you cannot pay, call us before; we would rather find a way.")))


def plan_ended(words: Words, sender: Sender, reader: Reader, about: About) -> Letter:
    """Word that a plan is over, and why."""
    return _letter(words, sender, reader, words.text("Your plan has ended."), (
        *_said(words, about),
        words.text("Your plan has ended. What is left of it, %(sum)s, is due now. Your page shows which ways are "
                   "open, and a call helps often.", sum=words.money(about.amount_minor, about.currency))))


def plan_completed(words: Words, sender: Sender, reader: Reader, about: About) -> Letter:
    """Thank for the last payment of a plan."""
    return _letter(words, sender, reader, words.text("All of it is paid. Thank you."), (
        words.text("You have paid all %(count)s payments, %(sum)s in all. Thank you for keeping to it.",
                   sum=words.money(about.total_minor, about.currency), count=words.number(about.count)),
        words.text("On your page you find a letter that says so, to keep.")))


def plan_changed(words: Words, sender: Sender, reader: Reader, about: About) -> Letter:
    """Word that the days or sums of a running plan have changed; the page shows the new ones."""
    return _letter(words, sender, reader, words.text("Your plan has changed."), (
        *_said(words, about),
        words.text("The payments of your plan have changed. %(sum)s are left; your page shows each day and amount.",
                   sum=words.money(about.amount_minor, about.currency)),))


def plan_outgrown(words: Words, sender: Sender, reader: Reader, about: About) -> Letter:
    """Word that a plan no longer covers all that is owed, and that a changed one waits to be read."""
    return _letter(words, sender, reader, words.text("Something on your page waits for you."), (
        words.text("Your plan no longer covers everything: %(sum)s came on top, such as a payment that went back. "
                   "We have put it after the payments you agreed on, and none of their days has changed.",
                   sum=words.money(about.amount_minor, about.currency)),
        words.text("Look at the changed plan on your page. It counts only if you sign it, until %(day)s. Your plan "
                   "goes on as it is, and until then we send no reminders about what came on top.",
                   day=_day(words, about))))


def plan_due(words: Words, sender: Sender, reader: Reader, about: About) -> Letter:
    """Remind of a payment that is not charged by itself, before its day."""
    return _letter(words, sender, reader, words.text("The next payment is on %(day)s.", day=_day(words, about)), (
        words.text("The next payment of your plan is %(sum)s on %(day)s. You pay it on your page, by card, bank debit "
                   "or transfer.", sum=words.money(about.amount_minor, about.currency), day=_day(words, about)),
        words.text("Have you sent it already? Then there is nothing to do.")))


def plan_asked(words: Words, sender: Sender, plan_id: str, until: datetime) -> Letter:
    """Word the note that somebody proposes a plan; who it is stands only behind the sign-in."""
    return Letter(
        subject=words.text("Somebody waits for an answer at %(business)s", business=sender.name),
        preview=words.text("In the office, under Requests."), greeting=words.text("Hello,"),
        opening=(words.text("A customer proposes to pay over time. Your page promised an answer by %(day)s.",
                            day=words.day(until)),),
        action=words.text("Read and answer"), signed=False, office_page=f"/requests/plans/{plan_id}")


def _letter(words: Words, sender: Sender, reader: Reader, preview: str, opening: tuple[str, ...]) -> Letter:
    return Letter(
        subject=words.text("A note from %(business)s", business=sender.name), preview=preview,
        greeting=words.text("Hello %(name)s,", name=reader.greeting_name) if reader.greeting_name
        else words.text("Hello,"),
        opening=opening, action=words.text("See your page"))


def _answered(words: Words, about: About) -> str:
    return words.text("%(name)s has an answer for you.", name=plain(about.staff_name))


def _said(words: Words, about: About) -> tuple[str, ...]:
    if not about.words.strip():
        return ()
    return (words.text("%(name)s writes:", name=plain(about.staff_name)), *paragraphs(about.words))


def _day(words: Words, about: About) -> str:
    return words.day(about.until) if about.until else ""


# What happened to a plan, and how it is worded.
KINDS: dict[str, Wording] = {
    "plan_sent": plan_sent, "plan_accepted": plan_accepted, "plan_countered": plan_countered,
    "plan_offered": plan_offered, "plan_refused": plan_refused, "plan_expiring": plan_expiring,
    "plan_late": plan_late, "plan_cure": plan_cure, "plan_ended": plan_ended, "plan_changed": plan_changed,
    "plan_outgrown": plan_outgrown,
}
