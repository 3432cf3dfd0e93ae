"""A business's rules as data: one frozen value read from a policy version, with the defaults of a new business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from typing import Any

from portal.domain.currencies import minimum_charge
from portal.domain.fees import FeeRule
from portal.domain.limitation import WHOM, LimitationRule
from portal.domain.patience import Patience
from portal.domain.plan_rules import PlanRules
from portal.domain.settlements import SettlementRules

# Above so many times the smallest charge a second person decides: the smallest charge knows what a currency is worth.
SECOND_PERSON_ABOVE = 2_000
MOST_GAP_DAYS = 14


@dataclass(frozen=True)
class Policy:
    """What a business allows. Days are calendar days, amounts minor units by currency, times minutes."""

    # Links stop after this many days.
    link_days: int = 30
    # Whether a link alone opens the page of a business debtor, without a fact.
    business_debtors_skip_check: bool = True
    # The smallest part payment, by currency; others fall back to Stripe's own minimum.
    minimum_part: Mapping[str, int] | None = None
    # Who was shown a discount and starts to pay this long after its deadline still has it.
    discount_grace_minutes: int = 45
    # What a payment of a part does to a discount: ends it, keeps it, or shares it out over what is left.
    part_payment_discount: str = "ends"
    # Discounts made by hand are proposed to last so many days.
    offer_days: int = 14
    # A discount that comes with every new invoice: hundredths of a percent within days of its date; 0: none.
    early_pay_basis_points: int = 0
    early_pay_days: int = 0
    bank_transfer: bool = True
    # How long reminders wait for a transfer the debtor says is sent.
    transfer_wait_days: int = 10
    pay_only_link_days: int = 14
    # What late invoices are charged, by kind of debtor, in the form of FeeRule.as_data(); nothing by default.
    fees: Mapping[str, Mapping[str, Any]] | None = None
    # Emails that ask for money leave between these hours of the debtor's day.
    quiet_from_hour: int = 21
    quiet_until_hour: int = 8
    # So many days lie between two emails that ask, when they leave by themselves: Monday and then Thursday.
    reminder_gap_days: int = 3
    # Questions are answered within so many working days; the page of the debtor promises it.
    answer_business_days: int = 2
    # Time is granted at once for so many days, so often within a year; up to the longest a person decides.
    deferral_days: int = 30
    deferral_longest_days: int = 90
    deferrals_a_year: int = 2
    # A promised day lies no further ahead than this; 0: none are taken.
    promise_days: int = 14
    # After so many days somebody looks again at a pause for hard times.
    hardship_review_days: int = 60
    # How long reminders wait for money a debtor says they have paid.
    claim_wait_days: int = 10
    # A dispute is decided within so many days; the debtor's page promises it, and owners are told when it passes.
    dispute_answer_days: int = 30
    # Refunds and write-offs above this, by currency, need a second person where there is one; others: the default.
    second_approver_above: Mapping[str, int] | None = None
    # Before a part payment or a signature on a debt so many days past its due date, the law's time limit is named.
    limitation_after_days: int = 1_095
    limitation_whom: str = "everyone"
    # Whether who has paid is thanked the day after, and asked in one press how it was.
    thank_you_notes: bool = True
    ask_feedback: bool = True
    # A credit for paying before the due date: a share of it or a plain amount by currency, up to a cap by currency.
    thank_you_credit: bool = False
    thank_you_credit_basis_points: int = 0
    thank_you_credit_amount: Mapping[str, int] | None = None
    thank_you_credit_cap: Mapping[str, int] | None = None
    # So many days after everything was paid, a friendly question whether all is well; 0: never.
    check_in_days: int = 0
    # Which settlements are agreed on, in the form of SettlementRules.as_data(); none: they are not offered.
    settlements: Mapping[str, Any] | None = None
    # Which plans are agreed on and how one lives with them, in the form of PlanRules.as_data(); none: its defaults.
    plans: Mapping[str, Any] | None = None
    # So many days before each automatic charge its payer is told; more where the amount or the day is another.
    autopay_notice_days: int = 3

    @property
    def discount_grace(self) -> timedelta:
        return timedelta(minutes=self.discount_grace_minutes)

    @property
    def patience(self) -> Patience:
        """What of these rules says how much time is given."""
        return Patience(self.deferral_days, self.deferral_longest_days, self.deferrals_a_year, self.promise_days,
                        self.hardship_review_days)

    @property
    def limitation(self) -> LimitationRule:
        """What of these rules says when the notice about old debts is shown."""
        whom = self.limitation_whom
        return LimitationRule(self.limitation_after_days, whom if whom in WHOM else "everyone")

    def second_person_above(self, currency: str) -> int:
        """Tell up to which amount one person may refund or write off alone, in minor units.

        Worked: with no rule of its own, 1,000.00 US dollars, 600.00 pounds, 100,000 yen.
        """
        own = (self.second_approver_above or {}).get(currency)
        if own is not None:
            return own
        return SECOND_PERSON_ABOVE * minimum_charge(currency)

    def fee_rule(self, kind: str) -> FeeRule:
        """Give what late invoices of consumers or of businesses are charged."""
        return FeeRule.from_data((self.fees or {}).get(kind))

    def with_fees(self, kind: str, rule: FeeRule) -> Policy:
        """Give the policy with another rule for one kind of debtor."""
        return replace(self, fees={**(self.fees or {}), kind: rule.as_data()})

    @property
    def plan_rules(self) -> PlanRules:
        """What of these rules says which plans are agreed on."""
        return PlanRules.from_data(self.plans)

    def with_plans(self, rules: PlanRules) -> Policy:
        """Give the policy with other rules about plans."""
        return replace(self, plans=rules.as_data())

    @property
    def settlement_rules(self) -> SettlementRules:
        """What of these rules says which settlements are agreed on."""
        return SettlementRules.from_data(self.settlements)

    def with_settlements(self, rules: SettlementRules) -> Policy:
        """Give the policy with other rules about settlements."""
        return replace(self, settlements=rules.as_data())

    def as_rules(self) -> dict[str, Any]:
        """Give the form that is stored as a policy version."""
        return asdict(self)

    @classmethod
    def from_rules(cls, rules: Mapping[str, Any]) -> Policy:
        """Read a stored version; rules of a later feature are ignored, missing ones take the default."""
        known = {field.name for field in fields(cls)}
        policy = cls(**{name: value for name, value in rules.items() if name in known})
        percent = rules.get("late_fee_basis_points")
        if policy.fees is None and percent:
            # Earlier versions stated one percentage for everybody, which nothing added by itself.
            stated = FeeRule(percent_points=percent, grace_days=rules.get("late_fee_grace_days", 14))
            return policy.with_fees("consumer", stated).with_fees("business", stated)
        return policy
