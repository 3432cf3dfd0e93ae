"""The guards of the office: where each stands, how it is taken away, and which figure must notice."""

from __future__ import annotations

from proofs.guards import Guard

BORDERS, PAGES = ("office", "", ""), ("office_pages", "", "")
LEAKS = "admin_authorization_leaks"

OFFICE = (
    Guard("a role does what it may", "portal/routes/admin/desk.py", "            access().require(permission)\n", "",
          BORDERS, LEAKS),
    Guard("a debtor is their business's", "portal/services/debtor_desk.py",
          "Debtor.public_id == debtor_id, Debtor.business_id == access.business_id)).one_or_none()",
          "Debtor.public_id == debtor_id)).one_or_none()", BORDERS, LEAKS),
    Guard("what people say is text", "portal/templates/admin/components/debtor_parts.html",
          '<p class="own">{{ entry.body }}</p>', '<p class="own">{{ entry.body|safe }}</p>', PAGES,
          "admin_script_payloads_run"),
    Guard("every field of the office has its label", "portal/templates/admin/components/forms.html",
          '{% macro label_of(field, label, extra="") %}<label class="form-label" for="{{ field.id }}">{{ label }}',
          '{% macro label_of(field, label, extra="") %}<label class="form-label">{{ label }}', PAGES,
          "admin_axe_violations"),
    Guard("what a page of the office may load", "portal/routes/shared/headers.py", """ "style-src 'self'",""",
          """ "style-src 'none'",""", PAGES, "admin_page_complaints"),
)
