"""The danger zone: pausing all reminders, and ending every link. Each asks for the business's name and a proof."""

from __future__ import annotations

from portal.services.policy_sections import Section
from portal.words.refusals import N_

SECTION = Section(
    "danger", N_("Danger zone"), N_("For the day something is badly wrong. Each asks twice."), 90, permission="danger")
