"""The rules of help in plain sentences: how much time is given, promised days, and money that is said to be paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.policy import Policy

if TYPE_CHECKING:
    from portal.words.core import Words


def sentences(words: Words, policy: Policy, currency: str) -> list[str]:
    """Say what the rules mean, one sentence each, for the public terms and the owner; `currency` changes nothing."""
    return [*_time(words, policy), _promises(words, policy), _hard_times(words, policy), _paid(words, policy),
            _wrong(words, policy)]


def _time(words: Words, policy: Policy) -> list[str]:
    longest = words.plural("Time can be asked for up to %(n)s day ahead; a person decides about it.",
                           "Time can be asked for up to %(n)s days ahead; a person decides about it.",
                           policy.deferral_longest_days)
    if not policy.deferral_days or not policy.deferrals_a_year:
        return [longest]
    found = [words.plural("Up to %(n)s day of time is given at once, without reminders and without fees.",
                          "Up to %(n)s days of time are given at once, without reminders and without fees.",
                          policy.deferral_days),
             words.plural("That is so %(n)s time within a year; after that a person decides.",
                          "That is so %(n)s times within a year; after that a person decides.",
                          policy.deferrals_a_year)]
    return [*found, longest] if policy.deferral_longest_days > policy.deferral_days else found


def _promises(words: Words, policy: Policy) -> str:
    if not policy.promise_days:
        return words.text("Days on which somebody means to pay are agreed with a person.")
    return words.plural("A day to pay can be named up to %(n)s day ahead; reminders and fees wait for it.",
                        "A day to pay can be named up to %(n)s days ahead; reminders and fees wait for it.",
                        policy.promise_days)


def _hard_times(words: Words, policy: Policy) -> str:
    return words.plural("In hard times everything rests, and after %(n)s day at the latest a person looks again.",
                        "In hard times everything rests, and after %(n)s days at the latest a person looks again.",
                        policy.hardship_review_days)


def _paid(words: Words, policy: Policy) -> str:
    return words.plural("Reminders and fees wait %(n)s day when somebody tells of a payment already made.",
                        "Reminders and fees wait %(n)s days when somebody tells of a payment already made.",
                        policy.claim_wait_days)


def _wrong(words: Words, policy: Policy) -> str:
    return words.plural("What somebody says is wrong rests, and is decided within %(n)s day.",
                        "What somebody says is wrong rests, and is decided within %(n)s days.",
                        policy.dispute_answer_days)
