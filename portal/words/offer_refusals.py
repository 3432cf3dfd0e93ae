"""Sentences for refusals about discounts and settlements, for debtors and for the office."""

from __future__ import annotations


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


OFFERS: dict[str, str] = {
    "offer_expired": N_("The discount has ended since you looked. Please check the amount again; nothing was charged."),
    "offer_withdrawn": N_("The discount stands no longer. Please check the amount again; nothing was charged."),
    "offer_superseded": N_("There is another offer now. Please check the amount again; nothing was charged."),
    "settlement_whole": N_("This is closed by one payment of %(amount)s for all that was agreed on. Please choose all "
                           "of it together."),
    "settlements_off": N_("There is nothing here, or it is not yours to see."),
    "settlement_not_less": N_("That is all that is owed, or more. Please name a sum below %(most)s, or pay as usual."),
    "settlement_decided": N_("This has been decided already. Please look again."),
    "settlement_moved_on": N_("Something was said in the meantime. Please look again before you answer."),
    "settlement_over": N_("This offer has ended with its last day. You can ask again."),
    "settlement_not_needed": N_("So much has been paid or credited that the rest is no more than this sum. Please pay "
                                "the rest as usual."),
    "settlement_too_little": N_("Nobody may agree to this sum. Please take the one we named, or talk to us."),
    "settlement_asked_often": N_("You have asked several times already. Please call us; together it goes faster."),
    "settlement_waits": N_("They have asked for a settlement themselves. Please answer that first, under Requests."),
    "settlement_owner_only": N_("So much can only be given up by an owner."),
    "discount_too_small": N_("That comes to nothing. Please enter a percentage or an amount."),
    "discount_too_large": N_("A discount can be half of an invoice at most. For more, offer a settlement."),
    "discount_unreadable": N_("Please enter a percentage such as 2.5, or an amount, and not both."),
    "offer_is_settled": N_("This belongs to a signed agreement. It ends by its own rules alone."),
    "early_pay_half_said": N_("A discount on every invoice needs both: the percentage and the days."),
    "settlement_asked_above_at_once": N_("The share that a person decides about must not be above the one that is "
                                         "accepted at once."),
    "settlement_share_wrong": N_("A share must lie between 10 % and 100 %."),
    "settlement_ages_mixed": N_("The second age must be above the first one."),
    "settlement_older_costs_more": N_("An older debt must not be settled for a higher share than a younger one."),
}
