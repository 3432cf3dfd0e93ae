"""The office's navigation as one list: a new page of the menu is one line here. A role sees what it may open."""

from __future__ import annotations

from dataclasses import dataclass

from portal.words.refusals import N_


@dataclass(frozen=True)
class Entry:
    """One line of the menu; `endpoint` with `values` is where it leads, `also` are endpoints that belong to it."""

    label: str
    endpoint: str
    permission: str = "see"
    # The letter that follows G on the keyboard.
    key: str = ""
    # What the number behind it counts: "requests" or "approvals".
    counted: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Lines that belong together; the first group has no title."""

    code: str
    title: str
    entries: tuple[Entry, ...]


NAVIGATION: tuple[Group, ...] = (
    Group("work", "", (
        Entry(N_("Today"), "office.dashboard", key="t"),
        Entry(N_("Requests"), "office.queues", key="r", counted="requests", also=("office.queue", "office.queue_item")),
    )),
    Group("people", N_("Owed to you"), (
        Entry(N_("Debtors"), "office.debtors", key="d", also=("office.debtor",)),
        Entry(N_("Invoices"), "office.invoices", key="i", also=("office.invoice",)),
        Entry(N_("Payments"), "office.payments", key="p", also=("office.payment",)),
        Entry(N_("Plans"), "office.plans_list", also=("office.debtor_plans",)),
        Entry(N_("Offers"), "office.offers_list", also=("office.ask_withdraw_offer",)),
        Entry(N_("Messages"), "office.messages", key="m", also=("office.message",)),
        Entry(N_("Letters"), "office.letters", also=("office.debtor_letter",)),
        Entry(N_("What works"), "office.learning"),
    )),
    Group("books", N_("Books"), (
        Entry(N_("Import"), "office.imports", "import"),
        Entry(N_("Bank statements"), "office.bank", also=("office.check_bank", "office.take_in_bank")),
        Entry(N_("Ledger"), "office.ledger", key="l", also=(
            "office.ledger_account", "office.transfer", "office.trial_balance", "office.statements")),
        Entry(N_("Stripe and the books"), "office.reconciliation", also=("office.payout",)),
        Entry(N_("Approvals"), "office.approvals", key="a", counted="approvals", also=("office.approval",)),
    )),
    Group("set-up", N_("Set-up"), (
        Entry(N_("Reminders"), "office.cadences", "set_up", also=(
            "office.cadence", "office.review_cadence", "office.ask_switch_off", "office.ask_safe_mode",
            "office.simulator", "office.step_words_list", "office.step_words")),
        Entry(N_("Business"), "office.setup", "set_up", also=("office.setup_section",)),
        Entry(N_("Staff"), "office.staff", "staff"),
        Entry(N_("What runs by itself"), "office.jobs", "set_up"),
        Entry(N_("Audit"), "office.audit", "see_audit"),
        Entry(N_("Your account"), "office.account"),
    )),
)
