"""The guards of the doors: tokens, borders, forms, webhooks, logs and pages; see guards.py for what a guard is."""

from __future__ import annotations

from proofs.guards import Guard

BORDERS, FORGED, FUZZ, LOGS, PAGES = (("borders", "", ""), ("forged", "", ""), ("fuzz", "", ""), ("logs", "", ""),
                                      ("pages", "", ""))
LEAKS, WRONG = "authorization_leaks", "genuine_wrong_closed"

DOORS = (
    Guard("a payment's page is its debtor's", "portal/services/payment_pages.py",
          "Payment.public_id == public_id, Payment.business_id == access.business_id,\n"
          "            Payment.debtor_id == access.debtor_id)).one_or_none()",
          "Payment.public_id == public_id)).one_or_none()", BORDERS, LEAKS),
    Guard("an invoice's copy is its debtor's", "portal/services/documents.py",
          "Invoice.public_id == public_id, Invoice.business_id == access.business_id,\n"
          "        Invoice.debtor_id == access.debtor_id)).one_or_none()",
          "Invoice.public_id == public_id)).one_or_none()", BORDERS, LEAKS),
    Guard("a link for somebody else is its debtor's", "portal/services/pay_links.py",
          "PortalLink.business_id == access.business_id, PortalLink.debtor_id == access.debtor_id,\n"
          '        PortalLink.purpose == "pay_only")', 'PortalLink.purpose == "pay_only")', BORDERS, LEAKS),
    Guard("a link that only pays shows one page", "portal/routes/shared/guard.py",
          "    if visit.access.pay_only and not pay_only:", "    if visit.access.pay_only and level > 1:",
          BORDERS, LEAKS),
    Guard("a revoked link ends its sessions", "portal/services/sessions.py",
          "row.ended_at is None and link.revoked_at is None and", "row.ended_at is None and", BORDERS, LEAKS),
    Guard("a link that is over ends its sessions", "portal/services/sessions.py",
          " and now < link.expires_at\n", "\n", BORDERS, LEAKS),
    Guard("opening a link writes nothing", "portal/routes/debtor/identity.py",
          '    return render_template("debtor/welcome.html", door=door) if door else _ended()',
          "    if door:\n        identity.step_in(runtime(), door.link_public_id, replaces=None)\n"
          '    return render_template("debtor/welcome.html", door=door) if door else _ended()',
          BORDERS, "get_routes_changing_state"),
    Guard("a form proves its page", "portal/__init__.py", "    CSRFProtect(app)\n",
          '    app.config["WTF_CSRF_CHECK_DEFAULT"] = False\n    CSRFProtect(app)\n',
          BORDERS, "forms_without_proof_taken"),
    Guard("each door of Stripe has its own secret", "portal/gateways/stripe.py",
          "        secrets = (self._settings.stripe_connect_webhook_secrets if connect\n"
          "                   else self._settings.stripe_webhook_secrets)\n",
          "        secrets = self._settings.stripe_connect_webhook_secrets + self._settings.stripe_webhook_secrets\n",
          FORGED, "forged_accepted"),
    Guard("money of another currency closes nothing", "portal/services/fact_payments.py",
          "    if payment.currency != fact.currency:", "    if not payment.currency:", FORGED, WRONG),
    Guard("money of another account closes nothing", "portal/services/fact_payments.py",
          '    if (payment.stripe_account or "") != fact.account:\n        return "other_account"\n', "",
          FORGED, WRONG),
    Guard("a payment learns its name at Stripe from its first event", "portal/services/fact_payments.py",
          "    if payment.payment_intent not in (None, fact.intent):\n        return \"other_intent\"",
          "    if payment.payment_intent != fact.intent:\n        return \"other_intent\"", FORGED,
          "genuine_right_refused"),
    Guard("strange events wait for a person", "portal/gateways/stripe_facts.py",
          "(KeyError, TypeError, AttributeError, ValueError, OverflowError)", "(KeyError, TypeError, AttributeError)",
          FORGED, "genuine_strange_5xx"),
    Guard("no database meets a NUL", "portal/routes/shared/plain_text.py", 'NUL = "\\x00"', 'NUL = "never sent"',
          FUZZ, "fuzz_5xx"),
    Guard("logs know no tokens and addresses", "portal/logs.py",
          "    if logging.getLogRecordFactory() is not _cleaned_record:\n"
          "        logging.setLogRecordFactory(_cleaned_record)\n", "", LOGS, "log_leaks"),
    Guard("what a page may load", "portal/routes/shared/headers.py", """ "img-src 'self' data:",""",
          """ "img-src 'none'",""", PAGES, "debtor_page_complaints"),
    Guard("every field has its label", "portal/templates/components/forms.html",
          '<label for="{{ id }}" class="label">{{ label }}</label>', '<span class="label">{{ label }}</span>',
          PAGES, "axe_violations"),
)
