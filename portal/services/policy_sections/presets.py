"""Three sets of rules to begin from; what would change is said before anything is kept."""

from __future__ import annotations

from collections.abc import Mapping

from portal.domain.policy import Policy
from portal.models import Business
from portal.services import policy_presets
from portal.services.policy_sections import Edit, Field, Reading, Section, refuse_clashes
from portal.words.refusals import N_

OWN = "own"


def _read(business: Business, policy: Policy) -> dict[str, str]:
    return {"preset": policy_presets.in_use(policy, business.currency) or OWN}


def _write(typed: Mapping[str, str], _files: Mapping[str, bytes], business: Business, policy: Policy) -> Edit:
    reading = Reading(typed)
    wanted = reading.take("preset", lambda name: policy if name == OWN else policy_presets.applied(
        policy, name, business.currency))
    reading.done()
    refuse_clashes(wanted, policy_presets.TOUCHED, has_bank_details=bool(business.bank_details))
    return Edit(policy=wanted)


SECTION = Section(
    "presets", N_("To begin from"), N_("Three sets of rules that fit together. Take one, and change what you like."),
    28,
    fields=(
        Field("preset", N_("Which rules"), "choice", N_("Look first what would change."),
              options=((OWN, N_("As they are now")), ("gentle", N_("Gentle: much time, many ways out")),
                       ("standard", N_("Standard: some time, without asking you")),
                       ("firm", N_("Firm: little time, more waits for you")))),
    ),
    read=_read, write=_write,
    help=(N_("What a set holds"), N_(
        "The smallest part payment, discounts, plans, settlements, time and promised days. Fees, reminders, your bank "
        "and your brand stay as they are.")))
