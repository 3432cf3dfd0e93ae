"""The guards of the comparison with Stripe: where each stands, how it is taken away, and which figure must notice."""

from __future__ import annotations

from proofs.guards import Guard

COMPARED = ("reconcile", "sqlite", "")
MISSED, ALARMS, CHANGES = "drift_missed", "drift_false_alarms", "drift_second_run_changes"
UNTOLD = "drift_untold_not_booked"

BOOKS = (
    Guard("what Stripe no longer has is looked for", "portal/domain/reconciling.py",
          "*_gone(records, books)]", "]", COMPARED, MISSED),
    Guard("what vanished from Stripe's lists leaves our copy", "portal/services/reconcile_copy.py",
          "StripeRecord.run_id != run.id)", "StripeRecord.run_id > run.id)", COMPARED, MISSED),
    Guard("lines of the balance are held against what they are about", "portal/domain/reconciling.py",
          "        if have != wanted:\n            return [Difference(\"line_amount\"",
          "        if have == None:\n            return [Difference(\"line_amount\"", COMPARED, MISSED),
    Guard("what Stripe told and we never heard is booked", "portal/services/reconciliation.py",
          "    rt.db.run(lambda session: [facts.apply(session, fact, now=rt.now()) for fact in looked.facts])\n", "",
          COMPARED, UNTOLD),
    Guard("a chargeback's own fee is no fee of its line", "portal/domain/reconciling.py",
          "    if kind == \"dispute\":\n        fees[owner]", "    if kind == \"nothing\":\n        fees[owner]",
          COMPARED, ALARMS),
    Guard("the same difference is written down once", "portal/services/reconcile_rows.py",
          "    if row.state != \"open\":\n        row.found_at = now\n", "    row.found_at = now\n    if row.state:\n",
          COMPARED, CHANGES),
)
