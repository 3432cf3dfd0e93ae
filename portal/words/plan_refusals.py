"""Sentences for refusals on the pages about plans, for debtors and for those who answer them."""

from __future__ import annotations


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


PLANS: dict[str, str] = {
    "plans_off": N_("Plans are agreed with a person here. Please call or write to us."),
    "sum_not_payable": N_("This currency is only paid in steps of %(step)s, so this sum cannot be split. Please call "
                          "us."),
    "down_not_payable": N_("This currency is only paid in steps of %(step)s. Please choose another first part."),
    "part_not_payable": N_("This currency is only paid in steps of %(step)s. Please change the amounts."),
    "down_too_large": N_("What you pay at once has to be less than %(amount)s, which is all of it."),
    "too_few_parts": N_("Please choose at least one payment with a day and an amount."),
    "too_many_parts": N_("That is more than %(count)s payments. Please choose fewer."),
    "part_too_small": N_("One payment would be less than %(least)s, which cannot be charged. Please choose fewer "
                         "payments."),
    "size_missing": N_("Please enter what you can pay each time."),
    "size_too_small": N_("This sum is too small: it would take more than %(count)s payments. At least %(least)s each "
                         "time fits."),
    "count_missing": N_("Please enter how many payments you would like."),
    "first_day_missing": N_("Please choose the day of the first payment."),
    "day_twice": N_("Two payments fall on the same day. Please choose different days."),
    "sum_differs": N_("Your payments come to %(amount)s, and it has to be %(expected)s."),
    "part_incomplete": N_("Each payment needs a day and an amount."),
    "frequency_missing": N_("Please choose how often."),
    "plan_total_changed": N_("What is left to pay has changed in the meantime. Please look at the plan again."),
    "plan_not_fitting": N_("This plan goes beyond what can be agreed on at once. Please look at the one that fits, or "
                           "ask us."),
    "plan_law_four": N_("More than four payments cannot be agreed on here. Please choose four or fewer."),
    "plan_over": N_("This proposal is over. You can make a new one."),
    "plan_days_passed": N_("The first day of this plan has passed. Please choose the days anew."),
    "plan_decided": N_("This has been decided already. Please look again."),
    "plan_nothing_fits": N_("Nothing here can be paid over time at the moment."),
    "plan_running": N_("This plan is not running any more."),
    "plan_no_moves": N_("The days of this plan have been moved as often as it allows."),
    "plan_move_too_far": N_("Please choose a day up to %(day)s."),
    "plan_no_skips": N_("This plan has no payment left that can be put to the end."),
    "plan_part_done": N_("This payment is done or on its way."),
    "plan_part_moving": N_("A payment for this is on its way. Please wait until the bank has answered."),
    "plan_no_room": N_("There is no later payment that could take it over."),
    "plan_not_late": N_("Nothing of this plan is late."),
    "plan_no_nearest": N_("Your rules accept no plan at once for this. Please offer terms of your own."),
    "plan_waits": N_("They have proposed a plan and wait for your answer. Please answer that one."),
    "plan_no_frequency": N_("At least one rhythm has to be allowed."),
    "plan_count_wrong": N_("Please allow between 1 and 120 payments."),
    "plan_first_after_last": N_("The first payment has to be allowed before the last one."),
    "plan_down_wrong": N_("The first part has to be less than all of it."),
}
