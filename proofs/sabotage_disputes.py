"""The guards of disputes and of evidence: where each stands, how it is taken away, and which figure must notice."""

from __future__ import annotations

from proofs.guards import Guard

STORIES, PACKS = ("disputes", "sqlite", "stories"), ("disputes", "sqlite", "packs")
RACES, FILES = ("disputes", "postgresql", "races"), ("disputes", "sqlite", "files")
HISTORIES, SCRIPTS = ("dispute_histories", "sqlite", ""), ("disputes", "sqlite", "scripts")

DISPUTES = (
    Guard("what is questioned is not payable", "portal/services/debts.py",
          "    return held(row.left_minor, [None if questioned >= ALL_OF_IT else questioned])\n", "    return 0\n",
          STORIES, "dispute_scenarios_wrong"),
    Guard("an answer is read before reminders go on", "portal/services/dispute_holds.py", "        if notice:\n",
          "        if False:\n", STORIES, "dispute_scenarios_wrong"),
    Guard("a discount's clock stands still", "portal/services/debts.py",
          "row.basis_points, row.deadline, row.questioned_at, row.part_effect,",
          "row.basis_points, row.deadline, None, row.part_effect,", STORIES, "dispute_scenarios_wrong"),
    Guard("who decides locks the debtor first", "portal/services/dispute_answers.py",
          "    lock_debtor(session, access.business_id, found.debtor_id)\n", "", RACES, "dispute_races_wrong"),
    Guard("a file is made harmless", "portal/services/sent_files.py",
          "    content = proof_files.cleaned(sent.content, kind)\n", "    content = sent.content\n", FILES,
          "upload_attacks_through"),
    Guard("a pack is signed", "portal/domain/evidence.py",
          "    if signature is None or not check(key, signature, canonical(named)):\n", "    if signature is None:\n",
          PACKS, "evidence_edits_undetected"),
    Guard("what is held is taken off what can be paid", "portal/domain/quotes.py",
          "        return self.left_minor - self.held_minor\n", "        return self.left_minor\n", HISTORIES,
          "dispute_violations"),
    Guard("what is said of a dispute is text", "portal/templates/components/words.html",
          '<p class="own">{{ entry.body }}</p>', '<p class="own">{{ entry.body|safe }}</p>', SCRIPTS,
          "script_payloads_run"),
)
