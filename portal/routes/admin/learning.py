"""What worked: reminder steps and the money that followed, and what people said after paying."""

from __future__ import annotations

from flask import render_template

from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.runtime import runtime
from portal.services import dispute_learning
from portal.services import learning as service
from portal.words import disputes as dispute_words
from portal.words import feedback_words, step_words
from portal.words import learning as shown


@blueprint.get("/what-works")
@guarded("see")
def learning() -> str:
    """Show the counts, what one might try, and what people said."""
    return render_template(
        "admin/learning.html", learned=service.learned(runtime(), access()), shown=shown, steps=step_words,
        answers=feedback_words.ANSWERS, questioned=dispute_learning.learned(runtime(), access()),
        reasons=dispute_words.OFFICE_REASONS)
