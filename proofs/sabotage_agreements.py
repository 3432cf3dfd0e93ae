"""The guards of what is signed: where each stands, how it is taken away, and that the figure must notice."""

from __future__ import annotations

from proofs.guards import Guard

EDITS, UNDETECTED = ("agreements", "sqlite", ""), "agreement_edits_undetected"
CHECK = "portal/services/agreement_check.py"

AGREEMENTS = (
    Guard("a seal is made with our key", "portal/services/agreement_seals.py",
          "    return any([hmac.compare_digest(keyed_hash(key, purpose, message), seal)",
          "    return any([bool(hmac.compare_digest(keyed_hash(key, purpose, message), seal) or seal)", EDITS,
          UNDETECTED),
    Guard("the text is the one that was sealed", CHECK, "    if digest(text) != agreement.text_sha256:\n",
          "    if not text:\n", EDITS, UNDETECTED),
    Guard("the evidence is the one that was sealed", CHECK, "    if digest(proof) != agreement.fingerprint:\n",
          "    if not proof:\n", EDITS, UNDETECTED),
    Guard("the PDF is the one that was sealed", CHECK,
          "content is not None and digest(content) == printed.sha256 else", "content is not None else", EDITS,
          UNDETECTED),
    Guard("what was signed cannot vanish", CHECK,
          "    return [*wrong, *_lost(session, {one.public_id: one.fingerprint for one in found})], len(found)\n",
          "    return wrong, len(found)\n", EDITS, UNDETECTED),
    Guard("papers are gone only where a person was erased", CHECK,
          'else ("gone",)))', 'else ()))', EDITS, UNDETECTED),
    Guard("a consent is the one that was given", CHECK, "        == _consents(session, agreement))", "        or True)",
          EDITS, UNDETECTED),
    Guard("a fingerprint is read however it was copied", "portal/domain/agreements.py",
          'plain = re.sub(r"[\\s:-]+", "", text).lower()', 'plain = re.sub(r"[\\s:-]+", "", text)', EDITS,
          "agreements_genuine_doubted"),
)
